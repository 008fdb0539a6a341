"""All writes about one EE are in one order, and nothing that is queued is lost."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from vca_core._tracking.entry import Written
from vca_core._tracking.lane import Lane
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import Place
from vca_core.errors import ConflictError, StoreError
from vca_core.naming import EeKey
from vca_core.stores import MemoryStore, StatusStore

KEY = EeKey("edge", "ns", "app")
PLACE = Place("nsrs", (("_id", "ns"),), "vca")
ELSEWHERE = Place("nsrs", (("_id", "ns"),), "op")
LONG = 60.0


class Wild(MemoryStore):
    """Does what a test wants before each write.

    Attributes:
        before: called with each update; what it raises is raised.
        written: the words that were written, in their order.
    """

    before: Callable[[Mapping[str, Any]], None] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        await asyncio.sleep(0)
        if self.before is not None:
            self.before(update)
        self.written += [str(value) for value in update.values()]
        return await super().set(table, filter, update)


@pytest.fixture
async def store() -> Wild:
    made = Wild()
    await made.ensure("nsrs", {"_id": "ns"})
    return made


@pytest.fixture
async def outbox(store: Wild) -> AsyncIterator[Outbox]:
    made = Outbox(store, interval=0, queue_limit=1000, attempt_limit=LONG, on_stored=lambda *_: None)
    yield made
    assert await made.close(LONG) == []


async def kept(store: StatusStore) -> str:
    async def change(store: StatusStore) -> None:
        await store.set("nsrs", {"_id": "ns"}, {"record": "changed"})

    await change(store)
    return "kept"


async def test_statuses_outcomes_and_records_are_written_in_order(store: Wild, outbox: Outbox) -> None:
    outbox.status(KEY, PLACE, {"status": "1"})
    outbox.outcome(KEY, ELSEWHERE, {"status": "2"})
    outbox.change(KEY, lambda store: store.set("nsrs", {"_id": "ns"}, {"record": "3"}))
    outbox.status(KEY, PLACE, {"status": "4"})
    assert await outbox.now(KEY, kept, LONG, "keep it") == "kept"
    assert store.written == ["1", "2", "3", "4", "changed"]


@pytest.mark.parametrize("how", ["the lane's task", "the store's driver"])
async def test_a_cancellation_does_not_end_a_lane(store: Wild, outbox: Outbox, how: str) -> None:
    strikes = 3

    def strike(update: Mapping[str, Any]) -> None:
        nonlocal strikes
        strikes -= 1
        if strikes >= 0:
            if how == "the store's driver":
                raise asyncio.CancelledError
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

    store.before = strike
    promises = [outbox.outcome(KEY, PLACE, {"status": str(number)}) for number in range(5)]
    assert await outbox.drain(LONG) == []
    assert [promise.result() for promise in promises] == [Written.STORED] * 5
    assert list(dict.fromkeys(store.written)) == ["0", "1", "2", "3", "4"]


async def test_a_server_that_cancels_all_tasks_loses_no_outcome(store: Wild, outbox: Outbox) -> None:
    for number in range(48):
        outbox.outcome(EeKey("edge", "ns", f"app{number}"), PLACE, {"status": str(number)})
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    assert await outbox.drain(LONG) == []
    assert {int(word) for word in store.written} == set(range(48))


async def test_a_lane_goes_on_by_itself_after_its_task_was_cancelled(store: Wild, outbox: Outbox) -> None:
    promise = outbox.outcome(KEY, PLACE, {"status": "1"})
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    assert await promise is Written.STORED


async def test_draining_waits_without_work_and_lists_a_status_once(store: Wild, outbox: Outbox) -> None:
    turns = 0

    def refuse(update: Mapping[str, Any]) -> None:
        nonlocal turns
        turns += 1
        raise StoreError("the disk is full")

    store.before = refuse
    outbox.outcome(KEY, PLACE, {"status": "1"})
    outbox.outcome(KEY, PLACE, {"status": "2"})
    late = await outbox.drain(0.3)
    assert [lost.fields["status"] for lost in late] == ["1", "2"]
    assert turns < 10, "it waits between attempts"
    assert await outbox.drain(0.0) == [], "each was told once"


@pytest.mark.parametrize(
    ("error", "reason"),
    [(TimeoutError(), "it did not answer in time"), (OSError(), "OSError"), (StoreError("it is full"), "it is full")],
)
async def test_what_is_not_stored_is_logged_once_with_its_reason(
    store: Wild, outbox: Outbox, caplog: pytest.LogCaptureFixture, error: Exception, reason: str
) -> None:
    def refuse(update: Mapping[str, Any]) -> None:
        raise error

    store.before = refuse
    for number in range(3):
        outbox.outcome(KEY, PLACE, {"status": str(number)})
    late = await outbox.drain(0.1)
    said = f"the status store did not take it within 0.1 s: {reason}"
    assert [lost.reason for lost in late] == [said] * 3
    lines = [line for line in caplog.messages if "not stored" in line]
    assert lines == [f"not stored: 3 statuses for {PLACE}: {said}"]
    assert [line for line in caplog.messages if line.rstrip().endswith(":")] == []


async def test_a_permanent_loss_is_reported_once_to_its_own_connector(store: Wild, outbox: Outbox) -> None:
    nowhere = Place("nsrs", (("_id", "nobody"),), "vca")
    assert await outbox.outcome(KEY, nowhere, {"status": "1"}) is Written.NO_DOCUMENT
    assert await outbox.drain(LONG, "core") == []
    assert [lost.reason for lost in await outbox.drain(LONG, "edge")] == ["no document matches the filter"]
    assert await outbox.drain(LONG) == []


async def test_a_mark_is_not_waited_for_while_the_store_fails(store: Wild, outbox: Outbox) -> None:
    def refuse(update: Mapping[str, Any]) -> None:
        raise StoreError("the disk is full")

    store.before = refuse
    await outbox.mark(KEY, PLACE, {"status": "running"})
    await outbox.mark(KEY, PLACE, {"status": "running again"})
    store.before = None
    assert await outbox.drain(LONG) == []
    assert store.written == ["running again"], "the later one took its place"


async def test_a_read_that_failed_once_is_no_outage_for_good(store: Wild, outbox: Outbox) -> None:
    async def fail(store: StatusStore) -> None:
        raise OSError("no answer")

    with pytest.raises(StoreError, match="no answer"):
        await outbox.now(KEY, fail, 0.01, "read it", retries=True)
    gate = asyncio.Event()

    async def put_late(store: StatusStore) -> Written:
        await gate.wait()
        return Written.STORED

    marked = outbox.mark(EeKey("edge", "ns", "other"), PLACE, {"status": "running"}, put_late)
    await asyncio.sleep(0)
    assert not marked.done(), "who begins waits for its mark again"
    gate.set()
    await marked


async def test_a_mark_that_waits_for_its_turn_learns_of_an_outage(store: Wild, outbox: Outbox) -> None:
    gate = asyncio.Event()

    async def put_late(store: StatusStore) -> Written:
        await gate.wait()
        return Written.STORED

    marked = outbox.mark(EeKey("edge", "ns", "other"), PLACE, {"status": "running"}, put_late)

    def refuse(update: Mapping[str, Any]) -> None:
        raise StoreError("the disk is full")

    store.before = refuse
    outbox.outcome(KEY, PLACE, {"status": "1"})
    await marked
    store.before = None
    gate.set()
    assert await outbox.drain(LONG) == []


async def test_what_nobody_waits_for_any_more_is_not_begun(store: Wild, outbox: Outbox) -> None:
    gate = asyncio.Event()

    async def held(store: StatusStore) -> None:
        await gate.wait()

    outbox.change(KEY, held)
    with pytest.raises(StoreError, match="did not keep it within"):
        await outbox.now(KEY, kept, 0.01, "keep it")
    gate.set()
    assert await outbox.drain(LONG) == []
    assert store.written == []


async def test_a_limit_does_not_count_while_the_store_has_no_room(store: Wild) -> None:
    outbox = Outbox(store, interval=0, queue_limit=1000, attempt_limit=0.2, on_stored=lambda *_: None)
    begun = 0

    async def hangs(store: StatusStore) -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    keys = [EeKey("edge", "ns", f"app{number}") for number in range(500)]
    hanging = [asyncio.ensure_future(outbox.now(key, hangs, 0.2, "hang", queues=True)) for key in keys]
    await asyncio.sleep(0)
    outbox.outcome(KEY, PLACE, {"status": "1"})
    assert await outbox.now(KEY, kept, 0.1, "keep it", queues=True) == "kept"
    assert begun == 500
    assert store.written == ["1", "changed"]
    errors = await asyncio.gather(*hanging, return_exceptions=True)
    assert {type(error) for error in errors} == {StoreError}
    assert await outbox.close(LONG) == []


async def test_a_limit_counts_from_the_first_failure_in_front(store: Wild, outbox: Outbox) -> None:
    def refuse(update: Mapping[str, Any]) -> None:
        raise StoreError("the disk is full")

    store.before = refuse
    outbox.outcome(KEY, PLACE, {"status": "1"})
    for _ in range(2):
        with pytest.raises(StoreError, match=r"did not keep it within 0\.01 s: the disk is full"):
            await outbox.now(KEY, kept, 0.01, "keep it", queues=True)
    store.before = None


async def test_an_interval_holds_back_statuses_and_nothing_else(store: Wild) -> None:
    outbox = Outbox(store, interval=3600, queue_limit=1000, attempt_limit=LONG, on_stored=lambda *_: None)
    await outbox.status(KEY, PLACE, {"status": "first"})
    for number in range(10):
        outbox.status(KEY, PLACE, {"status": str(number)})
    await outbox.outcome(KEY, ELSEWHERE, {"status": "outcome"})
    assert store.written == ["first", "outcome"]
    assert await outbox.drain(LONG) == []
    assert store.written == ["first", "outcome", "9"]
    assert await outbox.close(LONG) == []


@pytest.mark.parametrize("retries", [False, True])
async def test_a_stores_own_cancellation_is_an_error_of_the_store(outbox: Outbox, retries: bool) -> None:
    strikes = 2

    async def strikes_out(store: StatusStore) -> str:
        nonlocal strikes
        strikes -= 1
        if strikes >= 0:
            raise asyncio.CancelledError
        return "done"

    if retries:
        assert await outbox.now(KEY, strikes_out, LONG, "do it", retries=True) == "done"
    else:
        with pytest.raises(StoreError, match="could not do it"):
            await outbox.now(KEY, strikes_out, LONG, "do it")


async def test_a_limit_holds_after_a_store_swallowed_a_cancellation() -> None:
    attempts = 0

    class Stubborn(MemoryStore):
        async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
            nonlocal attempts
            attempts += 1
            if attempts == 1:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    raise StoreError("the connection was given up") from None
            elif attempts == 2:
                await asyncio.Event().wait()
            return await super().set(table, filter, update)

    store = Stubborn()
    await store.ensure("nsrs", {"_id": "ns"})
    outbox = Outbox(store, interval=0, queue_limit=1000, attempt_limit=0.05, on_stored=lambda *_: None)
    async with asyncio.timeout(LONG):
        assert await outbox.outcome(KEY, PLACE, {"status": "1"}) is Written.STORED
    assert attempts == 3
    assert await outbox.close(LONG) == []


async def test_what_comes_as_a_lane_ends_is_not_left_waiting(
    store: Wild, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    later: list[float] = []
    monkeypatch.setattr(loop, "call_later", lambda seconds, *given: later.append(seconds))
    for number in range(20):
        assert await outbox.outcome(KEY, PLACE, {"status": str(number)}) is Written.STORED
    assert later == [], "nothing waits for a timer"


async def test_past_the_bound_the_oldest_intermediate_statuses_go(
    store: Wild, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(store, interval=0, queue_limit=20, attempt_limit=LONG, on_stored=lambda *_: None)

    def refuse(update: Mapping[str, Any]) -> None:
        raise StoreError("the disk is full")

    store.before = refuse
    places = [Place("nsrs", (("_id", "ns"),), f"vca{number}") for number in range(30)]
    keys = [EeKey("edge", "ns", f"app{number}") for number in range(30)]
    outcome = outbox.outcome(keys[0], places[0], {"status": "outcome", "status-time": "0"})
    promises = [
        outbox.status(key, place, {"status": f"event {number}", "status-time": f"{number:03}"})
        for number, (key, place) in enumerate(zip(keys[1:], places[1:], strict=True), start=1)
    ]
    assert outbox.events <= 20
    assert "oldest intermediate ones were dropped" in caplog.text
    store.before = None
    assert await outbox.drain(LONG) == []
    assert await outcome is Written.STORED
    results = [await promise for promise in promises]
    dropped = results.count(Written.DROPPED)
    assert results == [Written.DROPPED] * dropped + [Written.STORED] * (29 - dropped)
    assert 0 < dropped < 15
    assert outbox.events == outbox.waiting == 0
    assert await outbox.close(LONG) == []


async def test_past_the_bound_what_has_a_later_one_goes_first(store: Wild, caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(store, interval=0, queue_limit=20, attempt_limit=LONG, on_stored=lambda *_: None)
    promises = [outbox.status(KEY, PLACE, {"status": str(number)}) for number in range(50)]
    assert {await promise for promise in promises} == {Written.STORED}
    assert len(store.written) < 50
    assert store.written[-1] == "49"
    assert "dropped" not in caplog.text
    assert outbox.events == 0
    assert await outbox.close(LONG) == []


async def test_room_is_made_without_a_look_at_all_that_waits(store: Wild, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, lanes = 1000, 100
    outbox = Outbox(store, interval=0, queue_limit=limit, attempt_limit=LONG, on_stored=lambda *_: None)
    merged: list[EeKey] = []
    merge_all = Lane.merge_all

    def note(lane: Lane) -> None:
        merged.append(lane.key)
        merge_all(lane)

    monkeypatch.setattr(Lane, "merge_all", note)
    for number in range(limit + 1):
        name = str(number % lanes)
        outbox.status(EeKey("edge", "ns", name), Place("nsrs", (("_id", "ns"),), f"vca{name}"), {"status": name})
    assert len(merged) < lanes / 5, "enough for the room that is needed"
    assert outbox.events <= limit * 9 // 10 + 1
    assert await outbox.drain(LONG) == []
    assert await outbox.close(LONG) == []


async def test_what_waits_is_little_for_the_garbage_collector(store: Wild, outbox: Outbox) -> None:
    keys = [EeKey("edge", "ns", str(number)) for number in range(50)]

    def queue(each: int) -> int:
        for key in keys:
            for number in range(each):
                outbox.report(key, PLACE, {"status": str(number)})
        gc.collect()
        return len(gc.get_objects())

    before = queue(1)  # their lanes, too
    assert queue(20) - before < 3 * 20 * len(keys)
    assert await outbox.drain(LONG) == []


async def test_the_oldest_of_many_places_are_dropped_first(store: Wild, caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(store, interval=0, queue_limit=20, attempt_limit=LONG, on_stored=lambda *_: None)
    promises = [
        outbox.status(
            EeKey("edge", "ns", str(number)), Place("nsrs", (("_id", "ns"),), f"vca{number}"), {"status": "x"}
        )
        for number in range(21)
    ]
    assert await outbox.drain(LONG) == []
    words = [await promise for promise in promises]
    assert words == [Written.DROPPED] * 3 + [Written.STORED] * 18
    assert "the 3 oldest intermediate ones were dropped" in caplog.text
    assert await outbox.close(LONG) == []


async def test_callers_that_wait_themselves_leave_room_for_outcomes(store: Wild) -> None:
    outbox = Outbox(store, interval=0, queue_limit=10, attempt_limit=LONG, on_stored=lambda *_: None)
    gate = asyncio.Event()

    async def held(store: StatusStore) -> None:
        await gate.wait()

    keys = [EeKey("edge", "ns", f"app{number}") for number in range(20)]
    asking = [asyncio.ensure_future(outbox.now(key, held, LONG, "wait")) for key in keys]
    await asyncio.sleep(0)
    outbox.check_room()
    stored = [outbox.outcome(key, PLACE, {"status": "1"}) for key in keys[:10]]
    with pytest.raises(ConflictError, match="10 outcomes wait"):
        outbox.check_room()
    gate.set()
    await asyncio.gather(*asking, *stored)
    assert outbox.waiting == 0
    assert await outbox.close(LONG) == []
