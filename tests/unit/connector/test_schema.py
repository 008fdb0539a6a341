"""An EE that a newer release keeps is shown, and not operated on."""

from __future__ import annotations

from typing import Any

import pytest
from support.backends import Plain
from support.making import MakeVca

from vca_core._tracking.place import COLLECTION
from vca_core.backend import Operation
from vca_core.errors import StoreError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.stores import MemoryStore


async def test_an_ee_of_a_newer_release_is_listed_and_not_changed(make_vca: MakeVca) -> None:
    store = MemoryStore()
    ee_id, _ = await make_vca(Plain, store=store).connector().create_execution_environment(".ns.vnf")
    for document in await store.find(COLLECTION):
        assert document["schema"] == 1
        assert document["release"]
        await store.set(COLLECTION, {"_id": document["_id"]}, {"schema": 2, "release": "7.0"})
    before = await store.find(COLLECTION)
    vca = make_vca(Plain, store=store)
    connector = vca.connector()
    refused = r"vca-core 7\.0 wrote .* with schema 2; this is vca-core .*, which knows 1"
    with pytest.raises(StoreError, match=refused) as error:
        await connector.exec_primitive(ee_id, "anything")
    assert not error.value.retryable
    with pytest.raises(StoreError, match=refused):
        await connector.create_execution_environment(".ns.vnf", reuse_ee_id=ee_id)
    with pytest.raises(StoreError, match=refused):
        await connector.create_execution_environment(".ns.another")
    with pytest.raises(StoreError, match=refused):
        await connector.delete_namespace(".ns")
    with pytest.raises(StoreError, match=refused):
        await connector.refresh_status(ee_id)
    await connector.list_execution_environments()
    assert await vca.flush() == []
    assert await store.find(COLLECTION) == before
    with pytest.raises(StoreError, match=refused):
        await connector.delete_execution_environment(ee_id)


@pytest.mark.parametrize("of_the_model", [False, True])
async def test_a_newer_record_that_cannot_be_read_stops_a_delete(make_vca: MakeVca, of_the_model: bool) -> None:
    store = MemoryStore()
    for vnf in ("a", "b"):
        await make_vca(Plain, store=store).connector().create_execution_environment(f".ns.{vnf}")
    for document in await store.find(COLLECTION):
        if ("application" not in document) is of_the_model and "app-vnf-b" not in str(document["_id"]):
            changes = {"schema": 2, "release": "7.0", "namespace": {"of": "another form"}, "ns_id": ["ns"]}
            await store.set(COLLECTION, {"_id": document["_id"]}, changes)
    before = await store.find(COLLECTION)
    connector = make_vca(Plain, store=store).connector()
    with pytest.raises(StoreError, match=r"vca-core 7\.0 wrote .* with schema 2; this is vca-core .*, which knows 1"):
        await connector.delete_namespace(".ns")
    backend: Any = connector._engine.session.backend
    assert backend is None or "delete_namespace" not in backend.calls
    assert await store.find(COLLECTION) == before


async def test_each_refused_operation_has_an_error_of_its_own(make_vca: MakeVca) -> None:
    store = MemoryStore()
    ee_id, _ = await make_vca(Plain, store=store).connector().create_execution_environment(".ns.vnf")
    await store.set(COLLECTION, {"ee_id": ee_id}, {"schema": 2, "release": "7.0"})
    connector = make_vca(Plain, store=store).connector()
    with pytest.raises(StoreError) as first:
        await connector.exec_primitive(ee_id, "anything")
    with pytest.raises(StoreError) as second:
        await connector.delete_execution_environment(ee_id)
    named = [error.value.operation for error in (first, second)]
    assert named == ["exec_primitive", "delete_execution_environment"]
    assert first.value.operation_id != second.value.operation_id


async def test_what_became_newer_meanwhile_is_not_operated_on(make_vca: MakeVca) -> None:
    store = MemoryStore()
    connector = make_vca(Plain, store=store).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.exec_primitive(ee_id, "anything")
    await store.set(COLLECTION, {"ee_id": ee_id}, {"schema": 2, "release": "7.0"})
    with pytest.raises(StoreError, match="schema 2"):
        await connector.exec_primitive(ee_id, "anything")


async def test_a_newer_record_that_cannot_be_read_stops_operations(make_vca: MakeVca) -> None:
    store = MemoryStore()
    ee_id, _ = await make_vca(Plain, store=store).connector().create_execution_environment(".ns.vnf")
    await store.set(COLLECTION, {"ee_id": ee_id}, {"schema": 2, "release": "7.0", "home": ["another form"]})
    connector = make_vca(Plain, store=store).connector()
    with pytest.raises(StoreError, match="schema 2"):
        await connector.exec_primitive(ee_id, "anything")
    with pytest.raises(StoreError, match="schema 2"):
        await connector.refresh_status(ee_id)


@pytest.mark.parametrize("db_dict", [{"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}, None])
@pytest.mark.parametrize("deletes", ["delete_execution_environment", "delete_namespace"])
async def test_what_a_newer_release_took_meanwhile_stays(
    make_vca: MakeVca, deletes: str, db_dict: dict[str, Any] | None
) -> None:
    class Slow(Plain):
        @hookimpl
        async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
            await upgrade()

        @hookimpl
        async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
            await upgrade()

    store = MemoryStore()
    await store.ensure("nsrs", {"_id": "ns"})

    async def upgrade() -> None:
        for document in await store.find(COLLECTION):
            await store.set(COLLECTION, {"_id": document["_id"]}, {"schema": 2, "release": "7.0"})
        await store.set("nsrs", {"_id": "ns"}, {"vca": {"status": "running", "status-time": "7"}})

    vca = make_vca(Slow, store=store)
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", db_dict)
    await getattr(vca.connector(), deletes)(ee_id if deletes == "delete_execution_environment" else ".ns")
    await vca.flush()
    assert [document["schema"] for document in await store.find(COLLECTION)] == [2, 2]
    home = await store.get("nsrs", {"_id": "ns"})
    assert home is not None
    assert home["vca"] == {"status": "running", "status-time": "7"}
