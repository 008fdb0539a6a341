"""Primitives: runs of actions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.juju import client_of, connected, installed, proxy_charm, until

from vca_core import BadArguments, ExecutionError, NotFound, VcaTimeoutError
from vca_juju_common import primitives
from vca_juju_common.client import presence, waiting
from vca_jujusim.controller import SimulatedController
from vca_jujusim.world.entities import Status

APP = "app-vnf-vnf1"


@pytest.mark.defect("D36")
async def test_output_is_carried_in_success_and_failure(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.faults.action("touch", "completed", output={"made": "yes"})
        output = await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
        assert isinstance(output, dict)
        assert output["made"] == "yes"
        controller.faults.action("touch", "failed", message="disk full", output={"left": "half"})
        with pytest.raises(ExecutionError, match="primitive touch failed: disk full") as caught:
            await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
        assert caught.value.output["left"] == "half"
        assert caught.value.primitive == "touch"


@pytest.mark.defect("U4")
@pytest.mark.defect("D19")
@pytest.mark.parametrize("outcome", ["cancelled", "aborted", "error"])
async def test_every_way_to_end_is_an_end(controller: SimulatedController, outcome: str) -> None:
    controller.faults.action("touch", outcome)  # type: ignore[arg-type]
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        with pytest.raises(ExecutionError, match=outcome):
            await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})


async def test_what_the_charm_does_not_declare_is_refused(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        with pytest.raises(BadArguments, match="mean 'touch'. There are: add-route, show-routes, touch"):
            await edge.exec_primitive(ee_id, "tuch")
        with pytest.raises(BadArguments, match="filename"):
            await edge.exec_primitive(ee_id, "touch")
        assert controller.counts.requests["Action.EnqueueOperation"] == 0
        # Juju 3 takes further parameters, unless the action's schema forbids them.
        await edge.exec_primitive(ee_id, "touch", {"filename": "/x", "file": "/x"})


async def test_a_fresh_process_asks_once_what_the_charm_declares(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
    async with connected(controller) as edge:
        for _ in range(3):
            await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
        with pytest.raises(BadArguments, match="filename"):
            await edge.exec_primitive(ee_id, "touch")
    assert controller.counts.requests["Action.ApplicationsCharmsActions"] == 1


async def test_the_leader_runs_it_unless_a_unit_is_named(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge, num_units=2)
        output = await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
        assert isinstance(output, dict)
        assert output["unit"] == f"{APP}/0"
        output = await edge.exec_primitive(ee_id, "touch", {"filename": "/x"}, unit=f"{APP}/1")
        assert isinstance(output, dict)
        assert output["unit"] == f"{APP}/1"
        with pytest.raises(NotFound, match=f"There are: {APP}/0, {APP}/1"):
            await edge.exec_primitive(ee_id, "touch", {"filename": "/x"}, unit=f"{APP}/7")


@pytest.mark.defect("D52")
async def test_a_leader_that_is_not_there_yet_is_waited_for(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(primitives, "LEADER_PAUSE", 0.05)
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.faults.refuse(
            "Action.EnqueueOperation", f'could not determine leader for "{APP}"', "not found", times=2
        )
        await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})


async def test_an_action_is_cancelled_with_its_caller(controller: SimulatedController) -> None:
    controller.faults.action("touch", "hang")
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        running = asyncio.create_task(edge.exec_primitive(ee_id, "touch", {"filename": "/x"}))
        actions = controller.model("ns1").actions
        await until(lambda: [one for one in actions.values() if one.status == "running"])
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await until(lambda: {one.status for one in actions.values()} <= {"aborted", "cancelled"})


async def test_an_action_that_hangs_is_cancelled_at_the_deadline(controller: SimulatedController) -> None:
    controller.faults.action("touch", "hang")
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        with pytest.raises(VcaTimeoutError, match="last seen: action"):
            await edge.exec_primitive(ee_id, "touch", {"filename": "/x"}, total_timeout=0.5)
        assert controller.counts.requests["Action.Cancel"] == 1


async def test_an_action_whose_request_is_cancelled_is_cancelled_too(controller: SimulatedController) -> None:
    controller.faults.delay("Action.EnqueueOperation", 0.3)
    controller.faults.freeze("action")
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        running = asyncio.create_task(edge.exec_primitive(ee_id, "touch", {"filename": "/x"}))
        await until(lambda: controller.counts.requests["Action.EnqueueOperation"])
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert controller.counts.requests["Action.Cancel"] == 1


async def test_the_unit_that_goes_away_cancels_its_action(controller: SimulatedController) -> None:
    controller.faults.action("touch", "hang")
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        running = asyncio.create_task(edge.exec_primitive(ee_id, "touch", {"filename": "/x"}))
        await until(lambda: [one for one in controller.model("ns1").actions.values() if one.status == "running"])
        controller.remove_application("ns1", APP)
        with pytest.raises((ExecutionError, NotFound)):
            await running


async def test_the_ssh_key_of_a_proxy_charm_is_a_text(controller: SimulatedController, tmp_path: Path) -> None:
    proxy_charm(tmp_path)
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "proxy")
        key = await edge.get_ee_ssh_public_key(ee_id)
        assert key.startswith("ssh-")
        assert await edge.get_ee_ssh_public_key(ee_id) == key


async def test_deltas_that_come_twice_or_late_do_no_harm(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "STALE", 0.5)  # an old one may be the last one: the state is read anew then
    controller.faults.deltas.duplicate.times = None
    controller.faults.deltas.late.times = None
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
        await edge.delete_execution_environment(ee_id)
        await edge.delete_namespace(".ns1")


async def test_a_run_lost_from_the_state_is_asked_for_once(controller: SimulatedController) -> None:
    controller.faults.action("touch", "hang")
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        running = asyncio.create_task(edge.exec_primitive(ee_id, "touch", {"filename": "/x"}))
        model = client_of(edge)._models["ns1"]
        await until(lambda: [run.status for run in model.state.actions.values()] == ["running"])
        (action,) = model.state.actions
        await model.reread()
        del model.state.actions[action]
        model.state.removed.add(("action", action))
        model._waits.wake()
        await until(lambda: controller.counts.requests["Action.Actions"])
        for _ in range(30):
            await edge.health()
        assert controller.counts.requests["Action.Actions"] <= 2
        controller.thaw()
        await running


async def test_a_primitive_on_a_lost_machine_ends_with_that_word(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "SILENCE", 0.1)
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.lose_machine("ns1", "0")
        with pytest.raises(VcaTimeoutError, match="; machine 0 is down: agent is not communicating"):
            await edge.exec_primitive(ee_id, "touch", {"filename": "/x"}, total_timeout=1.5)


async def test_agents_are_asked_for_while_a_wait_begins_again(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "SILENCE", 0.8)
    monkeypatch.setattr(primitives, "LEADER_PAUSE", 0.1)  # each wait is shorter than what makes one ask
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.lose_machine("ns1", "0")
        controller.faults.refuse("Action.EnqueueOperation", 'could not determine leader for "app-vnf-vnf1"', times=None)
        with pytest.raises(VcaTimeoutError, match="; machine 0 is down: agent is not communicating"):
            await edge.exec_primitive(ee_id, "touch", {"filename": "/x"}, total_timeout=5)


async def test_a_primitive_of_an_agent_that_failed_ends_with_its_words(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.faults.action("touch", "hang")
        unit = controller.model("ns1").units["app-vnf-vnf1/0"]
        unit.agent = Status("failed", "cannot download charm")
        controller.model("ns1").note_change("unit", unit.name)
        with pytest.raises(VcaTimeoutError, match="the agent of unit .* has failed: cannot download charm"):
            await edge.exec_primitive(ee_id, "touch", {"filename": "/x"}, total_timeout=1)


async def test_a_run_whose_end_no_delta_tells_is_asked_for(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(primitives, "UNHEARD", 0.2)
    controller.faults.action("touch", "hang")
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        running = asyncio.create_task(edge.exec_primitive(ee_id, "touch", {"filename": "/x"}))
        model = client_of(edge)._models["ns1"]
        await until(lambda: [run.status for run in model.state.actions.values()] == ["running"])
        rule = controller.faults.hang("AllWatcher.Next")
        controller.model("ns1").note_change("machine", "0")  # the watcher answers once more, and then never again
        await until(lambda: rule.hits)
        controller.thaw()
        await running
