"""The store, as one lane uses it: a call waits for its turn, or for a batch, before its limit counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from vca_core._tracking.attempts import AttemptLimit
from vca_core._tracking.batches import Batches
from vca_core._tracking.health import Health
from vca_core._tracking.turns import Turns
from vca_core.stores import StatusStore
from vca_core.stores.base import Write

R = TypeVar("R")


class Access(Protocol):
    """What a visit needs of an `Outbox`."""

    store: StatusStore
    batches: Batches
    attempts: AttemptLimit
    reads: Turns
    writes: Turns
    health: Health


class Visit(StatusStore):
    """One lane's visit to the store.

    Args:
        access: gives access to it.
        clock: the time-out around each attempt.

    Attributes:
        rank: 0 for what goes before others: outcomes, records; 1 for intermediate statuses.
        began: when the store began with what it is asked now, or the attempt did; None: it has not begun.
        last: when it began with what it was asked last.
        reads: whether that is a read.
    """

    def __init__(self, access: Access, clock: asyncio.Timeout) -> None:
        self._access = access
        self._clock = clock
        self.rank = 0
        self.began: float | None = None
        self.last = 0.0
        self.reads = False

    def begin(self) -> None:
        """Begin an attempt, or a call in it: the limit counts from now on."""
        self.began = self.last = self._access.attempts.begin(self._clock)

    def end(self) -> None:
        """End an attempt, or wait: no limit counts."""
        self._access.attempts.end(self._clock)
        self.began = None

    def check_table(self, table: str) -> None:
        self._access.store.check_table(table)

    @property
    def has_late_writes(self) -> bool:
        return self._access.store.has_late_writes

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        batches = self._access.batches
        if not batches.gathers:
            return await self._write(self._access.store.set, table, filter, update)
        self.reads = False
        write = Write(table, filter, update)
        if batches.is_busy:
            self.end()  # a batch has a limit of its own, and those in front of it as well
            waiting = batches.join(write, self.rank)
            try:
                matched = await waiting.promise
            finally:
                self.begin()
                self.last = waiting.began  # if it failed, it failed in its batch
        else:
            self.begin()
            matched = await batches.write_alone(write)
        self._access.health.note_success()
        return matched

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        return await self._read(self._access.store.get, table, filter)

    async def exists(self, table: str, filter: Mapping[str, Any]) -> bool:
        return await self._read(self._access.store.exists, table, filter)

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return await self._read(self._access.store.find, table, filter)

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        return await self._write(self._access.store.ensure, table, document)

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        return await self._write(self._access.store.delete, table, filter)

    @property
    def served_at(self) -> float:
        """When the store was last seen to serve what is asked like that."""
        return self._access.health.served_at(reads=self.reads)

    async def _read(self, call: Callable[..., Awaitable[R]], *arguments: Any) -> R:
        self.reads = True
        result = await self._call(self._access.reads, call, *arguments)
        self._access.health.note_answer()
        return result

    async def _write(self, call: Callable[..., Awaitable[R]], *arguments: Any) -> R:
        self.reads = False
        result = await self._call(self._access.writes, call, *arguments)
        self._access.health.note_success()
        return result

    async def _call(self, turns: Turns, call: Callable[..., Awaitable[R]], *arguments: Any) -> R:
        if not turns.take():
            self.end()
            try:
                await turns.wait()
            finally:
                self.begin()
        else:
            self.begin()
        began = self.last
        try:
            return await call(*arguments)
        finally:
            turns.give(began, asyncio.get_running_loop().time())
