"""What only a real replica set shows. Name one of at least two members by VCA_TEST_MONGODB_URI; it steps down here."""

from __future__ import annotations

import asyncio
from typing import Any

import pymongo
import pytest
from support.mongo import NAMED, with_setting

from vca_core import Vca
from vca_core.errors import StoreError
from vca_core.stores import Write
from vca_core.stores.mongo import MongoStatusStore

pytestmark = [
    pytest.mark.skipif(NAMED is None, reason="only a replica set has failovers: name one by VCA_TEST_MONGODB_URI"),
    pytest.mark.xdist_group("replica_set"),
]


@pytest.fixture
def replica_set(mongo_url: str) -> str:
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        if "setName" not in client.admin.command("hello"):
            pytest.skip("only a replica set has failovers: the server that VCA_TEST_MONGODB_URI names is none")
    return mongo_url


def step_down(url: str) -> None:
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        client.admin.command({"replSetStepDown": 5, "force": True})


async def test_a_failover_loses_no_acknowledged_write(replica_set: str) -> None:
    store = MongoStatusStore(replica_set)
    await store.open()
    await store.ensure("vca_services", {"_id": "a"})
    acknowledged, refused = [], []
    for number in range(200):
        if number == 50:
            await asyncio.to_thread(step_down, replica_set)
        try:
            async with asyncio.timeout(30):
                assert await store.set("vca_services", {"_id": "a"}, {f"n{number}": number})
        except StoreError as error:
            refused.append(error.retryable)
        else:
            acknowledged.append(number)
    document = await store.get("vca_services", {"_id": "a"})
    await store.close()
    assert document is not None
    assert [number for number in acknowledged if document.get(f"n{number}") != number] == []
    assert len(acknowledged) > 100
    assert all(refused)


async def test_outcomes_arrive_in_order_through_a_failover(replica_set: str) -> None:
    seen: list[str] = []
    config = {"store": replica_set, "connectors": {"edge": {"backend": "fake"}}, "timeouts": {"store_grace": 30}}
    with pymongo.MongoClient[dict[str, Any]](replica_set) as client:
        client.get_default_database()["nsrs"].insert_one({"_id": "ns1"})
    home = {"collection": "nsrs", "filter": {"_id": "ns1"}, "path": "vca"}

    def note(_table: str, _filter: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        seen.append(update[f"{path}status-time"])

    async with Vca.from_config(config, environ={}, on_update_db=note) as vca:
        connector = vca.connector()
        ee_id, _ = await connector.create_execution_environment(".ns1.vnf1", home)
        await asyncio.to_thread(step_down, replica_set)
        await connector.delete_execution_environment(ee_id)
        assert await vca.flush(60) == []
    with pymongo.MongoClient[dict[str, Any]](replica_set) as client:
        document = client.get_default_database()["nsrs"].find_one({"_id": "ns1"})
    assert document is not None
    assert document["vca"]["VCA-status"] == "deleted"
    assert list(map(float, seen)) == sorted(map(float, seen))


async def test_a_bulk_in_a_failover_is_repeated_singly(replica_set: str) -> None:
    store = MongoStatusStore(with_setting(replica_set, "retryWrites=false"))  # the driver would hide it
    await store.open()
    for number in range(20):
        await store.ensure("vca_services", {"_id": str(number)})
    stepping: asyncio.Future[None] | None = None
    has_met, turn = False, 0
    async with asyncio.timeout(60):
        while not has_met:  # bulks without pause, until one meets the change of the primary
            turn += 1
            writes = [Write("vca_services", {"_id": str(number)}, {"n": turn}) for number in range(20)]
            if turn == 10:
                stepping = asyncio.ensure_future(asyncio.to_thread(step_down, replica_set))
            while writes:
                outcomes = await store.batch(writes)
                writes = [write for write, outcome in zip(writes, outcomes, strict=True) if outcome is not True]
                has_met |= bool(writes)
    assert stepping is not None
    await stepping
    assert [document["n"] for document in await store.find("vca_services")] == [turn] * 20
    await store.close()


async def test_reads_see_the_last_write_whatever_the_uri_says(replica_set: str) -> None:
    store = MongoStatusStore(with_setting(replica_set, "readPreference=secondary"))
    await store.open()
    await store.ensure("vca_services", {"_id": "a", "n": 0})
    for number in range(1, 100):
        await store.set("vca_services", {"_id": "a"}, {"n": number})
        document = await store.get("vca_services", {"_id": "a"})
        assert document is not None
        assert document["n"] == number  # a secondary would be behind now and then
    await store.close()
