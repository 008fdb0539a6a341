"""The command is killed at some moment of an NS on a real control plane: nothing is left in Juju, nor in the cluster.

The suite tries one moment; `make kills` tries each request of the life.
"""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest
import yaml
from support.clouds import accounts_outside, left_by_juju
from support.cluster.sharing import Cluster
from support.juju_k8s import PATIENT, options_of
from support.killing import has_had, left_in, run, run_killed

from vca_jujusim import SimulatedController

pytestmark = pytest.mark.xdist_group("cluster")

KILLS = int(os.environ.get("VCA_KILLS", "1"))
SEED = int(os.environ.get("VCA_KILLS_SEED", "1611"))
LIFE = 26
"""Requests of the whole life, about: those that come after it kill nothing."""

MOMENTS = sorted(random.Random(SEED).sample(range(1, LIFE), min(KILLS, LIFE - 1)))  # noqa: S311 - to be the same again


@pytest.fixture
def folder(tmp_path: Path, charms: Path, juju: SimulatedController, cluster: Cluster, ns: str) -> Path:
    """A config and an NS with a VNF on pods, whose connector looks at the cluster, too."""
    looking = {"kubeconfig": str(cluster.kubeconfig)}
    options = options_of(juju, cloud="k8s", cluster=looking, **PATIENT)
    config = {"artifacts": str(charms), "connectors": {"pods": {"backend": "juju-k8s", "options": options}}}
    (tmp_path / "vca.yaml").write_text(yaml.safe_dump(config))
    vnf = {"charm": "dns", "config": {"label": "edge"}, "day1": [{"run": "touch"}]}
    (tmp_path / "service.yaml").write_text(yaml.safe_dump({"ns": ns, "vnfs": {"dns": vnf}}))
    return tmp_path


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_killed_life_leaves_nothing_in_juju_or_the_cluster(
    juju: SimulatedController, folder: Path, cluster: Cluster, ns: str, moment: int
) -> None:
    accounts = await asyncio.to_thread(accounts_outside, cluster)
    killed = f"{await run_killed(folder, has_had(juju, moment), ns) or 'nothing'} killed after {moment} requests"
    await run(folder, "apply", "service.yaml")
    assert left_in(juju) == [f"{ns}-k8s"], killed
    pods = await asyncio.to_thread(cluster.api.get, f"/api/v1/namespaces/{ns}-k8s/pods")
    assert [one["metadata"]["name"] for one in pods["items"]] == ["app-vnf-dns-0"], killed
    await run(folder, "delete", ns, "--yes")
    assert left_in(juju) == [], killed
    assert await asyncio.to_thread(left_by_juju, cluster, f"{ns}-k8s") == [], killed
    assert await asyncio.to_thread(accounts_outside, cluster) == accounts, killed
