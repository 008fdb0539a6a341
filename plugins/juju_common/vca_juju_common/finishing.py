"""Requests that make something: whoever is cancelled meanwhile still learns what was made, to undo it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from vca_core.tasks import settle

R = TypeVar("R")

LIMIT = 10.0
"""Seconds that a cancelled caller waits for an answer; the core gives it not much more."""


async def finished(
    work: Coroutine[Any, Any, R], limit: float = LIMIT
) -> tuple[asyncio.Task[R], asyncio.CancelledError | None]:
    """Do something to its end; when the caller is cancelled, for at most so many seconds more.

    Args:
        work: what to do.
        limit: seconds that it has after a cancellation.

    Returns:
        The task, which is done, and the cancellation, for the caller to raise when it has undone what was made.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError as error:
        cancelled = await settle(task, limit) or error
    if not task.done():
        task.cancel()
        await settle(task, limit)
    return task, cancelled


def was_made(task: asyncio.Task[Any]) -> bool:
    """Whether a task that is done gave a result; its exception is looked at."""
    return task.done() and not task.cancelled() and task.exception() is None
