"""A store that fails, hangs or comes back: nothing is lost, and nothing hits what came later."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from support.backends import Plain
from support.making import MakeVca

from vca_core._tracking.place import COLLECTION
from vca_core.backend import Operation
from vca_core.connector import Connector
from vca_core.errors import BadArguments, StoreError, VcaTimeoutError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import DeploymentStatus
from vca_core.stores import MemoryStore
from vca_core.vca import Vca

HOME = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}
LONG = 60.0


class Switched(MemoryStore):
    """Takes no writes while it is off."""

    is_off = False

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        if self.is_off:
            raise StoreError("the disk is full")
        return await super().set(table, filter, update)

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        if self.is_off:
            raise StoreError("the disk is full")
        return await super().delete(table, filter)


@pytest.mark.parametrize("how", ["delete_execution_environment", "delete_namespace"])
async def test_a_late_delete_spares_the_ee_that_was_made_since(make_vca: MakeVca, how: str) -> None:
    store = Switched()
    await store.ensure("nsrs", {"_id": "ns"})
    words: list[str] = []

    def tell(table: str, filter: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        words.append(update[f"{path}VCA-status"])

    vca = make_vca(Plain, store=store, timeouts={"store_grace": 0.05}, on_update_db=tell)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    store.is_off = True
    if how == "delete_namespace":
        await connector.delete_namespace(".ns")
    else:
        await connector.delete_execution_environment(ee_id)
    store.is_off = False
    again, _ = await _create(connector)
    assert await vca.flush(LONG) == []
    [record] = await store.find(COLLECTION, {"ee_id": again})
    document = await store.get("nsrs", {"_id": "ns"})
    assert document is not None
    assert (record["home"]["path"], document["vca"]["status"]) == ("vca", "completed")
    assert document["vca"]["VCA-status"] == "started"
    assert document["vca"]["ee_id"] == again
    end = words.index("deleted")
    assert words[end + 1 :] == ["running", "pending", "started", "started"], "the end came first, then the new one"


class Half(MemoryStore):
    """What one process sees of a store that it shares: it alone may be cut off."""

    is_off = False

    def __init__(self, whole: MemoryStore) -> None:
        super().__init__()
        self._tables = whole._tables

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        self._check()
        return await super().set(table, filter, update)

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        self._check()
        return await super().find(table, filter)

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        self._check()
        return await super().delete(table, filter)

    def _check(self) -> None:
        if self.is_off:
            raise StoreError("the network is gone")


@pytest.mark.parametrize("how", ["delete_execution_environment", "delete_namespace"])
async def test_a_late_delete_spares_what_another_process_made_since(make_vca: MakeVca, how: str) -> None:
    whole = MemoryStore()
    await whole.ensure("nsrs", {"_id": "ns"})
    mine = Half(whole)
    world: dict[str, Any] = {"there": {}}
    first = make_vca(type("World", (Shared,), world), store=mine, timeouts={"store_grace": 0.05})
    second = make_vca(type("World", (Shared,), world), store=whole)
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", HOME)
    mine.is_off = True
    if how == "delete_namespace":
        with pytest.raises(
            StoreError, match=r"\.ns is deleted, but the store did not say what is kept .* is gone"
        ) as error:
            await first.connector().delete_namespace(".ns")
        assert error.value.retryable
    else:
        await first.connector().delete_execution_environment(ee_id)
    again, _ = await second.connector().create_execution_environment(".ns.vnf", HOME)
    assert again == ee_id, "ids come again"
    before = await whole.get("nsrs", {"_id": "ns"}), await whole.find(COLLECTION, {"ee_id": again})
    mine.is_off = False
    await first.flush(LONG)
    assert (await whole.get("nsrs", {"_id": "ns"}), await whole.find(COLLECTION, {"ee_id": again})) == before
    assert len(await whole.find(COLLECTION, {"ns_id": "ns"})) == 1, "the model is claimed"


async def test_a_namespace_with_unread_records_is_deleted_again(make_vca: MakeVca) -> None:
    whole = MemoryStore()
    await whole.ensure("nsrs", {"_id": "ns"})
    mine = Half(whole)
    world: dict[str, Any] = {"there": {}}
    first = make_vca(type("World", (Shared,), world), store=whole)
    second = make_vca(type("World", (Shared,), world), store=mine, timeouts={"store_grace": 0.05})
    await first.connector().create_execution_environment(".ns.vnf", HOME)
    mine.is_off = True
    with pytest.raises(StoreError, match="delete it again when the store is back"):
        await second.connector().delete_namespace(".ns")
    assert world["there"] == {}
    mine.is_off = False
    await second.flush(LONG)
    assert len(await whole.find(COLLECTION)) == 2, "what this process did not see is left alone"
    await second.connector().delete_namespace(".ns")
    assert await second.flush(LONG) == []
    assert await whole.find(COLLECTION) == []
    document = await whole.get("nsrs", {"_id": "ns"})
    assert document is not None
    assert document["vca"]["VCA-status"] == "deleted"


async def test_one_read_that_fails_costs_no_delete(make_vca: MakeVca) -> None:
    class Once(MemoryStore):
        failures = 0

        async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
            if self.failures:
                self.failures -= 1
                raise StoreError("a read that failed on purpose")
            return await super().find(table, filter)

    store = Once()
    async with make_vca(Plain, store=store) as first:
        await first.connector().create_execution_environment(".ns.vnf")
    store.failures = 1
    vca = make_vca(Plain, store=store)
    await vca.connector().delete_namespace(".ns")
    await vca.flush(LONG)
    assert await store.find(COLLECTION) == []


async def test_a_removal_whose_answer_was_lost_is_no_lost_outcome(make_vca: MakeVca) -> None:
    class Mute(MemoryStore):
        loses = True

        async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
            deleted = await super().delete(table, filter)
            if self.loses:
                self.loses = False
                raise StoreError("no answer")
            return deleted

    vca = make_vca(Plain, store=Mute())
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
    await vca.connector().delete_execution_environment(ee_id)
    assert await vca.flush(LONG) == []


async def test_a_read_that_is_refused_drops_no_outcome(make_vca: MakeVca) -> None:
    class Unreadable(MemoryStore):
        is_unreadable = False

        async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
            if self.is_unreadable and table == "nsrs":
                raise StoreError("this document cannot be read", retryable=False)
            return await super().get(table, filter)

    store = Unreadable()
    await store.ensure("nsrs", {"_id": "ns"})
    vca = make_vca(Plain, store=store, timeouts={"store_grace": 0.05})
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    await store.set("nsrs", {"_id": "ns"}, {"vca.status-time": "of another process"})
    store.is_unreadable = True
    await vca.connector().exec_primitive(ee_id, "anything", {}, HOME)
    assert len(await vca.flush(0.1)) > 0
    store.is_unreadable = False
    assert await vca.flush(LONG) == []
    document = await store.get("nsrs", {"_id": "ns"})
    assert document is not None
    assert document["vca"]["status"] == "completed"


async def test_a_damaged_claim_of_a_model_goes_with_its_namespace(make_vca: MakeVca) -> None:
    vca = make_vca(Plain)
    await vca.connector().create_execution_environment(".ns.vnf")
    [claim] = [one for one in await vca.store.find(COLLECTION) if "application" not in one]
    await vca.store.set(COLLECTION, {"_id": claim["_id"]}, {"generation": {"of": "another kind"}})
    await vca.connector().delete_namespace(".ns")
    assert await vca.store.find(COLLECTION) == []


class Shared(Plain):
    """Its system is the same for two processes."""

    there: ClassVar[dict[tuple[str, str], Namespace]]

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.ees = self.there

    @hookimpl
    async def delete_namespace(self, op: Operation) -> None:
        self.there.clear()


async def _create(connector: Connector) -> tuple[str, Any]:
    """Create an EE as soon as the store takes it."""
    while True:
        try:
            return await connector.create_execution_environment(".ns.vnf", HOME)
        except StoreError as error:
            if not error.retryable:
                raise


async def test_a_deleted_namespace_can_be_made_again_at_once(make_vca: MakeVca) -> None:
    vca = make_vca(Plain)
    for _ in range(3):
        await vca.connector().create_execution_environment(".ns.vnf")
        await vca.connector().delete_namespace(".ns")
    assert await vca.store.find(COLLECTION) == []


async def test_places_show_an_operation_running_before_its_hook_begins(make_vca: MakeVca) -> None:
    seen: list[tuple[str, str, str, str]] = []

    class Looks(Plain):
        @hookimpl
        async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
            document = await vca.store.get("nsrs", {"_id": "ns"})
            assert document is not None
            home = document["vca"]
            seen.append((home["status"], home["VCA-status"], home["entity-type"], home["detailed-status"]))
            await op.created("0")
            return "10.0.0.1"

    class Slow(MemoryStore):
        async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
            for _ in range(20):
                await asyncio.sleep(0)
            return await super().set(table, filter, update)

    vca = make_vca(Looks, store=Slow())
    await vca.store.ensure("nsrs", {"_id": "ns", "vca": {"status": "completed", "status-time": "1"}})
    await vca.connector().create_execution_environment(".ns.vnf", HOME)
    assert seen == [("running", "running", "operation", "create_execution_environment")]


async def test_disconnect_closes_the_rest_whatever_one_step_raises(make_vca: MakeVca) -> None:
    class Closes(Plain):
        closed = 0

        @hookimpl
        async def close(self) -> None:
            Closes.closed += 1

    closed: list[str] = []

    class Store(MemoryStore):
        async def close(self) -> None:
            closed.append("store")

    vca = make_vca(Closes, Closes, store=Store())
    for name in ("c0", "c1"):
        await vca.connector(name).create_execution_environment(f".{name}.vnf")
    outbox = vca._shared.outbox

    async def breaks(*_: object) -> Any:
        raise RuntimeError("a bug")

    vca.connector("c0")._engine._stop_all = breaks  # type: ignore[assignment]  # as below
    outbox.drain = breaks  # type: ignore[assignment]  # what no store brings about
    report = await vca.disconnect()
    assert Closes.closed == 2
    assert closed == ["store"]
    assert not report.is_clean


@pytest.mark.parametrize(
    ("number", "said"), [(2**64, "64 bits"), (10**5000, "more than 300 digits")], ids=["64", "5000"]
)
async def test_a_number_that_no_store_keeps_is_a_bad_argument(make_vca: MakeVca, number: int, said: str) -> None:
    vca = make_vca(Plain)
    huge = {"collection": "nsrs", "filter": {"_id": number}, "path": "vca"}
    with pytest.raises(BadArguments, match=said):
        await vca.connector().create_execution_environment(".ns.vnf", huge)
    assert (await vca.disconnect()).is_clean


def test_a_connector_that_is_half_made_can_be_shown() -> None:
    assert repr(Connector.__new__(Connector)) == "<Connector ?>"


@pytest.mark.parametrize("damage", ["[1, 2]", "no JSON", '{"_id": "x"}'])
async def test_a_damaged_row_is_an_error_that_names_it(make_vca: MakeVca, tmp_path: Path, damage: str) -> None:
    vca = _on_sqlite(make_vca, tmp_path)
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
    await vca.disconnect()
    with sqlite3.connect(tmp_path / "status.db") as connection:
        connection.execute("UPDATE documents SET document = ? WHERE identity LIKE '%app-vnf-vnf'", (damage,))
    connection.close()
    with pytest.raises(StoreError) as caught:
        await vca.connector().create_execution_environment(".ns.vnf")
    assert not caught.value.retryable
    assert COLLECTION in caught.value.message
    assert "app-vnf-vnf" in caught.value.message
    assert ee_id
    assert await vca.flush() == []
    assert not vca._shared.outbox.lanes, "nothing waits for a repair"


def _on_sqlite(make_vca: MakeVca, folder: Path) -> Vca:
    from vca_core.stores.sqlite import SqliteStore

    return make_vca(Plain, store=SqliteStore(folder / "status.db"))


class Mute(MemoryStore):
    """Answers no read of what the core keeps, while it is silent; fails some reads of it.

    Attributes:
        answering: whether it answers.
        failures: how many reads will fail.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answering = asyncio.Event()
        self.answering.set()
        self.failures = 0

    async def _answer(self, table: str) -> None:
        if table == COLLECTION:
            await self.answering.wait()
            if self.failures:
                self.failures -= 1
                raise StoreError("the network is gone")

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        await self._answer(table)
        return await super().get(table, filter)

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        await self._answer(table)
        return await super().find(table, filter)


@pytest.mark.parametrize("does_get", [False, True], ids=["nothing is read", "the namespace's records are not found"])
async def test_a_delete_of_a_namespace_keeps_to_its_own_total(
    make_vca: MakeVca, monkeypatch: pytest.MonkeyPatch, does_get: bool
) -> None:
    store = Mute()
    vca = make_vca(Plain, store=store, timeouts={"store_grace": 10 * LONG})
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    if does_get:
        monkeypatch.setattr(store, "get", partial(MemoryStore.get, store))
    store.answering.clear()
    with pytest.raises(VcaTimeoutError) as caught:
        await connector.delete_namespace(".ns", total_timeout=0.1)
    assert caught.value.limit == 0.1
    store.answering.set()
    assert [str(one.ee_id) for one in await connector.list_execution_environments(".ns")] == [ee_id], "it is there"
    await connector.delete_namespace(".ns")
    assert await vca.flush(LONG) == []
    assert await store.find(COLLECTION) == []


async def test_a_delete_that_learns_too_late_whose_it_is_stops_nothing(make_vca: MakeVca) -> None:
    store = Mute()
    running, going_on = asyncio.Event(), asyncio.Event()

    @hookimpl
    async def exec_primitive(self: Plain, op: Operation, ee_id: EeId, primitive: str) -> dict[str, Any]:
        running.set()
        await going_on.wait()
        return {"output": "done"}

    backend = type("Pausing", (Plain,), {"exec_primitive": exec_primitive})
    vca = make_vca(backend, store=store, timeouts={"store_grace": 10 * LONG})
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    primitive = asyncio.create_task(connector.exec_primitive(ee_id, "look"))
    await running.wait()
    store.answering.clear()
    with pytest.raises(VcaTimeoutError, match="whose the namespace is"):
        await connector.delete_namespace(".ns", total_timeout=0.05)
    store.answering.set()
    going_on.set()
    assert await primitive == {"output": "done"}


async def test_a_refresh_asks_a_store_again_that_failed_once(make_vca: MakeVca) -> None:
    store = Mute()
    vca = make_vca(Plain, store=store)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    store.failures = 2
    assert await connector.refresh_status(ee_id) is DeploymentStatus.COMPLETED
    assert store.failures == 0
