"""Agents that are lost: no delta tells of them, so the controller is asked, and not too often."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from support.juju import client_of, connected, installed, machine, until, write_charm

from vca_core import BackendError
from vca_juju_common.client import presence
from vca_juju_common.client.requests.status import read_status
from vca_juju_common.client.state import State
from vca_juju_common.client.things import (
    STATUS_KINDS,
    Application,
    Machine,
    ModelState,
    Relation,
    Thing,
    Unit,
    Word,
    has_lost_agent,
)
from vca_jujusim.controller import SimulatedController

ASKED = "Client.FullStatus"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits asks soon."""
    monkeypatch.setattr(presence, "SILENCE", 0.1)


@pytest.mark.usefixtures("impatient")
async def test_an_upgrade_of_a_unit_that_is_lost_ends_and_says_so(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_charm(tmp_path / "old", "one")
    write_charm(tmp_path / "new", "one", summary="Another one.")
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "old/one")
        controller.lose_machine("ns1", "0")
        assert await _words(edge) == {
            "application app-vnf-vnf1 active",
            "machine 0 started",
            "unit app-vnf-vnf1/0 active",
        }
        with pytest.raises(BackendError, match="is lost: agent is not communicating|is down: agent is not communi"):
            await edge.upgrade(ee_id, "new/one")
        words = await _words(edge)
        assert words == {"application app-vnf-vnf1 unknown", "machine 0 down", "unit app-vnf-vnf1/0 lost"}
        assert controller.counts.requests[ASKED] == 1


async def _words(edge: object) -> set[str]:
    (one,) = await edge.list_execution_environments()  # type: ignore[attr-defined]
    return {f"{state.entity} {state.native}" for state in one.entities}


@pytest.mark.usefixtures("impatient")
async def test_an_agent_that_is_back_is_not_lost_to_the_next_caller(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "AGAIN", 0.2)
    controller.faults.freeze("unit")
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        controller.lose_machine("ns1", "0")
        with pytest.raises(BackendError, match="machine 0 is down"):
            await edge.install_configuration_sw(ee_id, "simple-router")
        controller.find_machine("ns1", "0")
        controller.thaw()
        await edge.install_configuration_sw(ee_id, "simple-router")


@pytest.mark.usefixtures("impatient")
async def test_all_who_wait_share_one_question(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        controller.faults.freeze("machine")
        making = [asyncio.create_task(machine(edge, f".ns1.vnf{number}")) for number in range(5)]
        await until(lambda: controller.counts.requests[ASKED])
        controller.thaw()
        await asyncio.gather(*making)
        assert controller.counts.requests[ASKED] == 1


async def test_a_listing_asks_for_silent_agents_only(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(controller) as edge:
        await installed(edge)
        await edge.list_execution_environments()
        assert controller.counts.requests[ASKED] == 0  # all were heard of just now
    controller.lose_machine("ns1", "0")
    async with connected(controller) as edge:
        assert "machine 0 down" in await _words(edge)
        asked = controller.counts.requests[ASKED]  # once for presence, once for a description of what says something
        controller.find_machine("ns1", "0")
        assert "machine 0 down" in await _words(edge)
        assert controller.counts.requests[ASKED] == asked <= 2
        monkeypatch.setattr(presence, "AGAIN", 0.0)
        assert "machine 0 started" in await _words(edge)


@pytest.mark.usefixtures("impatient")
async def test_a_listing_just_before_does_not_hide_who_is_lost(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
    controller.faults.freeze("unit")
    async with connected(controller) as edge:
        await edge.list_execution_environments()
        assert controller.counts.requests[ASKED] == 1
        controller.lose_machine("ns1", "0")
        with pytest.raises(BackendError, match="machine 0 is down"):
            await edge.install_configuration_sw(ee_id, "simple-router", total_timeout=10.0)
        assert controller.counts.requests[ASKED] == 2


@pytest.mark.parametrize("message", ["permission denied", "unsupported"])
async def test_a_question_that_is_refused_fails_nothing(controller: SimulatedController, message: str) -> None:
    async with connected(controller) as edge:
        await installed(edge)
    controller.faults.refuse(ASKED, message)
    async with connected(controller) as edge:
        assert "machine 0 started" in await _words(edge)


async def test_a_reading_that_began_before_a_request_is_not_after_it(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        model = client_of(edge)._models["ns1"]
        late = controller.faults.delay("AllWatcher.Next", 0.5, times=1, nth=1)
        rereading = asyncio.create_task(model.reread())
        await until(lambda: late.hits)
        await machine(edge, ".ns1.vnf2")
        await rereading


@pytest.mark.usefixtures("impatient")
async def test_a_silent_agent_is_asked_for_while_others_talk(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await installed(edge, namespace=".ns1.vnf2")
        ee_id = await machine(edge)
        controller.faults.freeze("unit", "app-vnf-vnf1/*")
        controller.lose_machine("ns1", "1")
        talking = asyncio.create_task(_talk(controller))
        with pytest.raises(BackendError, match="machine 1 is down"):
            await edge.install_configuration_sw(ee_id, "simple-router", total_timeout=5.0)
        talking.cancel()


async def _talk(controller: SimulatedController) -> None:
    """Another unit reports something all the time."""
    model = controller.model("ns1")
    unit = model.units["app-vnf-vnf2/0"]
    while True:
        unit.workload.message += "."
        model.note_change("unit", unit.name)
        await asyncio.sleep(0.02)


async def test_a_full_status_reports_what_a_watcher_does(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "AGAIN", 0.0)
    ends = {"provides": {"out": {"interface": "any"}}, "requires": {"into": {"interface": "any"}}}
    write_charm(tmp_path, "one", **ends, peers={"others": {"interface": "same"}})
    async with connected(controller, tmp_path) as edge:
        one = await installed(edge, "one", num_units=2)
        other = await installed(edge, "one", ".ns1.vnf2")
        await edge.add_relation(one, other, "out", "into")
        controller.lose_machine("ns1", "1")
        model = client_of(edge)._models["ns1"]
        await model.check_presence()
        watched, fed = model.state, State()
        number = fed.begin_reading()
        fed.take_status(number, await read_status(model), is_watched=False)
        assert (fed.readings, fed.is_lost("machine", "1", 0)) == (number, True)
        for kind in sorted(STATUS_KINDS):
            assert {id_: _comparable(thing) for id_, thing in fed.table(kind).items()} == {
                id_: _comparable(thing) for id_, thing in watched.table(kind).items()
            }, kind


def _comparable(thing: Thing) -> Thing:
    """What FullStatus reports of a thing, too."""
    match thing:
        case Machine():
            return replace(thing, addresses=tuple((address, "") for address, _ in thing.addresses))
        case Application():  # a watcher reports what the charm sets, and no charm sets one here
            return replace(thing, status=Word())
        case ModelState():
            return replace(thing, owner="")
        case Relation():
            return replace(thing, life="")
        case Unit() if has_lost_agent(thing):  # found out anew with each reading
            return replace(thing, agent_since="")
    return thing


@pytest.mark.usefixtures("impatient")
async def test_a_watcher_that_fell_silent_is_made_anew(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "AGAIN", 0.3)
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        controller.faults.freeze("unit")
        installing = asyncio.create_task(edge.install_configuration_sw(ee_id, "simple-router", total_timeout=20.0))
        await until(lambda: client_of(edge)._models["ns1"].state.units)
        silent = controller.faults.hang("AllWatcher.Next", model="ns1")
        controller.model("ns1").note_change("machine", "0")  # the watcher answers once more, and then never again
        await until(lambda: silent.hits)
        controller.thaw()
        await installing


@pytest.mark.usefixtures("impatient")
async def test_a_watcher_that_talks_is_kept(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.faults.action("touch", "hang")
        watched = controller.counts.requests["Client.WatchAll"]
        running = asyncio.create_task(edge.exec_primitive(ee_id, "touch", {"filename": "/x"}))
        await until(lambda: controller.counts.requests[ASKED])
        await until(lambda: controller.model("ns1").actions)
        controller.thaw()
        await running
        assert controller.counts.requests["Client.WatchAll"] == watched
