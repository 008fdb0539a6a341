"""Juju on Kubernetes passes the kit, against a simulated controller.

What is simulated is the controller: pods come and go as it says, and the programs of charms run on this machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.juju_faults import JujuFaults
from support.juju_k8s import subject_of

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
        return subject_of(controller)

    @pytest.fixture
    def faults(self, controller: SimulatedController) -> Faults:
        return JujuFaults(controller)
