"""What operations on Kubernetes cost, in requests to the controller."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest
from support.juju import NS, VNF, installed, proxy_charm
from support.juju_k8s import on_kubernetes, sidecar

from vca_core import Connector
from vca_jujusim import SimulatedController

SSH = {"ssh-hostname": "10.9.9.9", "ssh-username": "osm", "ssh-password": "canary-3f9a"}


@pytest.fixture
def charms(tmp_path: Path) -> Path:
    """A folder with `proxy`, for machines, and `pods/proxy`, for Kubernetes."""
    proxy_charm(tmp_path)
    actions = ("verify-ssh-credentials", "touch")
    sidecar(
        tmp_path / "pods",
        "proxy",
        config={name: {"type": "string", "default": ""} for name in SSH},
        actions={name: {"description": "does it"} for name in actions},
    )
    return tmp_path


async def life(connector: Connector, charm: str, ns: str) -> None:
    """From create to the end of the NS."""
    ee_id = await installed(connector, charm, f"{ns}.vnf1")
    await connector.exec_primitive(ee_id, "config", SSH)
    await connector.exec_primitive(ee_id, "touch")
    await connector.delete_execution_environment(ee_id)
    await connector.delete_namespace(ns)


@pytest.mark.parametrize(("lives", "further", "more"), [(1, False, 2), (20, False, 2), (1, True, 3), (20, True, 3)])
async def test_a_life_costs_up_to_three_requests_more_than_on_machines(
    charms: Path, lives: int, further: bool, more: int
) -> None:
    """At the most, after what connecting costs; each is the reservation, or the image.

    In a model that was there before, another process may reserve the same, and so it is looked once more; see
    docs/explanation/decisions.md. How often all deletes together ask which models are left hangs on how long the last
    one takes.
    """

    async def cost(backend: str, charm: str) -> int:
        async with SimulatedController() as controller, on_kubernetes(controller, charms, backend=backend) as connector:
            await connector.health()
            for number in range(lives if further else 0):
                await connector.create_execution_environment(f".ns{number}.before")
            counts = controller.counts
            before = counts.total
            await asyncio.gather(*(life(connector, charm, f".ns{number}") for number in range(lives)))
            assert counts.opened == lives + 1
            return counts.total - counts.requests["ModelManager.ListModels"] - before

    assert await cost("juju-k8s", "pods/proxy") <= await cost("juju-machine", "proxy") + more * lives


async def test_each_operation_costs_no_more_requests_than_its_bar(
    controller: SimulatedController, charms: Path
) -> None:
    async def cost(work: Awaitable[object]) -> int:
        before = controller.counts.total
        await work
        return controller.counts.total - before

    async with on_kubernetes(controller, charms) as pods:
        assert await cost(pods.health()) <= 3  # the login, the cloud, the version
        assert await cost(pods.create_execution_environment(VNF)) <= 5
        assert await cost(pods.create_execution_environment(".ns1.vnf2")) <= 3  # the note is looked for, made, seen
        ee_id = f"{'ns1-k8s'}.app-vnf-vnf1.k8s"
        assert await cost(pods.install_configuration_sw(ee_id, "pods/proxy")) <= 3
        assert await cost(pods.exec_primitive(ee_id, "config", SSH)) <= 4
        assert await cost(pods.exec_primitive(ee_id, "touch")) <= 2
        assert await cost(pods.scale(ee_id, 2)) <= 1
        assert await cost(pods.upgrade(ee_id, "pods/proxy")) <= 4
        assert await cost(pods.list_execution_environments(NS)) <= 3  # the model is read anew
        assert await cost(pods.list_execution_environments(NS)) <= 2  # the model is read anew
        assert await cost(pods.delete_execution_environment(ee_id)) <= 2
        assert await cost(pods.delete_namespace(NS)) <= 3
