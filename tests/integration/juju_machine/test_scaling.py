"""Units of an EE that come and go, and the machines that they stand on."""

from __future__ import annotations

import asyncio

import pytest
from support.juju import CHARMS, backend_of, client_of, connected, installed, machine, until

from vca_core import (
    BackendError,
    NotFound,
    VcaError,
)
from vca_juju_common.client.values import NewApplication, Origin
from vca_jujusim.controller import SimulatedController

APP = "app-vnf-vnf1"


@pytest.mark.defect("D13")
async def test_all_units_are_waited_for(controller: SimulatedController) -> None:
    controller.faults.freeze("unit", "app-vnf-vnf1/2")
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        installing = asyncio.create_task(edge.install_configuration_sw(ee_id, "simple-router", num_units=3))
        units = controller.model("ns1").units
        await until(lambda: [one.workload.current for one in units.values()].count("active") == 2)
        await asyncio.sleep(0.15)  # what the watcher gathers
        assert not installing.done()
        controller.thaw()
        await installing
        await edge.delete_execution_environment(ee_id)
        assert controller.model("ns1").machines == {}


async def test_units_come_and_go_with_their_machines(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        await edge.scale(ee_id, 3)
        model = controller.model("ns1")
        assert sorted(model.units) == [f"{APP}/0", f"{APP}/1", f"{APP}/2"]
        await edge.scale(ee_id, 1)
        assert sorted(model.units) == [f"{APP}/0"]
        assert sorted(model.machines) == ["0"]


async def test_units_on_their_way_out_do_not_count(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge, num_units=3)
        model = controller.model("ns1")
        for number in (1, 2):
            controller.faults.freeze("unit", f"{APP}/{number}")
        scaling = asyncio.create_task(edge.scale(ee_id, 1))
        await until(lambda: [unit.life for unit in model.units.values()] == ["alive", "dying", "dying"])
        scaling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scaling
        await edge.scale(ee_id, 3)
        alive = [unit for unit in model.units.values() if unit.life == "alive"]
        assert [unit.name for unit in alive] == [f"{APP}/0", f"{APP}/3", f"{APP}/4"]
        assert {unit.workload.current for unit in alive} == {"active"}
        controller.thaw()
        await until(lambda: len(model.units) == len(model.machines) == 3)


@pytest.mark.defect("D17")
async def test_a_unit_that_goes_while_others_come_ends_the_wait(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.faults.freeze("unit")
        scaling = asyncio.create_task(edge.scale(ee_id, 2))
        await until(lambda: len(controller.model("ns1").units) == 2)
        controller.remove_unit("ns1", f"{APP}/0")
        with pytest.raises(NotFound, match=f"unit {APP}/0 of application {APP} was removed"):
            await scaling


async def test_further_units_leave_the_machines_of_other_ees_alone(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge, artifact_path="simple-router")
        waiting = await machine(edge, ".ns1.vnf2", artifact_path="simple-router")
        await edge.install_configuration_sw(ee_id, "simple-router", num_units=2)
        await edge.scale(ee_id, 3)
        model = controller.model("ns1")
        assert [unit.machine for unit in model.units.values()] == ["0", "2", "3"]
        assert all(model.machines[one].base == model.machines["0"].base for one in ("2", "3"))
        await edge.delete_execution_environment(ee_id)
        assert waiting.endswith(".1")
        assert sorted(model.machines) == ["1"]


@pytest.mark.parametrize("scaled", [False, True])
async def test_machines_a_killed_process_made_for_units_are_used_again(
    controller: SimulatedController, scaled: bool
) -> None:
    async with connected(controller) as edge:
        ee_id = await (installed if scaled else machine)(edge)
    model = controller.model("ns1")
    async with connected(controller, alone=False) as killed:
        request = "Application.AddUnits" if scaled else "Application.Deploy"
        rule = controller.faults.hang(request, "before", times=None)
        work = (
            killed.scale(ee_id, 4) if scaled else killed.install_configuration_sw(ee_id, "simple-router", num_units=4)
        )
        working = asyncio.create_task(work)
        await until(lambda: rule.hits)
        assert controller.counts.requests["MachineManager.AddMachines"] == 2
        async with connected(controller, alone=False) as edge:
            controller.faults.clear()
            (there,) = await edge.list_execution_environments()
            assert {str(one.entity) for one in there.entities} >= {f"machine {number}" for number in range(4)}
            if scaled:
                await edge.scale(ee_id, 3)
            else:
                await edge.install_configuration_sw(ee_id, "simple-router", num_units=3)
            assert [unit.machine for unit in model.units.values()] == ["0", "1", "2"]
            assert sorted(model.machines) == ["0", "1", "2", "3"]
            await edge.delete_execution_environment(ee_id)
            assert not model.machines
        working.cancel()
        with pytest.raises((asyncio.CancelledError, VcaError)):
            await working


async def test_a_refused_machine_for_a_unit_takes_the_others_along(
    controller: SimulatedController,
) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        controller.faults.result_error("MachineManager.AddMachines", "quota reached", index=1)
        with pytest.raises(BackendError, match="quota reached"):
            await edge.install_configuration_sw(ee_id, "simple-router", num_units=4)
        await until(lambda: list(controller.model("ns1").machines) == ["0"])
        controller.faults.contention("MachineManager.AddMachines", whole=False)
        controller.faults.drop("MachineManager.AddMachines", "after", nth=2)
        await edge.install_configuration_sw(ee_id, "simple-router", num_units=4)
        nobodys = (await edge.health())["unclaimed_machines"]  # its answer was lost
        assert len(controller.model("ns1").machines) == 4 + len(nobodys) == 5


@pytest.mark.parametrize("asked", ["Application.Deploy", "Application.AddUnits"])
async def test_machines_of_units_that_are_refused_go(controller: SimulatedController, asked: str) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge, artifact_path="simple-router")
        work = edge.install_configuration_sw(ee_id, "simple-router", num_units=3)
        if asked == "Application.AddUnits":
            work.close()
            await edge.install_configuration_sw(ee_id, "simple-router")
            work = edge.scale(ee_id, 3)
        controller.faults.refuse(asked, "no more", "quota limit exceeded")
        with pytest.raises(BackendError, match="no more"):
            await work
        await until(lambda: sorted(controller.model("ns1").machines) == ["0"])
        await edge.install_configuration_sw(ee_id, "simple-router")


async def test_the_first_unit_stands_on_the_own_machine(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        async with client_of(edge).use("ns1") as model:
            url = await backend_of(edge).session.uploads.upload(model, CHARMS / "simple-router", lambda *_: None)
            await model.deploy(NewApplication(APP, url, Origin("local", "ubuntu@22.04", "amd64")))
            await model.wait(lambda: model.state.applications.get(APP))
        await edge.install_configuration_sw(ee_id, "simple-router", num_units=2)
        assert [unit.machine for unit in controller.model("ns1").units_of(APP)] == ["0", "1"]
