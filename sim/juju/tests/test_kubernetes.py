"""Models of a Kubernetes cloud: no machines, a pod for each unit, and refusals of their own."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from vca_jujusim import Refusal, SimulatedController
from vca_jujusim.raw import RawClient, archive
from vca_jujusim.world.pods import SLOW

from .conftest import JAMMY, Connect, World

DNS = {
    "metadata.yaml": "name: dns\nsummary: s\ndescription: d\nassumes: [k8s-api]\n"
    "containers: {main: {resource: image}}\n"
    "resources: {image: {type: oci-image}}\nprovides: {dns: {interface: dns}}\n",
    "manifest.yaml": "bases: [{name: ubuntu, channel: 22.04/stable}]\n",
    "actions.yaml": "touch: {}\n",
}
STORED = DNS | {"metadata.yaml": DNS["metadata.yaml"] + "storage: {data: {type: filesystem, location: /data}}\n"}


class Cluster(World):
    """A model on Kubernetes."""

    async def image(self, url: str, body: bytes, name: str = "dns") -> str:
        """Announce an image and upload its document; its id."""
        wanted = [{"name": "image", "type": "oci-image", "origin": "upload", "path": "", "revision": -1}]
        given = {"tag": f"application-{name}", "url": url, "charm-origin": {"source": "local"}, "resources": wanted}
        answer = await self.call("Resources.AddPendingResources", **given)
        key = str(answer["pending-ids"][0])
        digest = hashlib.sha384(body).hexdigest()
        path = f"/model/{self.uuid}/applications/{name}/resources/image?pendingid={key}"
        await self.client.put("PUT", path, body, {"Content-Sha384": digest})
        return key

    async def deploy(self, files: Any = DNS, name: Any = "dns", **more: Any) -> dict[str, Any]:
        url = await self.client.upload_charm(archive(files))
        image = await self.image(url, f"registrypath: {more.pop('image', 'example.com/dns:1')}\n".encode(), name)
        params = {
            "application": name,
            "charm-url": url,
            "charm-origin": {"source": "local", "base": JAMMY},
            "num-units": 1,
            "resources": {"image": image},
            **more,
        }
        return await self.result("Application.Deploy", applications=[params])

    async def scale(self, number: int, **more: Any) -> dict[str, Any]:
        asked = {"application-tag": "application-dns", "scale": number, **more}
        return await self.result("Application.ScaleApplications", applications=[asked])

    async def upgrade(self, files: Any, image: str = "example.com/dns:2") -> None:
        url = await self.client.upload_charm(archive(files))
        ids = {"image": await self.image(url, f"registrypath: {image}\n".encode())}
        origin = {"source": "local", "base": JAMMY}
        await self.call(
            "Application.SetCharm", application="dns", **{"charm-url": url, "charm-origin": origin, "resource-ids": ids}
        )


async def create(sim: SimulatedController, connect: Connect, name: str = "ns", **more: Any) -> str:
    """Create a model on Kubernetes; its uuid."""
    if "k8s" not in sim.world.clouds:
        sim.add_kubernetes()
    admin = await connect()
    asked = {"name": name, "owner-tag": "user-admin", "cloud-tag": "cloud-k8s", "credential": "cloudcred-k8s_admin_k8s"}
    answer = await admin.call("ModelManager.CreateModel", **{**asked, **more})
    assert answer["type"] == "caas"
    return str(answer["uuid"])


@pytest.fixture
async def cluster(sim: SimulatedController, connect: Connect) -> Cluster:
    uuid = await create(sim, connect)
    return Cluster(sim, await connect(uuid), uuid)


async def test_units_are_pods_whose_addresses_no_delta_shows(cluster: Cluster) -> None:
    await cluster.deploy(**{"num-units": 2})
    unit_data = await cluster.until("unit", "dns/1", lambda unit: unit["workload-status"]["current"] == "active")
    assert (unit_data["machine-id"], unit_data["public-address"], unit_data["private-address"]) == ("", "", "")
    assert cluster.sim.model("ns").machines == {}
    [info] = (await cluster.call("Application.UnitsInfo", entities=[{"tag": "unit-dns-1"}]))["results"]
    assert info["result"]["provider-id"] == "dns-1"
    assert info["result"]["address"].startswith("10.1.")
    status = (await cluster.call("Client.FullStatus", patterns=["dns"]))["applications"]["dns"]
    assert status["int"] == 2
    assert status["public-address"].startswith("10.152.")
    assert status["units"]["dns/1"]["address"] == info["result"]["address"]


async def test_an_application_is_scaled_down_to_nothing_and_up_again(cluster: Cluster) -> None:
    await cluster.deploy(**{"num-units": 3})
    await cluster.until("unit", "dns/2", lambda unit: unit["workload-status"]["current"] == "active")
    assert (await cluster.scale(1))["info"] == {"num-units": 1}
    await cluster.settle()
    assert list(cluster.sim.model("ns").units) == ["dns/0"]
    await cluster.scale(0)
    await cluster.scale(2)
    await cluster.settle()
    assert sorted(cluster.sim.model("ns").units) == ["dns/0", "dns/1"]


@pytest.mark.parametrize(
    ("scale", "change", "code", "message"),
    [(2, 1, "not valid", "both scale and scale-change"), (-1, 0, "not valid", "scale < 0")],
)
async def test_scales_that_are_refused(cluster: Cluster, scale: int, change: int, code: str, message: str) -> None:
    await cluster.deploy()
    with pytest.raises(Refusal, match=message) as caught:
        await cluster.scale(scale, **{"scale-change": change})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("request_", "given", "message"),
    [
        ("Application.AddUnits", {"application": "dns", "num-units": 1}, "container-based model"),
        ("Application.DestroyUnit", {"units": [{"unit-tag": "unit-dns-0"}]}, "removing units"),
        ("MachineManager.AddMachines", {"params": [{}]}, "container models"),
    ],
)
async def test_what_only_machines_have_is_refused(
    cluster: Cluster, request_: str, given: dict[str, Any], message: str
) -> None:
    await cluster.deploy()
    with pytest.raises(Refusal, match=message) as caught:
        await cluster.call(request_, **given)
    assert caught.value.code == "not supported"


@pytest.mark.parametrize(
    ("held", "code", "message"),
    [
        ("foreign", "already exists", "already exists in the k8s cluster"),
        ("terminating", "already exists", "already exists in the k8s cluster"),
        ("in use", "", "namespace may be in use"),
        ("other controller", "not valid", "annotations map"),
        (None, "not valid", "annotations map"),
    ],
)
async def test_a_namespace_that_is_taken(
    sim: SimulatedController, connect: Connect, held: Any, code: str, message: str
) -> None:
    if held is None:
        await create(sim, connect, "taken")
    else:
        sim.world.namespaces["k8s", "taken"] = held
    with pytest.raises(Refusal, match=message) as caught:
        await create(sim, connect, "taken")
    assert caught.value.code == code


async def test_a_model_needs_a_credential(sim: SimulatedController, connect: Connect) -> None:
    with pytest.raises(Refusal, match='"empty" auth-type not supported'):
        await create(sim, connect, credential=None)


@pytest.mark.parametrize(
    ("document", "image"),
    [
        (b"registrypath: example.com/dns:1\n", "example.com/dns:1"),
        (b'{"ImageName": "example.com/dns:1"}', "example.com/dns:1"),
        (b'{"registrypath": "example.com/dns:1"}', None),
        (b"registrypath: Example.com/DNS !\n", None),
        (b"- one\n", None),
    ],
)
async def test_the_document_of_an_image(cluster: Cluster, document: bytes, image: str | None) -> None:
    url = await cluster.client.upload_charm(archive(DNS))
    if image is None:
        with pytest.raises(Refusal, match="docker image path"):
            await cluster.image(url, document)
        return
    key = await cluster.image(url, document)
    assert cluster.sim.model("ns").pending_resources[key]["image"] == image


@pytest.mark.parametrize(("fate", "message"), [("missing", "ImagePullBackOff"), ("crash", "CrashLoopBackOff")])
async def test_an_image_that_never_runs_shows_at_the_agent(cluster: Cluster, fate: str, message: str) -> None:
    await cluster.deploy(image=f"example.com/{fate}:1")
    unit = await cluster.until("unit", "dns/0", lambda unit: message in unit["agent-status"]["message"])
    assert unit["agent-status"]["current"] == "allocating"
    assert unit["workload-status"]["message"] == "installing agent"


async def test_a_slow_image_comes_in_the_end(cluster: Cluster) -> None:
    await cluster.deploy(image="example.com/slow")
    await cluster.until("unit", "dns/0", lambda unit: unit["workload-status"]["current"] == "active")
    assert cluster.sim.model("ns").units["dns/0"].pulls == SLOW


async def test_a_charm_without_containers_is_refused(cluster: Cluster) -> None:
    metadata = DNS["metadata.yaml"].replace("containers: {main: {resource: image}}\n", "")
    with pytest.raises(Refusal, match="no containers"):
        await cluster.deploy(DNS | {"metadata.yaml": metadata})


async def test_a_charm_with_containers_is_refused_on_machines(world: World) -> None:
    with pytest.raises(Refusal, match="k8s-api"):
        await world.deploy(DNS, "dns")


async def test_storage_needs_a_pool_or_a_class(sim: SimulatedController, connect: Connect) -> None:
    sim.add_kubernetes(storage=None)
    uuid = await create(sim, connect)
    cluster = Cluster(sim, await connect(uuid), uuid)
    with pytest.raises(Refusal, match="no model default storage class"):
        await cluster.deploy(STORED)
    await cluster.deploy(STORED, storage={"data": {"pool": "fast", "size": 1024, "count": 1}})
    assert sim.model("ns").applications["dns"].storage["data"]["pool"] == "fast"


async def test_an_upgrade_replaces_pods_from_the_highest_down(cluster: Cluster) -> None:
    await cluster.deploy(**{"num-units": 2})
    await cluster.until("unit", "dns/1", lambda unit: unit["workload-status"]["current"] == "active")
    cluster.sim.faults.freeze("unit", "dns/1")
    await cluster.upgrade(DNS)
    await cluster.settle()
    url = cluster.sim.model("ns").applications["dns"].charm_url
    assert cluster.sim.model("ns").units["dns/0"].charm_url != url
    cluster.sim.thaw()
    await cluster.until(
        "unit", "dns/0", lambda unit: unit["charm-url"] == url and unit["agent-status"]["current"] == "idle"
    )


@pytest.mark.parametrize(
    ("image", "is_taken"),
    [
        ("[::1]:5000/a:1", True),
        ("docker.io/" + "0123456789abcdef" * 4, True),
        ("a@sha512:" + "0" * 128, True),
        ("0123456789abcdef" * 4, False),
        ("a..b:1", False),
        ("reg.example.com/a___b:1", False),
        ("reg-.com/a:1", False),
        ("a@sha256:" + "0" * 66, False),
        ("reg.example.com/" + "a" * 240, False),
    ],
)
async def test_images_are_named_as_registries_do(cluster: Cluster, image: str, is_taken: bool) -> None:
    if is_taken:
        await cluster.deploy(image=f"'{image}'")
        return
    with pytest.raises(Refusal, match="docker image path .* not valid"):
        await cluster.deploy(image=f"'{image}'")


@pytest.mark.parametrize(
    ("declared", "asked", "reason"),
    [
        ("", {"count": 3}, "storage is singular, 3 specified"),
        ("multiple: {range: 2-4}", {"Count": 1}, "2 instances required, 1 specified"),
        ("multiple: {range: 2-4}", {"count": 5}, "at most 4 instances supported, 5 specified"),
        ("minimum-size: 10G", {"size": 1024}, "minimum storage size is 10 GB, 1.0 GB specified"),
        ("shared: true", {}, "shared storage support not implemented"),
        ("shared: true", None, "shared storage support not implemented"),
        ("multiple: {range: 2+}, minimum-size: 10G", {}, ""),
        ("multiple: {range: 0-}, shared: true", None, ""),
    ],
)
async def test_storage_is_refused_as_its_charm_does_not_take_it(
    cluster: Cluster, declared: str, asked: dict[str, int] | None, reason: str
) -> None:
    files = DNS | {"metadata.yaml": DNS["metadata.yaml"] + f"storage: {{data: {{type: filesystem, {declared}}}}}\n"}
    given = {} if asked is None else {"storage": {"data": {"pool": "fast", **asked}}}
    if not reason:
        await cluster.deploy(files, **given)
        return
    with pytest.raises(Refusal, match=f'charm "dns" store "data": {reason}'):
        await cluster.deploy(files, **given)


async def test_another_version_of_kubernetes_is_refused(cluster: Cluster, connect: Connect) -> None:
    files = DNS | {"metadata.yaml": DNS["metadata.yaml"].replace("[k8s-api]", "['k8s-api >= 1.31']")}
    with pytest.raises(Refusal, match=r"requires Kubernetes version >= 1\.31\.0, model is running on version 1\.30\.4"):
        await cluster.deploy(files)
    admin = await connect()
    told = await admin.result("ModelManager.ModelInfo", entities=[{"tag": f"model-{cluster.uuid}"}])
    features = {one["name"]: one["version"] for one in told["result"]["supported-features"]}
    assert features["k8s-api"] == "1.30.4"
    cluster.sim.world.kubernetes_version = "1.31.0"
    await cluster.deploy(files)


async def test_storage_that_a_charm_lacks_is_refused(cluster: Cluster) -> None:
    with pytest.raises(Refusal, match='charm "dns" has no store called "data"'):
        await cluster.deploy(DNS, storage={"data": {"pool": "fast"}})


async def test_the_same_storage_in_other_words_is_kept(cluster: Cluster) -> None:
    first, second = (
        DNS | {"metadata.yaml": DNS["metadata.yaml"] + f"storage: {{data: {{type: filesystem, {words}}}}}\n"}
        for words in ("minimum-size: 1G", "minimum-size: 1024M, shared: false, multiple: {range: 1}, description: ''")
    )
    await cluster.deploy(first)
    await cluster.upgrade(second)


async def test_an_upgrade_that_describes_storage_otherwise_is_refused(cluster: Cluster) -> None:
    await cluster.deploy(STORED)
    other = STORED["metadata.yaml"].replace("location: /data", "location: /data, description: Of the zone")
    with pytest.raises(Refusal, match="updating storage on a statefulset") as caught:
        await cluster.upgrade(STORED | {"metadata.yaml": other})
    assert caught.value.code == "not supported"


@pytest.mark.parametrize("when", ["always", "empty", "early"])
async def test_an_application_that_goes_only_with_its_model(cluster: Cluster, connect: Connect, when: Any) -> None:
    cluster.sim.faults.stick(when=when)
    await cluster.deploy(image="example.com/missing" if when == "early" else "dns", **{"num-units": 1})
    await cluster.settle()
    if when == "empty":
        await cluster.scale(0)
        await cluster.settle()
    for _ in range(2):
        await cluster.result(
            "Application.DestroyApplication", applications=[{"application-tag": "application-dns", "force": True}]
        )
    await cluster.settle()
    assert cluster.sim.model("ns").applications["dns"].life == "dying"
    admin = await connect()
    asked = {"model-tag": f"model-{cluster.uuid}", "destroy-storage": True, "force": True}
    await admin.result("ModelManager.DestroyModels", models=[asked])
    await cluster.wait_removed()


async def test_a_charm_says_what_it_needs_of_kubernetes(cluster: Cluster) -> None:
    url = await cluster.client.upload_charm(archive(STORED))
    meta = (await cluster.call("Charms.CharmInfo", url=url))["meta"]
    assert meta["containers"]["main"]["resource"] == "image"
    assert meta["storage"]["data"]["location"] == "/data"
    assert json.dumps(meta)


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("", (1, 1, 0)),
        (", minimum-size: 1G", (1, 1, 1024)),
        (", minimum-size: 1.5GiB, multiple: {range: 2}", (2, 2, 1536)),
        (", minimum-size: '0.1', multiple: {range: 0-3}", (0, 3, 1)),
        (", multiple: {range: 1+}", (1, -1, 0)),
        (", multiple: {range: 0-}", (0, -1, 0)),
    ],
)
async def test_storage_is_told_in_numbers(cluster: Cluster, declared: str, told: tuple[int, int, int]) -> None:
    metadata = STORED["metadata.yaml"].replace("location: /data", f"location: /data{declared}")
    url = await cluster.client.upload_charm(archive(STORED | {"metadata.yaml": metadata}))
    data = (await cluster.call("Charms.CharmInfo", url=url))["meta"]["storage"]["data"]
    assert (data["count-min"], data["count-max"], data["minimum-size"]) == told


ADMIN = "cloudcred-k8s_admin_k8s"


async def credential(admin: RawClient, token: str, **more: Any) -> dict[str, Any]:
    """Give the cloud's credential a token."""
    held = {"auth-type": "oauth2", "attrs": {"Token": token, "rbac-id": "1a2b"}}
    given = {"tag": ADMIN, "credential": held, **more}
    answer = await admin.call("Cloud.UpdateCredentialsCheckModels", credentials=[given], **more)
    return dict(answer["results"][0])


async def test_what_is_no_secret_of_a_credential_comes_back(cluster: Cluster, connect: Connect) -> None:
    admin = await connect()
    await credential(admin, "secret-1")
    answer = await admin.call("Cloud.Credential", entities=[{"tag": ADMIN}])
    assert answer["results"][0]["result"] == {
        "auth-type": "oauth2",
        "attrs": {"rbac-id": "1a2b"},
        "redacted": ["Token"],
    }
    wrong = {"tag": ADMIN, "credential": {"auth-type": "oauth2", "attrs": {"password": "x"}}}
    answer = await admin.call("Cloud.UpdateCredentialsCheckModels", credentials=[wrong])
    assert 'unknown key "password"' in answer["results"][0]["error"]["message"]


async def test_what_is_secret_of_a_credential_is_for_its_owner(
    sim: SimulatedController, cluster: Cluster, connect: Connect
) -> None:
    admin = await connect()
    await credential(admin, "secret-1")
    asked = {"credentials": [{"cloud-name": "k8s", "credential-name": "k8s"}]}
    found = (await admin.call("Cloud.CredentialContents", **asked))["results"][0]["result"]["content"]
    assert (found["attrs"], found["valid"]) == ({"rbac-id": "1a2b"}, True)
    found = (await admin.call("Cloud.CredentialContents", **asked, **{"include-secrets": True}))["results"][0]
    assert found["result"]["content"]["attrs"] == {"rbac-id": "1a2b", "Token": "secret-1"}
    sim.world.invalid_credentials.add("k8s/admin/k8s")
    every = (await admin.call("Cloud.CredentialContents"))["results"]
    valid = {one["result"]["content"]["cloud"]: one["result"]["content"]["valid"] for one in every}
    assert (valid.pop("k8s"), set(valid.values())) == (False, {True})
    sim.world.credentials["k8s/bob/k8s"] = sim.world.credentials.pop("k8s/admin/k8s")
    [refused] = (await admin.call("Cloud.CredentialContents", **asked))["results"]
    assert refused["error"]["code"] == "not found"


async def test_a_cloud_is_replaced_as_a_whole(sim: SimulatedController, connect: Connect) -> None:
    sim.add_kubernetes()
    admin = await connect()
    cloud = {"type": "kubernetes", "auth-types": ["oauth2"], "endpoint": "https://10.9.9.9", "config": {"a": "b"}}
    await admin.result("Cloud.UpdateCloud", clouds=[{"name": "k8s", "cloud": cloud}])
    answer = await admin.call("Cloud.Cloud", entities=[{"tag": "cloud-k8s"}])
    assert answer["results"][0]["cloud"] == {**cloud, "regions": [{"name": "default"}]}
    with pytest.raises(Refusal, match='cloud "other" not found'):
        await admin.result("Cloud.UpdateCloud", clouds=[{"name": "other", "cloud": cloud}])


async def test_a_credential_that_models_refuse_is_not_taken(cluster: Cluster, connect: Connect) -> None:
    admin = await connect()
    await credential(admin, "good")
    cluster.sim.world.refused_tokens["old"] = "Unauthorized"
    found = await credential(admin, "old")
    assert found["models"][0]["errors"] == [{"error": {"message": "Unauthorized", "code": ""}}]
    assert cluster.sim.world.credentials["k8s/admin/k8s"]["attrs"]["Token"] == "good"
    await credential(admin, "old", force=True)
    assert cluster.sim.model("ns").is_suspended
    await credential(admin, "good")
    assert not cluster.sim.model("ns").is_suspended


async def test_a_suspended_model_stands_still_until_it_is_resumed(cluster: Cluster, connect: Connect) -> None:
    cluster.sim.refuse_credential("ns")
    await cluster.until("model", cluster.uuid, lambda model: model["status"]["current"] == "suspended")
    admin = await connect()
    info = await admin.call("ModelManager.ModelInfo", entities=[{"tag": f"model-{cluster.uuid}"}])
    assert info["results"][0]["result"]["cloud-credential-validity"] is False
    with pytest.raises(Refusal, match="is not valid"):
        await create(cluster.sim, connect, "more")
    await cluster.deploy()
    await cluster.settle()
    assert cluster.sim.model("ns").units["dns/0"].provider_id == ""
    cluster.sim.refuse_credential("ns", "")
    await cluster.until("unit", "dns/0", lambda unit: unit["workload-status"]["current"] == "active")


async def test_a_model_whose_namespace_is_gone_goes_by_force_only(cluster: Cluster, connect: Connect) -> None:
    await cluster.deploy()
    await cluster.settle()
    cluster.sim.lose_namespace("ns")
    asked = {"model-tag": f"model-{cluster.uuid}", "destroy-storage": True}
    admin = await connect()
    await admin.result("ModelManager.DestroyModels", models=[asked])
    await cluster.settle()
    assert cluster.sim.model("ns").record.life == "dying"
    await admin.result("ModelManager.DestroyModels", models=[{**asked, "force": True}])
    await cluster.wait_removed()


async def test_a_namespace_may_outlive_its_model(cluster: Cluster, connect: Connect) -> None:
    cluster.sim.faults.stick_namespace()
    cluster.sim.remove_model("ns")
    await cluster.wait_removed()
    with pytest.raises(Refusal, match="already exists in the k8s cluster"):
        await create(cluster.sim, connect)
    cluster.sim.world.namespaces.clear()
    await create(cluster.sim, connect)
