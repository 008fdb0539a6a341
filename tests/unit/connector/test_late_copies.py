"""A write to an operation's own path that arrives again when a later one is stored changes nothing there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from support.backends import MACHINE, Plain
from support.making import MakeVca

from vca_core._tracking.place import COLLECTION
from vca_core.backend import Operation
from vca_core.errors import ExecutionError, StoreError
from vca_core.hookspecs import hookimpl
from vca_core.stores import MemoryStore, Outcome, StatusStore, Write
from vca_core.stores.document import value_at

DOCUMENT: dict[str, Any] = {"_id": "ns", "vca": {}, "ops": [{"name": "first", "status-time": "7.0"}]}


class Remembering(StatusStore):
    """Passes on what it is asked, and remembers what it wrote.

    Args:
        store: the store behind it.

    Attributes:
        written: what was written.
        swallows: of how many writes to come the answer is lost.
    """

    def __init__(self, store: StatusStore) -> None:
        self._store = store
        self.written: list[Write] = []
        self.swallows = 0

    async def open(self) -> None:
        await self._store.open()

    async def close(self) -> None:
        await self._store.close()

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        [outcome] = await self.batch([Write(table, filter, update)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
        self.written += writes
        outcomes = await self._store.batch(writes)
        if self.swallows:
            self.swallows -= 1
            return [StoreError("the answer was lost")] * len(writes)
        return outcomes

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        return await self._store.get(table, filter)

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return await self._store.find(table, filter)

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        return await self._store.ensure(table, document)

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        return await self._store.delete(table, filter)


class Reporting(Plain):
    """Its primitives report twice."""

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        op.report(MACHINE, "busy")
        op.report(MACHINE, "started")
        return {}


class Failing(Plain):
    """One of its primitives fails."""

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if primitive == "fail":
            raise ExecutionError("the disk is full")
        return {}


@pytest.mark.parametrize("swallows", [0, 2])
@pytest.mark.parametrize("path", ["op", "ops.0"])
async def test_a_late_copy_changes_nothing_at_an_operations_own_path(
    make_vca: MakeVca, make_store: Callable[[], StatusStore], shared_store: StatusStore, path: str, swallows: int
) -> None:
    await shared_store.ensure("nsrs", DOCUMENT)
    store = Remembering(make_store())
    vca = make_vca(Reporting, store=store)
    home = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", home)
    for _ in range(2):  # the second operation finds there what the first one left
        assert await vca.flush() == []
        store.written.clear()
        store.swallows = swallows
        await vca.connector().exec_primitive(ee_id, "anything", {}, {**home, "path": path})
        assert await vca.flush() == []
        left = await shared_store.get("nsrs", {"_id": "ns"})
        assert left is not None
        assert value_at(left, f"{path}.status") == "completed"
        said = [write.update.get(f"{path}.VCA-status") for write in store.written]
        assert said.count("running") >= 1
        for write in [write for write in store.written if f"{path}.status" in write.update]:
            assert not await shared_store.set(write.table, write.filter, write.update)
        assert await shared_store.get("nsrs", {"_id": "ns"}) == left


async def test_what_others_wrote_to_an_operations_path_is_replaced(
    make_vca: MakeVca, make_store: Callable[[], StatusStore], shared_store: StatusStore
) -> None:
    """It is the operation's own; those who share one write there in any order."""
    await shared_store.ensure("nsrs", DOCUMENT)

    class Busy(Remembering):
        async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
            found = await super().get(table, filter)
            if table == "nsrs":
                await shared_store.set("nsrs", {"_id": "ns"}, {"op.status-time": str(len(self.written))})
            return found

    vca = make_vca(Reporting, store=Busy(make_store()))
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
    place = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "op"}
    await vca.connector().exec_primitive(ee_id, "anything", {}, place)
    assert await vca.flush() == []
    document = await shared_store.get("nsrs", {"_id": "ns"})
    assert document is not None
    assert document["op"]["status"] == "completed"


async def test_a_late_copy_changes_nothing_in_a_record_or_at_a_home(
    make_vca: MakeVca, make_store: Callable[[], StatusStore], shared_store: StatusStore
) -> None:
    """Of a failure that was noted, a home that was left, an id that was given: none comes back."""
    await shared_store.ensure("nsrs", {"_id": "ns", "vca": {}, "h2": {}, "h3": {}})
    store = Remembering(make_store())
    vca = make_vca(Failing, store=store)
    connector = vca.connector()

    def home(path: str) -> dict[str, Any]:
        return {"collection": "nsrs", "filter": {"_id": "ns"}, "path": path}

    ee_id, _ = await connector.create_execution_environment(".ns.vnf", home("vca"))
    with pytest.raises(ExecutionError):
        await connector.exec_primitive(ee_id, "fail", {}, home("vca"))
    await connector.exec_primitive(ee_id, "anything", {}, home("vca"))
    for path in ("h2", "h3"):
        await connector.create_execution_environment(".ns.vnf", home(path), reuse_ee_id=ee_id)
    await connector.delete_execution_environment(ee_id)
    await connector.create_execution_environment(".ns.vnf", home("vca"))
    assert await vca.flush() == []
    left = [await shared_store.find(table) for table in ("nsrs", COLLECTION)]
    assert {write.table for write in store.written} == {"nsrs", COLLECTION}
    for write in store.written:
        assert not await shared_store.set(write.table, write.filter, write.update), write
    assert [await shared_store.find(table) for table in ("nsrs", COLLECTION)] == left


async def test_a_late_insert_makes_no_record_again(make_vca: MakeVca) -> None:
    class Late(MemoryStore):
        has_late_writes = True
        held: dict[str, Any] | None = None

        async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
            if self.held is None and table == COLLECTION:
                self.held = dict(document)
                raise StoreError("no answer")
            return await super().ensure(table, document)

    store = Late()
    vca = make_vca(Plain, store=store)
    for _ in range(2):  # the second one takes the place that is kept
        ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
        await vca.connector().delete_execution_environment(ee_id)
        assert await vca.flush() == []
        assert store.held is not None
        assert not await store.ensure(COLLECTION, store.held)
        assert await store.find(COLLECTION, {"model": "ns", "application": ee_id.split(".")[1]}) == []
    await vca.connector().delete_namespace(".ns")
    assert await vca.flush() == []
    assert await store.find(COLLECTION, {"model": "ns"}) == []
