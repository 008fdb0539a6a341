"""Runs one operation: its locks, its deadlines, its cancellation, its outcome.

The hook runs in a task of its own; the caller's task watches it. So a hook that ignores its cancellation costs the
caller ``cleanup_timeout`` and no more: it becomes a straggler, owned and logged here, and its EE stays locked until
it ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vca_core._engine.locks import Locks
from vca_core._engine.operation import RunningOperation
from vca_core._tracking.tracker import Tracker
from vca_core.errors import BackendError, VcaError
from vca_core.secrets import as_vca_error
from vca_core.tasks import settle

_LOG = logging.getLogger(__name__)

R = TypeVar("R")

Prepare = Callable[[RunningOperation], Awaitable[None]]
"""What an operation does first, holding its locks: when it raises, the operation had not begun."""

Work = Callable[[RunningOperation], Coroutine[Any, Any, R]]
"""What an operation does once it may: mostly one call of a hook."""


@dataclass(frozen=True, slots=True)
class _Returned(Generic[R]):
    value: R


@dataclass(frozen=True, slots=True)
class _Raised:
    error: VcaError


class Runner:
    """Runs the operations of one connector.

    Args:
        locks: the locks of all EEs.
        tracker: follows operations and writes their outcomes.
        scrub: takes secrets out of a text.
        cleanup: ``cleanup_timeout``, seconds.
        grace: ``store_grace``, seconds.
    """

    def __init__(
        self, locks: Locks, tracker: Tracker, scrub: Callable[[str], str], cleanup: float, grace: float
    ) -> None:
        self._locks = locks
        self._tracker = tracker
        self._scrub = scrub
        self._cleanup = cleanup
        self._grace = grace
        self.running: set[RunningOperation] = set()
        self.stragglers: dict[asyncio.Task[Any], RunningOperation] = {}

    async def run(self, op: RunningOperation, work: Work[R], prepare: Prepare | None = None) -> R:
        """Run an operation to its end, with its outcome stored or safely queued.

        Args:
            op: the operation.
            work: what to do, holding the locks; runs under both deadlines.
            prepare: what to do first, holding the locks; when it raises, the operation had not begun: no outcome is
                written.

        Returns:
            What the work returned.

        Raises:
            VcaTimeoutError: a limit was hit.
            ConflictError: stopped by a delete or a disconnect.
            VcaError: the work failed.
            asyncio.CancelledError: the caller was cancelled; the operation has been cancelled, with its outcome queued.
        """
        self.running.add(op)
        task: asyncio.Task[_Returned[R] | _Raised] | None = None
        locked = False
        try:
            locked = await self._locks.acquire(op.trail.keys, op.total_at, op.interrupt)
            if not locked:
                raise op.locate(
                    op.stopped or op.expired(waiting="another operation on the same execution environment runs")
                )
            if prepare is not None:
                await self._prepare(op, prepare)
            # Before the task is made: what reports between here and its first step is this operation's already.
            marked = self._tracker.begin(op.trail)
            task = asyncio.get_running_loop().create_task(self._guarded(op, work, marked), name=op.id)
            return await self._supervise(op, task)
        finally:
            op.trail.ended = True
            self.running.discard(op)
            if task is not None and not task.done():
                self._keep(op, task)
            else:
                if locked:
                    self._locks.release(op.trail.keys)
                if op.at_end is not None:
                    op.at_end()
            if not op.finished.done():
                op.finished.set_result(None)

    async def _prepare(self, op: RunningOperation, prepare: Prepare) -> None:
        try:
            async with asyncio.timeout_at(op.total_at):
                await prepare(op)
        except TimeoutError as error:
            if isinstance(error, VcaError):
                raise
            raise op.locate(op.expired(waiting="the status store is asked")) from None
        except VcaError as error:
            op.locate(error)
            raise
        if op.stopped is not None:
            raise op.locate(op.stopped)

    async def _supervise(self, op: RunningOperation, task: asyncio.Task[_Returned[R] | _Raised]) -> R:
        cancelled: asyncio.CancelledError | None = None
        failure: VcaError | None = None
        try:
            failure = await self._watch(op, task)
        except asyncio.CancelledError as error:
            cancelled = error
        if not task.done():
            task.cancel()
            cancelled = await settle(task, self._cleanup) or cancelled
        result: _Returned[R] | None = None
        if failure is None and cancelled is None:
            ended = self._ended(op, task)
            if isinstance(ended, _Raised):
                failure = ended.error
            else:
                result = ended
        outcome: BaseException | None = cancelled or failure
        stored = [promise for promise in self._tracker.end(op.trail, outcome) if not promise.done()]
        if stored:
            cancelled = await settle(asyncio.gather(*stored), self._grace) or cancelled
        if cancelled is not None:
            raise cancelled
        if failure is not None:
            raise op.locate(failure)
        if result is None:
            raise AssertionError("an operation ends with a result or an error")
        return result.value

    async def _watch(self, op: RunningOperation, task: asyncio.Task[Any]) -> VcaError | None:
        """Wait for the hook, a limit or a stop; what ended the operation before its hook did, if anything."""
        loop = asyncio.get_running_loop()
        while not task.done():
            if op.stopped is not None:
                return op.stopped
            left = op.left(loop.time())
            if left <= 0:
                return op.expired()
            waited = (task,) if op.interrupt.done() else (task, op.interrupt)
            await asyncio.wait(waited, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        return None

    async def _guarded(
        self, op: RunningOperation, work: Work[R], marked: Sequence[asyncio.Future[None]]
    ) -> _Returned[R] | _Raised:
        """Do the work, once the operation's places say that it runs.

        Whatever it raises is kept as an error of the tree, with the secrets taken out. Only the interpreter's own ways
        to end a program and a cancellation go through.
        """
        try:
            if pending := [promise for promise in marked if not promise.done()]:
                await asyncio.wait(pending)
            return _Returned(await work(op))
        except (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a hook may raise anything
            return _Raised(as_vca_error(error, self._scrub))

    def _ended(self, op: RunningOperation, task: asyncio.Task[_Returned[R] | _Raised]) -> _Returned[R] | _Raised:
        if task.cancelled():
            return _Raised(BackendError(f"{op.trail.operation} ended with a CancelledError that nobody asked for"))
        raised = task.exception()
        if isinstance(raised, GeneratorExit):
            # The hook raised it itself: whoever closes a coroutine asks for no result, so nobody has this task's.
            return _Raised(as_vca_error(raised, self._scrub))
        return task.result()

    def _keep(self, op: RunningOperation, task: asyncio.Task[Any]) -> None:
        """Own a hook that did not end in time, until it does."""
        _LOG.warning(
            "%s did not end within %g s of its cancellation; its locks stay held until it does", op.id, self._cleanup
        )
        self.stragglers[task] = op
        task.add_done_callback(self._straggler_ended)

    def _straggler_ended(self, task: asyncio.Task[Any]) -> None:
        op = self.stragglers.pop(task)
        self._locks.release(op.trail.keys)
        if op.at_end is not None:
            op.at_end()
        how = (
            "cancelled" if task.cancelled() or task.exception() is not None else type(task.result()).__name__.strip("_")
        )
        _LOG.warning("%s has ended at last (%s); its locks are free", op.id, how.lower())
