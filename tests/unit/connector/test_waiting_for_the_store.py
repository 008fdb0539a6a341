"""What begins waits for the store: for a slow one as long as it takes, for one that fails for its grace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from support.backends import Plain
from support.making import MakeVca

from vca_core._tracking.place import COLLECTION
from vca_core.backend import Operation
from vca_core.errors import BadArguments, StoreError
from vca_core.hookspecs import hookimpl
from vca_core.naming import Namespace
from vca_core.stores import MemoryStore, Outcome, Write

LONG = 60.0
GRACE = 0.25


class Slow(MemoryStore):
    """Makes one write after the other, and takes its time for each."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = asyncio.Lock()

    async def take_time(self) -> None:
        async with self.turn:
            await asyncio.sleep(GRACE / 50)

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        await self.take_time()
        return await super().set(table, filter, update)

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        await self.take_time()
        return await super().ensure(table, document)


class SlowWithBatches(Slow):
    async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
        await self.take_time()
        return [await MemoryStore.set(self, write.table, write.filter, write.update) for write in writes]


@pytest.mark.parametrize("kind", [Slow, SlowWithBatches])
async def test_many_creates_succeed_on_a_slow_store(make_vca: MakeVca, kind: type[Slow]) -> None:
    store = kind()
    await MemoryStore.ensure(store, "nsrs", {"_id": "ns", "vca": {}})
    vca = make_vca(Plain, store=store, timeouts={"store_grace": GRACE})
    made = await asyncio.gather(
        *(
            vca.connector().create_execution_environment(
                f".ns.vnf{number}", {"collection": "nsrs", "filter": {"_id": "ns"}, "path": f"vca.v{number}"}
            )
            for number in range(60)
        )
    )
    assert len(made) == 60
    assert await vca.flush(LONG) == []


class Failing(MemoryStore):
    """Fails to insert so many documents; it may have done so nevertheless.

    Attributes:
        failures: how many are left.
        does: whether it inserts them although it fails.
    """

    failures = 0
    does = False

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        if self.failures and table == COLLECTION:
            self.failures -= 1
            if self.does:
                await super().ensure(table, document)
            raise StoreError("the network is gone")
        return await super().ensure(table, document)


@hookimpl
async def refuse(self: Plain, op: Operation, namespace: Namespace) -> str:
    raise BadArguments("namespace: refused on purpose", ["namespace"])


@pytest.mark.parametrize("does", [False, True])
@pytest.mark.parametrize("failures", [1, 3])
async def test_a_create_waits_for_a_store_that_comes_back(make_vca: MakeVca, does: bool, failures: int) -> None:
    store = Failing()
    store.failures, store.does = failures, does
    vca = make_vca(Plain, store=store)
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
    [record] = await store.find(COLLECTION, {"ee_id": ee_id})
    assert record["state"]["status"] == "completed"
    await vca.connector().delete_namespace(".ns")
    assert await vca.flush(LONG) == []
    assert await store.find(COLLECTION) == []


async def test_what_a_repeated_claim_made_is_withdrawn_with_it(make_vca: MakeVca) -> None:
    store = Failing()
    store.failures, store.does = 1, True
    vca = make_vca(type("Namesake", (Plain,), {"create_execution_environment": refuse}), store=store)
    with pytest.raises(BadArguments, match="refused on purpose"):
        await vca.connector().create_execution_environment(".ns.vnf")
    assert await vca.flush(LONG) == []
    assert await store.find(COLLECTION) == []


@pytest.mark.parametrize(
    ("grace", "total"), [(0.05, LONG), (LONG, 0.05)], ids=["within its grace", "within the create's own total"]
)
async def test_a_create_gives_up_a_store_that_stays_away(make_vca: MakeVca, grace: float, total: float) -> None:
    store = Failing()
    store.failures = 10**9
    vca = make_vca(Plain, store=store, timeouts={"store_grace": grace})
    with pytest.raises(StoreError, match="did not claim .* within .* s: the network is gone") as caught:
        await vca.connector().create_execution_environment(".ns.vnf", total_timeout=total)
    assert caught.value.retryable
    store.failures = 0
    assert await vca.flush(LONG) == []
    assert await store.find(COLLECTION) == [], "nothing is left behind"


async def test_a_create_gives_up_a_hanging_store_at_its_own_total(make_vca: MakeVca) -> None:
    class Hanging(MemoryStore):
        gate = asyncio.Event()

        async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
            await self.gate.wait()
            return await super().ensure(table, document)

    store = Hanging()
    vca = make_vca(Plain, store=store)
    with pytest.raises(StoreError, match="did not claim") as caught:
        await vca.connector().create_execution_environment(".ns.vnf", total_timeout=0.05)
    assert caught.value.retryable
    store.gate.set()
    assert await vca.flush(LONG) == []
    assert await store.find(COLLECTION) == []


async def test_a_create_outlives_a_call_that_a_busy_store_forgot(make_vca: MakeVca) -> None:
    class Forgetful(MemoryStore):
        forgets = True

        async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
            if self.forgets:
                self.forgets = False
                await asyncio.Event().wait()
            return await super().ensure(table, document)

    vca = make_vca(Plain, store=Forgetful(), timeouts={"store_grace": 0.05})
    forgotten = asyncio.ensure_future(vca.connector().create_execution_environment(".ns.forgotten"))
    await asyncio.sleep(0)
    ee_id, _ = await vca.connector().create_execution_environment(".ns.busy")
    while not forgotten.done():
        await vca.connector().exec_primitive(ee_id, "anything", {})
        await asyncio.wait((forgotten,), timeout=0.01)
    await forgotten


async def test_all_that_wait_learn_of_an_outage(make_vca: MakeVca) -> None:
    class Gone(MemoryStore):
        is_gone = True
        asked = 0

        async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
            self.asked += 1
            if self.is_gone:
                await asyncio.Event().wait()
            return await super().ensure(table, document)

    store = Gone()
    vca = make_vca(Plain, store=store, timeouts={"store_grace": GRACE})
    ends = await asyncio.gather(
        *(vca.connector().create_execution_environment(f".ns.vnf{number}") for number in range(100)),
        return_exceptions=True,
    )
    assert {type(end) for end in ends} == {StoreError}
    assert store.asked < 100, "those that did not get as far have learned it, too"
    store.is_gone = False
    assert await vca.flush(LONG) == []
