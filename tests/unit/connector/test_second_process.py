"""Two `Vca` on one store and one system: each writes what it knows, where it may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from support.backends import MACHINE, Plain
from support.making import MakeVca

from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.errors import NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState
from vca_core.stores import MemoryStore
from vca_core.vca import Vca

HOME = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}
OTHER = {"collection": "nsrs", "filter": {"_id": "op"}, "path": "vca"}
UNIT, NEXT = Entity("unit", "app/0"), Entity("unit", "app/1")


class System:
    """What there is, whichever process looks. It tells all that are connected of what changes, and of nothing else."""

    def __init__(self) -> None:
        self.states: dict[EeId, dict[Entity, str]] = {}
        self.connected: list[Plain] = []

    def put(self, ee_id: EeId, entity: Entity, native: str | None) -> None:
        if native is None:
            self.states[ee_id].pop(entity)
        else:
            self.states[ee_id][entity] = native
        for backend in self.connected:
            backend.host.report(ee_id, entity, native)


@pytest.fixture
def system() -> System:
    return System()


def on(system: System) -> type[Plain]:
    """A backend on a system. The parameters of its primitives say what becomes of units: ``{"app/0": "active"}``."""

    class Connected(Plain):
        @hookimpl
        async def open(self) -> None:
            system.connected.append(self)

        @hookimpl
        async def close(self) -> None:
            system.connected.remove(self)

        @hookimpl
        async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
            ee_id = EeId(self.host.names.model(namespace), self.host.names.application(namespace), "0")
            system.states.setdefault(ee_id, {})
            await op.created("0")
            system.put(ee_id, MACHINE, "started")
            return "10.0.0.1"

        @hookimpl
        async def resume_execution_environment(self, op: Operation, ee_id: EeId) -> str:
            if ee_id not in system.states:
                raise NotFound(f"{ee_id} is gone")
            await op.created(ee_id.locator)
            system.put(ee_id, MACHINE, "started")
            return "10.0.0.1"

        @hookimpl
        async def exec_primitive(
            self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
        ) -> dict[str, Any]:
            for name, native in params.items():
                system.put(ee_id, Entity("unit", name), native)
            return {}

        @hookimpl
        async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
            system.put(ee_id, Entity("unit", f"app/{num_units - 1}"), "active")

        @hookimpl
        async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
            for entity in list(system.states[ee_id]):
                system.put(ee_id, entity, None)
            await self.get_status(Namespace.parse(".ns"))  # time for others to write
            del system.states[ee_id]

        @hookimpl
        async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
            return [
                ExecutionEnvironment(ee_id, None, None, [EntityState(*state) for state in states.items()])
                for ee_id, states in system.states.items()
            ]

    return Connected


async def prepare(vca: Vca) -> str:
    """An EE with a unit that is active and one that has failed."""
    for name in ("ns", "op"):
        await vca.store.ensure("nsrs", {"_id": name})
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    await vca.connector().exec_primitive(ee_id, "p", {UNIT.id: "active", NEXT.id: "error"})
    return ee_id


async def at_home(*all_of: Vca) -> dict[str, Any]:
    for vca in all_of:
        await vca.flush(1.0)
    document = await all_of[0].store.get("nsrs", {"_id": "ns"})
    assert document is not None
    home: dict[str, Any] = document["vca"]
    return home


async def test_what_changes_is_not_taken_for_all_there_is(make_vca: MakeVca, system: System) -> None:
    store = MemoryStore()
    async with make_vca(on(system), store=store) as first:
        ee_id = await prepare(first)
        assert (await at_home(first))["VCA-status"] == "error"
    second = make_vca(on(system), store=store)
    await second.connector().exec_primitive(ee_id, "p", {UNIT.id: "maintenance"}, OTHER)
    await second.connector().exec_primitive(ee_id, "p", {UNIT.id: "active"}, OTHER)
    assert (await at_home(second))["VCA-status"] == "error", "the other unit has not changed"


async def test_the_outcome_of_a_scale_is_that_of_all_units(make_vca: MakeVca, system: System) -> None:
    store = MemoryStore()
    async with make_vca(on(system), store=store) as first:
        ee_id = await prepare(first)
    second = make_vca(on(system), store=store)
    await second.connector().scale(ee_id, 3)
    assert (await at_home(second))["VCA-status"] == "error"


async def test_what_another_process_changed_is_seen_before_operating(make_vca: MakeVca, system: System) -> None:
    store = MemoryStore()
    first, second = (make_vca(on(system), store=store) for _ in range(2))
    ee_id = await prepare(first)
    await second.connector().exec_primitive(ee_id, "p", {NEXT.id: "active"})
    assert (await at_home(first, second))["VCA-status"] == "active"
    system.states[EeId.parse(ee_id)][NEXT] = "error"  # nobody hears of this one
    await first.connector().exec_primitive(ee_id, "p")
    assert (await at_home(first, second))["VCA-status"] == "error"


async def test_what_changed_while_disconnected_is_in_the_next_outcome(make_vca: MakeVca, system: System) -> None:
    vca = make_vca(on(system))
    ee_id = await prepare(vca)
    await vca.connector().exec_primitive(ee_id, "p", {NEXT.id: "active"})
    await vca.disconnect()
    system.put(EeId.parse(ee_id), NEXT, "error")
    await vca.connector().scale(ee_id, 3)
    assert (await at_home(vca))["VCA-status"] == "error"


async def test_entities_that_come_one_by_one_are_no_news(make_vca: MakeVca, system: System) -> None:
    class TellsAll(on(system)):  # type: ignore[misc]  # a class of its own for each test
        @hookimpl
        async def exec_primitive(self, op: Operation, ee_id: EeId) -> dict[str, Any]:
            for entity, native in system.states[ee_id].items():
                self.host.report(ee_id, entity, native)
            return {}

    store = MemoryStore()
    async with make_vca(on(system), store=store) as first:
        ee_id = await prepare(first)
        before = await at_home(first)
    second = make_vca(TellsAll, store=store)
    await second.connector().exec_primitive(ee_id, "p", None, OTHER)
    assert await at_home(second) == before


async def test_who_looks_on_keeps_what_it_sees_to_itself(make_vca: MakeVca, system: System) -> None:
    written: list[Mapping[str, Any]] = []
    store = MemoryStore()
    first = make_vca(on(system), store=store, on_update_db=lambda *update: written.append(update[-1]))
    ee_id = await prepare(first)
    second = make_vca(on(system), store=store)
    await second.connector().exec_primitive(ee_id, "p", {}, OTHER)
    await at_home(first, second)
    written.clear()
    system.put(EeId.parse(ee_id), NEXT, "blocked")
    assert (await at_home(first, second))["VCA-status"] == "blocked"
    await second.connector().delete_execution_environment(ee_id, OTHER)
    assert (await at_home(first, second))["VCA-status"] == "deleted"
    assert written == []


@pytest.mark.parametrize("home", [None, OTHER])
async def test_a_reuse_of_an_ee_that_is_gone_spares_the_present_one(
    make_vca: MakeVca, system: System, home: dict[str, Any] | None
) -> None:
    vca = make_vca(on(system))
    ee_id = await prepare(vca)
    before = await at_home(vca)
    with pytest.raises(NotFound):
        await vca.connector().create_execution_environment(".ns.vnf", home, reuse_ee_id=f"{ee_id}9")
    assert await at_home(vca) == before
    system.put(EeId.parse(ee_id), NEXT, "blocked")
    assert (await at_home(vca))["VCA-status"] == "blocked", "its home is where it was"
