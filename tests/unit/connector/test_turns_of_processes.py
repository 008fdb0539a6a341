"""Whose an EE is, and whether a failure stands at its home, when another process asks for something that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from support.making import MakeVca
from support.shared_system import HOME, NEXT, OTHER, UNIT, System, at_home, on, prepare

from vca_core.backend import Operation
from vca_core.errors import BackendError, BadArguments, StoreError, VcaConnectionError, VcaTimeoutError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_core.status import Entity
from vca_core.stores import MemoryStore, StatusStore
from vca_core.vca import Vca

RECORDS = "vca_execution_environments"


class Forgetful(MemoryStore):
    """Fails to read so many records."""

    failures = 0

    async def get(self, table: str, query: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if table == RECORDS and self.failures:
            self.failures -= 1
            raise StoreError("a read that failed on purpose")
        return await super().get(table, query)


@pytest.fixture
def system() -> System:
    return System()


async def record_of(vca: Vca, ee_id: str) -> Mapping[str, Any]:
    record = await vca.store.get(RECORDS, {"ee_id": ee_id})
    assert record is not None
    return record


async def fail_at_home(vca: Vca, ee_id: str) -> None:
    with pytest.raises(BackendError, match="failed on purpose"):
        await vca.connector().exec_primitive(ee_id, "fail", {}, HOME)


async def assert_its_own(first: Vca, system: System, ee_id: str) -> None:
    """The first process still writes what becomes of the EE."""
    system.put(EeId.parse(ee_id), NEXT, "active")
    assert (await at_home(first))["VCA-status"] == "active"
    system.put(EeId.parse(ee_id), NEXT, "error")
    assert (await at_home(first))["VCA-status"] == "error"


async def test_a_process_that_reaches_no_backend_takes_nothing(make_process: MakeVca, system: System) -> None:
    class Away(on(system)):  # type: ignore[misc]  # a class of its own for each test
        @hookimpl
        async def open(self) -> None:
            raise VcaConnectionError("away on purpose")

        @hookimpl
        async def close(self) -> None: ...

    first = make_process(on(system))
    ee_id = await prepare(first)
    second = make_process(Away)
    with pytest.raises(VcaConnectionError, match="away on purpose"):
        await second.connector().exec_primitive(ee_id, "p", {}, OTHER)
    await assert_its_own(first, system, ee_id)
    await fail_at_home(first, ee_id)
    with pytest.raises(VcaConnectionError, match="away on purpose"):
        await second.connector().exec_primitive(ee_id, "p", {}, OTHER)
    system.put(EeId.parse(ee_id), NEXT, "active")
    assert (await at_home(first, second))["detailed-status"] == "failed on purpose"
    assert (await record_of(first, ee_id))["has_failed"]


async def test_a_namespace_that_was_not_deleted_keeps_its_owner(make_process: MakeVca, system: System) -> None:
    first, second = make_process(on(system)), make_process(on(system))
    ee_id = await prepare(first)
    with pytest.raises(BackendError, match="failed on purpose"):
        await second.connector().delete_namespace(".ns")
    await second.flush(1.0)
    await assert_its_own(first, system, ee_id)


@pytest.mark.parametrize("meanwhile", ["exec", "refuse", "delete"])
async def test_a_failure_stands_whatever_another_process_tried(
    make_process: MakeVca, system: System, meanwhile: str
) -> None:
    first, second, third = (make_process(on(system)) for _ in range(3))
    ee_id = await prepare(first)
    failing = asyncio.create_task(first.connector().exec_primitive(ee_id, "wait_and_fail", {}, HOME))
    await system.waits.wait()
    if meanwhile == "exec":
        await second.connector().exec_primitive(ee_id, "p", {}, OTHER)
    elif meanwhile == "delete":
        with pytest.raises(BackendError):
            await second.connector().delete_namespace(".ns")
    else:
        with pytest.raises(BadArguments):
            await second.connector().exec_primitive(ee_id, "refuse", {}, OTHER)
    await second.flush(1.0)
    system.goes_on.set()
    with pytest.raises(BackendError, match="failed on purpose"):
        await failing
    before = await at_home(first, second)
    assert before["detailed-status"] == "failed on purpose"
    await third.connector().refresh_status(ee_id)
    assert await at_home(third) == before


@pytest.mark.parametrize("is_same", [True, False])
@pytest.mark.parametrize("db_dict", [OTHER, None])
async def test_a_refused_call_clears_no_failure(
    make_process: MakeVca, system: System, db_dict: dict[str, Any] | None, *, is_same: bool
) -> None:
    first = make_process(on(system))
    second = first if is_same else make_process(on(system))
    ee_id = await prepare(first)
    await fail_at_home(first, ee_id)
    before = await at_home(first)
    with pytest.raises(BadArguments):
        await second.connector().exec_primitive(ee_id, "refuse", {}, db_dict)
    home = await at_home(first, second)
    if db_dict is None:  # its own outcome went there
        assert home["status"] == "failed"
    else:
        assert home == before
    assert (await record_of(first, ee_id))["has_failed"]


async def test_a_failure_stands_though_the_record_was_not_read(make_vca: MakeVca, system: System) -> None:
    store = Forgetful()
    first, second, third = (make_vca(on(system), store=store) for _ in range(3))
    ee_id = await prepare(first)
    store.failures = 1
    await fail_at_home(second, ee_id)
    before = await at_home(first, second)
    await third.connector().refresh_status(ee_id)
    assert await at_home(third) == before


@pytest.mark.parametrize("db_dict", [OTHER, None])
async def test_what_is_deleted_with_an_unread_record_is_deleted_again(
    make_vca: MakeVca, system: System, db_dict: dict[str, Any] | None
) -> None:
    store = Forgetful()
    async with make_vca(on(system), store=store) as first:
        ee_id = await prepare(first)
    second = make_vca(on(system), store=store)
    store.failures = 1
    with pytest.raises(StoreError, match="is deleted, but the store did not say .* delete it again") as error:
        await second.connector().delete_execution_environment(ee_id, db_dict)
    assert error.value.retryable
    assert await store.get(RECORDS, {"ee_id": ee_id}) is not None, "it may be that of an EE that was made since"
    await second.connector().delete_execution_environment(ee_id, db_dict)
    assert (await at_home(second))["VCA-status"] == "deleted"
    assert await store.get(RECORDS, {"ee_id": ee_id}) is None


async def test_a_refresh_that_can_write_nothing_says_so(make_vca: MakeVca, system: System) -> None:
    store = Forgetful()
    vca = make_vca(on(system), store=store, timeouts={"store_grace": 0.05})
    ee_id = await prepare(vca)
    store.failures = 10**9
    with pytest.raises(StoreError, match="within .* s: a read that failed on purpose"):
        await vca.connector().refresh_status(ee_id)
    store.failures = 0
    await store.delete("nsrs", {"_id": "ns"})
    with pytest.raises(StoreError, match="has no document any more"):
        await vca.connector().refresh_status(ee_id)


async def test_a_refresh_does_not_make_an_ee_known_for_good(make_process: MakeVca, system: System) -> None:
    """Where a backend reports only what its own process does."""

    class Deaf(on(system)):  # type: ignore[misc]  # a class of its own for each test
        @hookimpl
        async def exec_primitive(
            self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
        ) -> dict[str, Any]:
            for name, native in params.items():
                system.states[ee_id][Entity("unit", name)] = native
                self.host.report(ee_id, Entity("unit", name), native)
            return {}

    first, second = make_process(Deaf), make_process(Deaf)
    ee_id = await prepare(first)
    await second.connector().exec_primitive(ee_id, "p", {NEXT.id: "active"}, OTHER)
    await first.connector().refresh_status(ee_id)
    await second.connector().exec_primitive(ee_id, "p", {UNIT.id: "error"}, OTHER)
    await first.connector().scale(ee_id, 3)
    assert (await at_home(first, second))["VCA-status"] == "error"


async def test_an_outcome_is_no_aggregate_of_what_is_known_in_part(make_process: MakeVca, system: System) -> None:
    class Unlisted(on(system)):  # type: ignore[misc]  # a class of its own for each test
        failures = 1

        @hookimpl
        async def list_execution_environments(self, namespace: Any) -> Any:
            if Unlisted.failures:
                Unlisted.failures -= 1
                raise VcaConnectionError("not now")
            return await super().list_execution_environments(namespace)

    async with make_process(on(system)) as first:
        ee_id = await prepare(first)
    second = make_process(Unlisted)
    await second.connector().scale(ee_id, 3)
    assert (await at_home(second))["VCA-status"] == "error", "it is listed again before the outcome"


@pytest.mark.parametrize("how", ["unreachable", "late"])
async def test_a_call_that_fails_elsewhere_leaves_the_home_a_writer(
    make_process: MakeVca, system: System, how: str
) -> None:
    class Cut(on(system)):  # type: ignore[misc]  # a class of its own for each test
        @hookimpl
        async def exec_primitive(self, op: Operation, ee_id: EeId) -> dict[str, Any]:
            if how == "unreachable":
                raise VcaConnectionError("cut on purpose")
            await asyncio.Event().wait()
            return {}

    first = make_process(on(system))
    ee_id = await prepare(first)
    second = make_process(Cut)
    before = await at_home(first)
    with pytest.raises((VcaConnectionError, VcaTimeoutError)):
        await second.connector().exec_primitive(ee_id, "p", {}, OTHER, total_timeout=0.1 if how == "late" else None)
    assert await at_home(first, second) == before
    system.put(EeId.parse(ee_id), NEXT, "active")
    home = await at_home(first, second)
    assert home["VCA-status"] == "active", "one of the two writes what becomes of it"
    await second.disconnect()
    system.put(EeId.parse(ee_id), NEXT, "error")
    assert await at_home(first) == home, "a process that only watches writes nothing"
    await first.connector().exec_primitive(ee_id, "p", {UNIT.id: "active"}, OTHER)
    assert (await at_home(first))["VCA-status"] == "error", "the one that is asked next does"


async def test_each_of_two_at_once_has_its_outcome_at_its_own_path(
    make_process: MakeVca, system: System, shared_store: StatusStore
) -> None:
    first, second = (make_process(on(system)) for _ in range(2))
    ee_id = await prepare(first)
    failing = asyncio.create_task(first.connector().exec_primitive(ee_id, "wait_and_fail", {}, OTHER))
    await system.waits.wait()
    await second.connector().exec_primitive(ee_id, "p", {NEXT.id: "active"}, HOME)
    system.goes_on.set()
    with pytest.raises(BackendError, match="failed on purpose"):
        await failing
    await first.flush()
    assert (await at_home(second))["status"] == "completed"
    document = await shared_store.get("nsrs", {"_id": "op"})
    assert document is not None
    assert (document["vca"]["status"], document["vca"]["detailed-status"]) == ("failed", "failed on purpose")
