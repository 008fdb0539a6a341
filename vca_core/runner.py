"""Runs one operation: its locks, its deadlines, its cancellation, its outcome (design 4, 5, 7, 8).

The hook runs in a task of its own; the caller's task watches it. So a hook that ignores its cancellation costs the
caller
``cleanup_timeout`` and no more: it becomes a straggler, owned and logged here, and its EE stays locked until it ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vca_core.errors import BackendError, VcaError
from vca_core.locks import Locks
from vca_core.operation import Body, RunningOperation
from vca_core.secrets import as_vca_error
from vca_core.status_book import StatusBook
from vca_core.tasks import settle

_LOG = logging.getLogger(__name__)

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Result(Generic[R]):
    value: R


@dataclass(frozen=True, slots=True)
class _Failure:
    error: VcaError


class Runner:
    """Runs the operations of one connector.

    Args:
        locks: the locks of all EEs.
        book: takes reports and writes outcomes.
        scrub: takes secrets out of a text.
        cleanup: ``cleanup_timeout``, seconds.
        grace: ``store_grace``, seconds.
    """

    def __init__(
        self, locks: Locks, book: StatusBook, scrub: Callable[[str], str], cleanup: float, grace: float
    ) -> None:
        self._locks = locks
        self._book = book
        self._scrub = scrub
        self._cleanup = cleanup
        self._grace = grace
        self.running: set[RunningOperation] = set()
        self.stragglers: dict[asyncio.Task[Any], RunningOperation] = {}

    async def run(
        self, op: RunningOperation, body: Body[R], prepare: Callable[[RunningOperation], Awaitable[None]] | None = None
    ) -> R:
        """Run an operation to its end, with its outcome stored or safely queued.

        Args:
            op: the operation.
            body: what to do, holding the locks; runs under both deadlines.
            prepare: what to do first, holding the locks; when it raises, the operation had not begun: no outcome is
                written.

        Returns:
            What the body returned.

        Raises:
            VcaTimeoutError: a limit was hit.
            ConflictError: stopped by a delete or a disconnect.
            VcaError: the body failed.
            asyncio.CancelledError: the caller was cancelled; the operation has been cancelled, with its outcome queued.
        """
        self.running.add(op)
        task: asyncio.Task[_Result[R] | _Failure] | None = None
        locked = False
        try:
            locked = await self._locks.acquire(op.keys, op.total_at, op.interrupt)
            if not locked:
                raise op.locate(
                    op.stopped or op.expired(waiting="another operation on the same execution environment runs")
                )
            if prepare is not None:
                await self._prepare(op, prepare)
            self._book.begin(op)
            task = asyncio.get_running_loop().create_task(self._guarded(op, body), name=op.id)
            return await self._supervise(op, task)
        finally:
            op.ended = True
            self.running.discard(op)
            if task is not None and not task.done():
                self._keep(op, task)
            else:
                if locked:
                    self._locks.release(op.keys)
                if op.at_end is not None:
                    op.at_end()
            if not op.finished.done():
                op.finished.set_result(None)

    async def _prepare(self, op: RunningOperation, prepare: Callable[[RunningOperation], Awaitable[None]]) -> None:
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

    async def _supervise(self, op: RunningOperation, task: asyncio.Task[_Result[R] | _Failure]) -> R:
        cancelled: asyncio.CancelledError | None = None
        failure: VcaError | None = None
        try:
            failure = await self._watch(op, task)
        except asyncio.CancelledError as error:
            cancelled = error
        if not task.done():
            op.cancelling = True
            task.cancel()
            cancelled = await settle(task, self._cleanup) or cancelled
        result: _Result[R] | None = None
        if failure is None and cancelled is None:
            ended = self._ended(op, task)
            if isinstance(ended, _Failure):
                failure = ended.error
            else:
                result = ended
        outcome: BaseException | None = cancelled or failure
        stored = [promise for promise in self._book.end(op, outcome) if not promise.done()]
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

    async def _guarded(self, op: RunningOperation, body: Body[R]) -> _Result[R] | _Failure:
        """Run the body; whatever it raises is kept as an error of the tree, with the secrets taken out.

        Only the interpreter's own ways to end a program and a cancellation go through.
        """
        try:
            return _Result(await body(op))
        except (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a hook may raise anything
            return _Failure(as_vca_error(error, self._scrub))

    def _ended(self, op: RunningOperation, task: asyncio.Task[_Result[R] | _Failure]) -> _Result[R] | _Failure:
        if task.cancelled():
            return _Failure(BackendError(f"{op.operation} ended with a CancelledError that nobody asked for"))
        raised = task.exception()
        if isinstance(raised, GeneratorExit):  # the hook's own: whoever closes a coroutine asks for no result
            return _Failure(as_vca_error(raised, self._scrub))
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
        self._locks.release(op.keys)
        if op.at_end is not None:
            op.at_end()
        how = (
            "cancelled" if task.cancelled() or task.exception() is not None else type(task.result()).__name__.strip("_")
        )
        _LOG.warning("%s has ended at last (%s); its locks are free", op.id, how.lower())
