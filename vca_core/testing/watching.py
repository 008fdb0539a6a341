"""Looks on while a backend works: counts where its hooks wait, cancels them there, keeps what they report."""

from __future__ import annotations

import asyncio
import contextvars
import types
from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from vca_core.errors import ConflictError
from vca_core.status import DeploymentStatus, Entity, EntityState

R = TypeVar("R")

_ARRIVAL = 5.0
"""Seconds until the second of two calls is there."""
_STEP = 0.5
"""Seconds for one of two calls to wait as often as the other one."""

_LOOKS = 6
"""How often it is looked whether work has made a step."""

WhenLost = Callable[[], Coroutine[Any, Any, None]]


@dataclass(eq=False)
class Call:
    """One call of a hook.

    Args:
        hook: its name.
        operation: the id of its operation; empty for a read.
        began: how many steps all hooks had made when it began.
        ended: the same, when it ended; None while it runs.
        waits: how often it has waited.
        cancelled: whether a cancellation was thrown into it.
        returned: whether it returned; False while it runs, and when it raised.
    """

    hook: str
    operation: str
    began: int
    ended: int | None = None
    waits: int = 0
    cancelled: bool = False
    returned: bool = False


@dataclass(frozen=True)
class Report:
    """Something that a backend reported.

    Args:
        operation: the id of the operation; None: between operations.
        ee: model and application.
        state: what was seen.
        gone: whether the entity is gone.
    """

    operation: str | None
    ee: tuple[str, str]
    state: EntityState
    gone: bool


class _Pace:
    """Keeps two calls of a hook in step: neither waits for the next time before the other has waited as often.

    So each is at the same place as the other one, and finds what that one has just left there. Where one waits for the
    other's end, as for a lock, they are let go.

    Args:
        hook: the next two calls of it.
        patience: what the limits are multiplied by.
    """

    def __init__(self, hook: str, patience: float) -> None:
        self.hook = hook
        self._patience = patience
        self._calls: list[Call] = []
        self._has_moved = asyncio.Event()
        self._is_over = False

    def has_taken(self, call: Call) -> bool:
        """Whether a call that waits is one of the two."""
        if call.hook != self.hook or self._is_over:
            return False
        if call not in self._calls and len(self._calls) < 2:
            self._calls.append(call)
        return call in self._calls

    def move(self) -> None:
        """Say that one of them waits, or has ended."""
        self._has_moved.set()
        self._has_moved = asyncio.Event()

    async def wait(self, call: Call) -> None:
        """Wait until the other one has waited as often, or has ended."""
        reached = call.waits
        try:
            async with asyncio.timeout(_ARRIVAL * self._patience):
                while len(self._calls) < 2:
                    await self._has_moved.wait()
            [other] = [one for one in self._calls if one is not call]
            async with asyncio.timeout(_STEP * self._patience):
                while not self._is_over and other.ended is None and other.waits < reached:
                    await self._has_moved.wait()
        except TimeoutError:
            self._is_over = True
            self.move()


class LostOperation:
    """An operation whose EE becomes another process's: `held` says so, all else is as it is.

    Args:
        op: the operation.
        asks: how often the backend may ask before.
        when_lost: called as soon as the EE is lost.
        context: in which it is called: what a backend keeps in the context of its hook is not for others.

    Attributes:
        asked: how often the backend asked.
    """

    def __init__(self, op: Any, asks: float, when_lost: WhenLost | None, context: contextvars.Context) -> None:
        self._op, self._asks, self._when_lost = op, asks, when_lost
        self._context = context
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._op, name)

    async def held(self) -> None:
        """See `vca_core.backend.Operation.held`."""
        self.asked += 1
        if self.asked <= self._asks:
            await self._op.held()
            return
        if self._when_lost is not None:
            when_lost, self._when_lost = self._when_lost, None
            await asyncio.create_task(when_lost(), context=self._context)
        raise ConflictError("another process has taken this execution environment over")


class Watching:
    """A probe (`vca_core.probe.Probe`) that remembers, and cancels when it was asked to.

    Attributes:
        calls: of hooks, oldest first.
        reports: what was reported, oldest first.
        steps: how often any hook has waited.
        lost: see `lose`.
        when_waiting: called each time that a hook waits.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.reports: list[Report] = []
        self.steps = 0
        self._cancel: tuple[str, int, asyncio.Task[Any]] | None = None
        self.lost: LostOperation | None = None
        self._lose: tuple[str, float, WhenLost | None, contextvars.Context] | None = None
        self._hold: tuple[str, int, asyncio.Event, asyncio.Event] | None = None
        self._pace: _Pace | None = None
        self.when_waiting: Callable[[], None] | None = None

    def lose(self, hook: str, asks: float = 0, when_lost: WhenLost | None = None) -> None:
        """Have another process take the EE over while the next call of a hook runs: see `lost` then.

        Args:
            hook: which one.
            asks: how often it finds that the EE is its own still; `math.inf`: always, it is only counted.
            when_lost: called as soon as the EE is lost, while the hook waits.
        """
        self._lose, self.lost = (hook, asks, when_lost, contextvars.copy_context()), None

    def arguments_of(self, hook: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give what the hook is to be called with."""
        if self._lose is None or hook != self._lose[0] or "op" not in arguments:
            return arguments
        self.lost = LostOperation(arguments["op"], *self._lose[1:])
        self._lose = None
        return {**arguments, "op": self.lost}

    def watch(self, hook: str, arguments: Mapping[str, Any], running: Coroutine[Any, Any, R]) -> Awaitable[R]:
        """Stand around one call of a hook."""
        call = Call(hook, getattr(arguments.get("op"), "id", ""), self.steps)
        self.calls.append(call)
        return _step(running, call, self)

    def note_report(
        self,
        operation: str | None,
        ee: tuple[str, str],
        entity: Entity,
        native: str | None,
        detail: str,
        status: DeploymentStatus | None,
    ) -> None:
        """Keep a report."""
        self.reports.append(Report(operation, ee, EntityState(entity, native or "", detail, status), native is None))

    def cancel_at(self, hook: str, wait: int, task: asyncio.Task[Any]) -> None:
        """Cancel a task where a hook waits for the given time, counted from 1."""
        self._cancel = (hook, wait, task)

    def keep_in_step(self, hook: str, patience: float) -> None:
        """Keep the next two calls of a hook in step, which are on different EEs.

        Args:
            hook: which one.
            patience: the subject's.
        """
        self._pace = _Pace(hook, patience)

    def hold(self, hook: str, wait: int = 1) -> tuple[asyncio.Event, asyncio.Event]:
        """Keep the next call of a hook where it waits for the given time, counted from 1.

        Returns:
            What is set when the call is there, and what is to be set for it to go on.
        """
        self._hold = (hook, wait, asyncio.Event(), asyncio.Event())
        return self._hold[2], self._hold[3]

    async def run_to_wait(
        self, hook: str, work: Coroutine[Any, Any, R], wait: int = 1
    ) -> tuple[asyncio.Task[R], asyncio.Event | None]:
        """Start work that calls a hook, and keep that call where it waits for the given time.

        Returns:
            The task that does the work, and what is to be set for the call to go on; None: it ended, or failed, without
            having waited so often.
        """
        there, gate = self.hold(hook, wait)
        task = asyncio.create_task(work)
        reached = asyncio.create_task(there.wait())
        await asyncio.wait((task, reached), return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        self._hold = None
        return task, gate if there.is_set() else None

    def waits_of(self, hook: str) -> int:
        """How often the last call of a hook has waited."""
        return next((call.waits for call in reversed(self.calls) if call.hook == hook), 0)

    async def goes_on(self, work: asyncio.Future[Any], limit: float) -> bool:
        """Wait until work is done, and say whether it is; or until it stands still.

        It does when no hook is called, or waits once more, for some time, but for those that run already. How long all
        of it takes says how busy the machine is.

        Args:
            work: what is waited for.
            limit: seconds from one step to the next.
        """
        others = [call for call in self.calls if call.ended is None]
        for _ in range(_LOOKS):  # what looks again and again whether it may go on makes steps, too
            before = self._steps_beside(others)
            await asyncio.wait((work,), timeout=limit)
            if work.done() or self._steps_beside(others) == before:
                break
        return work.done()

    def _steps_beside(self, others: Collection[Call]) -> int:
        """How often hooks were called, and have waited, but for the others."""
        return sum(1 + call.waits for call in self.calls if call not in others)

    def note_wait(self, call: Call) -> Coroutine[Any, Any, object] | None:
        """A call waits: note it; what it has to wait for beside, if anything."""
        self.steps += 1
        call.waits += 1
        if self.when_waiting is not None:
            self.when_waiting()
        if self._cancel is not None and self._cancel[:2] == (call.hook, call.waits):
            task, self._cancel = self._cancel[2], None
            asyncio.get_running_loop().call_soon(task.cancel)
        if self._hold is not None and self._hold[:2] == (call.hook, call.waits):
            _, _, there, gate = self._hold
            self._hold = None
            there.set()
            return gate.wait()
        if self._pace is not None and self._pace.has_taken(call):
            self._pace.move()
            return self._pace.wait(call)
        return None

    def note_end(self, call: Call) -> None:
        """A call has ended: note it."""
        call.ended = self.steps
        if self._pace is not None:
            self._pace.move()


@types.coroutine
def _step(running: Coroutine[Any, Any, R], call: Call, watching: Watching) -> Generator[Any, Any, R]:
    """Drive a coroutine as ``await`` does, and announce each time that it waits."""
    sent: Any = None
    thrown: BaseException | None = None
    try:
        while True:
            try:
                waited = running.send(sent) if thrown is None else running.throw(thrown)
            except StopIteration as stop:
                call.returned = True
                result: R = stop.value
                return result
            gate = watching.note_wait(call)
            try:
                if gate is not None:
                    yield from gate.__await__()
                sent, thrown = (yield waited), None
            except BaseException as error:  # noqa: BLE001 - whatever comes is the coroutine's
                call.cancelled = call.cancelled or isinstance(error, asyncio.CancelledError)
                if gate is not None and isinstance(waited, asyncio.Future):
                    waited.cancel()
                sent, thrown = None, error
    finally:
        watching.note_end(call)
