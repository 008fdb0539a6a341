"""Charms installed where they are: what is asked again with other content is done, or refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.juju import connected, installed, machine, write_charm

from vca_core import BadArguments
from vca_juju_common.archive import render
from vca_jujusim.archives import read_archive
from vca_jujusim.controller import SimulatedController

APP = "app-vnf-vnf1"
FILE = {"data": {"type": "file", "filename": "data.bin"}, "other": {"type": "file", "filename": "other.bin"}}


def publish(controller: SimulatedController, charm: Path, *channels: str, revision: int) -> None:
    """Publish a charm in channels of Charmhub."""
    archive = render(charm)
    for channel in channels:
        archive.file.seek(0)
        controller.publish(read_archive(archive.file.read()), channel=channel, revision=revision)
    archive.close()


def sent(controller: SimulatedController) -> int:
    """How many resources were uploaded."""
    return sum(count for (_, what, _), count in controller.counts.uploads.items() if what.startswith("resource"))


def origin(controller: SimulatedController) -> tuple[str, str, int]:
    """Track, risk and revision of the charm that is installed."""
    data = controller.model("ns1").applications[APP].origin
    return data["track"], data["risk"], data["revision"]


async def test_installing_again_sets_adds_and_hands_over(controller: SimulatedController, tmp_path: Path) -> None:
    write_charm(
        tmp_path,
        "res",
        config={"mtu": {"type": "int", "default": 1500}, "name": {"type": "string"}},
        resources={"data": {"type": "file", "filename": "data.bin"}},
    )
    (tmp_path / "res" / "data.bin").write_bytes(b"x")
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "res", config={"mtu": 1400, "name": "a"})
        await edge.exec_primitive(ee_id, "config", {"mtu": 9000})
        again = {"resources": {"data": "data.bin"}, "trust": True}
        await edge.install_configuration_sw(
            ee_id, "res", config={"mtu": 1400, "name": None}, num_units=2, options=again
        )
        await edge.install_configuration_sw(ee_id, "res")
        model = controller.model("ns1")
        application = model.applications[APP]
        assert application.config == {"mtu": 1400}
        assert application.trust
        assert application.resources["data"]["size"] == 1
        assert [unit.name for unit in model.units_of(APP)] == [f"{APP}/0", f"{APP}/1"]
        (tmp_path / "res" / "hooks" / "install").write_text("#!/bin/sh\nexit 0\n")
        with pytest.raises(BadArguments, match="another version of charm res is installed; call upgrade"):
            await edge.install_configuration_sw(ee_id, "res")
        await edge.upgrade(ee_id, "res", config={"mtu": None})
        assert model.applications[APP].config == {}
        await edge.install_configuration_sw(ee_id, "res")


async def test_trust_is_as_the_latest_call_says(controller: SimulatedController, tmp_path: Path) -> None:
    write_charm(tmp_path, "res")
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "res", options={"trust": True})
        for options, trust in (({}, True), ({"trust": False}, False), ({"trust": True}, True)):
            for call in (edge.install_configuration_sw, edge.upgrade):
                await call(ee_id, "res", options=options)
                assert controller.model("ns1").applications[APP].trust is trust


async def test_a_resource_that_is_there_is_not_sent_again(controller: SimulatedController, tmp_path: Path) -> None:
    charm = write_charm(tmp_path, "res", resources=FILE)
    (charm / "data.bin").write_bytes(b"first")
    (tmp_path / "elsewhere.bin").write_bytes(b"first")
    data: dict[str, Any] = {"resources": {"data": "data.bin"}}
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "res", options=data)
        for again in (data, {"resources": {"data": "../elsewhere.bin"}}, {}):
            await edge.install_configuration_sw(ee_id, "res", options=again)
            await edge.upgrade(ee_id, "res", options=again)
        assert sent(controller) == 1
        assert not controller.counts.requests["Application.SetCharm"]


async def test_a_missing_resource_is_handed_over_and_none_replaced(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_charm(tmp_path, "res", resources=FILE)
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "res", options={"resources": {"data": "first"}})
        with pytest.raises(BadArguments, match=r"options\.resources\.data: there is another one .* upgrade") as caught:
            await edge.install_configuration_sw(
                ee_id, "res", options={"resources": {"other": "first", "data": "second"}}
            )
        assert caught.value.bad_args == ["options.resources.data"]
        assert sent(controller) == 1
        await edge.install_configuration_sw(ee_id, "res", options={"resources": {"other": "first", "data": "first"}})
        assert sent(controller) == 2
        await edge.upgrade(ee_id, "res", options={"resources": {"other": "second", "data": "first"}, "trust": True})
        assert sent(controller) == 3
        application = controller.model("ns1").applications[APP]
        assert {name: one["size"] for name, one in application.resources.items()} == {"data": 5, "other": 6}
        assert application.trust


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"resources": {"nothing": "first"}}, r"options\.resources\.nothing: the charm declares no such resource"),
        ({"resources": {"data": "none"}}, r"options\.resources\.data: there is no file"),
        ({"resources": {"data": 3}}, r"options\.resources\.data: revisions are for charms of Charmhub"),
        ({"resources": {"data": True}}, r"options\.resources\.data"),
        ({"resources": {"data": ["first"]}}, r"options\.resources\.data"),
        ({"channel": "edge"}, r"options\.channel: is only for charms of Charmhub"),
        ({"channel": "latest/wobbly"}, r"options\.channel.*expected a channel such as latest/stable"),
        ({"revision": 7}, r"options\.revision: is only for charms of Charmhub"),
    ],
)
async def test_what_an_installation_refuses_a_second_one_refuses(
    controller: SimulatedController, tmp_path: Path, wrong: dict[str, Any], message: str
) -> None:
    write_charm(tmp_path, "res", resources=FILE)
    (tmp_path / "first").write_text("first")
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge, artifact_path="res")
        for install in (False, True, True):
            with pytest.raises(BadArguments, match=message):
                await edge.install_configuration_sw(ee_id, "res", options=wrong)
            if install:
                await edge.install_configuration_sw(ee_id, "res")
        with pytest.raises(BadArguments, match=message):
            await edge.upgrade(ee_id, "res", options=wrong)


async def test_a_charm_of_charmhub_keeps_its_channel_and_revision(
    controller: SimulatedController, tmp_path: Path
) -> None:
    charm = write_charm(tmp_path, "router")
    publish(controller, charm, "latest/stable", revision=7)
    publish(controller, charm, "latest/edge", revision=8)
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "ch:router")
        same: list[dict[str, Any]] = [
            {},
            {"channel": "stable"},
            {"channel": "latest"},
            {"channel": "latest/stable", "revision": 7},
            {"channel": "candidate"},  # there is nothing of that risk, and so it is stable
        ]
        for asked in same:
            await edge.install_configuration_sw(ee_id, "ch:router", options=asked)
        for asked, message in (
            ({"channel": "edge"}, r"options\.channel: charm router follows latest/stable; call upgrade to follow edge"),
            ({"channel": "2.0/stable"}, "charm router cannot be fetched"),
            ({"revision": 8}, r"options\.revision: revision 7 of charm router is installed; call upgrade to bring 8"),
        ):
            with pytest.raises(BadArguments, match=message):
                await edge.install_configuration_sw(ee_id, "ch:router", options=asked)
        assert origin(controller) == ("latest", "stable", 7)


async def test_an_upgrade_keeps_the_channel_unless_given_another(
    controller: SimulatedController, tmp_path: Path
) -> None:
    charm = write_charm(tmp_path, "router")
    publish(controller, charm, "latest/stable", "latest/edge", revision=7)
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "ch:router")
        await edge.upgrade(ee_id, "ch:router", options={"channel": "edge"})
        assert origin(controller) == ("latest", "edge", 7)
        publish(controller, charm, "latest/edge", revision=8)
        await edge.upgrade(ee_id, "ch:router")
        assert origin(controller) == ("latest", "edge", 8)


async def test_resources_of_charmhub_are_compared_too(controller: SimulatedController, tmp_path: Path) -> None:
    publish(controller, write_charm(tmp_path, "router", resources=FILE), "latest/stable", revision=7)
    (tmp_path / "mine").write_text("mine")
    mine = {"resources": {"data": str(tmp_path / "mine")}}
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "ch:router", options={"resources": {"data": 3}})
        await edge.install_configuration_sw(ee_id, "ch:router", options={"resources": {"data": 3}})
        for other in (mine, {"resources": {"data": 4}}):
            with pytest.raises(BadArguments, match=r"options\.resources\.data: there is another one"):
                await edge.install_configuration_sw(ee_id, "ch:router", options=other)
        await edge.upgrade(ee_id, "ch:router", options=mine)
        await edge.install_configuration_sw(ee_id, "ch:router", options=mine)
        await edge.upgrade(ee_id, "ch:router")  # what was uploaded stays
        assert sent(controller) == 1
        assert controller.model("ns1").applications[APP].resources["data"]["origin"] == "upload"
