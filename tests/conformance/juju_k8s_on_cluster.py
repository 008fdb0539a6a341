"""Juju on Kubernetes passes the kit on a real control plane, with a simulated controller.

It takes minutes, and is run by `make kit` only, in several processes that share the control plane. Nodes and pods are
played by kwok, and the programs of charms run on this machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.clouds import add_cluster, make_token
from support.cluster.sharing import Cluster, cluster
from support.juju import until
from support.juju_faults import JujuFaults
from support.juju_k8s import subject_of

from vca_core.testing import BackendConformance, Faults, Subject
from vca_jujusim import SimulatedController

__all__ = ["cluster"]

_OF_THIS_PROCESS = ("test_a_disconnect_leaves_no", "test_a_cancellation_at_any_moment_leaves_nothing_unknown")
"""Checks of all tasks and sockets of this process, of which some are the controller's here; they pass in memory."""


@pytest.fixture(scope="session")
def token(cluster: Cluster) -> str:
    """The token of an account for Juju, with all rights."""
    return make_token(cluster, f"{cluster.prefix}kit")


class TestJujuK8sOnACluster(BackendConformance):
    @pytest.fixture(autouse=True)
    def _leave_out(self, request: pytest.FixtureRequest) -> None:
        if request.node.originalname in _OF_THIS_PROCESS:
            pytest.skip("the controller is in this process, and connected to the cluster")

    @pytest_asyncio.fixture
    async def controller(self, tmp_path: Path, cluster: Cluster, token: str) -> AsyncIterator[SimulatedController]:
        async with SimulatedController(programs=tmp_path / "programs", clusters="hurried") as controller:
            add_cluster(controller, cluster, token)
            yield controller
            controller.thaw()
            for model in list(controller.world.models.values()):
                if model.place is not None and model.record.life == "alive":
                    controller.remove_model(model.record.name)
            await until(lambda: len(controller.world.models) == 1)  # the next check has namespaces of the same names

    @pytest.fixture
    def subject(self, controller: SimulatedController) -> Subject:
        return subject_of(controller)

    @pytest.fixture
    def faults(self, controller: SimulatedController) -> Faults:
        return JujuFaults(controller)
