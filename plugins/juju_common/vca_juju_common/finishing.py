"""Requests that make something: a caller who is cancelled meanwhile still learns what was made, and can undo it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

from vca_core.errors import VcaError
from vca_core.tasks import end_of, reason_of_end, settle

R = TypeVar("R")

LIMIT = 10.0
"""Seconds in which a cancelled operation ends: it waits for an answer, for half of them at most, and undoes what was
made."""


class _Ending:
    """How long an operation may take to end.

    Args:
        cleanup: seconds that it has once it is cancelled.
    """

    def __init__(self, cleanup: float) -> None:
        self._seconds = min(LIMIT, 0.75 * cleanup)
        self._end: float | None = None

    def seconds_left(self) -> float:
        """Those that are left; the first call is when they begin."""
        now = asyncio.get_running_loop().time()
        if self._end is None:
            self._end = now + self._seconds
        return max(0.0, self._end - now)


_ENDING: ContextVar[_Ending | None] = ContextVar("vca_juju_ending", default=None)


@contextmanager
def within(cleanup: float) -> Iterator[None]:
    """Have what is finished in a ``with`` block end in time.

    Args:
        cleanup: seconds that the operation has once it is cancelled.
    """
    token = _ENDING.set(_Ending(cleanup))
    try:
        yield
    finally:
        _ENDING.reset(token)


def seconds_left() -> float:
    """Seconds that an operation still has that is being cancelled, or failed; the first call is when they begin."""
    ending = _ENDING.get()
    return LIMIT if ending is None else ending.seconds_left()


async def run_uninterrupted(work: Coroutine[Any, Any, R]) -> R:
    """Do something to its end; when the caller is cancelled, for at most half of `seconds_left()` more.

    So the request has been carried out, or refused, when the caller ends, and has no effect later.

    Args:
        work: what to do.

    Raises:
        asyncio.CancelledError: the caller was cancelled; what was asked for may have been done.
    """
    task, cancelled = await finish(work)
    if cancelled is not None:
        has_succeeded(task)
        raise cancelled
    return task.result()


async def finish(work: Coroutine[Any, Any, R]) -> tuple[asyncio.Task[R], asyncio.CancelledError | None]:
    """Do something to its end; when the caller is cancelled, for at most half of `seconds_left()` more.

    Args:
        work: what to do.

    Returns:
        The task, which is done, and the cancellation, for the caller to raise when it has undone what was made. Its
        cause is what the task waited for in vain, or why it failed.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError as error:
        cancelled = await settle(task, seconds_left() / 2) or error
    if not task.done():
        task.cancel()
        await settle(task, seconds_left())
    if cancelled is not None and cancelled.__cause__ is None:
        cancelled.__cause__ = _reason_in(task)
    return task, cancelled


async def undo_in_time(undo: Callable[[], Awaitable[None]]) -> None:
    """Undo something; when the caller is being cancelled already, for at most `seconds_left()`.

    Args:
        undo: a request such as `Model.undo_machines`: one that is cut short is owed, and done later.
    """
    task = asyncio.current_task()
    is_cancelled = task is not None and task.cancelling() > 0  # else its deadline is to come, and ends this as well
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds_left() if is_cancelled else None):
            await undo()


def has_succeeded(task: asyncio.Task[Any]) -> bool:
    """Whether a task that is done gave a result; its exception is retrieved."""
    return task.done() and not task.cancelled() and task.exception() is None


def _reason_in(task: asyncio.Task[Any]) -> BaseException | None:
    """Why a task gave no result: what it still waited for, or how it failed."""
    if not task.done() or has_succeeded(task):
        return None
    if task.cancelled():
        return reason_of_end(end_of(task))
    error = task.exception()
    return error if isinstance(error, VcaError) else None
