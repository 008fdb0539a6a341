"""Charms installed, upgraded, scaled and configured."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.juju import client_of, connected, installed, machine, proxy_charm, until, write_charm

from vca_core import (
    AlreadyExists,
    BackendError,
    BadArguments,
    DeploymentStatus,
    ExecutionError,
    NotFound,
    VcaTimeoutError,
)
from vca_juju_common import readiness
from vca_juju_common.client import presence as client_presence
from vca_jujusim.controller import SimulatedController

APP = "app-vnf-vnf1"


async def test_config_is_given_with_the_charm_in_its_types(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await installed(edge, config={"mtu": "9000", "forwarding": "false", "hostname": "a: b # c"})
    config = controller.model("ns1").applications[APP].config
    assert {"mtu": 9000, "forwarding": False, "hostname": "a: b # c"}.items() <= config.items()


@pytest.mark.defect("D32")
async def test_config_that_does_not_fit_is_refused_before_the_upload(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        with pytest.raises(BadArguments, match="config.mtu"):
            await edge.install_configuration_sw(ee_id, "simple-router", config={"mtu": "wide"})
    assert not controller.counts.uploads


@pytest.mark.defect("D46")
async def test_the_same_charm_again_is_fine_and_another_one_is_refused(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_charm(tmp_path, "one")
    write_charm(tmp_path, "other")
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "one")
        await edge.install_configuration_sw(ee_id, "one")
        with pytest.raises(AlreadyExists, match="charm one is installed there; other needs an EE of its own") as caught:
            await edge.install_configuration_sw(ee_id, "other")
        assert caught.value.ee_id == ee_id
    assert controller.counts.requests["Application.Deploy"] == 1


async def test_subordinates_and_unfit_bases_are_refused_before_upload(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_charm(
        tmp_path, "sub", subordinate=True, requires={"juju-info": {"interface": "juju-info", "scope": "container"}}
    )
    write_charm(tmp_path, "old", series=["focal"])
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge, options={"base": "ubuntu@22.04"})
        with pytest.raises(BadArguments, match="is a subordinate"):
            await edge.install_configuration_sw(ee_id, "sub")
        with pytest.raises(BadArguments, match="supports ubuntu@20.04, and machine 0 has ubuntu@22.04"):
            await edge.install_configuration_sw(ee_id, "old")
        assert not controller.counts.uploads
        await edge.install_configuration_sw(ee_id, "old", options={"force": True})


async def test_sources_are_rendered_or_to_be_packed_first(controller: SimulatedController, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "charmcraft.yaml").write_text("name: bare\nsummary: s\ndescription: d\n")
    async with connected(controller) as edge:
        ee_id = await installed(edge, "content-cache", config={"size-gb": 50})
        await edge.exec_primitive(ee_id, "purge", {"pattern": "/x"})
    async with connected(controller, tmp_path) as edge:
        with pytest.raises(BadArguments, match="pack it first"):
            await installed(edge, "bare", ".ns2.a")


@pytest.mark.defect("D11")
async def test_a_failed_hook_ends_the_wait_with_its_message(controller: SimulatedController) -> None:
    controller.faults.hook_error(times=None, retry=False)
    async with connected(controller) as edge:
        with pytest.raises(BackendError, match='unit app-vnf-vnf1/0 is in error: hook failed: "install"'):
            await installed(edge)
        controller.faults.clear()
        await edge.delete_execution_environment(f"ns1.{APP}.0")
        assert controller.model("ns1").machines == {}


async def test_a_failed_agent_ends_the_wait_and_is_reported(controller: SimulatedController) -> None:
    controller.faults.fail_agent(message="cannot download charm")
    async with connected(controller) as edge:
        with pytest.raises(BackendError, match="the agent of unit .*/0 has failed: cannot download charm"):
            await installed(edge)
        (listed,) = await edge.list_execution_environments()
        (unit,) = [one for one in listed.entities if one.entity.kind == "unit"]
        assert (unit.native, unit.detail) == ("failed", "cannot download charm")
        assert unit.meaning is DeploymentStatus.FAILED


async def test_a_hook_that_failed_is_run_again_where_asked_for(controller: SimulatedController) -> None:
    controller.faults.hook_error(times=1, retry=False)
    async with connected(controller) as edge:
        with pytest.raises(BackendError, match="option resolve .* force_units"):
            await installed(edge)
        ee_id = f"ns1.{APP}.0"
        with pytest.raises(BackendError, match="is in error"):
            await edge.install_configuration_sw(ee_id, "simple-router")
        await edge.install_configuration_sw(ee_id, "simple-router", options={"resolve": True})
        await edge.install_configuration_sw(ee_id, "simple-router", options={"resolve": True})
    assert controller.counts.requests["Application.ResolveUnitErrors"] == 1


@pytest.mark.parametrize("by_itself", [True, False])
async def test_a_mended_charm_reaches_units_in_error(
    controller: SimulatedController, tmp_path: Path, *, by_itself: bool
) -> None:
    for version in ("first", "second"):
        write_charm(tmp_path / version, "broken", summary=f"The {version} one.")
    controller.faults.hook_error(times=None, retry=by_itself)
    async with connected(controller, tmp_path) as edge:
        with pytest.raises(BackendError, match="is in error"):
            await installed(edge, "first/broken")
        ee_id = f"ns1.{APP}.0"
        first_url = controller.model("ns1").applications[APP].charm_url
        if not by_itself:
            controller.faults.clear()
            with pytest.raises(BackendError, match="is in error"):
                await edge.upgrade(ee_id, "second/broken", options={"force": True})
        asked = {"force_units": True, "resolve": not by_itself}
        upgrading = asyncio.create_task(edge.upgrade(ee_id, "second/broken", options=asked))
        (unit,) = controller.model("ns1").units.values()
        await until(lambda: unit.charm_url == controller.model("ns1").applications[APP].charm_url != first_url)
        controller.faults.clear()
        await upgrading
        assert unit.workload.current == "active"


@pytest.mark.parametrize("force_units", [True, False])
async def test_units_in_error_take_another_charm_only_by_force(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, force_units: bool
) -> None:
    monkeypatch.setattr("vca_juju_common.readiness.CHANCE", 0.3)
    for version in ("first", "second"):
        write_charm(tmp_path / version, "broken", summary=f"The {version} one.")
    controller.faults.hook_error(times=None, retry=False)
    async with connected(controller, tmp_path) as edge:
        with pytest.raises(BackendError, match="is in error"):
            await installed(edge, "first/broken")
        with pytest.raises(BackendError, match="is in error"):
            await edge.upgrade(f"ns1.{APP}.0", "second/broken", options={"force_units": force_units})
        (unit,) = controller.model("ns1").units.values()
        assert (unit.charm_url == controller.model("ns1").applications[APP].charm_url) is force_units


async def test_a_hook_that_juju_runs_again_may_be_waited_for(controller: SimulatedController) -> None:
    controller.faults.hook_error(times=1)
    async with connected(controller, hook_error_grace=10.0) as edge:
        await installed(edge)


async def test_a_grace_that_passes_ends_the_wait(controller: SimulatedController) -> None:
    controller.faults.hook_error(times=None, retry=False)
    async with connected(controller, hook_error_grace=0.2) as edge:
        with pytest.raises(BackendError, match="hook failed"):
            await installed(edge)


@pytest.mark.defect("D14")
async def test_a_blocked_charm_is_installed_and_shown_as_running(
    controller: SimulatedController, tmp_path: Path
) -> None:
    proxy_charm(tmp_path)
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "proxy")
        assert await edge.refresh_status(ee_id) == "running"


async def test_a_machine_that_is_lost_ends_the_wait(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_presence, "SILENCE", 0.2)
    controller.faults.freeze("unit")
    async with connected(controller) as edge:
        installing = asyncio.create_task(installed(edge))
        await until(lambda: controller.counts.requests["Application.Deploy"])
        await until(lambda: controller.model("ns1").units)
        controller.lose_machine("ns1", "0")
        with pytest.raises(BackendError, match="machine 0 is down: agent is not communicating"):
            await installing


@pytest.mark.defect("D17")
async def test_an_application_that_others_remove_ends_the_wait(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "UNSEEN", 0.3)
    controller.faults.freeze("unit")
    async with connected(controller) as edge:
        installing = asyncio.create_task(installed(edge))
        await until(lambda: controller.counts.requests["Annotations.Set"] == 2)
        controller.faults.clear()
        controller.remove_application("ns1", APP)
        with pytest.raises(NotFound):
            await installing


@pytest.mark.defect("D10")
async def test_what_is_not_there_is_not_found(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await machine(edge)
        with pytest.raises(NotFound):
            await edge.exec_primitive(ee_id, "touch")
        with pytest.raises(NotFound):
            await edge.exec_primitive("ns9.app-vnf-vnf1.0", "touch")
        with pytest.raises(NotFound):
            await edge.install_configuration_sw(f"ns1.{APP}.7", "simple-router")
        with pytest.raises(NotFound):
            await edge.exec_primitive(ee_id, "config", {"mtu": 1})
    assert "ns9" not in {model.record.name for model in controller.world.models.values()}


@pytest.mark.defect("D17")
@pytest.mark.parametrize("reason", ['application "a" is not alive', "application is not found or not alive"])
async def test_what_goes_while_it_is_asked_for_is_not_found(controller: SimulatedController, reason: str) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.faults.refuse("Application.AddUnits", f'cannot add unit to application "a": {reason}')
        with pytest.raises(NotFound, match=reason):
            await edge.scale(ee_id, 2)


async def test_a_charm_is_upgraded_to_another_version_of_itself(
    controller: SimulatedController, tmp_path: Path
) -> None:
    charm = write_charm(tmp_path, "one", config={"a": {"type": "int", "default": 1}})
    write_charm(tmp_path, "other")
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "one")
        with pytest.raises(BadArguments, match="other is not another version of it"):
            await edge.upgrade(ee_id, "other")
        (charm / "config.yaml").write_text("options: {a: {type: int, default: 1}, b: {type: string, default: x}}")
        await edge.upgrade(ee_id, "one", config={"b": "new"})
        assert controller.model("ns1").applications[APP].config["b"] == "new"
        await edge.exec_primitive(ee_id, "config", {"b": "newer"})
    assert sum(controller.counts.uploads.values()) == 2


async def test_trust_and_resources_are_handed_over(controller: SimulatedController, tmp_path: Path) -> None:
    write_charm(tmp_path, "res", resources={"data": {"type": "file", "filename": "data.bin"}})
    (tmp_path / "res" / "data.bin").write_bytes(b"x" * 700_000)
    async with connected(controller, tmp_path) as edge:
        ee_id = await machine(edge)
        with pytest.raises(BadArguments, match=r"options\.resources\.other"):
            await edge.install_configuration_sw(ee_id, "res", options={"resources": {"other": "data.bin"}})
        with pytest.raises(BadArguments, match="expected a file"):
            await edge.install_configuration_sw(ee_id, "res", options={"resources": {"data": 3}})
        with pytest.raises(BadArguments, match="there is no file"):
            await edge.install_configuration_sw(ee_id, "res", options={"resources": {"data": "none.bin"}})
        await edge.install_configuration_sw(ee_id, "res", options={"resources": {"data": "data.bin"}, "trust": True})
    application = controller.model("ns1").applications[APP]
    assert application.trust
    assert application.resources["data"]["size"] == 700_000


async def test_one_upload_does_for_all_bases(controller: SimulatedController, tmp_path: Path) -> None:
    write_charm(tmp_path, "one", series=["focal", "jammy"])
    async with connected(controller, tmp_path) as edge:
        for number, base in enumerate(("ubuntu@20.04", "ubuntu@22.04")):
            ee_id = await machine(edge, f".ns1.vnf{number}", options={"base": base})
            await edge.install_configuration_sw(ee_id, "one")
    model = controller.model("ns1")
    assert [str(one.base) for one in model.applications.values()] == ["ubuntu@20.04", "ubuntu@22.04"]
    assert sum(controller.counts.uploads.values()) == 1


async def test_a_charm_that_the_controller_dropped_is_uploaded_again(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        await edge.delete_execution_environment(await installed(edge))
        assert controller.model("ns1").charms == {}
        await installed(edge)
    assert sum(controller.counts.uploads.values()) == 2


async def test_a_charm_is_replaced_by_an_earlier_dropped_one(controller: SimulatedController, tmp_path: Path) -> None:
    write_charm(tmp_path / "first", "one", config={"a": {"type": "int", "default": 1}})
    write_charm(tmp_path / "second", "one", config={"b": {"type": "int", "default": 1}})
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "first/one")
        await edge.upgrade(ee_id, "second/one")
        model = controller.model("ns1")
        assert list(model.charms) == ["local:one-1"]
        await edge.upgrade(ee_id, "first/one")
        assert list(model.charms) == ["local:one-2"]
        await edge.exec_primitive(ee_id, "config", {"a": 2})
    assert sum(controller.counts.uploads.values()) == 3


async def test_units_that_go_before_the_charm_is_set_are_missed(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_charm(tmp_path / "first", "one")
    write_charm(tmp_path / "second", "one", summary="Another one.")
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "first/one")
        controller.faults.hang("Application.SetCharm", "after")
        upgrading = asyncio.create_task(edge.upgrade(ee_id, "second/one", total_timeout=5.0))
        await until(lambda: controller.counts.requests["Application.SetCharm"])
        controller.remove_unit("ns1", f"{APP}/0")
        model = client_of(edge)._models["ns1"]
        await until(lambda: not model.state.units)
        controller.cut()
        with pytest.raises(NotFound, match=f"unit {APP}/0 of application {APP} was removed"):
            await upgrading


# Configuration.


@pytest.mark.defect("D30")
@pytest.mark.defect("U14")
async def test_values_are_compared_in_the_types_of_their_options(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        assert await edge.exec_primitive(ee_id, "config", {"mtu": "1400", "forwarding": "False"}) == "CONFIG OK"
        assert await edge.exec_primitive(ee_id, "config", {"hostname": ""}) == "CONFIG OK"
        with pytest.raises(BadArguments, match=r"config\.width"):
            await edge.exec_primitive(ee_id, "config", {"width": 1})


@pytest.mark.defect("U14")
async def test_values_that_the_controller_does_not_keep_are_named(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        config = controller.model("ns1").applications[APP].config
        controller.faults.delay("Application.SetConfigs", 0.2)
        setting = asyncio.create_task(edge.exec_primitive(ee_id, "config", {"mtu": 1400}))
        await until(lambda: config.get("mtu") == 1400)
        config["mtu"] = 1500
        with pytest.raises(ExecutionError, match="options mtu"):
            await setting


@pytest.mark.defect("D28")
async def test_a_proxy_charm_verifies_until_it_reaches_its_vnf(controller: SimulatedController, tmp_path: Path) -> None:
    proxy_charm(tmp_path)
    controller.faults.action("verify-ssh-credentials", message="no route", times=2)
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "proxy")
        values = {"ssh-hostname": "h", "ssh-username": "u", "ssh-password": "canary"}
        assert await edge.exec_primitive(ee_id, "config", values) == "CONFIG OK"
    assert len(controller.model("ns1").actions) == 3


@pytest.mark.defect("D29")
@pytest.mark.defect("U5")
async def test_a_proxy_charm_that_never_reaches_its_vnf_fails(controller: SimulatedController, tmp_path: Path) -> None:
    proxy_charm(tmp_path)
    controller.faults.action("verify-ssh-credentials", message="no route", output={"why": "route"}, times=None)
    async with connected(controller, tmp_path) as edge:
        ee_id = await installed(edge, "proxy")
        with pytest.raises(ExecutionError, match="cannot reach its VNF.*no route") as caught:
            await edge.exec_primitive(ee_id, "config", {"port": 23})
        assert caught.value.output["why"] == "route"
    assert len(controller.model("ns1").actions) == 3


@pytest.mark.defect("D24")
async def test_verification_ends_with_the_callers_deadline(controller: SimulatedController, tmp_path: Path) -> None:
    proxy_charm(tmp_path)
    controller.faults.action("verify-ssh-credentials", times=None)
    async with connected(controller, tmp_path, verify_attempts=1000, verify_interval=0.3) as edge:
        ee_id = await installed(edge, "proxy")
        with pytest.raises((ExecutionError, VcaTimeoutError)):
            await edge.exec_primitive(ee_id, "config", {"port": 23}, total_timeout=1.0)


@pytest.mark.defect("D31")
async def test_options_can_be_set_while_there_is_no_unit(controller: SimulatedController) -> None:
    async with connected(controller) as edge:
        ee_id = await installed(edge)
        controller.remove_unit("ns1", f"{APP}/0")
        await until(lambda: not controller.model("ns1").units)
        assert await edge.exec_primitive(ee_id, "config", {"mtu": 1400}) == "CONFIG OK"
