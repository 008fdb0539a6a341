"""Juju on machines passes the whole kit, against a simulated controller; against a real one where one is named.

A real one is named by `VCA_TEST_JUJU_ENDPOINTS`, `VCA_TEST_JUJU_SECRET` and `VCA_TEST_JUJU_CA_CERT` (a file), further
`VCA_TEST_JUJU_USERNAME`, `VCA_TEST_JUJU_CLOUD` and `VCA_TEST_JUJU_CREDENTIAL`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.hosts import host_on
from support.juju_faults import JujuFaults
from support.sshd import BINARY, Sshd

from vca_core.testing import BackendConformance, Faults, Subject
from vca_jujusim import SimulatedController


class TestJujuMachine(BackendConformance):
    @pytest_asyncio.fixture
    async def controller(self, tmp_path: Path) -> AsyncIterator[SimulatedController]:
        async with SimulatedController(programs=tmp_path / "programs") as controller:
            yield controller

    @pytest.fixture(scope="module")
    def sshd(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd | None]:
        """A real sshd, where this machine has one; one for all checks: each start takes longer than many of them."""
        if BINARY is None:
            yield None
            return
        with Sshd(tmp_path_factory.mktemp("sshd")).run() as sshd:
            yield sshd

    @pytest.fixture
    def credentials(
        self, controller: SimulatedController, sshd: Sshd | None, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[dict[str, Any] | None]:
        """Of a host behind it, as it was before anybody logged in."""
        if sshd is None:
            yield None
            return
        with sshd.visited():
            yield host_on(sshd, monkeypatch)(controller)

    @pytest.fixture
    def subject(self, controller: SimulatedController, credentials: dict[str, Any] | None) -> Subject:
        options = {
            "endpoints": controller.endpoints,
            "username": controller.username,
            "secret": controller.password,
            "ca_cert": controller.ca_cert,
        }
        return Subject(
            "juju-machine", options=options, credentials=credentials, look=True, persistent=True, disposable=True
        )

    @pytest.fixture
    def faults(self, controller: SimulatedController) -> Faults:
        return JujuFaults(controller)


if "VCA_TEST_JUJU_ENDPOINTS" in os.environ:

    @pytest.mark.timeout(3600)
    class TestJujuMachineForReal(BackendConformance):
        """Faults cannot be had from it, and machines take their time."""

        @pytest.fixture
        def subject(self) -> Subject:
            names = ("endpoints", "username", "secret", "ca_cert", "cloud", "credential")
            given = {name: os.environ.get(f"VCA_TEST_JUJU_{name.upper()}") for name in names}
            options = {name: value for name, value in given.items() if value}
            return Subject("juju-machine", options=options, persistent=True, patience=30)

else:

    @pytest.mark.skip(reason="VCA_TEST_JUJU_ENDPOINTS names no controller")
    def test_a_real_controller_passes_the_whole_kit() -> None:
        """One skip says it; the checks are collected where there is one."""
