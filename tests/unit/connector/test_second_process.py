"""Two `Vca` on one store and one system: each writes what it knows, where it may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from support.making import MakeVca
from support.shared_system import NEXT, OTHER, UNIT, System, at_home, on, prepare

from vca_core.backend import Operation
from vca_core.errors import NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_core.stores import MemoryStore


@pytest.fixture
def system() -> System:
    return System()


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
