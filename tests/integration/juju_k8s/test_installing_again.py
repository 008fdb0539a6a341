"""Charms installed where they are: what is asked again with other content is done, or refused by its name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.juju import until
from support.juju_k8s import installed, on_kubernetes, sidecar

from vca_core import BackendError, BadArguments
from vca_jujusim import SimulatedController

APP, MODEL = "app-vnf-vnf1", "ns1-k8s"
FIRST = {"storage": {"data": "fast,1G"}, "constraints": "mem=1G tags=a,b", "trust": True}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A folder with the charm `dns`, which has storage."""
    sidecar(tmp_path, storage={name: {"type": "filesystem"} for name in ("data", "logs")})
    return tmp_path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"storage": {"data": "slow,1G"}}, r"options\.storage\.data: expected fast,1024M, .* got slow,1024M; Juju"),
        ({"storage": {"data": "5G"}}, r"options\.storage\.data: expected fast,1024M, as the charm was installed"),
        ({"storage": {"logs": "fast"}}, r"options\.storage\.logs: expected nothing, .* got fast; Juju does not change"),
        ({"storage": {"nosuch": "fast"}}, r"options\.storage\.nosuch: expected nothing"),
        ({"constraints": "mem=8G"}, "options.constraints: expected 1024M for mem, as the charm was .*, got 8192M"),
        ({"constraints": "cores=2"}, "options.constraints: expected nothing for cores, .* got 2; Juju does not"),
        (
            {"constraints": "tags=a,c"},
            "options.constraints: expected a,b for tags, as the charm was installed, got a,c",
        ),
    ],
)
async def test_other_storage_or_constraints_are_refused(
    controller: SimulatedController, stored: Path, options: dict[str, Any], message: str
) -> None:
    async with on_kubernetes(controller, stored) as pods:
        ee_id = await installed(pods, options=FIRST)
        with pytest.raises(BadArguments, match=message):
            await pods.install_configuration_sw(ee_id, "dns", config={"label": "x"}, num_units=2, options=options)
        application = controller.model(MODEL).applications[APP]
        assert (application.config, application.scale) == ({}, 1)
        assert controller.counts.requests["Application.SetConstraints"] == 0


async def test_the_same_storage_and_constraints_change_nothing(controller: SimulatedController, stored: Path) -> None:
    async with on_kubernetes(controller, stored) as pods:
        ee_id = await installed(pods, options=FIRST)
    same: list[dict[str, Any]] = [FIRST, {}, {"storage": {"data": "fast"}}, {"storage": {"data": "1024M"}}]
    same += [{"constraints": {"mem": "1024M", "tags": ["b", "a"]}}, {"constraints": "cores="}]
    async with on_kubernetes(controller, stored) as other:  # a process that has not seen the first installation
        for options in same:
            await other.install_configuration_sw(ee_id, "dns", options=options)
    application = controller.model(MODEL).applications[APP]
    assert application.storage == {"data": {"Pool": "fast", "Size": 1024}}
    assert application.charm_modified == 0


async def test_storage_of_which_nothing_is_noted_is_not_compared(controller: SimulatedController, stored: Path) -> None:
    async with on_kubernetes(controller, stored) as pods:
        ee_id = await installed(pods, options=FIRST)
    controller.model(MODEL).applications[APP].annotations.clear()  # as where others deployed it
    async with on_kubernetes(controller, stored) as other:
        await other.install_configuration_sw(ee_id, "dns", options={"storage": {"data": "slow"}})


async def test_trust_is_as_the_latest_call_says(controller: SimulatedController, stored: Path) -> None:
    async with on_kubernetes(controller, stored) as pods:
        ee_id = await installed(pods, options={"trust": True})
        application = controller.model(MODEL).applications[APP]
        for options, trust in (({}, True), ({"trust": False}, False), ({}, False), ({"trust": True}, True)):
            await pods.install_configuration_sw(ee_id, "dns", options=options)
            assert application.trust is trust


async def test_the_connectors_trust_is_for_the_first_installation(
    controller: SimulatedController, stored: Path
) -> None:
    async with on_kubernetes(controller, stored, trust=True) as pods:
        ee_id = await installed(pods)
        application = controller.model(MODEL).applications[APP]
        for options, trust in (({}, True), ({"trust": False}, False), ({}, False)):
            await pods.install_configuration_sw(ee_id, "dns", options=options)
            assert application.trust is trust


async def test_an_ee_that_was_scaled_to_none_stays_so(controller: SimulatedController, stored: Path) -> None:
    async with on_kubernetes(controller, stored) as pods:
        ee_id = await installed(pods, num_units=2)
        await pods.scale(ee_id, 0)
        model = controller.model(MODEL)
        await pods.install_configuration_sw(ee_id, "dns", config={"label": "kept"})
        assert (model.applications[APP].scale, model.units) == (0, {})
        assert model.applications[APP].config == {"label": "kept"}
        await pods.install_configuration_sw(ee_id, "dns", num_units=2)
        assert sorted(model.units) == [f"{APP}/0", f"{APP}/1"]


@pytest.mark.parametrize("before", [False, True])
async def test_a_refused_upgrade_leaves_trust_as_it_was(
    controller: SimulatedController, charms: Path, before: bool
) -> None:
    sidecar(charms / "second", config={"added": {"type": "int", "default": 3}})
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods, options={"trust": before})
        application = controller.model(MODEL).applications[APP]
        controller.faults.refuse("Application.SetCharm", "not today")
        with pytest.raises(BackendError, match="not today"):
            await pods.upgrade(ee_id, "second/dns", options={"trust": not before})
        assert application.trust is before
        await pods.upgrade(ee_id, "second/dns", options={"trust": not before})
        assert application.trust is not before


async def test_a_charm_has_its_trust_before_it_comes(controller: SimulatedController, charms: Path) -> None:
    sidecar(charms / "second", config={"added": {"type": "int", "default": 3}})
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods)
        application = controller.model(MODEL).applications[APP]
        controller.faults.refuse("Application.SetConfigs", "not this")
        with pytest.raises(BackendError, match="not this"):
            await pods.upgrade(ee_id, "second/dns", options={"trust": True})
        assert controller.counts.requests["Application.SetCharm"] == 0
        await pods.upgrade(ee_id, "second/dns", options={"trust": True})
        before = controller.counts.requests["Application.SetConfigs"]
        await pods.upgrade(ee_id, "dns", options={"trust": True})  # which it has
        assert application.trust
        assert controller.counts.requests["Application.SetConfigs"] == before


async def test_a_cancelled_upgrade_takes_back_its_trust(controller: SimulatedController, charms: Path) -> None:
    """The charm was not asked for when the operation ended."""
    sidecar(charms / "second", config={"added": {"type": "int", "default": 3}})
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods)
        rule = controller.faults.delay("Application.SetConfigs", 0.2, times=1)
        upgrading = asyncio.ensure_future(pods.upgrade(ee_id, "second/dns", options={"trust": True}))
        await until(lambda: rule.hits > 0)
        upgrading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upgrading
        assert not controller.model(MODEL).applications[APP].trust
        assert controller.counts.requests["Application.SetCharm"] == 0
