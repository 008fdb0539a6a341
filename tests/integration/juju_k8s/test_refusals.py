"""What does not fit Kubernetes is refused before anything is uploaded."""

from __future__ import annotations

import asyncio
import re
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.juju import NS, VNF, until, write_charm
from support.juju_k8s import installed, on_kubernetes, sidecar

from vca_core import BackendError, BadArguments, VcaTimeoutError
from vca_juju_common.client.requests import models
from vca_jujusim import SimulatedController
from vca_jujusim.archives import charm_from_documents

STORAGE = {"data": {"type": "filesystem", "location": "/data"}}
APP, MODEL = "app-vnf-vnf1", "ns1-k8s"


@pytest.mark.parametrize(
    ("parts", "options", "message"),
    [
        ({"subordinate": True}, {}, "is a subordinate"),
        ({"containers": {}, "resources": {}}, {}, "has no containers; charms with pod specs"),
        ({"upstream": None}, {}, "options.resources.image: expected the reference of an image"),
        ({}, {"resources": {"image": "Not An Image"}}, "options.resources.image: expected the reference of an image"),
        ({}, {"resources": {"other": "example.com/dns:1"}}, "options.resources.other: the charm declares no such"),
        ({"storage": {"data": {"type": "block"}}}, {}, "needs block storage .data."),
        ({"storage": STORAGE}, {}, "options.storage.data: expected a pool, such as data: fast,10G"),
        ({}, {"storage": {"data": "fast"}}, "options.storage.data: charm dns declares no such storage"),
        (
            {"storage": STORAGE},
            {"storage": {"data": "fast,2"}},
            "options.storage.data: expected 1 of it for each unit",
        ),
        (
            {"storage": {"data": STORAGE["data"] | {"minimum-size": "10G"}}},
            {"storage": {"data": "fast,1G"}},
            "options.storage.data: expected a size of at least 10240M, .* got 1024M",
        ),
        (
            {"storage": {"data": STORAGE["data"] | {"shared": True}}},
            {"storage": {"data": "fast"}},
            "has shared storage",
        ),
        ({}, {"storage": {"data": "fast,,x"}}, "data: expected pool,size,count such as fast,10G,1"),
        ({}, {"constraints": "zones=a"}, "constraint 'zones' means nothing on Kubernetes"),
        ({}, {"constraints": "arch=arm64"}, "arch is arm64, and charm dns supports amd64"),
        (
            {"assumes": ["juju >= 9.1", "k8s-api"]},
            {},
            "juju >= 9.1, which Juju 3.6.24 does not have on Kubernetes",
        ),
        ({}, {"channel": "edge"}, "options.channel: is only for charms of Charmhub"),
    ],
)
async def test_charms_and_options_that_do_not_fit(
    tmp_path: Path, parts: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    sidecar(tmp_path, **parts)
    async with SimulatedController() as controller:
        controller.add_kubernetes(storage=None)
        async with on_kubernetes(controller, tmp_path) as pods:
            ee_id, _ = await pods.create_execution_environment(VNF)
            with pytest.raises(BadArguments, match=message):
                await pods.install_configuration_sw(ee_id, "dns", options=options)
        assert not controller.counts.uploads
        assert controller.counts.requests["Application.Deploy"] == 0


async def test_a_placement_is_a_bad_argument(controller: SimulatedController, charms: Path) -> None:
    async with on_kubernetes(controller, charms) as pods:
        with pytest.raises(BadArguments, match="expected none for create_.* got placement") as refused:
            await pods.create_execution_environment(VNF, options={"placement": "zone=a"})
    assert refused.value.bad_args == ["options.placement"]
    assert controller.counts.requests["ModelManager.CreateModel"] == 0


async def test_a_charm_for_machines_is_refused_before_a_model_is_made(
    controller: SimulatedController, tmp_path: Path
) -> None:
    write_charm(tmp_path, "router")
    async with on_kubernetes(controller, tmp_path) as pods:
        with pytest.raises(BadArguments, match="runs on machines, and this connector has Kubernetes"):
            await pods.create_execution_environment(VNF, artifact_path="router")
    assert len(controller.world.models) == 1


async def test_a_charm_over_the_limit_is_refused_before_a_model(
    controller: SimulatedController, tmp_path: Path
) -> None:
    (sidecar(tmp_path) / "more").write_bytes(b"x" * 10_000)
    async with on_kubernetes(controller, tmp_path, upload_limit=10_000) as pods:
        with pytest.raises(BadArguments, match="holds more than 10000 bytes, with 'more'; upload_limit says"):
            await pods.create_execution_environment(VNF, artifact_path="dns")
    assert len(controller.world.models) == 1


async def test_storage_of_a_charm_of_the_store_is_checked(controller: SimulatedController, tmp_path: Path) -> None:
    meta = yaml.safe_load((sidecar(tmp_path) / "metadata.yaml").read_text())
    meta |= {"name": "dns-k8s", "storage": {"data": {"type": "filesystem", "multiple": {"range": "2+"}}}}
    meta["resources"] = {"image": {"type": "oci-image"}}
    manifest = {"bases": [{"name": "ubuntu", "channel": "22.04/stable"}]}
    controller.publish(charm_from_documents(meta, manifest=manifest))
    async with on_kubernetes(controller, tmp_path) as pods:
        ee_id, _ = await pods.create_execution_environment(VNF)
        with pytest.raises(BadArguments, match="expected at least 2 of it for each .* dns-k8s declares, got 1"):
            await pods.install_configuration_sw(ee_id, "ch:dns-k8s", options={"storage": {"data": "fast,1"}})
        await pods.install_configuration_sw(ee_id, "ch:dns-k8s", options={"storage": {"data": "fast,3"}})


async def test_storage_and_images_arrive_as_they_were_asked_for(tmp_path: Path) -> None:
    sidecar(tmp_path, storage=STORAGE)
    image = {"image": "registry.example.com:5000/team/dns@sha256:" + "a" * 64, "username": "u", "password": "canary-1"}
    async with SimulatedController() as controller:
        controller.add_kubernetes(storage=None)
        async with on_kubernetes(controller, tmp_path) as pods:
            options = {"storage": {"data": "fast,1.5G,1"}, "resources": {"image": image}, "constraints": "mem=2G"}
            await installed(pods, options={**options, "trust": True})
        application = controller.model(MODEL).applications[APP]
        assert application.storage == {"data": {"Pool": "fast", "Size": 1536, "Count": 1}}
        sent = application.resources["image"]
        assert (sent["image"], sent["image-user"], sent["image-password"]) == (image["image"], "u", "canary-1")
        assert application.constraints == {"mem": 2048}
        assert application.trust


async def test_a_connector_says_trust_and_storage_for_its_charms(tmp_path: Path) -> None:
    sidecar(tmp_path, storage=STORAGE)
    async with SimulatedController() as controller:
        controller.add_kubernetes(storage=None)
        async with on_kubernetes(controller, tmp_path, trust=True, storage_class="fast") as pods:
            await installed(pods)
            await installed(pods, namespace=".ns1.vnf2", options={"trust": False})
        model = controller.model(MODEL)
        assert model.record.config["workload-storage"] == model.record.config["operator-storage"] == "fast"
        assert {name: one.trust for name, one in model.applications.items()} == {APP: True, "app-vnf-vnf2": False}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            {"storage": STORAGE},
            {"storage": {"data": {**STORAGE["data"], "description": "All zones."}}},
            "storage data as .*'description': 'All zones.'.* and the installed one as {",
        ),
        (
            {"devices": {"gpu": {"type": "nvidia.com/gpu"}}},
            {"devices": {"gpu": {"type": "nvidia.com/gpu", "countmax": 2}}},
            "devices gpu as .*'CountMax': 2.* and the installed one as .*'CountMax': 1",
        ),
        ({}, {"devices": {"gpu": {"type": "amd.com/gpu"}}}, "devices gpu as .* and the installed one as None"),
    ],
)
async def test_an_upgrade_that_changes_what_cannot_be_shows_both(
    controller: SimulatedController, tmp_path: Path, before: dict[str, Any], after: dict[str, Any], message: str
) -> None:
    sidecar(tmp_path, **before)
    sidecar(tmp_path / "second", **after)
    async with on_kubernetes(controller, tmp_path) as pods:
        ee_id = await installed(pods)
        uploads = sum(controller.counts.uploads.values())
        with pytest.raises(BadArguments, match=message):
            await pods.upgrade(ee_id, "second/dns")
        assert sum(controller.counts.uploads.values()) == uploads
        await pods.upgrade(ee_id, "dns", config={"label": "same"})


async def test_an_upgrade_that_keeps_sizes_and_numbers_is_taken(
    controller: SimulatedController, tmp_path: Path
) -> None:
    storage = {"data": STORAGE["data"] | {"minimum-size": "1.5G", "multiple": {"range": "1-"}}}
    sidecar(tmp_path, storage=storage)
    sidecar(tmp_path / "second", storage=storage, config={"added": {"type": "int", "default": 3}})
    async with on_kubernetes(controller, tmp_path) as pods:
        ee_id = await installed(pods)
        await pods.upgrade(ee_id, "second/dns")
        assert "added" in (await pods.describe(ee_id)).options


@pytest.mark.parametrize(
    ("config", "options"), [({"nothing": 1}, {}), ({}, {"resources": {"other": "example.com/dns:1"}})]
)
async def test_an_upgrade_that_is_refused_gives_no_trust(
    controller: SimulatedController, charms: Path, config: dict[str, Any], options: dict[str, Any]
) -> None:
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods)
        with pytest.raises(BadArguments):
            await pods.upgrade(ee_id, "dns", config=config, options={"trust": True, **options})
        assert not controller.model(MODEL).applications[APP].trust


async def test_connectors_of_the_other_kind_are_refused_at_once(controller: SimulatedController, charms: Path) -> None:
    for backend, cloud, message in (
        ("juju-k8s", "localhost", "cloud localhost is one of machines; name one of Kubernetes"),
        ("juju-machine", "k8s", "cloud k8s is one of Kubernetes; name one of machines"),
        ("juju-k8s", "nowhere", 'options.cloud: cloud "nowhere" not found'),
    ):
        async with on_kubernetes(controller, charms, backend=backend, cloud=cloud) as wrong:
            with pytest.raises(BadArguments, match=message):
                await wrong.health()


@pytest.mark.parametrize("held", ["foreign", "in use"])
async def test_a_namespace_that_others_have_is_named(controller: SimulatedController, charms: Path, held: Any) -> None:
    controller.world.namespaces["k8s", MODEL] = held
    async with on_kubernetes(controller, charms) as pods:
        with pytest.raises(
            BadArguments, match=f"{MODEL} is taken in the Kubernetes cluster.*choose another ns_id"
        ) as caught:
            await pods.create_execution_environment(VNF)
    assert caught.value.bad_args == ["namespace"]
    assert len(controller.world.models) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("the model cannot be created because a namespace with the given name already exists in it", "already exists"),
        (
            'annotations map[model.juju.is/id:x] for namespace "ns1-k8s" must include map[model.juju.is/id:y]',
            "not valid",
        ),
        ('creating namespace "ns1-k8s": namespace "ns1-k8s" may be in use', ""),
        ('failed to create config: creating namespace "ns1-k8s": not found', "not found"),
        ('namespace "ns1-k8s" not valid', "not valid"),
        ('namespaces "ns1-k8s" already exists', ""),
    ],
)
async def test_a_taken_namespace_is_known_in_other_words(
    controller: SimulatedController, charms: Path, text: str, code: str
) -> None:
    controller.faults.refuse("ModelManager.CreateModel", text, code, times=None)
    async with on_kubernetes(controller, charms) as pods:
        with pytest.raises(BadArguments, match=f"{MODEL} is taken in the Kubernetes cluster") as caught:
            await pods.create_execution_environment(VNF)
    assert caught.value.bad_args == ["namespace"]


@pytest.mark.parametrize(
    "text",
    [
        "unable to create new content in namespace ns1-k8s because it is being terminated",
        'object is being deleted: namespaces "ns1-k8s" already exists',
    ],
)
async def test_a_namespace_that_is_said_to_go_is_waited_for(
    controller: SimulatedController, charms: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "LEAVING", 0.0)  # which is for those of which that is not known
    controller.faults.refuse("ModelManager.CreateModel", text, times=3)
    async with on_kubernetes(controller, charms) as pods:
        await pods.create_execution_environment(VNF)


@pytest.mark.parametrize(
    "text",
    [
        'namespaces is forbidden: User "juju" cannot create resource "namespaces" at the cluster scope',
        'creating namespace "ns1-k8s": Post "https://10.0.0.1:6443/api/v1/namespaces": dial tcp: connection refused',
    ],
)
async def test_what_is_not_about_a_taken_namespace_is_another_error(
    controller: SimulatedController, charms: Path, text: str
) -> None:
    controller.faults.refuse("ModelManager.CreateModel", text)
    async with on_kubernetes(controller, charms) as pods:
        with pytest.raises(BackendError, match=re.escape(text[:30])):
            await pods.create_execution_environment(VNF)


@pytest.mark.parametrize(
    ("assumes", "missing"),
    [
        (["k8s-api >= 1.31"], "k8s-api >= 1.31"),
        (["k8s-api < 1.30.4", "juju >= 3.1"], "k8s-api < 1.30.4"),
        (
            [{"any-of": ["k8s-api < 1", {"all-of": ["k8s-api >= 1.99"]}]}],
            "any-of: k8s-api < 1, all-of: k8s-api >= 1.99",
        ),
    ],
)
async def test_another_version_of_kubernetes_is_refused_before_upload(
    controller: SimulatedController, charms: Path, assumes: list[Any], missing: str
) -> None:
    sidecar(charms / "other", assumes=assumes)
    message = f"assumes {missing}, which Juju 3.6.24 does not have on Kubernetes 1.30.4"
    async with on_kubernetes(controller, charms) as pods:
        ee_id, _ = await pods.create_execution_environment(VNF)
        with pytest.raises(BadArguments, match=message):
            await pods.install_configuration_sw(ee_id, "other/dns")
        assert not controller.counts.uploads
        await pods.install_configuration_sw(ee_id, "dns")
        uploads = sum(controller.counts.uploads.values())
        with pytest.raises(BadArguments, match=message):
            await pods.upgrade(ee_id, "other/dns")
        assert sum(controller.counts.uploads.values()) == uploads
        await pods.upgrade(ee_id, "other/dns", options={"force": True})


async def test_a_version_of_kubernetes_that_is_there_is_taken(controller: SimulatedController, charms: Path) -> None:
    sidecar(charms, assumes=["k8s-api >= 1.30", "k8s-api < 2"])
    async with on_kubernetes(controller, charms) as pods:
        await installed(pods)


@pytest.mark.parametrize(
    ("access", "message"),
    [("superuser", "by model other/ns1-k8s; choose another ns_id \\("), ("add-model", "and not by a model of ours")],
)
async def test_a_namespace_of_another_users_model_is_named(
    controller: SimulatedController, charms: Path, access: str, message: str
) -> None:
    """At once, if the user may look at that model; else it may be on its way out."""
    controller.add_user("other", "secret")
    controller.add_user("ours", "secret", access)
    controller.world.credentials["k8s/ours/k8s"] = {"auth-type": "oauth2", "attrs": {}}
    controller.world.add_model(MODEL, "other", "k8s", "default", {})
    async with on_kubernetes(controller, charms, username="ours", secret="secret") as pods:
        with pytest.raises(BadArguments, match=f"{MODEL} is taken in the Kubernetes cluster of cloud k8s, {message}"):
            await pods.create_execution_environment(VNF)
    assert (controller.counts.requests["ModelManager.CreateModel"] == 1) is (access == "superuser")


async def test_a_namespace_of_another_controller_is_named_at_once(
    controller: SimulatedController, charms: Path
) -> None:
    controller.world.namespaces["k8s", MODEL] = "other controller"
    async with on_kubernetes(controller, charms) as pods:
        with pytest.raises(BadArguments, match="by a model of another Juju controller \\([0-9a-f-]{36}\\); choose"):
            await pods.create_execution_environment(VNF)
    assert controller.counts.requests["ModelManager.CreateModel"] == 1


async def test_another_users_model_on_its_way_out_is_waited_for(controller: SimulatedController, charms: Path) -> None:
    controller.add_user("other", "secret")
    model = controller.world.add_model(MODEL, "other", "k8s", "default", {})
    model.record.life = "dying"
    async with on_kubernetes(controller, charms) as pods:
        with pytest.raises(VcaTimeoutError, match="by model other/ns1-k8s, which is on its way out; choose"):
            await pods.create_execution_environment(VNF, total_timeout=1.5)
        creating = asyncio.ensure_future(pods.create_execution_environment(VNF))
        await until(lambda: controller.counts.requests["ModelManager.ModelInfo"] > 4)
        del controller.world.models[model.record.uuid]
        assert str((await creating)[0]) == f"{MODEL}.{APP}.k8s"


async def test_a_namespace_on_its_way_out_is_waited_for(
    controller: SimulatedController, charms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vca_juju_common.client.requests.models.LEAVING", 30.0)
    controller.world.namespaces["k8s", MODEL] = "terminating"
    async with on_kubernetes(controller, charms) as pods:
        creating = asyncio.ensure_future(pods.create_execution_environment(VNF))
        await until(lambda: controller.counts.requests["ModelManager.CreateModel"] > 1)
        controller.world.namespaces.clear()
        assert str((await creating)[0]) == f"{MODEL}.{APP}.k8s"


async def test_a_taken_namespace_is_tried_once_more_at_the_end(
    controller: SimulatedController, charms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vca_juju_common.client.requests.models.pauses", lambda *_: repeat(60.0))
    controller.world.namespaces["k8s", MODEL] = "terminating"
    async with on_kubernetes(controller, charms) as pods:
        with pytest.raises(BadArguments, match="or try again if it is on its way out"):
            await pods.create_execution_environment(VNF)
    assert controller.counts.requests["ModelManager.CreateModel"] == 2


@pytest.mark.parametrize(
    ("when", "known"),
    [("always", "21605"), ("empty", "21608: it had no units"), ("early", "22599: a pod of it never ran")],
)
async def test_an_application_that_never_goes_goes_with_its_ns(
    controller: SimulatedController, charms: Path, when: Any, known: str
) -> None:
    controller.faults.stick(when=when)
    async with on_kubernetes(controller, charms) as pods:
        if when == "early":
            ee_id, _ = await pods.create_execution_environment(VNF)
            missing = {"resources": {"image": "example.com/missing"}}
            with pytest.raises(VcaTimeoutError):
                await pods.install_configuration_sw(ee_id, "dns", options=missing, total_timeout=1)
        else:
            ee_id = await installed(pods)
        if when == "empty":
            await pods.scale(ee_id, 0)
        message = f"application {APP} is dying with .*juju/juju issue {known}.*or delete the NS, which takes it along"
        with pytest.raises(VcaTimeoutError, match=message):
            await pods.delete_execution_environment(ee_id, total_timeout=2)
        await pods.delete_namespace(NS)
        assert len(controller.world.models) == 1


async def test_a_suspended_model_shows_at_once_and_goes_with_its_ns(
    controller: SimulatedController, charms: Path
) -> None:
    async with on_kubernetes(controller, charms) as pods:
        ee_id = await installed(pods)
        later, _ = await pods.create_execution_environment(".ns1.later")
        controller.refuse_credential(MODEL)
        suspended = f"model {MODEL} is suspended: .*juju update-credential"
        with pytest.raises(BackendError, match=suspended):
            await pods.install_configuration_sw(later, "dns")
        for number in (0, 3):
            with pytest.raises(BackendError, match=suspended):
                await pods.scale(ee_id, number)
        with pytest.raises(VcaTimeoutError, match=f"model {MODEL} is suspended"):
            await pods.delete_execution_environment(ee_id, total_timeout=2)
        await pods.delete_namespace(NS)
    assert len(controller.world.models) == 1


async def test_a_namespace_that_others_deleted_does_not_keep_the_model(
    controller: SimulatedController, charms: Path
) -> None:
    async with on_kubernetes(controller, charms) as pods:
        await installed(pods)
        controller.lose_namespace(MODEL)
        await pods.delete_namespace(NS)
        controller.faults.stick_namespace()
        await pods.create_execution_environment(VNF)
        await pods.delete_namespace(NS)
        with pytest.raises(BadArguments, match="or try again if it is on its way out"):
            await pods.create_execution_environment(VNF)


async def test_a_charm_of_the_store_has_to_have_containers(controller: SimulatedController, tmp_path: Path) -> None:
    meta = yaml.safe_load((sidecar(tmp_path) / "metadata.yaml").read_text())
    manifest = {"bases": [{"name": "ubuntu", "channel": "22.04/stable"}]}
    controller.publish(charm_from_documents({**meta, "name": "dns-k8s"}, manifest=manifest))
    controller.publish(charm_from_documents({"name": "router"}, manifest=manifest))
    async with on_kubernetes(controller, tmp_path) as pods:
        ee_id, _ = await pods.create_execution_environment(VNF)
        with pytest.raises(BadArguments, match="router runs on machines"):
            await pods.install_configuration_sw(ee_id, "ch:router")
