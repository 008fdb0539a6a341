"""The life of an EE on Kubernetes, over the wire."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.juju import NS, VNF, until
from support.juju_k8s import installed, on_kubernetes, sidecar

from vca_core import AlreadyExists, BadArguments, Connector, NotFound, NotSupported, VcaTimeoutError
from vca_core.naming import Namespace
from vca_core.stores.memory import MemoryStore
from vca_juju_common import finishing
from vca_jujusim import SimulatedController
from vca_jujusim.archives import charm_from_documents
from vca_jujusim.world.deploying import follow_scale

APP, MODEL = "app-vnf-vnf1", "ns1-k8s"
EE = f"{MODEL}.{APP}.k8s"


async def test_an_ee_is_reserved_installed_used_and_deleted(controller: SimulatedController, charms: Path) -> None:
    async with on_kubernetes(controller, charms) as pods:
        ee_id, credentials = await pods.create_execution_environment(VNF)
        assert (str(ee_id), credentials) == (EE, {"hostname": f"{APP}.{MODEL}.svc"})
        assert controller.model(MODEL).applications == {}
        [listed] = await pods.list_execution_environments()
        assert (listed.namespace, listed.address) == (Namespace.parse(VNF), f"{APP}.{MODEL}.svc")
        assert [state.native for state in listed.entities] == ["reserved"]
        await pods.install_configuration_sw(ee_id, "dns", config={"label": "edge"}, num_units=2)
        assert (await pods.exec_primitive(ee_id, "touch")) == {"unit": f"{APP}/0", "return-code": 0}
        await pods.exec_primitive(ee_id, "config", {"label": "core"})
        described = await pods.describe(ee_id)
        assert described.options["label"].value == "core"
        assert all(unit.addresses[0].startswith("10.1.") for unit in described.units)
        assert (await pods.get_status(NS))["applications"][APP]["int"] == 2
        await pods.delete_execution_environment(ee_id)
        assert await pods.list_execution_environments() == []
        assert controller.model(MODEL).applications == {}
        assert controller.model(MODEL).record.annotations == {}
        await pods.delete_namespace(NS)
        assert [model.record.name for model in controller.world.models.values()] == ["controller"]


async def test_an_ee_is_scaled_to_nothing_and_back(controller: SimulatedController, charms: Path) -> None:
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods, num_units=2)
        for number in (3, 0, 1):
            await pods.scale(ee_id, number)
            assert sorted(controller.model(MODEL).units) == [f"{APP}/{index}" for index in range(number)]
        await pods.delete_execution_environment(ee_id)
        with pytest.raises(BadArguments, match="num_units: expected a whole number from 0 up, got -1"):
            await pods.scale(ee_id, -1)


async def test_an_ee_without_units_is_upgraded(controller: SimulatedController, charms: Path) -> None:
    sidecar(charms / "second", config={"added": {"type": "int", "default": 3}})
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods)
        await pods.scale(ee_id, 0)
        before = controller.model(MODEL).applications[APP].charm_url
        for _ in range(2):
            await pods.upgrade(ee_id, "second/dns", options={"resources": {"image": "example.com/dns:2"}})
        application = controller.model(MODEL).applications[APP]
        assert application.charm_url != before
        await pods.scale(ee_id, 2)
        assert {unit.charm_url for unit in controller.model(MODEL).units.values()} == {application.charm_url}


async def test_an_upgrade_keeps_the_units_and_takes_another_image(
    controller: SimulatedController, charms: Path
) -> None:
    sidecar(charms / "second", config={"label": {"type": "string"}, "added": {"type": "int", "default": 3}})
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods, num_units=2)
        await pods.upgrade(ee_id, "second/dns", options={"resources": {"image": "example.com/dns:2"}, "trust": True})
        application = controller.model(MODEL).applications[APP]
        assert application.resources["image"]["image"] == "example.com/dns:2"
        assert application.trust
        assert {unit.charm_url for unit in controller.model(MODEL).units.values()} == {application.charm_url}
        assert "added" in (await pods.describe(ee_id)).options
        await pods.upgrade(ee_id, "second/dns", options={"trust": False})
        assert not application.trust


async def test_another_image_alone_is_there_when_the_upgrade_ends(charms: Path) -> None:
    async with SimulatedController(steps={"unit": 0.1}) as controller:
        controller.add_kubernetes()
        async with on_kubernetes(controller, charms) as pods:
            ee_id = await installed(pods, num_units=2)
            before = {address for unit in (await pods.describe(ee_id)).units for address in unit.addresses}
            await pods.upgrade(ee_id, "dns", options={"resources": {"image": "example.com/dns:2"}})
            after = {address for unit in (await pods.describe(ee_id)).units for address in unit.addresses}
            assert len(after) == len(before) == 2
            assert not after & before  # each pod was made anew


async def test_an_upgrade_to_what_is_there_replaces_no_pod(controller: SimulatedController, charms: Path) -> None:
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods)
        other: dict[str, Any] = {"resources": {"image": "example.com/dns:2"}}
        for options in ({}, other, other):
            await pods.upgrade(ee_id, "dns", options=options)
        assert controller.model(MODEL).applications[APP].charm_modified == 1
        login = {"resources": {"image": {"image": "example.com/dns:2", "username": "vca", "password": "s3cret"}}}
        await pods.upgrade(ee_id, "dns", options=login)
        assert controller.model(MODEL).applications[APP].charm_modified == 2


@pytest.mark.parametrize("charm", ["dns", "second/dns"])
async def test_of_several_images_only_another_one_is_named(
    controller: SimulatedController, tmp_path: Path, charm: str
) -> None:
    images = {name: {"type": "oci-image", "upstream-source": f"example.com/{name}:1"} for name in ("image", "side")}
    sidecar(tmp_path / "charms", resources=images)
    sidecar(tmp_path / "charms" / "second", resources=images, config={"added": {"type": "int"}})
    async with on_kubernetes(controller, tmp_path / "charms") as pods:
        ee_id = await installed(pods)
        before = controller.counts.requests["resources.upload"]
        await pods.upgrade(ee_id, charm, options={"resources": {"image": "example.com/image:2"}})
        assert controller.counts.requests["resources.upload"] == before + 1
        held = controller.model(MODEL).applications[APP].resources
        assert {name: held[name]["image"] for name in held} == {
            "image": "example.com/image:2",
            "side": "example.com/side:1",
        }


async def test_images_of_charmhub_are_named_where_they_are_others(
    controller: SimulatedController, tmp_path: Path
) -> None:
    meta = yaml.safe_load((sidecar(tmp_path) / "metadata.yaml").read_text())
    meta["resources"] = {name: {"type": "oci-image"} for name in ("image", "side")}
    manifest = {"bases": [{"name": "ubuntu", "channel": "22.04/stable"}]}
    charm = charm_from_documents(meta, manifest=manifest)
    controller.publish(charm)
    async with on_kubernetes(controller, tmp_path) as pods:
        ee_id = await installed(pods, "ch:dns")
        application = controller.model(MODEL).applications[APP]
        first = {name: held["image"] for name, held in application.resources.items()}
        await pods.upgrade(ee_id, "ch:dns")
        assert application.charm_modified == 0
        controller.publish(charm, resources={"side": 2})
        for _ in range(2):
            await pods.upgrade(ee_id, "ch:dns")
        assert application.charm_modified == 1
        controller.publish(charm_from_documents(meta, manifest=manifest), revision=2, resources={"side": 2})
        named = controller.counts.requests["Resources.AddPendingResources"]
        await pods.upgrade(ee_id, "ch:dns")
        assert controller.counts.requests["Resources.AddPendingResources"] == named
        assert application.charm_url == "ch:amd64/dns-2"
        held = {name: (one["revision"], one["image"] == first[name]) for name, one in application.resources.items()}
        assert held == {"image": (1, True), "side": (2, False)}


async def test_who_installs_a_missing_image_is_told_what_helps(controller: SimulatedController, charms: Path) -> None:
    missing = {"resources": {"image": "registry.example.com/missing:1"}}
    other = {"resources": {"image": "registry.example.com/dns:2"}}
    async with on_kubernetes(controller, charms) as pods:
        ee_id, _ = await pods.create_execution_environment(VNF)
        for again in range(2):
            with pytest.raises(VcaTimeoutError) as caught:
                await pods.install_configuration_sw(ee_id, "dns", progress_timeout=1, options={} if again else missing)
            [listed] = await pods.list_execution_environments()
            told = next(state.detail for state in listed.entities if state.entity.kind == "unit")
            assert re.fullmatch('installing agent; agent: .*Back-off pulling image ".*/missing:1"', told)
            assert f"unit {APP}/0 is waiting: {told};" in caught.value.message
            assert "; if its image cannot be pulled, an upgrade with another" in caught.value.message
            assert "the option cluster" in caught.value.message
        with pytest.raises(BadArguments, match="call upgrade with this one to replace it"):
            await pods.install_configuration_sw(ee_id, "dns", options=other)
        await pods.upgrade(ee_id, "dns", options=other)
        await pods.install_configuration_sw(ee_id, "dns", options=other)


async def test_installing_again_sets_options_and_adds_units(controller: SimulatedController, charms: Path) -> None:
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods)
        await pods.install_configuration_sw(ee_id, "dns", config={"label": "late"}, num_units=3)
        assert len(controller.model(MODEL).units) == 3
        assert controller.model(MODEL).applications[APP].config == {"label": "late"}
        assert controller.counts.requests["Application.Deploy"] == 1


async def as_just_deployed(controller: SimulatedController, pods: Connector) -> str:
    """Install two units, and have things as right after the deployment: they are to come, and none is there so far."""
    ee_id = await installed(pods, num_units=2)
    model = controller.model(MODEL)
    for name in list(model.units):
        model.remove("unit", name)

    async def has_none() -> bool:
        [listed] = await pods.list_execution_environments()
        return all(state.entity.kind != "unit" for state in listed.entities)

    await until(has_none)
    return ee_id


@pytest.mark.parametrize("again", ["upgrade", "install"])
async def test_units_that_come_later_are_waited_for(controller: SimulatedController, charms: Path, again: str) -> None:
    sidecar(charms / "second", config={"added": {"type": "int", "default": 3}})
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await as_just_deployed(controller, pods)
        model, requests = controller.model(MODEL), controller.counts.requests
        before = requests["Client.FullStatus"]
        call = pods.install_configuration_sw if again == "install" else pods.upgrade
        calling = asyncio.create_task(call(ee_id, "dns" if again == "install" else "second/dns"))
        await until(lambda: calling.done() or requests["Client.FullStatus"] > before)
        assert not calling.done()
        application = model.applications[APP]
        follow_scale(model, application)
        await calling
        found = [(unit.charm_url, unit.workload.current) for unit in model.units.values()]
        assert found == [(application.charm_url, "active")] * 2


async def test_units_that_come_later_are_scaled_away(controller: SimulatedController, charms: Path) -> None:
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await as_just_deployed(controller, pods)
        await pods.scale(ee_id, 0)
        assert controller.model(MODEL).applications[APP].scale == 0


async def test_a_reservation_outlives_the_process(controller: SimulatedController, charms: Path) -> None:
    async with on_kubernetes(controller, charms) as pods:
        await pods.create_execution_environment(VNF)
    async with on_kubernetes(controller, charms) as later:
        with pytest.raises(AlreadyExists) as caught:
            await later.create_execution_environment(VNF)
        assert caught.value.ee_id == EE
        ee_id, credentials = await later.create_execution_environment(VNF, reuse_ee_id=EE)
        assert (str(ee_id), credentials) == (EE, {"hostname": f"{APP}.{MODEL}.svc"})
        await later.install_configuration_sw(ee_id, "dns")
        await later.delete_execution_environment(ee_id)
        await later.delete_execution_environment(ee_id)
        with pytest.raises(NotFound):
            await later.create_execution_environment(VNF, reuse_ee_id=EE)


async def test_of_two_processes_one_has_the_ee(controller: SimulatedController, charms: Path) -> None:
    async with on_kubernetes(controller, charms) as one, on_kubernetes(controller, charms) as other:
        await one.create_execution_environment(".ns1.before")  # both work in a model that is there
        await other.list_execution_environments()
        made = await asyncio.gather(
            *(process.create_execution_environment(VNF) for process in (one, other)), return_exceptions=True
        )
        failed = [error for error in made if isinstance(error, BaseException)]
        assert [type(error) for error in failed] == [AlreadyExists]
        assert len(await one.list_execution_environments(VNF)) == 1


class TellsOfIds(MemoryStore):
    """Does something when it is about to keep the id of an EE."""

    def __init__(self, do: Callable[[], None]) -> None:
        super().__init__()
        self._do = do

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        if EE in update.values():
            self._do()
        return await super().set(table, filter, update)


async def test_a_mark_that_is_replaced_later_counts_too(controller: SimulatedController, charms: Path) -> None:
    """Another process wrote its reservation when this one had looked at its own."""

    def reserve() -> None:
        model = controller.model(MODEL)
        model.record.annotations[f"vca-ee-{APP}"] = f"{VNF} of-another-process"
        model.note_annotations(f"model-{model.record.uuid}")

    async with on_kubernetes(controller, charms, store=TellsOfIds(reserve)) as pods:
        with pytest.raises(AlreadyExists) as caught:
            await pods.create_execution_environment(VNF)
        assert caught.value.ee_id == EE
    assert controller.model(MODEL).record.annotations == {f"vca-ee-{APP}": f"{VNF} of-another-process"}


async def test_a_reservation_that_is_not_reported_yet_stays(controller: SimulatedController, charms: Path) -> None:
    """Another process was told that it has the EE, and the watcher of this one is behind."""
    async with on_kubernetes(controller, charms) as pods:
        await pods.create_execution_environment(".ns1.other")
        notes = controller.model(MODEL).record.annotations
        notes[f"vca-ee-{APP}"] = theirs = f"{VNF} of-another-process"
        with pytest.raises(AlreadyExists):
            await pods.create_execution_environment(VNF)
        assert notes[f"vca-ee-{APP}"] == theirs


async def test_a_delete_leaves_the_reservation_of_a_later_ee(controller: SimulatedController, charms: Path) -> None:
    """Another process ended its delete first, and made the EE anew while this one waited."""
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods)
        controller.faults.freeze("unit")
        deleting = asyncio.ensure_future(pods.delete_execution_environment(ee_id))
        await until(lambda: controller.counts.requests["Application.DestroyApplication"])
        model = controller.model(MODEL)
        model.record.annotations[f"vca-ee-{APP}"] = f"{VNF} of-another-process"
        model.note_annotations(f"model-{model.record.uuid}")
        controller.thaw()
        await deleting
        assert (model.record.annotations, model.applications) == ({f"vca-ee-{APP}": f"{VNF} of-another-process"}, {})


async def test_a_reservation_to_undo_makes_no_create_late(
    controller: SimulatedController, charms: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(finishing, "LIMIT", 0.3)
    async with on_kubernetes(controller, charms) as pods:
        await pods.create_execution_environment(".ns1.vnf2")
        before = dict(controller.model(MODEL).record.annotations)
        rule = controller.faults.drop("Annotations.Set", "after", times=None)
        making = asyncio.create_task(pods.create_execution_environment(VNF, total_timeout=1.0))
        await until(lambda: rule.hits)
        await controller.go_down()
        with pytest.raises(VcaTimeoutError):
            await making
        assert "did not end within" not in caplog.text
        assert f"of model {MODEL} was made in vain" in caplog.text
        controller.faults.clear()
        await controller.come_back()
        await until(lambda: controller.model(MODEL).record.annotations == before)


async def test_a_cancelled_create_leaves_no_reservation(controller: SimulatedController, charms: Path) -> None:
    async with on_kubernetes(controller, charms) as pods:
        await pods.create_execution_environment(".ns1.other")
        rule = controller.faults.hang("Annotations.Set", "after")
        creating = asyncio.ensure_future(pods.create_execution_environment(VNF))
        await until(lambda: rule.hits)
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        await pods.create_execution_environment(VNF)
        assert sorted(controller.model(MODEL).record.annotations) == ["vca-ee-app-vnf-other", f"vca-ee-{APP}"]


async def test_two_namespaces_never_share_an_application(controller: SimulatedController, charms: Path) -> None:
    async with on_kubernetes(controller, charms) as pods:
        await pods.create_execution_environment(".ns1.vnf_1")
        with pytest.raises(BadArguments, match="would share the application"):
            await pods.create_execution_environment(".ns1.vnf-1")


async def test_what_only_machines_have_is_refused_by_its_name(controller: SimulatedController, charms: Path) -> None:
    host: dict[str, Any] = {"hostname": "10.0.0.9", "username": "ubuntu", "password": "p"}
    async with on_kubernetes(controller, charms) as pods:
        with pytest.raises(NotSupported, match="register_execution_environment"):
            await pods.register_execution_environment(VNF, host)
        with pytest.raises(NotSupported, match="deregister_execution_environment"):
            await pods.deregister_execution_environment(EE)
    assert controller.counts.total == 0


@pytest.mark.parametrize("wrong", ["0", "0/lxd/1"])
async def test_an_id_of_another_place_is_nobodys(controller: SimulatedController, charms: Path, wrong: str) -> None:
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods)
        other = ee_id.replace(".k8s", f".{wrong}")
        with pytest.raises(NotFound):
            await pods.exec_primitive(other, "touch")
        with pytest.raises(NotFound):
            await pods.install_configuration_sw(other, "dns")
        await pods.delete_execution_environment(other)
        assert list(controller.model(MODEL).applications) == [APP]


async def test_each_backend_lists_and_deletes_its_own(controller: SimulatedController, charms: Path) -> None:
    async with (
        on_kubernetes(controller, charms) as pods,
        on_kubernetes(controller, charms, backend="juju-machine") as hosts,
    ):
        on_pods, _ = await pods.create_execution_environment(VNF)
        on_hosts, _ = await hosts.create_execution_environment(VNF)
        assert [str(one.ee_id) for one in await pods.list_execution_environments()] == [on_pods]
        assert [str(one.ee_id) for one in await hosts.list_execution_environments()] == [on_hosts]
        await hosts.delete_namespace(NS)
        assert [model.record.name for model in controller.world.models.values()] == ["controller", MODEL]
