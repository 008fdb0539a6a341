"""A real control plane for these tests, beside a simulated controller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from support.clouds import add_cluster, make_token
from support.cluster.proxy import FaultProxy
from support.cluster.sharing import Cluster, cluster
from support.juju_k8s import options_of, sidecar

from vca_juju_common.client import gathering
from vca_juju_common.client.requests import models
from vca_jujusim import SimulatedController

__all__ = ["cluster"]


@pytest.fixture
async def controller(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimulatedController]:
    monkeypatch.setattr(gathering, "GATHER", 0.01)
    async with SimulatedController() as running:
        running.add_kubernetes()
        yield running


@pytest.fixture(scope="session")
def token(cluster: Cluster) -> str:
    """The token of an account for Juju, with all rights."""
    return make_token(cluster, f"{cluster.prefix}juju")


@pytest.fixture
async def juju(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, token: str) -> AsyncIterator[SimulatedController]:
    """A controller whose cloud `k8s` is the cluster."""
    monkeypatch.setattr(gathering, "GATHER", 0.01)
    monkeypatch.setattr(models, "LEAVING", 0.3)
    async with SimulatedController(clusters="hurried") as running:
        add_cluster(running, cluster, token)
        yield running


@pytest.fixture
async def proxy(cluster: Cluster) -> AsyncIterator[FaultProxy]:
    """A proxy before the API server, which lets all through until it has rules."""
    async with FaultProxy(cluster) as running:
        yield running


@pytest.fixture
def charms(tmp_path: Path) -> Path:
    """A folder with the charm `dns`."""
    sidecar(tmp_path)
    return tmp_path


@pytest.fixture
def ns(cluster: Cluster) -> str:
    """An NS whose namespace is not there yet."""
    return cluster.new_name()


@pytest.fixture
def cloud(ns: str) -> str:
    """The name of a cloud that no other test has."""
    return f"k8s-{ns}"


@pytest.fixture
def config(controller: SimulatedController, cluster: Cluster, cloud: str, tmp_path: Path) -> Path:
    """A config with the connector `pods`, whose cloud is not there yet."""
    options = options_of(controller, cloud=cloud, cluster={"kubeconfig": str(cluster.kubeconfig)})
    file = tmp_path / "vca.yaml"
    file.write_text(yaml.safe_dump({"connectors": {"pods": {"backend": "juju-k8s", "options": options}}}))
    return file
