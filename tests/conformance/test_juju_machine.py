"""Juju on machines passes the whole kit, against a simulated controller."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from jujusim import SimulatedController
from support.juju_faults import JujuFaults, fail

from vca_core.testing import BackendConformance, Faults, Subject
from vca_juju_common import finishing


class TestJujuMachine(BackendConformance):
    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """In silence, whoever is cancelled need not wait as long as on a real network."""
        monkeypatch.setattr(finishing, "LIMIT", 1.0)

    @pytest_asyncio.fixture
    async def controller(self) -> AsyncIterator[SimulatedController]:
        async with SimulatedController() as controller:
            controller.world.scripts["fail"] = fail
            yield controller

    @pytest.fixture
    def subject(self, controller: SimulatedController) -> Subject:
        options = {
            "endpoints": controller.endpoints,
            "username": controller.username,
            "secret": controller.password,
            "ca_cert": controller.ca_cert,
        }
        return Subject("juju-machine", options=options, persistent=True)

    @pytest.fixture
    def faults(self, controller: SimulatedController) -> Faults:
        return JujuFaults(controller)
