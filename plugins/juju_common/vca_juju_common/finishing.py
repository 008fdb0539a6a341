"""Requests that make something: a caller who is cancelled meanwhile still learns what was made, and can undo it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from vca_core.tasks import settle

R = TypeVar("R")

LIMIT = 10.0
"""Seconds that a cancelled caller waits for an answer, at the most."""

_CLEANUP: ContextVar[float] = ContextVar("cleanup", default=float("inf"))


@contextmanager
def within(cleanup: float) -> Iterator[None]:
    """Have what is finished in a ``with`` block end in time.

    Args:
        cleanup: seconds that the operation has once it is cancelled.
    """
    token = _CLEANUP.set(cleanup)
    try:
        yield
    finally:
        _CLEANUP.reset(token)


def limit() -> float:
    """Seconds that a cancelled caller waits for an answer: it may do so for up to three, one after the other."""
    return min(LIMIT, _CLEANUP.get() / 4)


async def run_uninterrupted(work: Coroutine[Any, Any, R]) -> R:
    """Do something to its end; when the caller is cancelled, for at most `limit()` seconds more.

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
    """Do something to its end; when the caller is cancelled, for at most `limit()` seconds more.

    Args:
        work: what to do.

    Returns:
        The task, which is done, and the cancellation, for the caller to raise when it has undone what was made.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError as error:
        cancelled = await settle(task, limit()) or error
    if not task.done():
        task.cancel()
        await settle(task, limit())
    return task, cancelled


def has_succeeded(task: asyncio.Task[Any]) -> bool:
    """Whether a task that is done gave a result; its exception is retrieved."""
    return task.done() and not task.cancelled() and task.exception() is None
