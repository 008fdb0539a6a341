"""The store in MongoDB over TCP: what it writes, through outages and lost answers."""

from __future__ import annotations

import asyncio
import random
import traceback
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo import monitoring
from support.mongo import NAMED, MongoServer, with_setting
from support.tcp_proxy import TcpProxy, tcp_proxy

from vca_core import Vca
from vca_core.errors import BadArguments, Cause, StoreError
from vca_core.stores import Write
from vca_core.stores.mongo import MongoStatusStore

AT_ONCE = 40
ROUNDS = 15


def document_in(url: str, collection: str, identity: str) -> dict[str, Any]:
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        found = client.get_default_database()[collection].find_one({"_id": identity})
    assert found is not None
    return found


async def open_store(url: str) -> MongoStatusStore:
    store = MongoStatusStore(url)
    await store.open()
    return store


async def test_statuses_stand_at_their_path_and_nothing_else_changes(mongo_url: str) -> None:
    before: dict[str, Any] = {"_id": "ns1", "name": "a", "_admin": {"deployed": {"VCA": [{"member": "1"}], "K8s": []}}}
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        client.get_default_database()["nsrs"].insert_one(dict(before))
    async with Vca.from_config({"store": mongo_url, "connectors": {"edge": {"backend": "fake"}}}, environ={}) as vca:
        home = {"collection": "nsrs", "filter": {"_id": "ns1"}, "path": "_admin.deployed.VCA.2"}
        ee_id, _ = await vca.connector().create_execution_environment(".ns1.vnf1", home)
        await vca.flush()
    after = document_in(mongo_url, "nsrs", "ns1")
    first, padding, status = after["_admin"]["deployed"].pop("VCA")
    assert (first, padding) == ({"member": "1"}, None)
    assert (status["status"], status["ee_id"]) == ("completed", ee_id)
    assert set(status) == {"status", "detailed-status", "VCA-status", "entity-type", "status-time", "ee_id"}
    before["_admin"]["deployed"].pop("VCA")
    assert after == before


async def test_a_home_that_is_not_there_is_refused(mongo_url: str) -> None:
    async with Vca.from_config({"store": mongo_url, "connectors": {"edge": {"backend": "fake"}}}, environ={}) as vca:
        home = {"collection": "nsrs", "filter": {"_id": "ns1"}, "path": "vca.0"}
        with pytest.raises(BadArguments, match="no document of nsrs"):
            await vca.connector().create_execution_environment(".ns1.vnf1", home)


async def winners(server: MongoServer) -> int:
    """How many of two stores win one token, over several rounds; one in each round if updates are atomic."""
    url = server.url()
    one, two = await open_store(url), await open_store(url)
    won = 0
    for number in range(ROUNDS):
        await one.ensure("t", {"_id": number, "owner": None, "free": True})
        query = {"_id": number, "free": True}
        takers = [(one, two)[taker % 2].set("t", query, {"free": False, f"by{taker}": 1}) for taker in range(8)]
        won += sum(await asyncio.gather(*takers))
    await one.close()
    await two.close()
    return won


async def test_of_several_that_take_one_token_one_wins(mongo_server: MongoServer) -> None:
    assert await winners(mongo_server) == ROUNDS


async def test_without_its_gate_the_server_has_no_atomic_update(tmp_path: Path) -> None:
    server = MongoServer(tmp_path, gate=False)
    server.start()
    try:
        assert await winners(server) > ROUNDS
    finally:
        server.kill()


async def test_what_was_acknowledged_outlives_a_kill(own_mongo_server: MongoServer) -> None:
    url = own_mongo_server.url() + "?serverSelectionTimeoutMS=1000"
    store = await open_store(url)
    await store.ensure("t", {"_id": "a", "n": 0})
    for number in range(3):
        acknowledged = 0
        writes = [asyncio.ensure_future(store.set("t", {"_id": "a"}, {f"k{number}.{n}": n})) for n in range(AT_ONCE)]
        await asyncio.wait(writes, return_when=asyncio.FIRST_COMPLETED)
        own_mongo_server.kill()
        for outcome in await asyncio.gather(*writes, return_exceptions=True):
            assert outcome is True or (isinstance(outcome, StoreError) and outcome.retryable)
            acknowledged += outcome is True
        with pytest.raises(StoreError, match="no answer") as caught:
            await store.set("t", {"_id": "a"}, {"n": 1})
        assert caught.value.retryable
        own_mongo_server.start()
        document = await store.get("t", {"_id": "a"})
        assert document is not None
        assert 0 < acknowledged <= len(document[f"k{number}"])
    await store.close()


async def through(proxy: TcpProxy, server: MongoServer) -> MongoStatusStore:
    return await open_store(server.url().replace(server.address, proxy.address) + "?serverSelectionTimeoutMS=1000")


async def test_a_repeat_after_a_swallowed_answer_finds_what_was_done(
    mongo_server: MongoServer,
) -> None:
    async with tcp_proxy(mongo_server.address) as proxy:
        store = await through(proxy, mongo_server)
        await store.ensure("t", {"_id": "a", "n": 0})
        for number, cut_after in enumerate((0, 1, 15, 16, 40)):
            proxy.cut_answers_after = cut_after
            with pytest.raises(StoreError) as caught:
                await store.set("t", {"_id": "a", "n": number}, {"n": number + 1})
            assert caught.value.retryable
            assert not await store.set("t", {"_id": "a", "n": number}, {"n": number + 1}), "it was made before"
            assert await store.exists("t", {"_id": "a", "n": number + 1})
        assert proxy.cuts == 5
        await store.close()


async def test_a_request_that_is_cut_off_changes_nothing(mongo_server: MongoServer) -> None:
    async with tcp_proxy(mongo_server.address) as proxy:
        store = await through(proxy, mongo_server)
        await store.ensure("t", {"_id": "a", "n": 0})
        for cut_after in (0, 1, 16, 60):
            proxy.cut_requests_after = cut_after
            with pytest.raises(StoreError) as caught:
                await store.set("t", {"_id": "a"}, {"n": 1})
            assert caught.value.retryable
            assert await store.get("t", {"_id": "a"}) == {"_id": "a", "n": 0}
        await store.close()


async def test_a_server_that_refuses_is_used_again_when_it_is_back(mongo_server: MongoServer) -> None:
    async with tcp_proxy(mongo_server.address) as proxy:
        store = await through(proxy, mongo_server)
        await store.ensure("t", {"_id": "a"})
        proxy.is_refusing = True
        proxy.cut()
        writes = [Write("t", {"_id": name}, {"n": 1}) for name in ("a", "b")]
        for outcome in await store.batch(writes):
            assert isinstance(outcome, StoreError)
            assert outcome.retryable
        proxy.is_refusing = False
        assert await store.batch(writes) == [True, False]
        await store.close()


async def test_a_server_that_does_not_answer_costs_a_limit(mongo_server: MongoServer) -> None:
    async with tcp_proxy(mongo_server.address) as proxy:
        url = mongo_server.url().replace(mongo_server.address, proxy.address)
        store = await open_store(url + "?socketTimeoutMS=200&serverSelectionTimeoutMS=200")
        await store.ensure("t", {"_id": "a"})
        proxy.passing.clear()
        with pytest.raises(StoreError) as caught:
            await store.set("t", {"_id": "a"}, {"n": 1})
        assert caught.value.retryable
        proxy.passing.set()
        await store.close()


async def test_nothing_passes_a_write_whose_caller_is_gone(mongo_server: MongoServer) -> None:
    async with tcp_proxy(mongo_server.address) as proxy:
        store = await through(proxy, mongo_server)
        await store.ensure("t", {"_id": "a", "n": 0})
        proxy.passing.clear()
        gone = asyncio.ensure_future(store.set("t", {"_id": "a"}, {"n": 1}))
        await asyncio.wait((gone,), timeout=0.05)
        gone.cancel()
        await asyncio.wait((gone,))
        later = asyncio.ensure_future(store.set("t", {"_id": "a"}, {"n": 2}))
        await asyncio.wait((later,), timeout=0.05)
        assert not later.done()
        proxy.passing.set()
        assert await later
        assert await store.get("t", {"_id": "a"}) == {"_id": "a", "n": 2}
        await store.close()


async def test_reads_that_are_given_up_leave_the_pool_usable(mongo_server: MongoServer) -> None:
    """The driver loses the lock of its pool if a call is cancelled while it waits for a connection."""
    chance = random.Random(1)  # noqa: S311 - the same moments each time
    async with tcp_proxy(mongo_server.address) as proxy:
        url = mongo_server.url().replace(mongo_server.address, proxy.address)
        store = await open_store(url + "?socketTimeoutMS=200&serverSelectionTimeoutMS=2000")
        await store.ensure("t", {"_id": "a"})
        for _ in range(6):
            proxy.is_refusing = True
            proxy.cut()
            reads = [asyncio.ensure_future(store.get("t", {"_id": "a"})) for _ in range(100)]
            left = list(reads)
            while left:
                await asyncio.sleep(0)
                for one in chance.sample(left, min(3, len(left))):
                    one.cancel()
                    if chance.random() < 0.7:  # the others are cancelled once more, while they end
                        left.remove(one)
            await asyncio.gather(*reads, return_exceptions=True)
            proxy.is_refusing = False
            assert await store.get("t", {"_id": "a"}) == {"_id": "a"}
        await store.close()


async def test_what_others_delete_meanwhile_is_inserted_or_was_there(mongo_url: str) -> None:
    stores = [await open_store(mongo_url) for _ in range(3)]

    async def insert(store: MongoStatusStore) -> list[bool]:
        return [await store.ensure("t", {"_id": "a"}) for _ in range(100)]

    async def delete(store: MongoStatusStore) -> list[int]:
        return [await store.delete("t", {"_id": "a"}) for _ in range(100)]

    one, other, deleted = await asyncio.gather(insert(stores[0]), insert(stores[1]), delete(stores[2]))
    there = 1 if await stores[0].get("t", {"_id": "a"}) else 0
    assert sum(one) + sum(other) == sum(deleted) + there
    for store in stores:
        await store.close()


async def test_a_batch_reports_each_write_of_a_bulk_that_was_short(mongo_url: str) -> None:
    store = await open_store(mongo_url)
    for name in "abc":
        await store.ensure("t", {"_id": name, "n": 0, "text": "x"})
    made, unmatched, refused, again = await store.batch(
        [
            Write("t", {"_id": "a", "n": 0}, {"n": 1}),
            Write("t", {"_id": "b", "n": 9}, {"n": 1}),
            Write("t", {"_id": "c"}, {"text.no": 1}),
            Write("t", {"_id": "a", "n": 1}, {"n": 2, "m": "\ud800"}),
        ]
    )
    assert (made, unmatched, again) == (True, False, True)
    assert isinstance(refused, StoreError)
    assert not refused.retryable
    assert await store.get("t", {"_id": "a"}) == {"_id": "a", "n": 2, "m": "\ufffd", "text": "x"}
    await store.close()


async def test_a_batch_is_made_that_is_too_big_for_one_bulk(mongo_url: str) -> None:
    store = await open_store(mongo_url)
    for number in range(5):
        await store.ensure("t", {"_id": number})
    writes = [Write("t", {"_id": number % 5}, {f"n{number}": number}) for number in range(10)]
    many = [Write("t", {"_id": number}, {"n": 1}) for number in range(100, 205)]
    assert await store.batch([*writes, *many]) == [True] * 10 + [False] * 105
    await store.close()


class Commands(monitoring.CommandListener):
    """Keeps the commands that a client sends."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        command = event.command
        self.sent.append((event.command_name, str(command[event.command_name]), command.get("writeConcern")))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


async def test_write_concerns_reach_the_server(mongo_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = Commands()
    monkeypatch.setattr(monitoring, "_LISTENERS", monitoring._LISTENERS._replace(command_listeners=[commands]))
    store = await open_store(with_setting(mongo_url, "w=1", "journal=false"))
    for table in ("nsrs", "vca_services"):
        await store.ensure(table, {"_id": "a"})
        await store.batch([Write(table, {"_id": name}, {"n": 1}) for name in "ab"])
    await store.close()
    written = {"insert", "update", "createIndexes"}
    writes = [(table, concern) for name, table, concern in commands.sent if name in written]
    assert {table for table, _ in writes} >= {"nsrs", "vca_services", "vca_execution_environments"}
    for table, concern in writes:
        assert concern == ({"w": 1, "j": False} if table == "nsrs" else {"w": "majority", "j": True})


@pytest.mark.parametrize("settings", ["fsync=true", "fsync=false", "journal=true", "wTimeoutMS=5000"])
async def test_a_write_concern_of_the_url_is_taken(mongo_url: str, settings: str) -> None:
    store = await open_store(with_setting(mongo_url, settings))
    for table in ("nsrs", "vca_services"):
        assert await store.ensure(table, {"_id": "a"})
        assert await store.set(table, {"_id": "a"}, {"n": 1})
    await store.close()


@pytest.mark.skipif(NAMED is not None, reason="a named server asks for other users")
async def test_errors_show_neither_passwords_nor_documents(mongo_server: MongoServer) -> None:
    store = MongoStatusStore(f"mongodb://canary-user:canary@{mongo_server.address}/osm?serverSelectionTimeoutMS=300")
    with pytest.raises(StoreError) as caught:
        await store.open()
    shown = f"{caught.value} {caught.value.as_data()} {store!r}"
    assert "canary" not in shown
    plain = await open_store(mongo_server.url())
    await plain.ensure("t", {"_id": "a", "text": "canary"})
    with pytest.raises(StoreError, match=r"text\.no") as refused:
        await plain.set("t", {"_id": "a"}, {"text.no": 1})
    assert "canary" not in str(refused.value)
    for error in (caught.value, refused.value):
        assert error.__context__ is None, "the driver's exception holds the URL"
        assert type(error.__cause__) is Cause
        assert "canary" not in "".join(traceback.format_exception(error))
    await plain.close()


async def test_no_task_shows_what_was_written(mongo_url: str, caplog: pytest.LogCaptureFixture) -> None:
    store = await open_store(mongo_url)
    await store.ensure("t", {"_id": "canary", "text": "canary"})
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = -1  # everything is told
    try:
        await store.set("t", {"_id": "canary"}, {"text": "canary-2"})
        await store.ensure("t", {"_id": "canary-3"})
        await store.batch([Write("t", {"_id": "canary"}, {"text": "canary-4"})])
        with pytest.raises(StoreError):
            await store.set("t", {"_id": "canary"}, {"text.canary": 1})
        await store.delete("t", {"_id": "canary"})
    finally:
        loop.set_debug(False)
    await store.close()
    messages = [record.getMessage() for record in caplog.records if record.name == "asyncio"]
    assert any(": write" in text for text in messages)
    assert [text for text in messages if "canary" in text] == []
