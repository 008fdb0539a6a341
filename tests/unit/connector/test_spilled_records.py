"""What a process that was killed left in its spill folder reaches homes and records as if it had lived."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from support.backends import Plain
from support.making import MakeVca
from support.spilling import ACTION, HOME, Switched, folder, restart

from vca_core._tracking.place import COLLECTION
from vca_core.backend import Operation
from vca_core.connector import Connector
from vca_core.errors import ExecutionError, StoreError
from vca_core.hookspecs import hookimpl
from vca_core.naming import Namespace
from vca_core.vca import Vca

__all__ = ["folder"]


class Away(Switched):
    """Takes no writes while it is off, and answers nothing while it is gone.

    Attributes:
        keeps: whether it removes nothing, though it is on.
    """

    is_gone = False
    keeps = False

    def check(self) -> None:
        if self.is_off or self.is_gone:
            raise StoreError("the network is gone")

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        self.check()
        return await super().ensure(table, document)

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        self.check()
        if self.keeps:
            raise StoreError("the network is gone")
        return await super().delete(table, filter)

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        if self.is_gone:
            raise StoreError("the network is gone")
        return await super().get(table, filter)

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        if self.is_gone:
            raise StoreError("the network is gone")
        return await super().find(table, filter)

    async def records(self) -> list[dict[str, Any]]:
        """What is kept of EEs, without claims of models."""
        return [document for document in await self.find(COLLECTION) if "application" in document]


@pytest.fixture
async def store() -> Away:
    made = Away()
    await made.ensure("nsrs", {"_id": "ns", "vca": {}, "op": {}})
    return made


@pytest.fixture
def kind(store: Away) -> type[Plain]:
    """A system that several processes use, on which the store goes away while an operation runs."""

    class System(Plain):
        shared: ClassVar[dict[tuple[str, str], Namespace]] = {}

        def __init__(self, host: Any) -> None:
            super().__init__(host)
            self.ees = self.shared

        @hookimpl
        async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
            store.is_off = "away" in primitive
            if "fail" in primitive:
                raise ExecutionError("the disk is full")
            return {}

        @hookimpl
        async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
            if namespace.vnf_id == "fails":
                store.is_off = True
                raise ExecutionError("the disk is full")
            return await super().create_execution_environment(op, namespace)

        @hookimpl
        async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
            self.shared.clear()

    return System


@pytest.fixture
def first(make_vca: MakeVca, store: Away, kind: type[Plain], folder: Path) -> Vca:
    """The process that is killed."""
    return make_vca(kind, store=store, timeouts={"store_grace": 0.02}, status={"spill": str(folder)})


async def kill(vca: Vca, store: Away) -> None:
    """End a process that has in its file what the store did not take, and let the store be back."""
    await vca.disconnect()
    store.is_off = store.is_gone = store.keeps = False


async def refresh(make_vca: MakeVca, kind: type[Plain], store: Away, ee_id: str) -> Mapping[str, Any]:
    """What the home says once another process has asked the system for it."""
    async with make_vca(kind, store=store) as vca:
        await vca.connector().refresh_status(ee_id)
    return await store.status("vca")


async def fail(connector: Connector, ee_id: str, place: dict[str, Any]) -> None:
    with pytest.raises(ExecutionError):
        await connector.exec_primitive(ee_id, "fail-while-away", {}, place)


async def test_a_failure_stays_at_its_home(
    make_vca: MakeVca, store: Away, kind: type[Plain], first: Vca, folder: Path
) -> None:
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", HOME)
    await fail(first.connector(), ee_id, HOME)
    await kill(first, store)
    await restart(make_vca, store, folder)
    said = await store.status("vca")
    assert (said["status"], said["detailed-status"]) == ("failed", "the disk is full")
    assert await refresh(make_vca, kind, store, ee_id) == said
    assert [record["has_failed"] for record in await store.records()] == [True]


async def test_a_failure_elsewhere_is_not_the_homes(
    make_vca: MakeVca, store: Away, kind: type[Plain], first: Vca, folder: Path
) -> None:
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", HOME)
    await fail(first.connector(), ee_id, ACTION)
    await kill(first, store)
    await restart(make_vca, store, folder)
    assert (await store.status("op"))["status"] == "failed"
    assert [record["has_failed"] for record in await store.records()] == [False]
    assert (await refresh(make_vca, kind, store, ee_id))["status"] == "completed"


async def test_what_succeeded_at_a_home_serves_its_failure(
    make_vca: MakeVca, store: Away, kind: type[Plain], first: Vca, folder: Path
) -> None:
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", HOME)
    with pytest.raises(ExecutionError):
        await first.connector().exec_primitive(ee_id, "fail", {}, HOME)
    assert await first.flush() == []
    store.is_off = True
    await first.connector().exec_primitive(ee_id, "succeed-while-away", {}, HOME)
    await kill(first, store)
    await restart(make_vca, store, folder)
    assert [record["has_failed"] for record in await store.records()] == [False]
    assert (await refresh(make_vca, kind, store, ee_id))["status"] == "completed"


@pytest.mark.parametrize("db_dict", [HOME, None], ids=["with a home", "without one"])
@pytest.mark.parametrize("deletes", ["delete_execution_environment", "delete_namespace"])
async def test_a_delete_removes_what_was_kept(
    make_vca: MakeVca, store: Away, first: Vca, folder: Path, deletes: str, db_dict: dict[str, Any] | None
) -> None:
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", db_dict)
    store.is_off = True
    with contextlib.suppress(StoreError):
        await getattr(first.connector(), deletes)(ee_id if deletes == "delete_execution_environment" else ".ns")
    await kill(first, store)
    assert await store.records() != []
    await restart(make_vca, store, folder)
    assert await store.records() == []
    assert (await store.status("vca")).get("VCA-status") == (None if db_dict is None else "deleted")
    assert list(folder.iterdir()) == []
    if deletes == "delete_namespace":
        assert await store.find(COLLECTION) == [], "nor is its model claimed"


async def test_a_delete_whose_outcome_was_stored_removes_the_rest(
    make_vca: MakeVca, store: Away, first: Vca, folder: Path
) -> None:
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", HOME)
    assert await first.flush() == []
    store.keeps = True
    await first.connector().delete_execution_environment(ee_id)
    await kill(first, store)
    assert (await store.status("vca"))["VCA-status"] == "deleted"
    assert await store.records() != []
    await restart(make_vca, store, folder)
    assert await store.records() == []


async def test_a_delete_by_who_never_saw_the_record_leaves_it(
    make_vca: MakeVca, store: Away, kind: type[Plain], first: Vca, folder: Path
) -> None:
    async with make_vca(kind, store=store) as earlier:
        ee_id, _ = await earlier.connector().create_execution_environment(".ns.vnf", HOME)
    await first.connector().list_execution_environments()
    store.is_off = store.is_gone = True
    with pytest.raises(StoreError, match="delete it again when the store is back"):
        await first.connector().delete_execution_environment(ee_id)
    await kill(first, store)
    async with make_vca(kind, store=store) as other:
        await other.connector().delete_namespace(".ns")
        assert (await other.connector().create_execution_environment(".ns.vnf", HOME))[0] == ee_id, "ids come again"
    before, said = await store.records(), await store.status("vca")
    await restart(make_vca, store, folder)
    assert (await store.records(), await store.status("vca")) == (before, said)


async def test_a_create_that_made_nothing_claims_nothing(
    make_vca: MakeVca, store: Away, first: Vca, folder: Path
) -> None:
    with pytest.raises(ExecutionError):
        await first.connector().create_execution_environment(".ns.fails", HOME)
    await kill(first, store)
    assert len(await store.find(COLLECTION)) == 2
    await restart(make_vca, store, folder)
    assert (await store.status("vca"))["status"] == "failed"
    assert await store.find(COLLECTION) == []


@pytest.mark.parametrize("what", ["fails", "is deleted"])
async def test_a_record_of_a_later_ee_is_left_alone(
    make_vca: MakeVca, store: Away, kind: type[Plain], first: Vca, folder: Path, what: str
) -> None:
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", HOME)
    if what == "fails":
        await fail(first.connector(), ee_id, HOME)
    else:
        store.is_off = True
        await first.connector().delete_execution_environment(ee_id)
    await kill(first, store)
    async with make_vca(kind, store=store) as later:
        if what == "fails":
            await later.connector().delete_execution_environment(ee_id)
        assert (await later.connector().create_execution_environment(".ns.vnf", HOME))[0] == ee_id
    before, said = await store.find(COLLECTION), await store.status("vca")
    await restart(make_vca, store, folder)
    assert await store.find(COLLECTION) == before
    assert await store.status("vca") == said
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("what", ["fails", "is deleted"])
async def test_a_record_that_a_newer_release_took_is_left_alone(
    make_vca: MakeVca, store: Away, first: Vca, folder: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", HOME)
    if what == "fails":
        await fail(first.connector(), ee_id, HOME)
    else:
        store.is_off = True
        await first.connector().delete_execution_environment(ee_id)
    await kill(first, store)
    for document in await store.find(COLLECTION):
        await store.set(COLLECTION, {"_id": document["_id"]}, {"schema": 2, "release": "7.0"})
    before, said = await store.find(COLLECTION), await store.status("vca")
    await restart(make_vca, store, folder)
    assert (await store.find(COLLECTION), await store.status("vca")) == (before, said)
    assert "vca-core 7.0 wrote" in caplog.text
    assert len(list(folder.glob("*.db"))) == 1, "it is there for the newer release"


async def test_what_a_newer_release_left_stays_in_its_file(
    make_vca: MakeVca, store: Away, first: Vca, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", HOME)
    store.is_off = True
    await first.connector().delete_execution_environment(ee_id)
    await kill(first, store)
    [path] = folder.glob("*.db")
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        rows = [
            (json.loads(text), position) for text, position in file.execute("SELECT document, position FROM documents")
        ]
        assert {row["schema"] for row, _ in rows} == {1}
        newer = [(json.dumps({**row, "schema": 2, "release": "7.0"}), position) for row, position in rows]
        file.executemany("UPDATE documents SET document = ? WHERE position = ?", newer)
    said = await store.status("vca")
    await restart(make_vca, store, folder)
    assert await store.status("vca") == said
    assert len(await store.records()) == 1
    assert "vca-core 7.0 wrote" in caplog.text
    assert "this is vca-core" in caplog.text
    assert path.exists()
