"""Whole lives on a real control plane: Juju is simulated, and what it makes in the cluster is real."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.cluster.sharing import Cluster
from support.clouds import add_cluster, left_by_juju, make_token
from support.juju_k8s import installed, on_kubernetes

from vca_juju_common.client import gathering
from vca_jujusim import SimulatedController

pytestmark = pytest.mark.xdist_group("cluster")

APP = "app-vnf-vnf1"


@pytest.fixture(scope="session")
def token(cluster: Cluster) -> str:
    """The token of an account for Juju, with all rights."""
    return make_token(cluster, f"{cluster.prefix}juju")


@pytest.fixture
async def juju(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, token: str) -> AsyncIterator[SimulatedController]:
    """A controller whose cloud `k8s` is the cluster."""
    monkeypatch.setattr(gathering, "GATHER", 0.01)
    async with SimulatedController(clusters="hurried") as running:
        add_cluster(running, cluster, token)
        yield running


async def test_a_whole_life_leaves_nothing_in_juju_or_the_cluster(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    namespace = f"{ns}-k8s"
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{APP}"
    async with on_kubernetes(juju, charms, cluster={"kubeconfig": str(cluster.kubeconfig)}) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        assert cluster.api.get(path)["status"]["readyReplicas"] == 1
        assert await pods.exec_primitive(ee_id, "touch")
        await pods.scale(ee_id, 3)
        assert cluster.api.get(path)["status"]["readyReplicas"] == 3
        await pods.scale(ee_id, 1)
        assert len(cluster.api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]) == 1
        images = {"resources": {"image": "registry.example.com/dns:2"}}
        await pods.upgrade(ee_id, "dns", options=images)
        pod = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods/{APP}-0")
        assert [one["image"] for one in pod["spec"]["containers"]][1:] == ["registry.example.com/dns:2"]
        status = await pods.get_status(f".{ns}.vnf1")
        assert status["kubernetes"]["pods"][f"{APP}-0"]["addresses"] == [pod["status"]["podIP"]]
        await pods.delete_execution_environment(ee_id)
        assert cluster.api.get(path) is None
        await pods.delete_namespace(f".{ns}")
    assert [model.record.name for model in juju.world.models.values()] == ["controller"]
    assert left_by_juju(cluster, namespace) == []
