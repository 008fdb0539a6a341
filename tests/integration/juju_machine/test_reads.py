"""Reads: plain data, and nothing is made by them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.juju import NS, VNF, config_for, connected, installed, machine, write_charm

from vca_core import NotFound, Vca
from vca_core.status import DeploymentStatus
from vca_core.stores import MemoryStore
from vca_juju_common.client import presence
from vca_jujusim.controller import SimulatedController


@pytest.mark.defect("D53")
async def test_the_status_is_plain_data(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        one = await installed(edge, namespace=".ns1.a")
        await installed(edge, namespace=".ns1.b")
        status = await edge.get_status(NS)
        assert set(json.loads(json.dumps(status))["applications"]) == {"app-vnf-a", "app-vnf-b"}
        assert set((await edge.get_status(".ns1.a"))["applications"]) == {"app-vnf-a"}
        await edge.exec_primitive(one, "touch", {"filename": "/x"})
        (run,) = (await edge.get_status(".ns1.a"))["executed-actions"]
        assert (run["name"], run["unit"], run["status"]) == ("touch", "app-vnf-a/0", "completed")
        assert (await edge.get_status(".ns1.b"))["executed-actions"] == []


@pytest.mark.defect("D48")
async def test_reading_makes_nothing(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        with pytest.raises(NotFound):
            await edge.get_status(NS)
        with pytest.raises(NotFound):
            await edge.get_metrics(NS)
        assert await edge.list_execution_environments(NS) == []
    assert len(controller.world.models) == 1


async def test_metrics_are_by_unit(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await installed(edge)
        assert list(await edge.get_metrics(NS)) == ["app-vnf-vnf1/0"]


async def test_what_lies_below_a_namespace_is_listed(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await machine(edge, ".ns1.a.vdu-0")
        await machine(edge, ".ns1.a.vdu-1")
        await machine(edge, ".ns1.b")
        await machine(edge, ".ns2.a")
        assert len(await edge.list_execution_environments()) == 4
        assert len(await edge.list_execution_environments(".ns1.a")) == 2
        assert len(await edge.list_execution_environments(".ns2")) == 1


async def test_what_others_deployed_is_listed_without_a_namespace(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await installed(edge)
        model = controller.model("ns1")
        model.machines["0"].annotations.clear()
        model.applications["app-vnf-vnf1"].annotations.clear()
    async with connected(controller) as edge:
        (there,) = await edge.list_execution_environments()
        assert (str(there.ee_id), there.namespace) == ("ns1.app-vnf-vnf1.0", None)


async def test_health_gives_the_version(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        assert (await edge.health())["version"].startswith("3.6")


@pytest.mark.defect("D18")
@pytest.mark.defect("D41")
async def test_statuses_reach_the_home_between_operations_too(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "AGAIN", 0.0)
    write_charm(tmp_path, "one")
    store = MemoryStore()
    await store.ensure("nsrs", {"_id": "1"})
    db_dict = {"collection": "nsrs", "filter": {"_id": "1"}, "path": "vca"}
    async with connected(controller, tmp_path, store=store) as edge:
        ee_id = await machine(edge, VNF, db_dict=db_dict)
        assert await edge.refresh_status(ee_id) is DeploymentStatus.COMPLETED
        await edge.install_configuration_sw(ee_id, "one", db_dict)
        controller.lose_machine("ns1", "0")
        while (await edge.refresh_status(ee_id)) is DeploymentStatus.COMPLETED:
            pass
        controller.find_machine("ns1", "0")
        while (await edge.refresh_status(ee_id)) is not DeploymentStatus.COMPLETED:
            pass


async def test_an_installation_is_never_shown_as_gone_or_unknown(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_charm(tmp_path, "one")
    store = MemoryStore()
    await store.ensure("nsrs", {"_id": "1"})
    db_dict = {"collection": "nsrs", "filter": {"_id": "1"}, "path": "vca"}
    updates: list[tuple[str, str]] = []

    def changed(_table: str, _filter: Mapping[str, Any], _path: str, update: Mapping[str, Any]) -> None:
        updates.append((update["vca.status"], update["vca.detailed-status"]))

    async with Vca.from_config(config_for(controller, tmp_path), store=store, on_update_db=changed, environ={}) as vca:
        edge = vca.connector("edge")
        ee_id = await machine(edge, VNF, db_dict=db_dict)
        await edge.install_configuration_sw(ee_id, "one", db_dict)
    assert any("uploading" in detail for _, detail in updates)
    assert not [one for one in updates if "unknown" in one or "gone" in one]
