"""Whole lives of execution environments, and what they cost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from bench.juju.floor import Floor
from bench.juju.place import Place
from support.juju import NS, VNF, connected, installed, machine, proxy_charm, until

from vca_core.naming import EeId
from vca_juju_common.client import gathering
from vca_juju_common.client.transport import wire
from vca_jujusim.controller import SimulatedController

NOTES = "Annotations.Set"


@pytest.fixture(autouse=True)
def pace_of_deltas() -> None:
    """As it is."""


PROXY_CONFIG = {"ssh-hostname": "10.9.9.9", "ssh-username": "osm", "ssh-password": "canary-3f9a"}


async def test_an_ee_lives_from_create_to_the_end_of_its_namespace(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge, config={"mtu": "9000"})
        assert ee_id == "ns1.app-vnf-vnf1.0"
        output = await edge.exec_primitive(ee_id, "touch", {"filename": "/run/x"})
        assert isinstance(output, dict)
        assert output["filename"] == "/run/x"
        assert await edge.exec_primitive(ee_id, "config", {"params": {"mtu": 1400}}) == "CONFIG OK"
        assert controller.model("ns1").applications["app-vnf-vnf1"].config["mtu"] == 1400
        await edge.delete_execution_environment(ee_id)
        assert controller.model("ns1").machines == {}
        await edge.delete_namespace(NS)
        assert {model.record.name for model in controller.world.models.values()} == {"controller"}
    assert controller.counts.failed_logins == 0


@pytest.mark.parametrize("lives", [1, 20])
async def test_a_life_costs_no_more_requests_than_it_has_to(
    controller: SimulatedController, tmp_path: Path, lives: int
) -> None:
    proxy_charm(tmp_path)

    async def life(number: int) -> None:
        ns = f".ns{number}"
        ee_id = await installed(edge, "proxy", f"{ns}.vnf1")
        await edge.exec_primitive(ee_id, "config", PROXY_CONFIG)
        await edge.exec_primitive(ee_id, "touch")
        await edge.delete_execution_environment(ee_id)
        await edge.delete_namespace(ns)

    async with connected(controller, tmp_path) as edge:
        await asyncio.gather(*(life(number) for number in range(lives)))
    counts = controller.counts
    assert counts.total - 1 <= 16 * lives  # beside the login to the controller
    assert counts.requests[NOTES] == 2 * lives
    assert counts.requests["AllWatcher.Next"] <= 13 * lives
    assert counts.peak <= lives + 1
    assert counts.opened == lives + 1
    assert counts.failed_logins == 0
    assert set(counts.uploads.values()) == {1}
    assert sum(counts.pings.values()) == 0


async def test_each_operation_costs_no_more_requests_than_its_bar(
    controller: SimulatedController, tmp_path: Path
) -> None:
    proxy_charm(tmp_path)

    async def cost(work: Awaitable[object]) -> int:
        before = controller.counts.total - controller.counts.requests[NOTES]
        await work
        return controller.counts.total - controller.counts.requests[NOTES] - before

    async with connected(controller, tmp_path) as edge:
        assert await cost(machine(edge)) <= 1 + 4 + 1  # the login, the model, the machine
        assert await cost(machine(edge, ".ns1.vnf2")) <= 1
        ee_id = "ns1.app-vnf-vnf1.0"
        assert await cost(edge.install_configuration_sw(ee_id, "proxy")) <= 1
        assert await cost(edge.exec_primitive(ee_id, "config", PROXY_CONFIG)) <= 2 + 2  # with one verification
        assert await cost(edge.exec_primitive(ee_id, "touch")) <= 2
        assert await cost(edge.delete_execution_environment(ee_id)) <= 2
        assert await cost(edge.delete_namespace(NS)) <= 3


async def test_deltas_are_gathered_for_long_only_while_nobody_waits(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GATHER", 3600.0)
    controller.world.clock.latency = 0.03
    async with connected(controller) as edge:
        await edge.delete_execution_environment(await installed(edge))


async def test_deltas_are_asked_for_hardly_more_often_than_they_come(tmp_path: Path) -> None:
    proxy_charm(tmp_path)

    async def polls(life: Callable[[SimulatedController], Awaitable[None]]) -> int:
        async with SimulatedController(latency=0.1) as controller:
            await life(controller)
            return controller.counts.requests["AllWatcher.Next"]

    async def raw(controller: SimulatedController) -> None:
        where = (controller.endpoint, controller.username, controller.password, controller.ca_cert, str(tmp_path))
        floor = Floor(Place(*where))
        await floor.open()
        try:
            await floor.life(1)
        finally:
            await floor.close()

    async def ours(controller: SimulatedController) -> None:
        async with connected(controller, tmp_path, alone=False) as edge:
            ee_id = await installed(edge, "proxy")
            await edge.exec_primitive(ee_id, "config", PROXY_CONFIG)
            await edge.exec_primitive(ee_id, "touch")
            await edge.delete_execution_environment(ee_id)
            await edge.delete_namespace(NS)

    least, asked = await asyncio.gather(polls(raw), polls(ours))
    assert asked <= 1.1 * least


async def test_a_silent_connection_is_pinged_and_not_too_often(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 60 / wire.PING_EVERY <= 2  # a minute
    monkeypatch.setattr(wire, "PING_EVERY", 0.05)
    clock = asyncio.get_running_loop().time
    begin = clock()
    async with connected(controller) as edge:
        await machine(edge)
        await until(lambda: len(controller.counts.pings) == 2 and min(controller.counts.pings.values()) >= 3)
        assert max(controller.counts.pings.values()) <= (clock() - begin) / wire.PING_EVERY


@pytest.mark.defect("U13")
async def test_fifty_at_once_in_one_model_share_two_connections(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        made = await asyncio.gather(
            *(edge.create_execution_environment(f".ns1.vnf1.vdu-{number}") for number in range(50))
        )
        assert {EeId.parse(ee_id).locator for ee_id, _ in made} == {str(number) for number in range(50)}
        assert controller.counts.requests["Client.WatchAll"] == 1
        assert len(await edge.list_execution_environments(NS)) == 50
    assert controller.counts.opened == 2
    assert controller.counts.requests["ModelManager.CreateModel"] == 1


async def test_one_charm_is_uploaded_once_into_a_model(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await asyncio.gather(*(installed(edge, namespace=f".ns1.vnf{number}") for number in range(5)))
    assert list(controller.counts.uploads.values()) == [1]


async def test_another_process_goes_on_where_one_stopped(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
    async with connected(controller) as edge:
        (there,) = await edge.list_execution_environments()
        assert (str(there.ee_id), str(there.namespace), there.address) == (ee_id, VNF, "10.0.0.1")
        await edge.exec_primitive(ee_id, "config", {"mtu": 1300, "forwarding": False})
        output = await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
        assert isinstance(output, dict)
        await edge.delete_execution_environment(ee_id)
        assert await edge.list_execution_environments() == []
