"""Calls the orchestrator's ``on_update_db`` after each stored status.

They are made in order for each path, for several paths at once up to a bound, and in tasks of their own: an operation
never waits for a callback, and a callback may call back into the connector. What a callback raises is logged and goes
no further.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from vca_core._tracking.place import Place
from vca_core.tasks import OwnedTasks

_LOG = logging.getLogger(__name__)

OnUpdateDb = Callable[[str, dict[str, Any], str, dict[str, Any]], Any]
"""``on_update_db(table, filter, path, update_dict)``: the path ends in a dot, the dict's keys are full dotted paths.

A plain function, a coroutine function, or anything else that returns an awaitable.
"""

_AT_ONCE = 16
"""How many callbacks run at the same time."""

_MOST_WAITING = 100
"""Calls of one path that may wait before intermediate ones give way to later ones."""


class UpdateCallbacks:
    """Runs the callback for each stored status.

    Args:
        callback: the orchestrator's function.
        limit: seconds that one call may take; then it is cancelled and logged.
    """

    def __init__(self, callback: OnUpdateDb, limit: float) -> None:
        self._callback = callback
        self._limit = limit
        self._waiting: dict[Place, deque[tuple[Mapping[str, Any], bool]]] = {}
        self._tasks = OwnedTasks("on_update_db")
        self._slots: asyncio.Semaphore | None = None

    def call(self, path: Place, fields: Mapping[str, Any], *, outcome: bool) -> None:
        """Queue a call.

        Args:
            path: where the status was stored.
            fields: the five fields, without the path.
            outcome: whether it is the outcome of an operation, which is never left out.
        """
        waiting = self._waiting.get(path)
        if waiting is None:
            waiting = self._waiting[path] = deque()
            self._tasks.spawn(self._work(path, waiting), f"{path.path} in {path.table}")
        elif len(waiting) >= _MOST_WAITING and not waiting[-1][1]:
            waiting.pop()
        waiting.append((fields, outcome))

    async def wait(self, limit: float) -> None:
        """Wait for the queued calls, for at most `limit` seconds; a callback waits for the others only."""
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        while self._waiting and (left := end - loop.time()) > 0:
            if not await self._tasks.wait(left):
                break

    async def drain(self, limit: float) -> list[str]:
        """Wait for the queued calls, then cancel what is left.

        Args:
            limit: seconds to wait, and again for what was cancelled.

        Returns:
            The names of calls that still live after their cancellation.
        """
        await self.wait(limit)
        alive = await self._tasks.cancel(limit)
        self._waiting.clear()
        self._slots = None
        return alive

    async def _work(self, path: Place, waiting: deque[tuple[Mapping[str, Any], bool]]) -> None:
        if self._slots is None:
            self._slots = asyncio.Semaphore(_AT_ONCE)
        try:
            while waiting:
                async with self._slots:
                    fields, _ = waiting.popleft()
                    await self._call_one(path, fields)
        finally:
            if self._waiting.get(path) is waiting:
                del self._waiting[path]

    async def _call_one(self, path: Place, fields: Mapping[str, Any]) -> None:
        try:
            result = self._callback(path.table, path.query, f"{path.path}.", path.update(fields))
            if inspect.isawaitable(result):
                async with asyncio.timeout(self._limit):
                    await result
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise  # not the callback's: we are being stopped
            _LOG.warning("on_update_db failed for %s: %s", path, type(error).__qualname__, exc_info=True)
