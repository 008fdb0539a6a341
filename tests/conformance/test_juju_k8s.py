"""Juju on Kubernetes passes the kit, against a simulated controller; against a real one where one is named.

What is simulated is the controller: pods come and go as it says, and the programs of charms run on this machine. A real
one is named by `VCA_TEST_JUJU_K8S_*`: see docs/how-to/use-juju-on-kubernetes.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from support.juju_faults import JujuFaults
from support.juju_k8s import real_options, subject_of

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
        return replace(subject_of(controller), disposable=True)

    @pytest.fixture
    def faults(self, controller: SimulatedController) -> Faults:
        return JujuFaults(controller)


if real_options():

    @pytest.mark.timeout(3600)
    class TestJujuK8sForReal(BackendConformance):
        """Faults cannot be had from it, and pods take their time."""

        @pytest.fixture
        def subject(self) -> Subject:
            return Subject("juju-k8s", kind="k8s", options=real_options(), persistent=True, patience=30)

else:

    @pytest.mark.skip(reason="VCA_TEST_JUJU_K8S_ENDPOINTS names no controller")
    def test_a_real_controller_passes_the_whole_kit() -> None:
        """One skip says it; the checks are collected where there is one."""
