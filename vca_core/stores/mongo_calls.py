"""Calls of MongoDB's driver, none of which is cancelled.

If a call is cancelled while it waits for a connection, the driver may lose the lock of its pool, and never answers
again. It drops the connection of one that is cancelled later; the server may then carry out what it was sent after what
it is sent next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from vca_core.errors import VcaError
from vca_core.tasks import OwnedTasks, Unshown

R = TypeVar("R")

_LAST = 1.0
"""Seconds that calls which nobody waits for have to end, once their client is closed."""


class Calls:
    """Calls of one client, each in a task of its own. Their limits are those of the client's URL."""

    def __init__(self) -> None:
        self._tasks = OwnedTasks("mongodb")

    async def make(self, call: Coroutine[Any, Any, R], name: str, left: set[asyncio.Task[Any]] | None = None) -> R:
        """Make a call, and wait for it.

        Args:
            call: of the driver.
            name: of its task.
            left: gets the task if the caller is cancelled, until it has ended.
        """
        task = self._tasks.spawn(_unshown(call), name, awaited=True)
        try:
            return (await asyncio.shield(task)).get()
        except asyncio.CancelledError:
            if left is not None and not task.done():
                left.add(task)
                task.add_done_callback(left.discard)
            raise

    async def end(self) -> None:
        """End those that nobody waits for; the client is closed, and its pool is not used any more."""
        await self._tasks.cancel(_LAST)


async def _unshown(call: Coroutine[Any, Any, R]) -> Unshown[R]:
    try:
        return Unshown(await call)
    except VcaError as error:
        return Unshown(error=error)
