"""Processes that take turns on a controller: what one has just done, the next one sees before it judges or removes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.juju import VNF, client_of, connected, installed, machine, write_charm

from vca_core import Connector
from vca_core.errors import AlreadyExists, NotFound
from vca_core.stores.sqlite import SqliteStore
from vca_juju_common.client import gathering
from vca_jujusim import SimulatedController

CONFIG = {"text": {"type": "string"}}
HOME = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}


@pytest.fixture(autouse=True)
def _late_deltas(monkeypatch: pytest.MonkeyPatch) -> None:
    """What others do arrives only when somebody waits for a change."""
    monkeypatch.setattr(gathering, "GATHER", 600.0)


@pytest.fixture
async def turns(controller: SimulatedController, tmp_path: Path) -> AsyncIterator[tuple[Connector, Connector]]:
    """Two connectors of two processes on one store, which know the namespace."""
    write_charm(tmp_path, "server", actions={"touch": {"description": "x"}})
    write_charm(
        tmp_path / "second",
        "server",
        actions={"touch": {"description": "x"}, "more": {"description": "x"}},
        config=CONFIG,
    )
    async with (
        connected(controller, tmp_path, store=SqliteStore(tmp_path / "vca.db"), alone=False) as one,
        connected(controller, tmp_path, store=SqliteStore(tmp_path / "vca.db"), alone=False) as two,
    ):
        await machine(one, ".ns1.other")
        for connector in (one, two):
            assert len(await connector.list_execution_environments(".ns1")) == 1
        yield one, two


async def test_a_unit_that_was_just_added_runs_a_primitive(turns: tuple[Connector, Connector]) -> None:
    one, two = turns
    ee_id = await installed(one, "server")
    await two.exec_primitive(ee_id, "touch")
    await one.scale(ee_id, 2)
    await two.exec_primitive(ee_id, "touch", unit="1")


async def test_a_charm_that_was_just_upgraded_is_known(turns: tuple[Connector, Connector]) -> None:
    one, two = turns
    ee_id = await installed(one, "server")
    await two.exec_primitive(ee_id, "touch")
    await one.upgrade(ee_id, "second/server")
    await two.exec_primitive(ee_id, "more")
    await two.exec_primitive(ee_id, "config", {"text": "set"})
    assert (await one.describe(ee_id)).options["text"].value == "set"


async def test_units_are_counted_with_those_just_added(
    controller: SimulatedController, turns: tuple[Connector, Connector]
) -> None:
    one, two = turns
    ee_id = await installed(one, "server")
    for connector, number in ((two, 2), (one, 4), (two, 3)):
        await connector.scale(ee_id, number)
        assert len(controller.model("ns1").units) == number
    await one.install_configuration_sw(ee_id, "server", num_units=4)
    assert len(controller.model("ns1").units) == 4


async def test_what_was_just_created_is_installed_and_removed(
    controller: SimulatedController, turns: tuple[Connector, Connector]
) -> None:
    one, two = turns
    ee_id = await machine(one)
    await two.install_configuration_sw(ee_id, "server", num_units=2)
    await one.delete_execution_environment(ee_id)
    assert not controller.model("ns1").applications
    assert len(controller.model("ns1").machines) == 1


async def test_a_place_that_was_just_left_is_taken_again(
    controller: SimulatedController, turns: tuple[Connector, Connector]
) -> None:
    one, two = turns
    ee_id = await installed(one, "server")
    await two.exec_primitive(ee_id, "touch")
    await one.delete_execution_environment(ee_id)
    again = await installed(two, "server")
    assert again != ee_id
    assert len(controller.model("ns1").machines) == 2


async def test_units_that_were_just_added_go_with_their_machines(
    controller: SimulatedController, turns: tuple[Connector, Connector]
) -> None:
    one, two = turns
    ee_id = await installed(one, "server")
    await two.exec_primitive(ee_id, "touch")
    await one.scale(ee_id, 3)
    await two.delete_execution_environment(ee_id)
    assert len(controller.model("ns1").machines) == 1


async def test_what_was_just_done_is_described(
    controller: SimulatedController, turns: tuple[Connector, Connector]
) -> None:
    one, two = turns
    ee_id = await machine(one)
    assert (await two.describe(ee_id)).charm is None
    await one.install_configuration_sw(ee_id, "server")
    assert len((await two.describe(ee_id)).units) == 1
    await one.scale(ee_id, 2)
    assert len((await two.describe(ee_id)).units) == 2
    await one.upgrade(ee_id, "second/server")
    described = await two.describe(ee_id)
    assert "text" in described.options
    (application,) = controller.model("ns1").applications.values()
    assert described.charm is not None
    assert {described.charm.reference, *(unit.charm for unit in described.units)} == {application.charm_url}
    readings = controller.counts.requests["Client.WatchAll"]
    await two.describe(ee_id)
    assert controller.counts.requests["Client.WatchAll"] == readings, "nothing was done since"
    await one.delete_execution_environment(ee_id)
    with pytest.raises(NotFound):
        await two.describe(ee_id)


@pytest.mark.parametrize("number", range(4))
async def test_who_loses_a_race_leaves_the_record_to_the_winner(
    turns: tuple[Connector, Connector], tmp_path: Path, number: int
) -> None:
    del number  # it is tried so often
    one, two = turns
    store = SqliteStore(tmp_path / "vca.db")
    await store.open()
    await store.ensure("nsrs", {"_id": "ns"})
    both = await asyncio.gather(
        *(connector.create_execution_environment(VNF, HOME) for connector in turns), return_exceptions=True
    )
    (winner, ee_id), *others = [
        (connector, str(made[0])) for connector, made in zip(turns, both, strict=True) if isinstance(made, tuple)
    ]
    assert others == []
    (lost,) = [error for error in both if isinstance(error, AlreadyExists)]
    assert ee_id in str(lost)
    home = (await store.get("nsrs", {"_id": "ns"}) or {})["vca"]
    assert (home["status"], home["ee_id"]) == ("completed", ee_id), "the refusal is not told at the winner's home"
    await winner.install_configuration_sw(ee_id, "server", HOME)
    home = (await store.get("nsrs", {"_id": "ns"}) or {})["vca"]
    assert home["VCA-status"] == "active"
    await store.close()
    loser = two if winner is one else one
    await loser.exec_primitive(ee_id, "touch")
    await winner.delete_execution_environment(ee_id)
    assert len(await loser.list_execution_environments(".ns1")) == 1


@pytest.mark.parametrize("is_installed", [False, True])
async def test_strangers_to_the_store_remove_what_was_just_made(
    controller: SimulatedController, tmp_path: Path, *, is_installed: bool
) -> None:
    write_charm(tmp_path, "server")
    async with (
        connected(controller, tmp_path, alone=False) as one,
        connected(controller, tmp_path, alone=False) as two,
    ):
        first = await machine(one)
        await two.list_execution_environments(".ns1")
        second = await machine(one, ".ns1.second")
        for ee_id in (first, second):
            if is_installed:
                await one.install_configuration_sw(ee_id, "server")
            await two.delete_execution_environment(ee_id)
        assert not controller.model("ns1").applications
        assert not controller.model("ns1").machines


async def test_a_silent_watcher_that_is_stopped_holds_nothing_up(controller: SimulatedController) -> None:
    async with connected(controller, request_timeout=0.4) as edge:
        await installed(edge)
        model = client_of(edge)._models["ns1"]
        rule = controller.faults.hang("AllWatcher.Next")  # whichever is asked first from here on
        async with asyncio.timeout(20):
            await model.reread()
        assert rule.hits
