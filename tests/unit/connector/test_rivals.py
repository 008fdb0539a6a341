"""Two processes at once on one EE, and a store that is late for one of them: none undoes what the other has written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest
from support.backends import MACHINE, Plain
from support.making import MakeVca
from support.stores import View

from vca_core._tracking.place import COLLECTION
from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.errors import AlreadyExists, BackendError, BadArguments, StoreError, VcaError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState
from vca_core.stores import MemoryStore
from vca_core.vca import Vca

HOME = {"collection": "nsrs", "filter": {"_id": "ns", "kind": "ns"}, "path": "vca"}
OTHER = {"collection": "nsrs", "filter": {"_id": "op"}, "path": "vca"}
LONG = 60.0
SHORT = {"store_grace": 0.1}


class System(Plain):
    """Its system is the same for all processes of a test; it tells all that are connected of what changes."""

    there: ClassVar[dict[tuple[str, str], Namespace]]
    connected: ClassVar[list[System]]
    gates: ClassVar[dict[str, asyncio.Event]]
    entered: ClassVar[asyncio.Event]

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.ees = self.there

    async def _pass(self, what: str) -> None:
        if what in self.gates:
            self.entered.set()
            await self.gates[what].wait()

    @hookimpl
    async def open(self) -> None:
        self.connected.append(self)

    @hookimpl
    async def close(self) -> None:
        self.connected.remove(self)

    @hookimpl
    async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
        key = self.host.names.model(namespace), self.host.names.application(namespace)
        if key in self.there:
            raise AlreadyExists("it is there", ee_id=f"{key[0]}.{key[1]}.0")
        self.there[key] = namespace
        await self._pass("create")
        self.there[key] = namespace
        await op.created("0")
        op.report(MACHINE, "started")
        return "10.0.0.1"

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        await self._pass(primitive)
        if primitive == "fails":
            raise BackendError("it failed")
        if primitive == "unknown":
            raise BadArguments("there is no such primitive")
        return {}

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        self.there.pop((ee_id.model, ee_id.application), None)

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        for key in list(self.there):
            del self.there[key]
            for backend in self.connected:
                backend.host.report(EeId(*key, "0"), MACHINE, None)
        await self._pass("delete")

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        return [
            ExecutionEnvironment(EeId(*key, "0"), kept, None, [EntityState(MACHINE, "started")])
            for key, kept in self.there.items()
        ]


@pytest.fixture
def system() -> type[System]:
    return type("OneSystem", (System,), {"there": {}, "connected": [], "gates": {}, "entered": asyncio.Event()})


@pytest.fixture
async def whole() -> MemoryStore:
    store = MemoryStore()
    await store.ensure("nsrs", {"_id": "ns", "kind": "ns"})
    await store.ensure("nsrs", {"_id": "op"})
    return store


async def home_of(store: MemoryStore) -> dict[str, Any]:
    document = await store.get("nsrs", {"_id": "ns"})
    assert document is not None
    home: dict[str, Any] = document["vca"]
    return home


async def record_of(store: MemoryStore) -> dict[str, Any]:
    [record] = [one for one in await store.find(COLLECTION) if "application" in one]
    return record


def backend_of(vca: Vca) -> Any:
    return vca.connector()._engine.session.backend


async def create(vca: Vca) -> str:
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    await vca.flush(LONG)
    return ee_id


@pytest.mark.parametrize("home", [None, HOME, OTHER])
async def test_the_loser_of_two_creates_leaves_the_winner_alone(
    make_vca: MakeVca, whole: MemoryStore, system: type[System], home: dict[str, Any] | None
) -> None:
    first, second = make_vca(system, store=whole), make_vca(system, store=whole)
    gate = system.gates["create"] = asyncio.Event()
    winning = asyncio.create_task(first.connector().create_execution_environment(".ns.vnf", HOME))
    await system.entered.wait()
    with pytest.raises(AlreadyExists):
        await second.connector().create_execution_environment(".ns.vnf", home)
    await second.flush(LONG)
    assert (await home_of(whole))["status"] == "running"
    gate.set()
    ee_id, _ = await winning
    record = await record_of(whole)
    assert (record["has_failed"], record["ee_id"]) == (False, ee_id)
    backend_of(first).host.report(EeId.parse(ee_id), MACHINE, "down", "agent lost")
    await first.flush(LONG)
    assert (await home_of(whole))["detailed-status"] == "agent lost", "the winner has it"


async def test_a_take_over_that_comes_late_clears_no_failure(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    view = View(whole)
    first, second = make_vca(system, store=view, timeouts=SHORT), make_vca(system, store=whole)
    ee_id = await create(first)
    await second.connector().exec_primitive(ee_id, "p")
    view.writes_fail = True
    await first.connector().exec_primitive(ee_id, "p")
    with pytest.raises(BackendError):
        await second.connector().exec_primitive(ee_id, "fails", db_dict=HOME)
    failed = await home_of(whole)
    view.writes_fail = False
    await first.flush(LONG)
    assert await home_of(whole) == failed
    assert (await record_of(whole))["has_failed"]


async def test_an_ee_is_taken_over_before_the_backend_is_asked(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    view = View(whole)
    first, second = make_vca(system, store=whole), make_vca(system, store=view)
    ee_id = await create(first)
    before = (await record_of(whole))["owner"]
    view.gate = gate = asyncio.Event()
    executing = asyncio.create_task(second.connector().exec_primitive(ee_id, "p"))
    await asyncio.wait({executing}, timeout=0.2)
    assert not executing.done(), "the first would not know that what it knows is out of date"
    gate.set()
    await executing
    assert (await record_of(whole))["owner"] != before


async def test_a_change_waiting_for_the_store_holds_up_no_operation(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    view = View(whole)
    first, second = make_vca(system, store=whole), make_vca(system, store=view, timeouts={**SHORT, "total": LONG})
    ee_id = await create(first)
    view.writes_fail = True
    assert await second.connector().exec_primitive(ee_id, "p", db_dict=OTHER) == {}
    view.writes_fail = False


async def test_a_namespace_delete_spares_what_is_created_meanwhile(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    first, second = make_vca(system, store=whole), make_vca(system, store=whole)
    creating_may_go_on = system.gates["create"] = asyncio.Event()
    creating = asyncio.create_task(first.connector().create_execution_environment(".ns.vnf", HOME))
    await system.entered.wait()
    system.entered.clear()
    deleting_may_end = system.gates["delete"] = asyncio.Event()
    deleting = asyncio.create_task(second.connector().delete_namespace(".ns"))
    await system.entered.wait()
    creating_may_go_on.set()
    ee_id, _ = await creating
    deleting_may_end.set()
    await deleting
    await second.flush(LONG)
    assert (await record_of(whole))["ee_id"] == ee_id
    assert (await home_of(whole))["VCA-status"] == "started"


async def test_a_refresh_that_comes_late_leaves_a_failure(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    view = View(whole)
    first, second = make_vca(system, store=whole), make_vca(system, store=view, timeouts=SHORT)
    ee_id = await create(first)
    backend_of(first).host.report(EeId.parse(ee_id), MACHINE, "pending")
    await first.flush(LONG)
    view.writes_fail = True
    with pytest.raises(StoreError, match="was not stored within"):
        await second.connector().refresh_status(ee_id)
    with pytest.raises(BackendError):
        await first.connector().exec_primitive(ee_id, "fails", db_dict=HOME)
    failed = await home_of(whole)
    view.writes_fail = False
    await second.flush(LONG)
    assert await home_of(whole) == failed


@pytest.mark.parametrize("away", [("writes_fail",), ("reads_fail", "writes_fail")], ids=["late", "away-at-the-start"])
async def test_who_has_not_seen_the_home_passes_nothing_later(
    make_vca: MakeVca, whole: MemoryStore, system: type[System], away: tuple[str, ...]
) -> None:
    view = View(whole)
    first, second = make_vca(system, store=whole), make_vca(system, store=view, timeouts=SHORT)
    ee_id = await create(first)
    for fault in away:
        setattr(view, fault, True)
    await second.connector().exec_primitive(ee_id, "p", db_dict=HOME)
    with pytest.raises(BackendError):
        await first.connector().exec_primitive(ee_id, "fails", db_dict=HOME)
    failed = await home_of(whole)
    view.reads_fail = view.writes_fail = False
    await second.flush(LONG)
    assert await home_of(whole) == failed


async def test_a_deleted_namespace_does_not_flicker_for_others(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    words: list[str] = []

    def tell(table: str, filter: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        words.append(update[f"{path}status"])

    first, second = make_vca(system, store=whole, on_update_db=tell), make_vca(system, store=whole)
    await create(first)
    await second.connector().delete_namespace(".ns")
    await first.flush(LONG)
    assert "unknown" not in words
    assert (await home_of(whole))["VCA-status"] == "deleted"


async def test_a_refused_operation_gives_the_ee_back(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    first, second = make_vca(system, store=whole), make_vca(system, store=whole)
    ee_id = await create(first)
    before = {**await record_of(whole), "revision": None}
    with pytest.raises(BadArguments):
        await second.connector().exec_primitive(ee_id, "unknown")
    await second.disconnect()
    assert {**await record_of(whole), "revision": None} == before
    backend_of(first).host.report(EeId.parse(ee_id), MACHINE, "down", "agent lost")
    await first.flush(LONG)
    assert (await home_of(whole))["detailed-status"] == "agent lost"


@pytest.mark.parametrize("how", ["delete_execution_environment", "exec_primitive"])
async def test_an_outdated_id_writes_nothing_at_its_home(
    make_vca: MakeVca, whole: MemoryStore, system: type[System], how: str
) -> None:
    vca = make_vca(system, store=whole)
    ee_id = await create(vca)
    before = await home_of(whole)
    connector, stale = vca.connector(), f"{ee_id}7"
    turned = {**HOME, "filter": dict(reversed(list(HOME["filter"].items())))}  # type: ignore[attr-defined]
    for place in (HOME, turned):
        if how == "exec_primitive":
            with pytest.raises(BackendError):
                await connector.exec_primitive(stale, "fails", db_dict=place)
        else:
            system.there, kept = {}, system.there
            await connector.delete_execution_environment(stale, place)
            system.there = kept
    await vca.flush(LONG)
    assert await home_of(whole) == before


@pytest.mark.parametrize("error", [KeyError("no"), asyncio.CancelledError(), BackendError("no")])
async def test_a_listing_that_fails_fails_no_operation(
    make_vca: MakeVca, whole: MemoryStore, system: type[System], error: BaseException
) -> None:
    class Unlisted(system):  # type: ignore[misc,valid-type]  # a class made by the fixture
        @hookimpl
        async def list_execution_environments(self) -> Sequence[ExecutionEnvironment]:
            raise error

    first, second = make_vca(system, store=whole), make_vca(Unlisted, store=whole)
    ee_id = await create(first)
    assert await second.connector().exec_primitive(ee_id, "p") == {}


async def test_a_listing_replaces_nothing_that_was_reported_since(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    unit = Entity("unit", "app/0")

    class Slow(system):  # type: ignore[misc,valid-type]  # a class made by the fixture
        @hookimpl
        async def list_execution_environments(self) -> Sequence[ExecutionEnvironment]:
            model, application = next(iter(self.there))
            ee_id = EeId(model, application, "0")
            self.host.report(ee_id, unit, "active", "it came up meanwhile")
            return [ExecutionEnvironment(ee_id, None, None, [EntityState(unit, "error")])]

    first, second = make_vca(system, store=whole), make_vca(Slow, store=whole)
    ee_id = await create(first)
    await second.connector().exec_primitive(ee_id, "p")
    await second.flush(LONG)
    assert (await home_of(whole))["detailed-status"] == "it came up meanwhile"


async def test_a_cancellation_of_the_stores_own_is_no_cancellation(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    class Cancels(View):
        async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
            if self.reads_fail:
                raise asyncio.CancelledError
            return await super().get(table, filter)

    view = Cancels(whole)
    vca = make_vca(system, store=view, timeouts=SHORT)
    ee_id = await create(vca)
    view.reads_fail = True
    assert await vca.connector().exec_primitive(ee_id, "p") == {}
    view.reads_fail = False


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("secret_names", 5),
        ("secret_names", [[1]]),
        ("application", [1]),
        ("model", None),
        ("generation", {}),
        ("owner", [1]),
        ("home", {"table": "nsrs", "filter": [{"path": "_id", "value": "ns"}], "path": 5}),
        ("home", {"table": "nsrs", "filter": [{"path": "_id", "value": []}], "path": "vca"}),
    ],
)
async def test_a_damaged_record_is_reported_for_good(
    make_vca: MakeVca, whole: MemoryStore, system: type[System], field: str, value: Any
) -> None:
    first, second = make_vca(system, store=whole), make_vca(system, store=whole)
    ee_id = await create(first)
    await whole.set(COLLECTION, {"ee_id": ee_id}, {field: value})
    for vca in (first, second):
        assert await vca.connector().exec_primitive(ee_id, "p") == {}
        with pytest.raises(VcaError) as caught:
            await vca.connector().create_execution_environment(".ns.vnf", OTHER)
        assert isinstance(caught.value, StoreError)
        assert not caught.value.retryable
        assert (await vca.disconnect()).is_clean


async def test_what_flush_gave_disconnect_gives_too(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    view = View(whole)
    vca = make_vca(system, store=view, timeouts=SHORT)
    ee_id = await create(vca)
    view.writes_fail = True
    await vca.connector().exec_primitive(ee_id, "p", db_dict=OTHER)
    assert [lost.path.path for lost in await vca.flush(0.0)] == ["vca"]
    assert [lost.path.path for lost in (await vca.disconnect()).unwritten] == ["vca"]


@pytest.mark.parametrize("part", ["collection", "path", "filter", "key"])
async def test_a_number_that_cannot_be_shown_is_a_bad_argument(
    make_vca: MakeVca, system: type[System], part: str
) -> None:
    huge: Any = 10**5000
    given: dict[Any, Any] = {**OTHER}
    if part == "filter":
        given["filter"] = {huge: 1}
    else:
        given[huge if part == "key" else part] = huge
    with pytest.raises(BadArguments):
        await make_vca(system).connector().create_execution_environment(".ns.vnf", given)


async def test_a_damaged_record_goes_with_its_namespace_and_not_before(
    make_vca: MakeVca, whole: MemoryStore, system: type[System]
) -> None:
    vca = make_vca(system, store=whole)
    ee_id = await create(vca)
    await whole.set(COLLECTION, {"ee_id": ee_id}, {"secret_names": 5})
    await vca.connector().delete_namespace(".ns")
    await vca.flush(LONG)
    assert await whole.find(COLLECTION) == []
