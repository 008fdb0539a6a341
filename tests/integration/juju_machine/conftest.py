"""The sshd that tests of provisioning log in to, and the simulated controller."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.raised import check_documented
from support.sshd import BINARY, Sshd

from vca_juju_common.client import gathering
from vca_juju_common.client.requests import machines
from vca_juju_machine import registration
from vca_jujusim.controller import SimulatedController


@pytest.fixture
def start_sshd(tmp_path: Path) -> Iterator[Callable[..., Sshd]]:
    """Starts an sshd for the length of the test; takes what `Sshd` takes."""
    if BINARY is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no sshd; .ci/run installs Debian's openssh-server")
        pytest.skip("there is no sshd: install openssh-server to run this")
    with ExitStack() as stack:

        def start(folder: str = "sshd", **options: Any) -> Sshd:
            return stack.enter_context(Sshd(tmp_path / folder, **options).run())

        yield start


@pytest.fixture(autouse=True)
def _every_error_is_documented(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What authors of backends are shown is what this one raises, whatever goes wrong."""
    yield from check_documented(monkeypatch)


@pytest.fixture
def sshd(start_sshd: Callable[..., Sshd]) -> Sshd:
    return start_sshd()


@pytest.fixture(autouse=True)
def undoing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is undone on a host takes the time that it takes on a loaded machine."""
    monkeypatch.setattr(registration, "UNDO", 300.0)


@pytest.fixture(autouse=True)
def claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines that nobody claims are nobody's after a moment."""
    monkeypatch.setattr(machines, "CLAIM", 0.2)


@pytest.fixture(autouse=True)
def pace_of_deltas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deltas are gathered for a moment only; what that costs is counted where this is overridden."""
    monkeypatch.setattr(gathering, "GATHER", 0.01)


@pytest.fixture
async def controller() -> AsyncIterator[SimulatedController]:
    async with SimulatedController() as running:
        yield running
