"""Processes that take turns on Kubernetes: what one has just done, the next one sees before it judges or removes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.juju_k8s import installed, on_kubernetes

from vca_core import Connector
from vca_core.stores.sqlite import SqliteStore
from vca_juju_common.client import gathering
from vca_jujusim import SimulatedController


@pytest.fixture
async def turns(
    controller: SimulatedController, charms: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Connector, Connector]]:
    """Two connectors of two processes on one store, which know the namespace; deltas arrive where they are awaited."""
    monkeypatch.setattr(gathering, "GATHER", 600.0)
    store = charms / "vca.db"
    async with (
        on_kubernetes(controller, charms, store=SqliteStore(store)) as one,
        on_kubernetes(controller, charms, store=SqliteStore(store)) as two,
    ):
        await one.create_execution_environment(".ns1.other")
        for connector in (one, two):
            assert len(await connector.list_execution_environments(".ns1")) == 1
        yield one, two


async def test_what_was_just_created_is_installed_and_removed(
    controller: SimulatedController, turns: tuple[Connector, Connector]
) -> None:
    one, two = turns
    ee_id, _ = await one.create_execution_environment(".ns1.vnf")
    await two.install_configuration_sw(ee_id, "dns", num_units=2)
    await one.scale(ee_id, 3)
    assert len(controller.model("ns1-k8s").units) == 3
    await two.delete_execution_environment(ee_id)
    assert not controller.model("ns1-k8s").applications
    assert len(await one.list_execution_environments(".ns1")) == 1


async def test_a_place_that_was_just_left_is_taken_again(turns: tuple[Connector, Connector]) -> None:
    one, two = turns
    ee_id = await installed(one)
    await two.describe(ee_id)
    await one.delete_execution_environment(ee_id)
    assert await installed(two) == ee_id
