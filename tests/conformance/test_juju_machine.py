"""Juju on machines passes the whole kit, against a simulated controller."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from jujusim import SimulatedController
from support.juju_faults import JujuFaults, fail

from vca_core.testing import BackendConformance, Faults, Subject


class TestJujuMachine(BackendConformance):
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
