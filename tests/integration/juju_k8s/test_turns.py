"""Processes that take turns on Kubernetes: what one has just done, the next one sees before it judges or removes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.juju_k8s import installed, on_kubernetes

from vca_core import Connector
from vca_core.errors import AlreadyExists
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


async def test_what_was_just_reserved_is_not_written_over(
    controller: SimulatedController, turns: tuple[Connector, Connector], charms: Path
) -> None:
    one, two = turns
    ee_id, _ = await one.create_execution_environment(".ns1.vnf")
    async with on_kubernetes(controller, charms) as stranger:
        assert len(await stranger.list_execution_environments(".ns1")) == 2
        await one.delete_execution_environment(ee_id)
        await one.create_execution_environment(".ns1.vnf")
        for connector in (two, stranger):
            with pytest.raises(AlreadyExists):
                await connector.create_execution_environment(".ns1.vnf")
    await one.install_configuration_sw(ee_id, "dns")


async def test_of_two_that_reserve_at_once_one_has_it(turns: tuple[Connector, Connector]) -> None:
    one, two = turns
    for number in range(6):
        both = await asyncio.gather(
            *(connector.create_execution_environment(f".ns1.vnf{number}") for connector in turns),
            return_exceptions=True,
        )
        assert len([made for made in both if isinstance(made, tuple)]) == 1
        assert len([made for made in both if isinstance(made, AlreadyExists)]) == 1
    assert len(await one.list_execution_environments(".ns1")) == 7
    assert len(await two.list_execution_environments(".ns1")) == 7


async def test_strangers_to_the_store_remove_what_was_just_installed(
    controller: SimulatedController, charms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GATHER", 600.0)
    async with on_kubernetes(controller, charms) as one, on_kubernetes(controller, charms) as two:
        ee_id, _ = await one.create_execution_environment(".ns1.vnf")
        assert len(await two.list_execution_environments(".ns1")) == 1
        await one.install_configuration_sw(ee_id, "dns")
        await two.delete_execution_environment(ee_id)
        assert not controller.model("ns1-k8s").applications
        assert await one.list_execution_environments(".ns1") == []
