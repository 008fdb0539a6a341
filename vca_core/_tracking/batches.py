"""Gathers the writes that wait for the store into batches: one sync, or one message, for many of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vca_core._tracking.slots import Slots
from vca_core.errors import StoreError
from vca_core.stores import StatusStore
from vca_core.stores.base import Outcome, Write

MOST_WRITES = 500
"""How many writes a batch has at most."""

_FIRST_MOST = 50
"""How many the first batch has at most."""

_SHARE = 0.25
"""The share of its limit that a batch should take at most."""

_MOST_BYTES = 1024 * 1024
"""How large the writes of a batch are together at most; one that is larger goes alone."""

_BYTES_OF_NUMBER = 8

_AT_A_TIME = 16
"""How many of those that wait for a batch go on in one turn of the event loop: it has others to serve, too."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A write that waits for its batch.

    Args:
        write: the write.
        size: in bytes, roughly.
        promise: done when it is made.
        began: when the store began with its batch; when it came, before that.
    """

    write: Write
    size: int
    promise: asyncio.Future[bool]
    began: float


class Batches:
    """The writes of a store, in batches where several wait.

    A write that arrives while no other is under way is made at once, on its own. One batch is made at a time, so that
    no write overtakes an earlier one. Batches grow as long as the store is quick with them; after one that was slow, or
    failed as a whole, the next are smaller: a store that cannot make 500 writes in time may make 50. As many lanes may
    use the store as the next batch may have writes, so that none of them waits for long.

    Args:
        store: the store.
        limit: seconds that it has for a batch.
        slots: room for the lanes that are at the store.

    Attributes:
        gathers: whether the store makes writes together.
        is_busy: whether a write is under way.
    """

    def __init__(self, store: StatusStore, limit: float, slots: Slots) -> None:
        self._store = store
        self._limit = limit
        self._slots = slots
        self._most = MOST_WRITES
        self.gathers = store.has_batch
        if self.gathers:
            self._resize(_FIRST_MOST)
        self.is_busy = False
        self._queues: tuple[deque[Waiting], deque[Waiting]] = (deque(), deque())
        self._task: asyncio.Task[None] | None = None

    def join(self, write: Write, rank: int) -> Waiting:
        """Let a write be made in one batch with others, behind what is under way.

        Args:
            write: the write.
            rank: 0: it goes before others, as outcomes and records do; 1: it is an intermediate status.
        """
        loop = asyncio.get_running_loop()
        waiting = Waiting(write, _size(write), loop.create_future(), loop.time())
        self._queues[rank].append(waiting)
        return waiting

    async def write_alone(self, write: Write) -> bool:
        """Make a write at once, while no other is under way."""
        self.is_busy = True
        try:
            return await self._store.set(write.table, write.filter, write.update)
        finally:
            self._go_on()

    def cancel(self) -> asyncio.Task[None] | None:
        """Cancel the batch that is being made, if there is one, and return its task."""
        if self._task is not None:
            self._task.cancel()
        return self._task

    def _go_on(self) -> None:
        self.is_busy = any(self._queues)
        if self.is_busy:
            self._task = asyncio.get_running_loop().create_task(self._write_all(), name="batches of the outbox")
            self._task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if task.cancelled():  # as when a server cancels all tasks: those that wait try again
            for queue in self._queues:
                _resolve(queue, StoreError("writing was stopped"))
                queue.clear()
        self._go_on()

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._take():
            begin = loop.time()
            for waiting in batch:
                waiting.began = begin
            outcomes = await self._write(batch)
            if loop.time() - begin > self._limit * _SHARE or all(isinstance(one, Exception) for one in outcomes):
                self._resize(max(len(batch) // 2, 1))
            else:
                self._resize(min(self._most * 2, MOST_WRITES))
            for number, (waiting, outcome) in enumerate(zip(batch, outcomes, strict=True), start=1):
                _resolve([waiting], outcome)
                if number % _AT_A_TIME == 0:
                    await asyncio.sleep(0)

    def _resize(self, most: int) -> None:
        if most != self._most:
            self._most = most
            self._slots.resize(most)

    def _take(self) -> list[Waiting]:
        """Take the next batch: outcomes before intermediate statuses, earlier ones before later ones."""
        batch: list[Waiting] = []
        size = 0
        for queue in self._queues:
            while queue and len(batch) < self._most:
                if queue[0].promise.done():  # its caller no longer waits
                    queue.popleft()
                    continue
                size += queue[0].size
                if batch and size > _MOST_BYTES:
                    return batch
                batch.append(queue.popleft())
        return batch

    async def _write(self, batch: Sequence[Waiting]) -> Sequence[Outcome]:
        try:
            async with asyncio.timeout(self._limit):
                outcomes = await self._store.batch([waiting.write for waiting in batch])
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                _resolve(batch, StoreError("writing was stopped"))
                raise
            stopped = StoreError("the status store failed: its driver was cancelled")
            stopped.__cause__ = error
            return [stopped] * len(batch)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            return [error] * len(batch)
        if len(outcomes) != len(batch):
            wrong = StoreError(f"the status store gave {len(outcomes)} outcomes for a batch of {len(batch)} writes")
            return [wrong] * len(batch)
        return outcomes


def _resolve(batch: Sequence[Waiting] | deque[Waiting], outcome: Outcome) -> None:
    for waiting in batch:
        if waiting.promise.done():
            continue
        if isinstance(outcome, Exception):
            waiting.promise.set_exception(outcome)
        else:
            waiting.promise.set_result(outcome)


def _size(write: Write) -> int:
    """Estimate the size of a write in bytes: its texts, those in its filter included, and its numbers."""
    return _bytes_of(write.update) + _bytes_of(write.filter)


def _bytes_of(value: object) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, Mapping):
        size = 0
        for key, item in value.items():  # a sum of generators would take twice the time, for each write
            size += len(key) if isinstance(key, str) and key.isascii() else _bytes_of(key)
            size += len(item) if isinstance(item, str) and item.isascii() else _bytes_of(item)
        return size
    if isinstance(value, list | tuple):
        return sum(map(_bytes_of, value))
    return _BYTES_OF_NUMBER
