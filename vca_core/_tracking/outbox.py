"""Writes statuses durably, in order for each path; no operation ever waits for an intermediate one (design 5).

Each path has a lane: a queue, and a task while there is something in it. Intermediate events may be merged into the
next one, outcomes never. What the store refuses to take stays queued and is tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vca_core._tracking.place import StatusPath
from vca_core.errors import ConflictError, StoreError
from vca_core.stores import StatusStore

_LOG = logging.getLogger(__name__)

_MOST_EVENTS_OF_A_LANE = 100
"""Intermediate events of one path that may wait for a slow store before they are merged."""

_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.05, 5.0
"""Seconds between attempts at a failing store."""


@dataclass(slots=True)
class _Write:
    origin: str
    fields: Mapping[str, Any]
    run: Callable[[StatusStore], Awaitable[bool]]
    done: asyncio.Future[None] | None  # None: an intermediate event
    tell: bool = True
    started: bool = False


@dataclass(slots=True)
class _Lane:
    queue: deque[_Write] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    failures: int = 0
    written_at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A status that could not be stored.

    Args:
        path: where it was to go.
        fields: what was to be written there.
        reason: why it was not.
    """

    path: StatusPath
    fields: Mapping[str, Any]
    reason: str


class StatusWriter:
    """Writes statuses to a store.

    Args:
        store: the store, opened.
        interval: seconds; intermediate statuses of one path are stored at most once in that time. 0: all are.
        queue_limit: how many outcomes may wait for the store.
        attempt_limit: seconds that one attempt at the store may take.
        on_stored: told of each status that was stored: origin, path, fields, and whether it was an operation's outcome.
    """

    def __init__(
        self,
        store: StatusStore,
        *,
        interval: float,
        queue_limit: int,
        attempt_limit: float,
        on_stored: Callable[[str, StatusPath, Mapping[str, Any], bool], None],
    ) -> None:
        self._store = store
        self._interval = interval
        self._queue_limit = queue_limit
        self._attempt_limit = attempt_limit
        self._on_stored = on_stored
        self._lanes: dict[StatusPath, _Lane] = {}
        self._outcomes = 0
        self._lost: dict[StatusPath, Unwritten] = {}
        self._flushing = False

    def check_room(self) -> None:
        """Check that the outcome of one more operation could be queued.

        Raises:
            ConflictError: outcomes alone fill the queue: the store has not taken any for long.
        """
        if self._outcomes >= self._queue_limit:
            raise ConflictError(
                f"{self._outcomes} outcomes wait for the status store; nothing is begun before it takes some"
            )

    def event(self, origin: str, path: StatusPath, fields: Mapping[str, Any]) -> None:
        """Queue an intermediate status. Never blocks.

        Args:
            origin: name of the connector it comes from.
            path: where it goes.
            fields: the five fields, without the path.
        """
        lane = self._lane(path)
        queue = lane.queue
        write = _Write(origin, fields, self._setter(path, fields), None)
        crowded = bool(self._interval) or lane.failures > 0 or len(queue) >= _MOST_EVENTS_OF_A_LANE
        if crowded and queue and queue[-1].done is None and not queue[-1].started:
            queue[-1] = write
        else:
            queue.append(write)
        self._run(path, lane)

    def outcome(self, origin: str, path: StatusPath, fields: Mapping[str, Any]) -> asyncio.Future[None]:
        """Queue the outcome of an operation; it is never merged with another status.

        Returns:
            Done when it is stored, or can never be (that is logged and told by `drain`).
        """
        return self._must(path, _Write(origin, fields, self._setter(path, fields), self._promise()))

    def correct(
        self, origin: str, path: StatusPath, run: Callable[[StatusStore], Awaitable[bool]]
    ) -> asyncio.Future[None]:
        """Queue a change of what the core itself keeps, behind what is queued for the path; nobody is told of it."""
        return self._must(path, _Write(origin, {}, run, self._promise(), tell=False))

    async def put(self, run: Callable[[StatusStore], Awaitable[bool]], limit: float) -> bool:
        """Do something at the store now, again and again until it is done.

        Args:
            run: what to do; its result is given back.
            limit: seconds.

        Raises:
            StoreError: it was not done in time, or never will be; it may have been done all the same.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        backoff = _FIRST_BACKOFF
        cause: Exception | None = None
        while True:
            try:
                async with asyncio.timeout_at(end):
                    return await run(self._store)
            except StoreError as error:
                if not error.retryable:
                    raise
                cause = error
            except Exception as error:  # noqa: BLE001 - a store may raise anything
                cause = error
            if loop.time() + backoff >= end:
                raise StoreError(f"the status store did not take it within {limit:g} s: {cause}") from cause
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, _LONGEST_BACKOFF)

    async def drain(self, limit: float, origin: str | None = None) -> list[Unwritten]:
        """Wait until what is queued is stored.

        Args:
            limit: seconds to wait.
            origin: only what this connector reported; None: everything.

        Returns:
            What could not be stored; it stays queued until `close`.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        self._flushing = True
        try:
            while (lanes := self._of(origin)) and (left := end - loop.time()) > 0:
                for lane in lanes.values():
                    lane.wake.set()
                await asyncio.wait([lane.task for lane in lanes.values() if lane.task is not None], timeout=left)
        finally:
            self._flushing = False
        late = [
            Unwritten(path, write.fields, f"the status store did not take it within {limit:g} s")
            for path, lane in self._of(origin).items()
            for write in lane.queue
            if write.tell
        ]
        lost, self._lost = list(self._lost.values()), {}
        return [*lost, *late]

    async def close(self, limit: float) -> list[str]:
        """Give up what is still queued and end all tasks.

        Args:
            limit: seconds that they have to end.

        Returns:
            The names of those that still live.
        """
        tasks = {lane.task for lane in self._lanes.values() if lane.task is not None}
        for task in tasks:
            task.cancel()
        alive: set[asyncio.Task[None]] = set()
        if tasks:
            _, alive = await asyncio.wait(tasks, timeout=limit)
        for lane in self._lanes.values():
            for write in lane.queue:
                self._finished(write)
        self._lanes.clear()
        return sorted(task.get_name() for task in alive)

    def _of(self, origin: str | None) -> dict[StatusPath, _Lane]:
        return {
            path: lane
            for path, lane in self._lanes.items()
            if lane.queue and (origin is None or any(write.origin == origin for write in lane.queue))
        }

    @staticmethod
    def _promise() -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    @staticmethod
    def _setter(path: StatusPath, fields: Mapping[str, Any]) -> Callable[[StatusStore], Awaitable[bool]]:
        return lambda store: store.set(path.table, path.query, path.update(fields))

    def _must(self, path: StatusPath, write: _Write) -> asyncio.Future[None]:
        lane = self._lane(path)
        if self._interval or lane.failures:
            while lane.queue and lane.queue[-1].done is None and not lane.queue[-1].started:
                lane.queue.pop()  # superseded by what comes now
        lane.queue.append(write)
        self._outcomes += 1
        lane.wake.set()
        self._run(path, lane)
        if write.done is None:
            raise AssertionError("an outcome always has a promise")
        return write.done

    def _lane(self, path: StatusPath) -> _Lane:
        lane = self._lanes.get(path)
        if lane is None:
            lane = self._lanes[path] = _Lane()
        return lane

    def _run(self, path: StatusPath, lane: _Lane) -> None:
        if lane.task is None:
            lane.task = asyncio.get_running_loop().create_task(self._work(path, lane), name=f"status of {path}")

    async def _work(self, path: StatusPath, lane: _Lane) -> None:
        loop = asyncio.get_running_loop()
        while lane.queue:
            write = lane.queue[0]
            pause = lane.written_at + self._interval - loop.time()
            if write.done is None and pause > 0 and len(lane.queue) == 1 and not self._flushing:
                lane.wake.clear()
                await self._wait(lane, pause)
                continue
            if await self._attempt(path, lane, write):
                lane.queue.popleft()
                lane.written_at = loop.time()
                self._finished(write)
            else:
                lane.wake.clear()
                await self._wait(lane, min(_FIRST_BACKOFF * 2**lane.failures, _LONGEST_BACKOFF))
        lane.task = None
        pause = lane.written_at + self._interval - loop.time()
        if pause > 0:
            loop.call_later(pause, self._forget, path)
        else:
            self._forget(path)

    def _forget(self, path: StatusPath) -> None:
        lane = self._lanes.get(path)
        if lane is not None and lane.task is None and not lane.queue:
            del self._lanes[path]

    @staticmethod
    async def _wait(lane: _Lane, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await lane.wake.wait()
        except TimeoutError:
            pass

    async def _attempt(self, path: StatusPath, lane: _Lane, write: _Write) -> bool:
        """Try once; True: it is over, stored or never to be."""
        write.started = True
        try:
            async with asyncio.timeout(self._attempt_limit):
                matched = await write.run(self._store)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            write.started = False
            if isinstance(error, StoreError) and not error.retryable:
                self._lose(path, write, f"the store refuses it: {error}")
                return True
            level = logging.DEBUG if lane.failures else logging.WARNING
            lane.failures += 1
            _LOG.log(level, "the status for %s stays queued: %s: %s", path, type(error).__name__, error)
            return False
        lane.failures = 0
        if not write.tell:
            return True
        if matched:
            self._on_stored(write.origin, path, write.fields, write.done is not None)
        else:
            self._lose(path, write, "no document matches the filter")
        return True

    def _lose(self, path: StatusPath, write: _Write, reason: str) -> None:
        """Log, once for a path, that its statuses find no place; the operation goes on (design 5)."""
        if not write.tell:
            return
        if path not in self._lost:
            _LOG.warning("no status can be written to %s: %s", path, reason)
        self._lost[path] = Unwritten(path, write.fields, reason)

    def _finished(self, write: _Write) -> None:
        if write.done is None:
            return
        self._outcomes -= 1
        if not write.done.done():
            write.done.set_result(None)
