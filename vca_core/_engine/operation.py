"""One run of one operation: its limits, how it is stopped, and what a hook sees of it as ``op``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from vca_core._tracking.trail import Trail
from vca_core.errors import BackendError, BadArguments, ConflictError, VcaError, VcaTimeoutError
from vca_core.extensions import OperationFacts
from vca_core.naming import EeId
from vca_core.status import DeploymentStatus, Entity, EntityState

Reporter = Callable[[Trail, Entity, str | None, str, DeploymentStatus | None], None]
"""Takes what an operation reports."""

Remember = Callable[[Trail, EeId], Awaitable[None]]
"""Stores the ee_id of what an operation made."""


@dataclass(slots=True, eq=False)
class RunningOperation:
    """A running operation; implements `vca_core.backend.Operation`.

    Args:
        trail: what is tracked of it.
        backend: how errors name the connector and its backend.
        facts: what is asked for, as extensions see it; None: there are no extensions.
        total: seconds to the total deadline, from now.
        progress: seconds without progress after which it is given up; None: no such limit.
        cleanup: seconds that its hook has to end after a cancellation.
        reporter: takes what it reports.
        remember: stores an ee_id.

    Attributes:
        total_at: the loop's time of the total deadline.
        progress_at: the loop's time at which the progress limit is hit.
        interrupt: done when there is something to look at: it was stopped, it ended, a limit may have been hit.
        finished: done when it is over for its caller.
        stopped: why it was stopped.
        has_begun: whether extensions surround it, or will: it has its locks, and its outcome will be stored.
        at_end: called when it is over, its hook included, however late that ends.
    """

    trail: Trail
    backend: str
    facts: OperationFacts | None
    total: float
    cleanup: float
    reporter: Reporter
    remember: Remember
    progress: float | None = None

    total_at: float = field(init=False)
    progress_at: float = field(init=False, default=float("inf"))
    interrupt: asyncio.Future[object] = field(init=False)
    finished: asyncio.Future[None] = field(init=False)
    stopped: VcaError | None = field(init=False, default=None)
    has_begun: bool = field(init=False, default=False)
    at_end: Callable[[], None] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.total_at = loop.time() + self.total
        self.interrupt = loop.create_future()
        self.finished = loop.create_future()
        self.trail.touch = self.touch

    # What a hook sees.

    @property
    def id(self) -> str:
        """See `vca_core.backend.Operation.id`."""
        return self.trail.id

    @property
    def operation(self) -> str:
        """See `vca_core.backend.Operation.operation`."""
        return self.trail.operation

    @property
    def ee_id(self) -> EeId | None:
        """See `vca_core.backend.Operation.ee_id`."""
        return self.trail.ee_id

    @property
    def token(self) -> int | None:
        """See `vca_core.backend.Operation.token`; there are no leases of EEs, so there is none."""
        return None

    def remaining(self) -> float:
        """Seconds until the caller's total deadline; 0.0 when it has passed."""
        return max(0.0, self.total_at - asyncio.get_running_loop().time())

    async def held(self) -> None:
        """See `vca_core.backend.Operation.held`; without leases, the EE cannot be taken away."""

    def report(
        self, entity: Entity, native: str | None, detail: str = "", status: DeploymentStatus | None = None
    ) -> None:
        """Report what is seen of an entity of this operation's EE."""
        self.reporter(self.trail, entity, native, detail, status)

    async def created(self, locator: str) -> None:
        """Store the ee_id; see `vca_core.backend.Operation.created`."""
        trail = self.trail
        if not trail.traits.claims:
            raise BackendError(
                f"op.created() belongs to operations that make an EE or go on with one, not to {trail.operation}"
            )
        if trail.ended:
            raise ConflictError(f"{trail.id} has ended; what it made now is not kept: undo it")
        try:
            ee_id = EeId(trail.keys[0].model, trail.keys[0].application, locator)
        except BadArguments as error:
            raise BackendError(f"op.created({locator!r}): {error.message}") from None
        if trail.ee_id is not None and trail.ee_id != ee_id:
            raise BackendError(f"op.created({locator!r}) was called for the execution environment {trail.ee_id}")
        await self.remember(trail, ee_id)
        trail.ee_id = ee_id
        trail.is_created = True

    # What the core does with it.

    def touch(self) -> None:
        """Note that something changed."""
        if self.progress is not None:
            self.progress_at = asyncio.get_running_loop().time() + self.progress

    def seconds_left(self, now: float) -> float:
        """Seconds until a limit may be hit; the progress limit may start to count at any moment."""
        left = self.total_at - now
        if self.progress is not None:
            left = min(left, self.progress, self.progress_at - now)
        return left

    def stop(self, reason: VcaError) -> None:
        """End the operation with an error that is not its own; its hook is cancelled."""
        if self.stopped is None and not self.trail.ended:
            self.stopped = reason
            self.wake()

    def wake(self, *_: object) -> None:
        """Wake those who wait for the operation."""
        if not self.interrupt.done():
            self.interrupt.set_result(None)

    def timeout_error(self, *, waiting: str | None = None) -> VcaTimeoutError:
        """Make the error for the limit that was hit first.

        Args:
            waiting: what was being waited for; None: the hook.
        """
        kind: Literal["total", "progress"] = "total"
        limit = self.total
        if self.progress is not None and self.progress_at < self.total_at:
            kind, limit = "progress", self.progress
        last: EntityState | None = self.trail.last
        seen = f"; last seen: {last.entity} {last.native or '(no state)'}" if last else ""
        what = f"nothing changed for {limit:g} s" if kind == "progress" else f"not done after {limit:g} s"
        where = f" while {waiting}" if waiting else ""
        return VcaTimeoutError(f"{self.trail.operation}: {what}{where} ({kind} limit){seen}", kind, limit)

    def locate(self, error: VcaError) -> VcaError:
        """Fill in where an error happened."""
        ee_id = self.trail.ee_id
        return error.locate(
            backend=self.backend,
            ee_id=str(ee_id) if ee_id else None,
            operation=self.trail.operation,
            operation_id=self.trail.id,
        )


def operations_in(operations: Iterable[RunningOperation], model: str | None = None) -> list[RunningOperation]:
    """Pick the operations that work in a model; None: all."""
    return [op for op in operations if model is None or op.trail.model == model]
