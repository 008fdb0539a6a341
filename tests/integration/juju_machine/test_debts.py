"""What could not be undone at once is undone later, and nothing of anybody else's with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from support.juju import client_of, config_for, connected, installed, machine, until

from vca_core import Connector, Vca
from vca_core.cli import doctor
from vca_core.errors import BackendError, VcaConnectionError, VcaTimeoutError
from vca_juju_common import finishing
from vca_jujusim.controller import SimulatedController
from vca_jujusim.raw import RawClient


async def added_by_others(controller: SimulatedController) -> str:
    """What an operator does: juju add-machine."""
    async with RawClient(controller, controller.model("ns1").record.uuid) as raw:
        await raw.login()
        made = await raw.call("MachineManager.AddMachines", params=[{"jobs": ["JobHostUnits"]}])
    return str(made["machines"][0]["machine"])


async def test_a_late_machine_beside_its_replacement_stays_listed(
    controller: SimulatedController, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(controller, request_timeout=0.3) as edge:
        await machine(edge)
        controller.stall()
        assert await machine(edge, ".ns1.vnf2") == "ns1.app-vnf-vnf2.1"
        machines = controller.model("ns1").machines
        controller.resume()
        await until(lambda: "2" in machines)
        await until(lambda: "machine 2 of model ns1" in caplog.text)
        assert (await edge.health())["unclaimed_machines"] == ["ns1:2"]
        await machine(edge, ".ns1.vnf3")
        assert list(machines) == ["0", "1", "2", "3"]


async def test_machines_of_others_are_neither_taken_nor_destroyed(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        rule = controller.faults.drop("MachineManager.AddMachines", "before")
        making = asyncio.create_task(machine(edge, ".ns1.vnf2"))
        await until(lambda: rule.hits)
        theirs = await added_by_others(controller)
        assert (await making).rpartition(".")[2] != theirs
        await installed(edge, namespace=".ns1.vnf3")
        assert list(controller.model("ns1").machines) == ["0", "1", "2", "3"]


async def test_what_others_claim_is_no_longer_reported(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        controller.faults.drop("MachineManager.AddMachines", "after")
        assert await machine(edge, ".ns1.vnf2") == "ns1.app-vnf-vnf2.2"
        assert (await edge.health())["unclaimed_machines"] == ["ns1:1"]
        async with RawClient(controller, controller.model("ns1").record.uuid) as raw:
            await raw.login()
            await raw.call("Annotations.Set", annotations=[{"entity": "machine-1", "annotations": {"theirs": "yes"}}])
        model = client_of(edge)._models["ns1"]
        await until(lambda: "theirs" in model.state.notes("machine-1"))
        assert (await edge.health())["unclaimed_machines"] == []


async def test_in_a_model_of_its_own_an_operation_takes_what_came(controller: SimulatedController) -> None:
    controller.faults.drop("MachineManager.AddMachines", "after")
    async with connected(controller) as edge:
        assert await machine(edge) == "ns1.app-vnf-vnf1.0"
        assert list(controller.model("ns1").machines) == ["0"]
        assert (await edge.health())["unclaimed_machines"] == []


async def test_what_comes_when_a_doubt_is_over_is_somebody_elses(controller: SimulatedController) -> None:
    asked: list[object] = []
    async with connected(controller) as edge:
        await machine(edge)
        model = client_of(edge)._models["ns1"]
        model.debts.doubt(asked.append, until=asyncio.get_running_loop().time())  # finds nothing
        other = await added_by_others(controller)
        await until(lambda: other in model.state.machines)
        assert (asked, bool(model.debts)) == ([], False)


async def fails_for_good(controller: SimulatedController, edge: Connector) -> None:
    """A create fails: its machine is made, and nobody learns of it."""
    rule = controller.faults.hang("MachineManager.AddMachines", "after")
    making = asyncio.create_task(machine(edge, ".ns1.vnf2"))
    await until(lambda: rule.hits)
    await controller.go_down()
    with pytest.raises(VcaConnectionError):
        await making


async def test_the_doctor_of_another_process_tells_what_nobody_claims(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await installed(edge)
        await installed(edge, namespace=".ns2.vnf1", num_units=2)
    assert await added_by_others(controller) == "1"
    async with Vca.from_config(config_for(controller), environ={}) as vca:
        (finding,) = [one async for one in doctor._connectors(vca)]
    assert finding.ok
    assert finding.detail.endswith(", unclaimed machines ns1:1")


async def test_a_machine_nobody_heard_of_is_reported_after_an_outage(controller: SimulatedController) -> None:
    async with connected(controller, outage_timeout=0.2) as edge:
        await machine(edge)
        await fails_for_good(controller, edge)
        with pytest.raises(VcaConnectionError):
            await edge.get_status(".ns1")  # a failure in between forgets nothing
        machines = controller.model("ns1").machines
        assert list(machines) == ["0", "1"]
        await controller.come_back()
        await until(lambda: client_of(edge).unclaimed_machines())
        assert await added_by_others(controller) == "2"
        await machine(edge, ".ns1.vnf3")
        assert list(machines) == ["0", "1", "2", "3"]
        assert (await edge.health())["unclaimed_machines"] == ["ns1:1", "ns1:2"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancelled operation waits for no answer."""
    monkeypatch.setattr(finishing, "LIMIT", 0.01)


@pytest.mark.usefixtures("impatient")
async def test_a_machine_answered_after_its_create_ended_is_destroyed(
    controller: SimulatedController,
) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        controller.faults.delay("MachineManager.AddMachines", 0.3, times=1)
        making = asyncio.create_task(machine(edge, ".ns1.vnf2"))
        machines = controller.model("ns1").machines
        await until(lambda: controller.counts.requests["MachineManager.AddMachines"] == 2)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert await machine(edge, ".ns1.vnf3") == "ns1.app-vnf-vnf3.2"  # in spite of it
        await until(lambda: list(machines) == ["0", "2"])


@pytest.mark.usefixtures("impatient")
async def test_a_primitive_answered_after_its_caller_left_is_cancelled(
    controller: SimulatedController,
) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.faults.action(outcome="hang")
        controller.faults.delay("Action.EnqueueOperation", 0.3, times=1)
        running = asyncio.create_task(edge.exec_primitive(ee_id, "show-routes", {"table": "main"}))
        await until(lambda: controller.counts.requests["Action.EnqueueOperation"])
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await until(lambda: [one.status for one in controller.model("ns1").actions.values()] == ["aborted"])


async def test_nothing_is_kept_of_what_is_gone(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        for _ in range(3):
            await edge.delete_execution_environment(await machine(edge))
        model = client_of(edge)._models["ns1"]
        await model.reread()
        assert model.debts.claimed == set()
        await edge.delete_namespace(".ns1")
        assert await edge.list_execution_environments(".ns2") == []
        assert (dict(client_of(edge)._opening), client_of(edge)._debts) == ({}, {})


async def test_after_a_doubtful_request_the_state_is_read_anew(
    controller: SimulatedController,
) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        juju = client_of(edge)
        controller.faults.delay("AllWatcher.Stop", 0.1, times=1)
        model = juju._models["ns1"]
        readings, model.unsure = model.state.readings, True

        async def seen() -> int:
            async with juju.use("ns1", reads=True) as used:
                return used.state.readings

        assert set(await asyncio.gather(seen(), seen(), seen())) == {readings + 1}


async def test_a_connection_that_ends_leaves_nobody_waiting_for_deltas(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        model = client_of(edge)._models["ns1"]
        for _ in range(5):
            readings = model.state.readings
            controller.model("ns1").note_change("machine", "0")
            controller.cut("ns1")
            await until(lambda readings=readings: model.state.readings > readings)  # type: ignore[misc]
        await until(lambda: len(model._tasks) == 1)


Work = Callable[[Connector, str, str], Awaitable[object]]
"""Takes the connector, an EE without a charm and one with one."""


@pytest.mark.parametrize(
    ("request_cut", "made", "work"),
    [
        ("Annotations.Set", "2", lambda edge, *_: edge.create_execution_environment(".ns1.vnf3", total_timeout=1.0)),
        (
            "Application.Deploy",
            "2",
            lambda edge, bare, _: edge.install_configuration_sw(bare, "simple-router", num_units=2, total_timeout=1.0),
        ),
        ("Application.AddUnits", "2, 3", lambda edge, _, ee_id: edge.scale(ee_id, 3, total_timeout=1.0)),
    ],
)
async def test_what_an_outage_leaves_undone_ends_nothing_late(
    controller: SimulatedController, caplog: pytest.LogCaptureFixture, request_cut: str, made: str, work: Work
) -> None:
    config = config_for(controller)
    config["timeouts"]["cleanup"] = 8.0
    async with Vca.from_config(config, environ={}) as vca:
        edge = vca.connector("edge")
        bare, ee_id = await machine(edge), await installed(edge, namespace=".ns1.vnf2")
        rule = controller.faults.drop(request_cut, "before", times=None)
        working = asyncio.ensure_future(work(edge, bare, ee_id))
        await until(lambda: rule.hits)
        await controller.go_down()
        with pytest.raises(VcaTimeoutError):
            await working
        assert "did not end within" not in caplog.text
        assert f"machines {made} of model ns1 were made in vain" in caplog.text
        assert len(controller.model("ns1").machines) > 2
        controller.faults.clear()
        await controller.come_back()
        await until(lambda: sorted(controller.model("ns1").machines) == ["0", "1"])


async def test_a_machine_made_in_vain_and_kept_is_reported(
    controller: SimulatedController, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(controller) as edge:
        await machine(edge)
        controller.faults.refuse("Annotations.Set", "not now")
        rule = controller.faults.refuse("MachineManager.DestroyMachineWithParams", "the operation is blocked")
        with pytest.raises(BackendError):
            await machine(edge, ".ns1.vnf2")
        assert rule.hits
        assert "machines 1 of model ns1 were made in vain, and the controller does not remove them" in caplog.text
        await until(client_of(edge).unclaimed_machines)
        assert (await edge.health())["unclaimed_machines"] == ["ns1:1"]
