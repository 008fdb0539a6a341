"""A simulated controller with a Kubernetes cloud, and a sidecar charm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.juju_k8s import sidecar

from vca_juju_common.client import gathering
from vca_juju_common.client.requests import models
from vca_jujusim import SimulatedController


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deltas are gathered for a moment only, and a namespace that is taken has a moment to go."""
    monkeypatch.setattr(gathering, "GATHER", 0.01)
    monkeypatch.setattr(models, "LEAVING", 0.3)


@pytest.fixture
async def controller() -> AsyncIterator[SimulatedController]:
    async with SimulatedController() as running:
        running.add_kubernetes()
        yield running


@pytest.fixture
def charms(tmp_path: Path) -> Path:
    """A folder with the charm `dns`."""
    sidecar(tmp_path)
    return tmp_path
