"""Statuses on their way to a store: through the outbox, and past it with pymongo alone."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pymongo

from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import Place, status_fields
from vca_core.naming import EeKey
from vca_core.status import DeploymentStatus
from vca_core.stores import StatusStore, store_from_url

EES = 250
"""How many EEs report, each with a document of its own."""

_UNMERGED = 90
"""So many statuses of one EE may wait without being merged."""

_BULK = 90
"""How many writes a bulk of pymongo's has; the server of the tests never answers one of 100."""

_NAMED = os.environ.get("VCA_TEST_MONGODB_URI")

HAS_MONGODB = _NAMED is not None or shutil.which("go") is not None
"""Whether there is a server to measure with: one that is named, or Go to build one."""


@contextmanager
def url_of(kind: str) -> Iterator[str]:
    """A new, empty store: ``memory``, ``sqlite`` or ``mongodb``."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "memory":
            yield "memory:"
        elif kind == "sqlite":
            yield f"sqlite:///{folder}/status.db"
        else:
            with _mongodb(Path(folder)) as url:
                yield url


@contextmanager
def _mongodb(folder: Path) -> Iterator[str]:
    from support.mongo import MongoServer, database_url, new_name  # it needs pytest

    if _NAMED is not None:
        name = new_name()
        try:
            yield database_url(_NAMED, name)
        finally:
            with pymongo.MongoClient[dict[str, Any]](_NAMED) as client:
                client.drop_database(name)
        return
    server = MongoServer(folder)
    server.start()
    try:
        yield server.url()
    finally:
        server.kill()


@asynccontextmanager
async def outbox_on(kind: str) -> AsyncIterator[tuple[Outbox, StatusStore]]:
    """An outbox on a new store with the documents of all EEs."""
    with url_of(kind) as url:
        store = store_from_url(url, Path())
        await store.open()
        outbox = Outbox(store, interval=0, queue_limit=10_000, attempt_limit=60, on_stored=lambda *_: None)
        try:
            for number in range(EES):
                await store.ensure("nsrs", {"_id": f"ns{number}"})
            yield outbox, store
        finally:
            await outbox.drain(60)
            await outbox.close(60)
            await store.close()


def _lane(number: int) -> tuple[EeKey, Place]:
    return _lane_of(number % EES)


@functools.cache
def _lane_of(number: int) -> tuple[EeKey, Place]:
    """The lane and the home of an EE, which it has for as long as it lives."""
    return EeKey("edge", f"ns{number}", "app"), Place("nsrs", (("_id", f"ns{number}"),), "_admin.deployed.VCA.0")


def _fields(number: int) -> dict[str, Any]:
    return status_fields(DeploymentStatus.RUNNING, f"event {number}", "running", "unit")


def through_outbox(kind: str, count: int) -> dict[str, float]:
    """Statuses as an operation reports them, none of them merged."""

    async def main() -> float:
        async with outbox_on(kind) as (outbox, _):
            begin = time.perf_counter()
            for first in range(0, count, EES * _UNMERGED):
                numbers = range(first, min(count, first + EES * _UNMERGED))
                await asyncio.gather(*(outbox.status(*_lane(number), _fields(number)) for number in numbers))
            return count / (time.perf_counter() - begin)

    return {"events_per_second": asyncio.run(main())}


def by_bulk_write(count: int) -> dict[str, float]:
    """The same writes by pymongo's ``bulk_write`` and nothing else."""

    async def main(url: str) -> float:
        async with pymongo.AsyncMongoClient[dict[str, Any]](url) as client:
            table = _table(client, url)
            await table.insert_many([{"_id": f"ns{number}"} for number in range(EES)])
            begin = time.perf_counter()
            for first in range(0, count, _BULK):
                items = [pymongo.UpdateOne(*_update(number)) for number in range(first, min(count, first + _BULK))]
                await table.bulk_write(items, ordered=False)
            return count / (time.perf_counter() - begin)

    with url_of("mongodb") as url:
        return {"events_per_second": asyncio.run(main(url))}


def by_threads(count: int) -> dict[str, float]:
    """The same writes as others make them: pymongo's blocking ``update_one`` in a thread for each event."""

    async def main(url: str) -> float:
        with pymongo.MongoClient[dict[str, Any]](url) as client:
            table = _table(client, url)
            table.insert_many([{"_id": f"ns{number}"} for number in range(EES)])
            begin = time.perf_counter()
            await asyncio.gather(*(asyncio.to_thread(table.update_one, *_update(number)) for number in range(count)))
            return count / (time.perf_counter() - begin)

    with url_of("mongodb") as url:
        return {"events_per_second": asyncio.run(main(url))}


def _table(client: Any, url: str) -> Any:
    concern = pymongo.WriteConcern(w="majority", j=True)
    name = url.rpartition("/")[2].partition("?")[0]
    return client[name].get_collection("nsrs", write_concern=concern)


def _update(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    _, place = _lane(number)
    return place.query, {"$set": place.update(_fields(number))}


def latency(kind: str, count: int, rate: float) -> dict[str, float]:
    """From a status to its being stored, at a rate that the store can take, in statuses a second."""

    async def main() -> list[float]:
        taken: list[float] = []

        def note(begin: float, _: object) -> None:
            taken.append(time.perf_counter() - begin)

        async with outbox_on(kind) as (outbox, _):
            for number in range(count):
                stored = outbox.status(*_lane(number), _fields(number))
                stored.add_done_callback(functools.partial(note, time.perf_counter()))
                await asyncio.sleep(1 / rate)
            assert await outbox.drain(60) == []
        return taken

    centiles = statistics.quantiles(asyncio.run(main()), n=100)
    return {"p50_ms": 1000 * centiles[49], "p99_ms": 1000 * centiles[98]}


class Turns:
    """The longest turn of the event loop, in the time of its thread: other programs do not count."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._loop = asyncio.get_running_loop()
        self._used = time.thread_time()
        self._next = self._loop.call_soon(self._measure)

    def _measure(self) -> None:
        used = time.thread_time()
        self.longest = max(self.longest, used - self._used)
        self._used = used
        self._next = self._loop.call_soon(self._measure)

    def end(self) -> float:
        """Measure no more; the longest turn, in seconds."""
        self._next.cancel()
        return self.longest


def burst(kind: str, count: int) -> dict[str, float]:
    """Statuses that come faster than a store takes them, 50 in a turn of the loop of a frozen program."""

    async def main() -> dict[str, float]:
        async with outbox_on(kind) as (outbox, _):
            turns, begin = Turns(), time.perf_counter()
            for number in range(count):
                outbox.report(*_lane(number), _fields(number))
                if number % 50 == 0:
                    await asyncio.sleep(0)
            assert await outbox.drain(600) == []
            return {"seconds": time.perf_counter() - begin, "longest_turn_ms": 1000 * turns.end()}

    gc.collect()
    gc.freeze()
    return asyncio.run(main())
