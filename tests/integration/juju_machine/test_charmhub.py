"""Charms of Charmhub, which the controller gets by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.juju import connected, machine, write_charm

from vca_core import BackendError, BadArguments
from vca_juju_common.archive import render
from vca_jujusim.archives import charm_from_documents, read_archive
from vca_jujusim.charms import Charm
from vca_jujusim.controller import SimulatedController

APP = "app-vnf-vnf1"


def publish(controller: SimulatedController, folder: Path, name: str, **parts: object) -> Charm:
    archive = render(write_charm(folder, name, **parts))
    charm = controller.publish(read_archive(archive.file.read()), channel="latest/stable", revision=7)
    archive.close()
    return charm


async def test_a_charm_is_installed_by_its_name(controller: SimulatedController, tmp_path: Path) -> None:
    publish(
        controller,
        tmp_path,
        "router",
        config={"mtu": {"type": "int", "default": 1500}},
        actions={"touch": {"description": "x", "params": {"filename": {"type": "string"}}}},
    )
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge)
        with pytest.raises(BadArguments, match=r"config\.mtu"):
            await edge.install_configuration_sw(ee_id, "ch:router", config={"mtu": "x"})
        await edge.install_configuration_sw(
            ee_id, "ch:router", config={"mtu": "9000"}, options={"channel": "stable", "revision": 7}
        )
        assert controller.model("ns1").applications[APP].config["mtu"] == 9000
        await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
        await edge.exec_primitive(ee_id, "config", {"mtu": 1400})
        await edge.install_configuration_sw(ee_id, "ch:router")
    assert not controller.counts.uploads


async def test_its_resources_are_those_of_charmhub(controller: SimulatedController, tmp_path: Path) -> None:
    publish(controller, tmp_path, "res", resources={"data": {"type": "file", "filename": "data.bin"}})
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge)
        await edge.install_configuration_sw(ee_id, "ch:res", options={"resources": {"data": 3}})
    resource = controller.model("ns1").applications[APP].resources["data"]
    assert (resource["origin"], resource["revision"], resource["path"]) == ("store", 3, "data.bin")


async def test_an_upgrade_names_the_resources_that_are_others(controller: SimulatedController, tmp_path: Path) -> None:
    files = {name: {"type": "file", "filename": f"{name}.bin"} for name in ("data", "more")}
    charm = publish(controller, tmp_path, "res", resources=files)
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge)
        await edge.install_configuration_sw(ee_id, "ch:res")
        await edge.upgrade(ee_id, "ch:res")
        application = controller.model("ns1").applications[APP]
        assert application.charm_modified == 0
        controller.publish(charm, revision=7, resources={"more": 2})
        for _ in range(2):
            await edge.upgrade(ee_id, "ch:res")
        assert application.charm_modified == 1
        assert {name: one["revision"] for name, one in application.resources.items()} == {"data": 1, "more": 2}
        controller.publish(charm, revision=8)
        controller.faults.refuse("Charms.ListCharmResources", "dial tcp: no such host")
        with pytest.raises(BackendError, match="charm res cannot be fetched: dial tcp") as caught:
            await edge.upgrade(ee_id, "ch:res")
        assert caught.value.retryable


async def test_one_that_is_not_there_and_a_subordinate_are_refused(
    controller: SimulatedController, tmp_path: Path
) -> None:
    beside = {"juju-info": {"interface": "juju-info", "scope": "container"}}
    publish(controller, tmp_path, "sub", subordinate=True, requires=beside)
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge)
        with pytest.raises(BadArguments, match="charm none cannot be fetched"):
            await edge.install_configuration_sw(ee_id, "ch:none")
        with pytest.raises(BadArguments, match="is a subordinate"):
            await edge.install_configuration_sw(ee_id, "ch:sub")
    assert controller.model("ns1").applications == {}


async def test_what_it_assumes_is_refused_by_the_controller(controller: SimulatedController, tmp_path: Path) -> None:
    charm = charm_from_documents(
        {"name": "ahead", "assumes": ["juju >= 4"]}, manifest={"bases": [{"name": "ubuntu", "channel": "22.04"}]}
    )
    controller.publish(charm)
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge)
        with pytest.raises(BadArguments, match=r"Juju refuses charm ahead: .*\(version >= 4\.0\.0\) but model"):
            await edge.install_configuration_sw(ee_id, "ch:ahead")
        assert not controller.model("ns1").applications
        await edge.install_configuration_sw(ee_id, "ch:ahead", options={"force": True})


@pytest.mark.parametrize(
    ("message", "code", "shown", "retryable"),
    [
        ("Post https://api.charmhub.io/v2: dial tcp: i/o timeout", "", "charm none cannot be fetched: Post", True),
        ("the operation has been blocked", "operation is blocked", "an operator has blocked such changes", False),
        ("disk is full", "", "charm none cannot be fetched: disk is full", False),
        ('cloud credential "a" not found', "not found", 'cannot be fetched: cloud credential "a" not found', False),
        ("Post https://api.charmhub.io/v2: x509: certificate is not valid for it", "", "cannot be fetched", False),
    ],
)
async def test_what_is_not_about_the_charm_is_no_bad_argument(
    controller: SimulatedController, message: str, code: str, shown: str, *, retryable: bool
) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        controller.faults.refuse("Charms.ResolveCharms", message, code)
        with pytest.raises(BackendError, match=shown) as caught:
            await edge.install_configuration_sw(ee_id, "ch:none")
    assert (type(caught.value), caught.value.code, caught.value.retryable) == (BackendError, code, retryable)


async def test_channel_and_revision_are_for_charms_of_charmhub(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        with pytest.raises(BadArguments, match=r"options\.channel: is only for charms of Charmhub"):
            await edge.install_configuration_sw(ee_id, "simple-router", options={"channel": "edge"})
