"""Juju on Kubernetes passes the kit, against a simulated controller.

What is simulated is the controller: pods come and go as it says, and the programs of charms run on this machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.juju_faults import JujuFaults

from vca_core.testing import BackendConformance, Faults, Subject
from vca_jujusim import SimulatedController


class TestJujuK8s(BackendConformance):
    @pytest_asyncio.fixture
    async def controller(self, tmp_path: Path) -> AsyncIterator[SimulatedController]:
        async with SimulatedController(programs=tmp_path / "programs") as controller:
            controller.add_kubernetes()
            yield controller

    @pytest.fixture
    def subject(self, controller: SimulatedController) -> Subject:
        options = {
            "endpoints": controller.endpoints,
            "username": controller.username,
            "secret": controller.password,
            "ca_cert": controller.ca_cert,
            "cloud": "k8s",
        }
        return Subject("juju-k8s", kind="k8s", options=options, persistent=True)

    @pytest.fixture
    def faults(self, controller: SimulatedController) -> Faults:
        return JujuFaults(controller)
