"""A store that has much to do has not failed: a limit counts from when it begins with a call, or is seen to fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from support.fair_clock import let_pass

from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import Place
from vca_core.errors import StoreError
from vca_core.naming import EeKey
from vca_core.stores import MemoryStore, Outcome, StatusStore, Write

LIMIT = 10.0
PLACE = Place("nsrs", (("_id", "ns"),), "vca")


def key(number: int) -> EeKey:
    return EeKey("edge", "ns", f"app{number}")


class Slow(MemoryStore):
    """Does nothing with a document that has a gate before that is open.

    Attributes:
        gates: by the value of ``_id`` in a filter.
        asked: how often it was asked to do something with each of these documents.
        turns: of the event loop that an answer takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gates: dict[object, asyncio.Event] = {}
        self.asked: dict[object, int] = {}
        self.turns = 0

    async def wait(self, filter: Mapping[str, Any]) -> None:
        identity = filter["_id"]
        if identity in self.gates:
            self.asked[identity] = self.asked.get(identity, 0) + 1
            await self.gates[identity].wait()
            for _ in range(self.turns):
                await asyncio.sleep(0)

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        await self.wait(filter)
        return await super().get(table, filter)

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        await self.wait(filter)
        return await super().set(table, filter, update)


class Gathering(Slow):
    async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
        return [await self.set(write.table, write.filter, write.update) for write in writes]


@pytest.fixture(params=[Slow, Gathering])
async def store(request: pytest.FixtureRequest) -> Slow:
    made: Slow = request.param()
    await made.ensure("nsrs", {"_id": "ns"})
    return made


@pytest.fixture
async def outbox(store: Slow) -> AsyncIterator[Outbox]:
    made = Outbox(store, interval=0, queue_limit=1000, attempt_limit=LIMIT, on_stored=lambda *_: None)
    yield made
    assert await made.close(60.0) == []


async def turns(seconds: float = 0.0) -> None:
    """Let others go on, so many seconds later."""
    let_pass(seconds)
    for _ in range(50):
        await asyncio.sleep(0)


def ask(outbox: Outbox, number: int, identity: str, *, limit: float = LIMIT) -> asyncio.Future[Any]:
    """Read a document, through a lane of its own."""

    async def read(store: StatusStore) -> Mapping[str, Any] | None:
        return await store.get("nsrs", {"_id": identity})

    return asyncio.ensure_future(outbox.now(key(number), read, limit, "read it", retries=True, queues=True))


async def test_a_store_that_answers_the_reads_of_others_is_not_away(store: Slow, outbox: Outbox) -> None:
    store.gates["late"] = asyncio.Event()
    late = ask(outbox, 0, "late")
    await turns()
    for number in range(1, 6):
        await turns(LIMIT * 0.6)
        assert await ask(outbox, number, "ns") is not None
        assert not late.done(), "the store has others to serve"
    assert outbox.health.failing_since is None
    store.gates["late"].set()
    assert await late is None


async def test_a_store_that_only_reads_takes_no_write_in_time(store: Slow, outbox: Outbox) -> None:
    store.gates["late"] = asyncio.Event()

    async def write(store: StatusStore) -> None:
        await store.set("nsrs", {"_id": "late"}, {"a": 1})

    late = asyncio.ensure_future(outbox.now(key(0), write, LIMIT, "write it", retries=True, queues=True))
    await turns()
    for number in range(1, 4):
        await turns(LIMIT * 0.4)
        await ask(outbox, number, "ns")
    with pytest.raises(StoreError, match="did not write it within 10 s"):
        await late
    store.gates["late"].set()


async def test_what_waits_behind_a_failure_has_its_whole_limit(store: Slow, outbox: Outbox) -> None:
    store.gates["late"] = asyncio.Event()
    outbox.outcome(key(0), Place("nsrs", (("_id", "late"),), "vca"), {"status": "1"})
    await turns()
    behind = ask(outbox, 0, "ns")
    await turns(LIMIT * 0.9)
    await turns(LIMIT * 0.2)  # the attempt in front of it has failed by now
    await turns(LIMIT * 0.8)
    assert not behind.done()
    store.gates["late"].set()
    assert await behind is not None


async def test_what_waits_behind_a_failure_waits_no_longer(store: Slow, outbox: Outbox) -> None:
    store.gates["late"] = asyncio.Event()
    outbox.outcome(key(0), Place("nsrs", (("_id", "late"),), "vca"), {"status": "1"})
    await turns()
    behind = ask(outbox, 0, "ns")
    await turns(LIMIT * 1.1)
    await turns(LIMIT * 1.1)
    with pytest.raises(StoreError, match="did not read it within 10 s"):
        await behind
    store.gates["late"].set()


async def test_a_call_that_hangs_is_given_up_at_its_own_limit(store: Slow, outbox: Outbox) -> None:
    store.gates["late"] = asyncio.Event()
    late = ask(outbox, 0, "late")
    await turns()
    await turns(LIMIT * 1.01)
    with pytest.raises(StoreError, match="did not read it within 10 s"):
        await late
    store.gates["late"].set()


async def test_what_a_store_answered_while_the_loop_stood_still_counts(store: Slow, outbox: Outbox) -> None:
    store.gates["late"] = asyncio.Event()
    store.turns = 20
    late = ask(outbox, 0, "late")
    await turns()
    store.gates["late"].set()  # it has answered, which nobody has seen yet
    let_pass(LIMIT * 3)
    assert await late is None


async def test_a_late_batch_is_no_failure_of_a_store_that_took_others(outbox: Outbox, store: Slow) -> None:
    first = store.gates["ns"] = asyncio.Event()
    store.gates["late"] = asyncio.Event()
    for number, identity in enumerate(["ns", "late", "late"]):
        outbox.outcome(key(number), Place("nsrs", (("_id", identity),), "vca"), {"status": "1"})
    await turns()
    first.set()  # it is written alone; those behind it are a batch
    await turns()
    await turns(LIMIT * 0.7)

    async def make(store: StatusStore) -> bool:
        return await store.ensure("nsrs", {"_id": "new"})

    assert await outbox.now(key(9), make, LIMIT, "make it", queues=True)
    await turns(LIMIT * 0.5)
    await turns(LIMIT * 0.01)
    assert store.asked["late"] > 1, "it is tried again"
    assert outbox.health.failing_since is None
    store.gates["late"].set()
