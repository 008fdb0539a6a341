"""Whole lives on a real control plane: Juju is simulated, and what it makes in the cluster is real."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from support.clouds import add_cluster, left_by_juju, make_token
from support.cluster.api import Refused
from support.cluster.proxy import FaultProxy, Rule
from support.cluster.sharing import Cluster
from support.juju import until
from support.juju_k8s import installed, on_kubernetes

from vca_core.errors import BackendError, BadArguments, VcaTimeoutError
from vca_juju_common.client import gathering
from vca_juju_k8s.cluster import pods as pods_module
from vca_jujusim import SimulatedController
from vca_jujusim.raw import RawClient

pytestmark = pytest.mark.xdist_group("cluster")

APP = "app-vnf-vnf1"


def count_running(cluster: Cluster, namespace: str) -> int:
    """How many pods of a namespace have an address; none that has ended is counted."""
    pods = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    return sum(bool(pod["status"].get("podIP")) for pod in pods)


def running_with(cluster: Cluster, namespace: str, image: str) -> Any:
    """The first pod of an application, if it runs with an image."""
    pod = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods/{APP}-0")
    images = [] if pod is None else [one["image"] for one in pod["spec"]["containers"]]
    return pod if image in images and pod["status"].get("podIP") else None


def is_going(cluster: Cluster, path: str) -> bool:
    """Whether an object was asked to go."""
    return bool(cluster.api.get(path)["metadata"].get("deletionTimestamp"))


def looking(cluster: Cluster) -> dict[str, str]:
    return {"kubeconfig": str(cluster.kubeconfig)}


async def test_a_whole_life_leaves_nothing_in_juju_or_the_cluster(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    namespace = f"{ns}-k8s"
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{APP}"
    async with on_kubernetes(juju, charms, cluster=looking(cluster)) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        assert count_running(cluster, namespace) == 1
        assert await pods.exec_primitive(ee_id, "touch")
        await pods.scale(ee_id, 3)
        assert count_running(cluster, namespace) == 3
        await pods.scale(ee_id, 1)
        assert count_running(cluster, namespace) == 1
        images = {"resources": {"image": "registry.example.com/dns:2"}}
        await pods.upgrade(ee_id, "dns", options=images)
        pod = await asyncio.to_thread(running_with, cluster, namespace, "registry.example.com/dns:2")
        assert pod is not None
        status = await pods.get_status(f".{ns}.vnf1")
        assert status["kubernetes"]["pods"][f"{APP}-0"]["addresses"] == [pod["status"]["podIP"]]
        await pods.delete_execution_environment(ee_id)
        assert cluster.api.get(path) is None
        await pods.delete_namespace(f".{ns}")
    assert [model.record.name for model in juju.world.models.values()] == ["controller"]
    assert left_by_juju(cluster, namespace) == []


async def test_a_pod_that_does_not_go_is_named_when_scaling_ends(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pods_module, "FIRST", 0.05)
    monkeypatch.setattr(pods_module, "AGAIN", 0.1)
    path = f"/api/v1/namespaces/{ns}-k8s/pods/{APP}-1"
    async with on_kubernetes(juju, charms, cluster=looking(cluster)) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1", num_units=2)
        cluster.api.patch(path, {"metadata": {"finalizers": ["vca.test/held"]}})
        with pytest.raises(VcaTimeoutError) as raised:
            await pods.scale(ee_id, 1, total_timeout=4.0)
        cluster.api.patch(path, {"metadata": {"finalizers": None}})
        told = f"are still there: {APP}/1 \\(in the cluster: pod {APP}-1, deleted at .*, held by vca.test/held\\)"
        assert re.search(told, str(raised.value))
        await pods.scale(ee_id, 1)


async def test_a_missing_image_ends_an_install_with_its_reason(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pods_module, "FIRST", 0.05)
    monkeypatch.setattr(pods_module, "AGAIN", 0.1)
    missing = {"resources": {"image": "example.com/missing:1"}}
    async with on_kubernetes(juju, charms, cluster=looking(cluster), pod_grace=0.3) as pods:
        ee_id, _ = await pods.create_execution_environment(f".{ns}.vnf1")
        with pytest.raises(BackendError, match="ImagePullBackOff main: example.com/missing:1"):
            await pods.install_configuration_sw(ee_id, "dns", options=missing)
        await pods.delete_namespace(f".{ns}")
    assert left_by_juju(cluster, f"{ns}-k8s") == []


async def test_what_the_account_of_juju_may_not_do_is_refused(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    reading = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]}]
    add_cluster(juju, cluster, await asyncio.to_thread(make_token, cluster, ns, reading))
    async with on_kubernetes(juju, charms) as pods:
        with pytest.raises(BackendError, match=f'creating namespace "{ns}-k8s": namespaces is forbidden'):
            await pods.create_execution_environment(f".{ns}.vnf1")
    assert [model.record.name for model in juju.world.models.values()] == ["controller"]


async def test_rights_that_juju_has_not_are_not_given_to_a_charm(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    verbs = ["get", "list", "watch", "create", "patch", "delete", "deletecollection"]  # `*` would be to escalate, too
    core = ["namespaces", "pods", "secrets", "serviceaccounts", "services"]
    rules = [
        {"apiGroups": [""], "resources": core, "verbs": verbs},
        {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": verbs},
        {"apiGroups": ["apps"], "resources": ["statefulsets"], "verbs": verbs},
    ]
    add_cluster(juju, cluster, await asyncio.to_thread(make_token, cluster, ns, rules))
    async with on_kubernetes(juju, charms) as pods:
        ee_id, _ = await pods.create_execution_environment(f".{ns}.vnf1")
        installing = asyncio.create_task(pods.install_configuration_sw(ee_id, "dns", options={"trust": True}))
        model = juju.model(f"{ns}-k8s")
        refusal = "attempting to grant RBAC permissions not currently held"
        await until(lambda: installing.done() or refusal in str(model.units))
        assert not installing.done()
        assert cluster.api.get(f"/apis/apps/v1/namespaces/{ns}-k8s/statefulsets")["items"] == []
        installing.cancel()
        await asyncio.gather(installing, return_exceptions=True)


async def test_a_namespace_of_others_is_refused_by_juju_itself(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    await asyncio.to_thread(cluster.make_namespace, f"{ns}-k8s")
    async with on_kubernetes(juju, charms) as pods:
        with pytest.raises(BadArguments, match=f"{ns}-k8s"):
            await pods.create_execution_environment(f".{ns}.vnf1")


async def test_a_model_is_gone_when_its_namespace_is(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    async with on_kubernetes(juju, charms) as pods:
        await installed(pods, namespace=f".{ns}.vnf1")
        path = f"/api/v1/namespaces/{ns}-k8s"
        held = {"metadata": {"name": "held", "finalizers": ["vca.test/held"]}}
        await asyncio.to_thread(cluster.api.post, f"{path}/configmaps", held)
        deleting = asyncio.create_task(pods.delete_namespace(f".{ns}"))
        await until(lambda: asyncio.to_thread(is_going, cluster, path))
        assert juju.model(f"{ns}-k8s").record.life != "alive"
        await asyncio.to_thread(cluster.api.patch, f"{path}/configmaps/held", {"metadata": {"finalizers": None}})
        await deleting
    assert left_by_juju(cluster, f"{ns}-k8s") == []


async def test_a_token_that_ends_suspends_models_until_another_is_sent(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, token: str
) -> None:
    async with on_kubernetes(juju, charms) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        add_cluster(juju, cluster, f"{token}-that-has-ended")
        with pytest.raises(BackendError, match="suspended"):
            await pods.scale(ee_id, 2)
        add_cluster(juju, cluster, token)
        await pods.scale(ee_id, 3)
        await pods.delete_namespace(f".{ns}")
    assert left_by_juju(cluster, f"{ns}-k8s") == []


async def test_a_pod_that_is_made_anew_goes_on_under_another_address(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    async with on_kubernetes(juju, charms) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        unit = juju.model(f"{ns}-k8s").units[f"{APP}/0"]
        before = unit.pod
        await asyncio.to_thread(cluster.api.delete, f"/api/v1/namespaces/{ns}-k8s/pods/{APP}-0")
        await until(lambda: unit.pod != before and unit.address)
        assert await pods.exec_primitive(ee_id, "touch")
        await pods.delete_namespace(f".{ns}")


async def test_lives_go_on_when_juju_is_started_again(
    monkeypatch: pytest.MonkeyPatch, charms: Path, cluster: Cluster, ns: str, token: str, tmp_path: Path
) -> None:
    monkeypatch.setattr(gathering, "GATHER", 0.01)
    for units in (2, 1):
        async with SimulatedController(clusters="hurried", state=tmp_path / "state") as juju:
            if units == 2:
                add_cluster(juju, cluster, token)
            async with on_kubernetes(juju, charms) as pods:
                ee_id = await installed(pods, namespace=f".{ns}.vnf1") if units == 2 else f"{ns}-k8s.{APP}.k8s"
                await pods.scale(ee_id, units)
                assert count_running(cluster, f"{ns}-k8s") == units
                if units == 1:
                    await pods.delete_namespace(f".{ns}")
    with pytest.raises(Refused, match="404"):
        cluster.api.call("GET", f"/api/v1/namespaces/{ns}-k8s")


async def test_a_model_is_made_although_who_asked_for_it_has_gone(cluster: Cluster, token: str, ns: str) -> None:
    """As Juju does it: else its namespace would be there, and nobody's."""
    model = f"{ns}-k8s"
    held = Rule("hold", lambda request: request.method == "POST" and request.path == "/api/v1/namespaces")
    async with FaultProxy(cluster) as proxy, SimulatedController(clusters="hurried") as juju:
        add_cluster(juju, cluster, token, server=proxy.url)
        proxy.rules = [held]
        cloud = {"cloud-tag": "cloud-k8s", "credential": f"cloudcred-k8s_{juju.username}_k8s"}
        async with RawClient(juju) as client:
            await client.login()
            asked = client.call("ModelManager.CreateModel", **{"name": model, "owner-tag": "user-admin", **cloud})
            making = asyncio.create_task(asked)
            await until(lambda: held.met)
            making.cancel()
        held.free.set()
        await until(lambda: model in [one.record.name for one in juju.world.models.values()])
        async with RawClient(juju) as client:
            await client.login()
            tag = f"model-{juju.model(model).record.uuid}"
            await client.result("ModelManager.DestroyModels", models=[{"model-tag": tag, "destroy-storage": True}])
            await until(lambda: model not in [one.record.name for one in juju.world.models.values()])
