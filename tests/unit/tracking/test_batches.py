"""What waits for the store is written in batches, the outcomes first, and nothing of it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import pytest

from vca_core._tracking.entry import Written
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import Place
from vca_core.errors import StoreError
from vca_core.naming import EeKey
from vca_core.stores import MemoryStore, Outcome, Write

LONG = 60.0


class Recording(MemoryStore):
    """Keeps what it is handed, and takes it when its gate is open.

    Attributes:
        batches: the words of each batch; of a single write, too.
        gate: whether it takes anything.
        offered: how many writes it was handed last.
        before: called before each batch; what it raises is raised.
    """

    before: Callable[[], None] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []
        self.offered = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        [outcome] = await self.batch([Write(table, filter, update)])
        assert isinstance(outcome, bool)
        return outcome

    async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
        await self.gate.wait()
        self.offered = len(writes)
        if self.before is not None:
            self.before()
        self.batches.append([str(value) for write in writes for value in write.update.values()])
        return [await MemoryStore.set(self, write.table, write.filter, write.update) for write in writes]


def lane(number: int) -> tuple[EeKey, Place]:
    return EeKey("edge", "ns", f"app{number}"), Place("nsrs", (("_id", "ns"),), f"vca{number}")


@pytest.fixture
async def store() -> Recording:
    made = Recording()
    await made.ensure("nsrs", {"_id": "ns"})
    return made


@pytest.fixture
async def outbox(store: Recording) -> AsyncIterator[Outbox]:
    made = Outbox(store, interval=0, queue_limit=10_000, attempt_limit=LONG, on_stored=lambda *_: None)
    yield made
    assert await made.close(LONG) == []


async def test_what_waits_is_one_batch_with_outcomes_in_front(store: Recording, outbox: Outbox) -> None:
    store.gate.clear()
    outbox.status(*lane(0), {"status": "first"})
    await asyncio.sleep(0)
    for number in range(1, 4):
        outbox.status(*lane(number), {"status": f"event {number}"})
        outbox.outcome(*lane(10 + number), {"status": f"outcome {number}"})
    await asyncio.sleep(0)
    store.gate.set()
    assert await outbox.drain(LONG) == []
    outcomes, events = [[f"{word} {number}" for number in (1, 2, 3)] for word in ("outcome", "event")]
    assert store.batches == [["first"], outcomes + events]


async def test_a_write_alone_is_no_batch_and_makes_no_task(store: Recording, outbox: Outbox) -> None:
    assert await outbox.outcome(*lane(0), {"status": "1"}) is Written.STORED
    assert store.batches == [["1"]]
    assert outbox.batches.cancel() is None


async def test_a_batch_has_at_most_500_writes(store: Recording, outbox: Outbox) -> None:
    store.gate.clear()
    for number in range(1_101):
        outbox.outcome(*lane(number), {"status": str(number)})
    await asyncio.sleep(0)
    store.gate.set()
    assert await outbox.drain(LONG) == []
    assert max(map(len, store.batches)) <= 500
    assert len(store.batches) <= 8, "the writes go together"
    assert sorted(int(word) for batch in store.batches for word in batch) == list(range(1_101))


async def test_a_batch_has_at_most_a_mebibyte(store: Recording, outbox: Outbox) -> None:
    store.gate.clear()
    text = "x" * 400_000
    for number in range(9):
        outbox.outcome(*lane(number), {"status": text})
    await asyncio.sleep(0)
    store.gate.set()
    assert await outbox.drain(LONG) == []
    assert [len(batch) for batch in store.batches] == [1, 2, 2, 2, 2]


@pytest.mark.parametrize("what", ["bytes", "a nested value", "the filter"])
async def test_a_mebibyte_is_of_all_that_is_sent(store: Recording, outbox: Outbox, what: str) -> None:
    long = "\u4e16" * 200_000
    await store.ensure("nsrs", {"_id": "other", "name": long})
    store.gate.clear()
    outbox.status(*lane(0), {"status": "first"})
    await asyncio.sleep(0)
    for number in range(1, 5):
        key, place = lane(number)
        if what == "the filter":
            place = Place("nsrs", (("_id", "other"), ("name", long)), place.path)
        value = {"bytes": long, "a nested value": {"deep": [long]}, "the filter": "short"}[what]
        outbox.status(key, place, {"status": value})
    await asyncio.sleep(0)
    store.gate.set()
    assert await outbox.drain(LONG) == []
    assert [len(words) for words in store.batches] == [1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "error", [StoreError("the disk is full"), KeyError("n"), asyncio.CancelledError()], ids=["store", "bug", "driver"]
)
async def test_a_batch_that_fails_is_made_again(store: Recording, outbox: Outbox, error: BaseException) -> None:
    strikes = 3

    def strike() -> None:
        nonlocal strikes
        strikes -= 1
        if strikes >= 0:
            raise error

    store.before = strike
    promises = [outbox.outcome(*lane(number), {"status": str(number)}) for number in range(20)]
    assert await outbox.drain(LONG) == []
    assert {promise.result() for promise in promises} == {Written.STORED}


async def test_a_server_cancelling_all_tasks_loses_nothing_of_a_batch(store: Recording, outbox: Outbox) -> None:
    store.gate.clear()
    promises = [outbox.outcome(*lane(number), {"status": str(number)}) for number in range(20)]
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(0)
    store.gate.set()
    assert await asyncio.gather(*promises) == [Written.STORED] * 20


async def test_what_was_given_up_before_its_turn_is_not_written(store: Recording, outbox: Outbox) -> None:
    store.gate.clear()
    outbox.outcome(*lane(0), {"status": "first"})
    await asyncio.sleep(0)

    outbox.batches.join(Write("nsrs", {"_id": "ns"}, {"n": "given up"}), 0).promise.cancel()
    store.gate.set()
    assert await outbox.drain(LONG) == []
    assert store.batches == [["first"]]


async def test_what_a_store_gave_no_outcome_for_is_written_again() -> None:
    class Short(Recording):
        async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
            return (await super().batch(writes))[: 1 if len(writes) == 1 else -1]

    short = Short()
    await short.ensure("nsrs", {"_id": "ns"})
    short.gate.clear()
    outbox = Outbox(short, interval=0, queue_limit=100, attempt_limit=LONG, on_stored=lambda *_: None)
    promises = [outbox.outcome(*lane(number), {"status": str(number)}) for number in range(5)]
    await asyncio.sleep(0)
    short.gate.set()
    assert await asyncio.gather(*promises) == [Written.STORED] * 5
    assert short.batches[:2] == [["0"], ["1", "2", "3", "4"]]
    assert {word for batch in short.batches[2:] for word in batch} >= {"1", "2", "3", "4"}, "none counts as written"
    assert await outbox.close(LONG) == []


async def test_a_store_without_batches_gets_many_writes_at_once() -> None:
    class Slow(MemoryStore):
        at_once = most = 0

        async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            await asyncio.sleep(0)
            self.at_once -= 1
            return await super().set(table, filter, update)

    slow = Slow()
    await slow.ensure("nsrs", {"_id": "ns"})
    outbox = Outbox(slow, interval=0, queue_limit=100, attempt_limit=LONG, on_stored=lambda *_: None)
    for number in range(20):
        outbox.outcome(*lane(number), {"status": str(number)})
    assert await outbox.drain(LONG) == []
    assert slow.most == 20
    assert await outbox.close(LONG) == []


async def test_outcomes_wait_in_front_of_events_for_room_at_the_store(store: Recording, outbox: Outbox) -> None:
    store.gate.clear()
    for number in range(50):
        outbox.status(*lane(number), {"status": "full"})
    await asyncio.sleep(0)
    outbox.status(*lane(600), {"status": "event"})
    outbox.status(*lane(601), {"status": "event in front of an outcome"})
    outbox.outcome(*lane(602), {"status": "outcome"})
    await asyncio.sleep(0)
    outbox.outcome(*lane(601), {"status": "outcome behind an event"})
    store.gate.set()
    assert await outbox.drain(LONG) == []
    words = [word for batch in store.batches for word in batch if word != "full"]
    assert words.index("event") > words.index("event in front of an outcome")
    assert words.index("event") > words.index("outcome")


async def test_batches_that_a_store_cannot_make_in_time_get_smaller(store: Recording, outbox: Outbox) -> None:
    def strike() -> None:
        if store.offered > 10:
            raise TimeoutError

    store.before = strike
    for number in range(200):
        outbox.outcome(*lane(number), {"status": str(number)})
    assert await outbox.drain(LONG) == []
    assert {len(batch) for batch in store.batches} <= set(range(1, 11))


async def test_what_is_merged_while_it_waits_for_room_is_not_written(
    store: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(store, interval=3600, queue_limit=100, attempt_limit=LONG, on_stored=lambda *_: None)
    store.gate.clear()
    for number in range(50):
        outbox.status(*lane(number), {"status": "full"})
    await asyncio.sleep(0)
    first = outbox.status(*lane(60), {"status": "first"})
    await asyncio.sleep(0)
    outbox.status(*lane(60), {"status": "second"})
    store.gate.set()
    assert await first is Written.STORED
    assert [word for batch in store.batches for word in batch if word != "full"] == ["second"]
    assert "started anew" not in caplog.text
    assert await outbox.close(LONG) == []
