"""One run of one operation: what the core knows of it, and what a hook sees of it as ``op``."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from vca_core._engine.locks import LockKey
from vca_core._tracking.place import StatusPath
from vca_core.errors import BackendError, BadArguments, ConflictError, VcaError, VcaTimeoutError
from vca_core.naming import EeId, Namespace
from vca_core.status import DeploymentStatus, Entity, EntityState

_NUMBERS = itertools.count(1)

R = TypeVar("R")

Body = Callable[["RunningOperation"], Coroutine[Any, Any, R]]
"""What an operation does once it may: mostly one call of a hook."""

Reporter = Callable[["RunningOperation", Entity, str | None, str, DeploymentStatus | None], None]
"""Takes what an operation reports."""

CREATES = frozenset({"create_execution_environment", "register_execution_environment"})
"""The operations that make an execution environment."""

OUTCOME_IS_AGGREGATE = frozenset({"install_configuration_sw", "scale", "upgrade"})
"""The operations whose outcome, in success, is the status of the EE itself: a blocked charm is RUNNING (D14)."""

DELETES = frozenset({"delete_execution_environment", "deregister_execution_environment"})
"""The operations after which an execution environment is not there any more."""


@dataclass(slots=True, eq=False)
class RunningOperation:
    """A running operation; implements `vca_core.backend.Operation`.

    Args:
        operation: its name.
        connector: name of the connector it runs on.
        backend: how errors name the connector and its backend.
        keys: the locks it needs; the first one is its own EE's.
        model: the model it works in; None for what concerns no model.
        namespace: the namespace it was given, where it was given one.
        ee_id: the EE; None until `created`.
        paths: where its events and its outcome go.
        home: the home of the EE it creates; None for other operations.
        total: seconds to the total deadline, from now.
        progress: seconds without progress after which it is given up; None: no such limit.
        cleanup: seconds that its hook has to end after a cancellation.
        reporter: takes what it reports.
        remember: stores an ee_id.
        read: whether it only reads: no locks, no progress limit, no outcome.
        at_end: called when the operation is over, its hook included, however late that ends.
    """

    operation: str
    connector: str
    backend: str
    total: float
    cleanup: float
    reporter: Reporter
    progress: float | None = None
    keys: tuple[LockKey, ...] = ()
    model: str | None = None
    namespace: Namespace | None = None
    ee_id: EeId | None = None
    paths: tuple[StatusPath, ...] = ()
    home: StatusPath | None = None
    remember: Callable[[RunningOperation, EeId], Awaitable[None]] | None = None
    at_end: Callable[[], None] | None = None
    read: bool = False

    id: str = field(init=False)
    total_at: float = field(init=False)
    progress_at: float = field(init=False, default=float("inf"))
    interrupt: asyncio.Future[object] = field(init=False)
    finished: asyncio.Future[None] = field(init=False)
    stopped: VcaError | None = field(init=False, default=None)
    cancelling: bool = field(init=False, default=False)
    ended: bool = field(init=False, default=False)
    muted: bool = field(init=False, default=False)
    remembered: bool = field(init=False, default=False)
    last: EntityState | None = field(init=False, default=None)
    last_action: EntityState | None = field(init=False, default=None)
    actions: dict[Entity, EntityState] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.id = f"{self.operation}-{next(_NUMBERS)}"
        self.total_at = loop.time() + self.total
        self.interrupt = loop.create_future()
        self.finished = loop.create_future()

    # What a hook sees.

    def remaining(self) -> float:
        """Seconds until the caller's total deadline; 0.0 when it has passed."""
        return max(0.0, self.total_at - asyncio.get_running_loop().time())

    def report(
        self, entity: Entity, native: str | None, detail: str = "", status: DeploymentStatus | None = None
    ) -> None:
        """Tell what is seen of an entity of this operation's EE."""
        self.reporter(self, entity, native, detail, status)

    async def created(self, locator: str) -> None:
        """Have the ee_id stored; see `vca_core.backend.Operation.created`."""
        if self.remember is None:
            raise BackendError(f"op.created() belongs to {' and '.join(sorted(CREATES))}, not to {self.operation}")
        self._check_going_on()
        _, model, application = self.keys[0]
        try:
            ee_id = EeId(model, application, locator)
        except BadArguments as error:
            raise BackendError(f"op.created({locator!r}): {error.message}") from None
        if self.ee_id is not None and self.ee_id != ee_id:
            raise BackendError(f"op.created({locator!r}) was called for the execution environment {self.ee_id}")
        await self.remember(self, ee_id)
        self.ee_id = ee_id
        self.remembered = True

    def _check_going_on(self) -> None:
        if self.ended:
            raise ConflictError(f"{self.id} has ended; what it made now is not kept: undo it")

    # What the core does with it.

    def hook_starts(self) -> None:
        """Start the clock of the progress limit."""
        self.touch()

    def touch(self) -> None:
        """Note that something changed."""
        if self.progress is not None:
            self.progress_at = asyncio.get_running_loop().time() + self.progress

    def left(self, now: float) -> float:
        """Seconds until a limit may have been hit; the progress limit may start to count at any moment."""
        left = self.total_at - now
        if self.progress is not None:
            left = min(left, self.progress, self.progress_at - now)
        return left

    def stop(self, reason: VcaError) -> None:
        """End the operation with an error that is not its own; its hook is cancelled."""
        if self.stopped is None and not self.ended:
            self.stopped = reason
            if not self.interrupt.done():
                self.interrupt.set_result(None)

    def expired(self, *, waiting: str | None = None) -> VcaTimeoutError:
        """Make the error for the limit that was hit first (D7, D8).

        Args:
            waiting: what was being waited for; None: the hook.
        """
        kind: Literal["total", "progress"] = "total"
        limit = self.total
        if self.progress is not None and self.progress_at < self.total_at:
            kind, limit = "progress", self.progress
        seen = f"; last seen: {self.last.entity} {self.last.native or '(no state)'}" if self.last else ""
        what = f"nothing changed for {limit:g} s" if kind == "progress" else f"not done after {limit:g} s"
        where = f" while {waiting}" if waiting else ""
        return VcaTimeoutError(f"{self.operation}: {what}{where} ({kind} limit){seen}", kind, limit)

    def locate(self, error: VcaError) -> VcaError:
        """Fill in where an error happened."""
        return error.located(
            backend=self.backend, ee_id=str(self.ee_id) if self.ee_id else None, operation=self.operation
        )


def concerning(operations: Iterable[RunningOperation], model: str | None = None) -> list[RunningOperation]:
    """Pick the operations that work in a model; None: all."""
    return [op for op in operations if model is None or op.model == model]
