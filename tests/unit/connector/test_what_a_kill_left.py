"""What a process that was killed left at an EE's home, put right by the next one that is asked about the EE."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.making import MakeVca
from support.shared_system import HOME, NEXT, OTHER, System, at_home, on, prepare

from vca_core.errors import BackendError
from vca_core.stores import MemoryStore
from vca_core.vca import Vca

RECORDS = "vca_execution_environments"
LOST = "an operation failed, and its process ended before it stored why"
MARK = {
    "status": "running",
    "detailed-status": "exec_primitive",
    "VCA-status": "running",
    "entity-type": "operation",
    "status-time": "1.5",
}


@pytest.fixture
def system() -> System:
    return System()


async def kill_before_the_outcome(vca: Vca, ee_id: str, **record: Any) -> None:
    """Leave what a process leaves that is killed while it operates on an EE."""
    await vca.disconnect()
    await vca.store.set("nsrs", {"_id": "ns"}, {"vca": MARK})
    await vca.store.set(RECORDS, {"ee_id": ee_id}, {"owner": "a process that is gone", **record})


async def test_a_failure_that_was_not_written_is_told(make_vca: MakeVca, system: System) -> None:
    store = MemoryStore()
    first, second, third = (make_vca(on(system), store=store) for _ in range(3))
    ee_id = await prepare(first)
    await kill_before_the_outcome(first, ee_id, has_failed=True)
    await second.connector().refresh_status(ee_id)
    home = await at_home(second)
    assert (home["status"], home["VCA-status"], home["entity-type"]) == ("failed", "failed", "operation")
    assert home["detailed-status"] == LOST
    await third.connector().refresh_status(ee_id)
    assert await at_home(third) == home, "it is told once"
    await third.connector().exec_primitive(ee_id, "p", {NEXT.id: "active"}, OTHER)
    assert (await at_home(third))["VCA-status"] == "active", "it stands until the next operation"


async def test_the_outcome_of_one_that_lives_replaces_it(make_vca: MakeVca, system: System) -> None:
    """The refresh may come between the change of the record and the outcome."""

    class Slow(MemoryStore):
        async def set(self, table: str, filter: Any, update: Any) -> bool:
            done = await super().set(table, filter, update)
            if table == RECORDS and update.get("has_failed"):
                await second.connector().refresh_status(ee_id)
            return done

    store = Slow()
    first = make_vca(on(system), store=store)
    second = make_vca(on(system), store=store)
    ee_id = await prepare(first)
    with pytest.raises(BackendError):
        await first.connector().exec_primitive(ee_id, "fail", {}, HOME)
    assert (await at_home(first, second))["detailed-status"] == "failed on purpose"


async def test_an_outcome_that_comes_meanwhile_is_not_replaced(make_vca: MakeVca, system: System) -> None:
    """The refresh has found no failure at the home; when it writes one, the outcome is there."""
    refreshing: list[asyncio.Task[Any]] = []
    about_to_write, goes_on = asyncio.Event(), asyncio.Event()

    class Slow(MemoryStore):
        async def set(self, table: str, filter: Any, update: Any) -> bool:
            if LOST in update.values():
                about_to_write.set()
                await goes_on.wait()
            done = await super().set(table, filter, update)
            if table == RECORDS and update.get("has_failed") and not refreshing:
                refreshing.append(asyncio.create_task(second.connector().refresh_status(ee_id)))
                await about_to_write.wait()
            return done

    store = Slow()
    first = make_vca(on(system), store=store)
    second = make_vca(on(system), store=store)
    ee_id = await prepare(first)
    with pytest.raises(BackendError):
        await first.connector().exec_primitive(ee_id, "fail", {}, HOME)
    goes_on.set()
    await refreshing[0]
    assert (await at_home(first, second))["detailed-status"] == "failed on purpose"


async def test_an_operation_that_began_meanwhile_has_ended_it(make_vca: MakeVca, system: System) -> None:
    """The refresh has read that a failure stands; before it looks at the home, somebody operates on the EE."""
    calls: list[Any] = []

    class Slow(MemoryStore):
        async def get(self, table: str, filter: Any) -> Any:
            if table == HOME["collection"] and calls:
                await calls.pop()
            return await super().get(table, filter)

    store = Slow()
    first, second, third = (make_vca(on(system), store=store) for _ in range(3))
    ee_id = await prepare(first)
    await kill_before_the_outcome(first, ee_id, has_failed=True)
    calls.append(third.connector().exec_primitive(ee_id, "p", {NEXT.id: "active"}, OTHER))
    await second.connector().refresh_status(ee_id)
    assert not calls
    assert (await at_home(second, third))["VCA-status"] == "active"


async def test_who_operates_next_ends_a_failure_that_was_not_written(make_vca: MakeVca, system: System) -> None:
    store = MemoryStore()
    first, second = (make_vca(on(system), store=store) for _ in range(2))
    ee_id = await prepare(first)
    await kill_before_the_outcome(first, ee_id, has_failed=True)
    await second.connector().exec_primitive(ee_id, "p", {}, OTHER)
    home = await at_home(second)
    assert (home["status"], home["VCA-status"], home["entity-type"]) == ("failed", "error", "unit")
    record = await store.get(RECORDS, {"ee_id": ee_id})
    assert record is not None
    assert not record["has_failed"]


async def test_the_mark_of_an_operation_that_began_meanwhile_stays(make_vca: MakeVca, system: System) -> None:
    """The second process is about to end the mark of the one that was killed; by then, there is that of a third one."""
    working: list[asyncio.Task[Any]] = []
    stored: list[bool] = []

    class Slow(MemoryStore):
        async def set(self, table: str, filter: Any, update: Any) -> bool:
            done = await super().set(table, filter, update)
            if filter.get("_id") == "op" and "completed" in str(update):
                stored.append(done)
            return done

        async def get(self, table: str, filter: Any) -> Any:
            if filter.get("_id") == "ns" and stored and not working:
                work = third.connector().exec_primitive(ee_id, "wait", {}, HOME)
                working.append(asyncio.create_task(work))
                await system.waits.wait()
                await third.flush()
            return await super().get(table, filter)

    store = Slow()
    first, second, third = (make_vca(on(system), store=store) for _ in range(3))
    ee_id = await prepare(first)
    await kill_before_the_outcome(first, ee_id, has_failed=True)
    await second.connector().exec_primitive(ee_id, "p", {NEXT.id: "active"}, OTHER)
    await second.flush()
    (work,) = working
    home = await store.get("nsrs", {"_id": "ns"})
    assert home is not None
    assert (home["vca"]["status"], home["vca"]["entity-type"]) == ("running", "operation")
    system.goes_on.set()
    await work
    await third.flush()
