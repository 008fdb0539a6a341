"""Deletes of whole namespaces: they stop what runs there, and concurrent ones share one outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from vca_core._engine.operation import RunningOperation, operations_in
from vca_core._engine.request import Request
from vca_core._engine.runner import Runner
from vca_core._tracking.tracker import Tracker
from vca_core.errors import ConflictError, VcaError
from vca_core.naming import Namespace
from vca_core.tasks import settle


@dataclass(slots=True)
class _SharedDelete:
    op: RunningOperation
    task: asyncio.Task[VcaError | None]
    waiters: int = 0


class NamespaceDeletes:
    """The deletes under way on one connector.

    Args:
        runner: runs operations.
        tracker: follows them.
        spawn: starts a task that the connector owns.
        cleanup: ``cleanup_timeout``, seconds: how long running operations have to end.

    Attributes:
        under_way: the running deletes, by model.
    """

    def __init__(
        self,
        runner: Runner,
        tracker: Tracker,
        spawn: Callable[[Coroutine[Any, Any, Any], str], asyncio.Task[Any]],
        cleanup: float,
    ) -> None:
        self._runner = runner
        self._tracker = tracker
        self._spawn = spawn
        self._cleanup = cleanup
        self.under_way: dict[str, _SharedDelete] = {}

    def check(self, model: str) -> None:
        """Refuse a new operation in a model that is being deleted.

        Raises:
            ConflictError: it is.
        """
        shared = self.under_way.get(model)
        if shared is not None:
            raise self._conflict(shared.op.trail.namespace)

    @staticmethod
    def _conflict(namespace: Namespace | None) -> ConflictError:
        return ConflictError(f"namespace {namespace} is being deleted; try again when that is done")

    async def delete(
        self,
        op: RunningOperation,
        request: Request[Any],
    ) -> None:
        """Delete a namespace, or join the delete of it that is under way.

        Args:
            op: the caller's delete: its namespace, model, total limit and path. If it joins another, that one's hook
                serves it.
            request: what is asked for.

        Raises:
            VcaTimeoutError: the caller's own total has passed.
            VcaError: the delete failed; each waiter gets the error.
        """
        if op.trail.model is None:
            raise AssertionError("a delete of a namespace has its model")
        shared = self.under_way.get(op.trail.model)
        if shared is None:
            victims = operations_in(self._runner.running, op.trail.model)
            shared = _SharedDelete(op, self._spawn(self._run(op, request, victims), op.id))
            self.under_way[op.trail.model] = shared
        else:
            self._join(shared.op, op)
            op.has_begun = True
            shared.op.total_at = max(shared.op.total_at, op.total_at)
        shared.waiters += 1
        try:
            await self._wait(shared, op)
        finally:
            shared.waiters -= 1

    def _join(self, shared: RunningOperation, op: RunningOperation) -> None:
        """Write the outcome of a delete that is under way to the place that another caller named, too."""
        for place in op.trail.places:
            if place not in shared.trail.places:
                shared.trail.places = (*shared.trail.places, place)
                self._tracker.mark(shared.trail, place)

    async def _wait(self, shared: _SharedDelete, op: RunningOperation) -> None:
        loop = asyncio.get_running_loop()
        try:
            # The shared delete itself raises the time-out of the last waiter; the moment more gives it the time.
            await asyncio.wait((shared.task,), timeout=max(0.0, op.total_at - loop.time()) + 0.001)
            if not shared.task.done() and (shared.waiters == 1 or op.total_at >= shared.op.total_at):
                shared.op.stop(op.timeout_error())
                cancelled = await settle(shared.task, 2 * self._cleanup)
                if cancelled is not None:
                    raise cancelled
        except asyncio.CancelledError:
            if shared.waiters == 1 and not shared.task.done():
                shared.op.stop(ConflictError("the delete was cancelled by its only caller"))
                await settle(shared.task, 2 * self._cleanup)
            raise
        if not shared.task.done():
            raise op.locate(op.timeout_error())
        error = shared.task.result()
        if error is not None:
            raise error.duplicate()

    async def _run(
        self,
        op: RunningOperation,
        request: Request[Any],
        victims: list[RunningOperation],
    ) -> VcaError | None:
        for victim in victims:
            victim.stop(self._conflict(op.trail.namespace))
        if victims:
            await asyncio.wait([victim.finished for victim in victims], timeout=self._cleanup)
        try:
            await self._runner.run(op, request)
        except VcaError as error:
            return error
        else:
            return None
        finally:
            if op.trail.model is not None:
                self.under_way.pop(op.trail.model, None)
