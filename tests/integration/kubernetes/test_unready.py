"""Pods that do not become ready, or do not go: what operations say of them that wait for their units until the end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from support.clouds import with_token
from support.cluster.api import Refused, until
from support.cluster.proxy import FaultProxy, Rule
from support.cluster.sharing import Cluster
from support.juju import until as eventually
from support.juju_k8s import installed, on_kubernetes

from vca_core.errors import BackendError, VcaTimeoutError
from vca_core.stores import MemoryStore
from vca_juju_k8s import session
from vca_juju_k8s.cluster import pods as pods_module
from vca_jujusim import SimulatedController

pytestmark = pytest.mark.xdist_group("cluster")

APP = "app-vnf-vnf1"
ANOTHER = {"resources": {"image": "registry.example.com/dns:2"}}
SLOW = {"resources": {"image": "registry.example.com/slow:1"}}
FOR_NODE, FOR_HOLDER = "its node has to come back", "whoever holds it by finalizers has to let go of it"


@pytest.fixture(autouse=True)
def _look_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pods_module, "FIRST", 0.05)
    monkeypatch.setattr(pods_module, "AGAIN", 0.1)


@pytest.fixture
async def path(cluster: Cluster, ns: str) -> AsyncIterator[str]:
    """The path of the first pod of an EE; it goes afterwards, whatever held it."""
    path = f"/api/v1/namespaces/{ns}-k8s/pods/{APP}-0"
    yield path
    free = {"metadata": {"annotations": {"vca.test/clings": None}, "finalizers": None}}
    with suppress(Refused):  # it is gone
        await asyncio.to_thread(cluster.api.patch, path, free)


def looking(cluster: Cluster) -> dict[str, Any]:
    return {"kubeconfig": str(cluster.kubeconfig)}


def lose_node(cluster: Cluster, path: str) -> None:
    """Have a pod asked to go, and nobody who confirms it."""
    cluster.api.patch(path, {"metadata": {"annotations": {"vca.test/clings": "yes"}}})
    cluster.api.call("DELETE", path, {"gracePeriodSeconds": 1})
    condition = {"type": "Ready", "status": "False", "reason": "NodeNotReady"}
    patch = "application/strategic-merge-patch+json"
    cluster.api.call("PATCH", f"{path}/status", {"status": {"conditions": [condition]}}, patch)


async def end_of(work: Coroutine[Any, Any, Any]) -> str:
    with pytest.raises(VcaTimeoutError) as raised:
        await work
    return str(raised.value)


async def test_a_deleted_pod_that_holds_up_a_new_ee_is_named(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, path: str
) -> None:
    store, place = MemoryStore(), {"collection": "nsrs", "filter": {"_id": ns}, "path": "vca"}
    await store.ensure("nsrs", {"_id": ns})
    async with on_kubernetes(juju, charms, store=store, cluster=looking(cluster), pod_grace=0.3) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        cluster.api.patch(path, {"metadata": {"finalizers": ["vca.test/held"]}})
        await pods.delete_execution_environment(ee_id)
        await pods.create_execution_environment(f".{ns}.vnf1", place)
        text = await end_of(pods.install_configuration_sw(ee_id, "dns", place, options=ANOTHER, total_timeout=4.0))
        held = f"Terminating: pod {APP}-0, deleted at [^,]*Z, held by vca.test/held"
        assert re.search(f"unit {APP}/0 is .*kubernetes: {held}; pod {APP}-0 of namespace {ns}-k8s is not ready", text)
        assert FOR_HOLDER in text
        assert "image" not in text
        assert re.search(f"kubernetes: {held}", str(await store.get("nsrs", {"_id": ns})))
        shown = (await pods.get_status(f".{ns}"))["kubernetes"]["pods"][f"{APP}-0"]
        assert shown["finalizers"] == ["vca.test/held"]
        assert shown["deleted"] in shown["reason"]


async def test_an_upgrade_and_a_primitive_name_the_pod_of_a_lost_node(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, path: str
) -> None:
    async with on_kubernetes(juju, charms, cluster=looking(cluster), pod_grace=0.3) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        await asyncio.to_thread(lose_node, cluster, path)
        for work in (
            pods.exec_primitive(ee_id, "touch", total_timeout=4.0),
            pods.upgrade(ee_id, "dns", options=ANOTHER, total_timeout=4.0),
        ):
            text = await end_of(work)
            told = (
                f"unit {APP}/0 is .*pod {APP}-0 of namespace {ns}-k8s is not ready: Terminating: pod {APP}-0, deleted"
            )
            assert re.search(told, text)
            assert FOR_NODE in text


async def test_an_upgrade_names_the_pod_and_what_keeps_it_from_ready(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, path: str
) -> None:
    async with on_kubernetes(juju, charms, cluster=looking(cluster), pod_grace=0.3) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        text = await end_of(pods.upgrade(ee_id, "dns", options=SLOW, total_timeout=4.0))
        assert f"unit {APP}/0 is " in text
        assert f"pod {APP}-0 of namespace {ns}-k8s is not ready: phase Pending" in text

        waiting = {"name": "main", "image": "slow", "imageID": "", "ready": False, "restartCount": 0}
        waiting["state"] = {"waiting": {"reason": "ContainerCreating"}}
        status = {"status": {"containerStatuses": [waiting]}}
        await asyncio.to_thread(cluster.api.call, "PATCH", f"{path}/status", status, "application/merge-patch+json")
        text = await end_of(pods.upgrade(ee_id, "dns", options=SLOW, total_timeout=4.0))
        assert f"pod {APP}-0 of namespace {ns}-k8s is not ready: ContainerCreating main" in text

        uid = cluster.api.get(path)["metadata"]["uid"]
        about = {"kind": "Pod", "name": f"{APP}-0", "namespace": f"{ns}-k8s", "uid": uid}
        event = {"reason": "FailedMount", "message": 'volume "data": exit status 32', "type": "Warning", "count": 1}
        event |= {"lastTimestamp": "2126-01-01T00:00:00Z", "involvedObject": about, "metadata": {"name": "mount"}}
        await asyncio.to_thread(cluster.api.post, f"/api/v1/namespaces/{ns}-k8s/events", event)
        text = await end_of(pods.upgrade(ee_id, "dns", options=SLOW, total_timeout=4.0))
        assert f'pod {APP}-0 of namespace {ns}-k8s is not ready: FailedMount: volume "data": exit status 32' in text


async def test_nothing_is_ready_whose_pod_is_on_its_way_out(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, path: str
) -> None:
    """Juju shows the unit as active all the time."""
    async with on_kubernetes(juju, charms, cluster=looking(cluster), pod_grace=0.3) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")

        def calls(limit: float | None) -> list[Coroutine[Any, Any, Any]]:
            return [
                pods.install_configuration_sw(ee_id, "dns", total_timeout=limit),
                pods.scale(ee_id, 1, total_timeout=limit),
                pods.upgrade(ee_id, "dns", total_timeout=limit),
            ]

        await asyncio.to_thread(lose_node, cluster, path)
        before = cluster.api.get(path)["metadata"]["uid"]
        for work in calls(1.5):
            text = await end_of(work)
            assert f"unit {APP}/0 is active" in text
            assert f"Terminating: pod {APP}-0, deleted at" in text
            assert f"pod {APP}-0 of namespace {ns}-k8s is not ready" in text
            assert FOR_NODE in text
        waiting = asyncio.ensure_future(pods.install_configuration_sw(ee_id, "dns"))
        await asyncio.sleep(0)
        await asyncio.to_thread(cluster.api.patch, path, {"metadata": {"annotations": {"vca.test/clings": None}}})
        await waiting
        after = cluster.api.get(path)
        assert after["metadata"]["uid"] != before
        assert ("Ready", "True") in {(one["type"], one["status"]) for one in after["status"]["conditions"]}


async def test_nothing_is_ready_whose_pod_is_not_made_anew(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, path: str
) -> None:
    """Juju shows the unit as active all the time."""
    quotas = f"/api/v1/namespaces/{ns}-k8s/resourcequotas"

    def lose_pod() -> None:
        cluster.api.post(quotas, {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "0"}}})
        until(lambda: cluster.api.get(f"{quotas}/few").get("status", {}).get("hard"))
        cluster.api.delete(path)
        until(lambda: cluster.api.get(path) is None)

    async with on_kubernetes(juju, charms, cluster=looking(cluster), pod_grace=0.3) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        await asyncio.to_thread(lose_pod)
        for work in (pods.install_configuration_sw(ee_id, "dns"), pods.scale(ee_id, 1), pods.upgrade(ee_id, "dns")):
            with pytest.raises(BackendError, match=f"pods of {APP} .* not created for 0.3 s: .*exceeded quota: few"):
                await work
        cluster.api.delete(f"{quotas}/few")
    async with on_kubernetes(juju, charms, cluster=looking(cluster)) as pods:
        await pods.install_configuration_sw(ee_id, "dns")
        assert ("Ready", "True") in {
            (one["type"], one["status"]) for one in cluster.api.get(path)["status"]["conditions"]
        }


@pytest.mark.parametrize(("units", "number"), [(1, 2), (2, 1)], ids=["up", "down"])
async def test_a_scale_waits_for_the_pods_that_stay(
    juju: SimulatedController,
    charms: Path,
    cluster: Cluster,
    ns: str,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
    units: int,
    number: int,
) -> None:
    """Juju shows the unit that stays as active all the time, and has scaled before anybody looks."""
    async with on_kubernetes(juju, charms, cluster=looking(cluster), pod_grace=0.3) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1", num_units=units)
        await asyncio.to_thread(lose_node, cluster, path)
        before = cluster.api.get(path)["metadata"]["uid"]
        monkeypatch.setattr(pods_module, "FIRST", 100.0)
        text = await end_of(pods.scale(ee_id, number, total_timeout=6.0))
        assert f"Terminating: pod {APP}-0, deleted at" in text
        assert f"pod {APP}-0 of namespace {ns}-k8s is not ready" in text
        await asyncio.to_thread(cluster.api.patch, path, {"metadata": {"annotations": {"vca.test/clings": None}}})
        await pods.scale(ee_id, number)
        assert cluster.api.get(path)["metadata"]["uid"] != before


async def test_what_waits_for_a_relation_to_end_names_the_pod(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, path: str
) -> None:
    async with on_kubernetes(juju, charms, cluster=looking(cluster)) as pods:
        ee_id, other = [await installed(pods, namespace=f".{ns}.vnf{number}") for number in (1, 2)]
        await pods.add_relation(ee_id, other, "dns", "upstream")
        await asyncio.to_thread(lose_node, cluster, path)
        juju.faults.freeze("relation")
        text = await end_of(pods.remove_relation(ee_id, other, "dns", "upstream", total_timeout=3.0))
        assert f"pod {APP}-0 of namespace {ns}-k8s is not ready: Terminating: pod {APP}-0, deleted at" in text
        juju.thaw()


async def test_a_delete_that_waits_for_a_relation_names_the_pod(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, path: str
) -> None:
    far = cluster.new_name()
    async with on_kubernetes(juju, charms, cluster=looking(cluster)) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        await pods.add_relation(ee_id, await installed(pods, namespace=f".{far}.vnf2"), "upstream", "dns")
        await asyncio.to_thread(lose_node, cluster, path)
        juju.faults.freeze("relation")
        text = await end_of(pods.delete_execution_environment(ee_id, total_timeout=3.0))
        assert f"application {APP} is not asked to go yet: its units leave their relations first" in text
        assert f"in the cluster, pod {APP}-0, deleted at" in text
        juju.thaw()


async def test_a_delete_of_an_ns_forced_in_vain_says_what_is_left(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    held = f"/api/v1/namespaces/{ns}-k8s/configmaps"
    async with on_kubernetes(juju, charms, cluster=looking(cluster), delete_grace=0.1) as pods:
        await installed(pods, namespace=f".{ns}.vnf1")
        cluster.api.post(held, {"metadata": {"name": "held", "finalizers": ["vca.test/held"]}})
        text = await end_of(pods.delete_namespace(f".{ns}", total_timeout=5.0))
        assert "is still listed after its removal was forced" in text
        assert f"namespace {ns}-k8s of the cluster is still there: it is Terminating" in text
        cluster.api.patch(f"{held}/held", {"metadata": {"finalizers": None}})
        await pods.delete_namespace(f".{ns}")


async def test_a_delete_of_an_ns_that_has_no_time_says_what_is_left(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    held = f"/api/v1/namespaces/{ns}-k8s/configmaps"
    async with on_kubernetes(juju, charms, cluster=looking(cluster)) as pods:
        await installed(pods, namespace=f".{ns}.vnf1")
        cluster.api.post(held, {"metadata": {"name": "held", "finalizers": ["vca.test/held"]}})
        with pytest.raises(VcaTimeoutError) as raised:
            await pods.delete_namespace(f".{ns}", total_timeout=4.0)
        left = f"namespace {ns}-k8s of the cluster is still there: it is Terminating"
        assert left in f"{raised.value} {raised.value.__cause__}"
        cluster.api.patch(f"{held}/held", {"metadata": {"finalizers": None}})
        await pods.delete_namespace(f".{ns}")


@pytest.mark.parametrize("limit", ["progress_timeout", "total_timeout"])
@pytest.mark.parametrize("operation", ["primitive", "install", "upgrade"])
async def test_limits_that_end_before_the_first_look_name_the_pod(
    juju: SimulatedController,
    charms: Path,
    cluster: Cluster,
    ns: str,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    operation: str,
) -> None:
    monkeypatch.setattr(pods_module, "FIRST", 100.0)
    given: dict[str, Any] = {limit: 1.5}
    async with on_kubernetes(juju, charms, cluster=looking(cluster)) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        await asyncio.to_thread(lose_node, cluster, path)
        work: Coroutine[Any, Any, Any]
        if operation == "primitive":
            juju.faults.action("touch", "hang")
            work = pods.exec_primitive(ee_id, "touch", **given)
        elif operation == "install":
            work = pods.install_configuration_sw(ee_id, "dns", **given)
        else:
            work = pods.upgrade(ee_id, "dns", options=ANOTHER, **given)
        text = await end_of(work)
        assert f"Terminating: pod {APP}-0, deleted at" in text
        assert f"pod {APP}-0 of namespace {ns}-k8s is not ready" in text


@pytest.mark.parametrize(("fault", "asks"), [("hang", False), ("freeze", True)])
async def test_the_cluster_is_asked_for_runs_that_do_not_begin(
    controller: SimulatedController,
    charms: Path,
    cluster: Cluster,
    token: str,
    proxy: FaultProxy,
    ns: str,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    asks: bool,
) -> None:
    monkeypatch.setattr(session, "LAST", 0.0)
    asked: list[str] = []

    def note(request: web.BaseRequest) -> bool:
        asked.append(request.path)
        return False

    looking = {"kubeconfig": with_token(cluster, token, proxy.url)}
    async with on_kubernetes(controller, charms, cluster=looking) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        if fault == "hang":
            controller.faults.action("touch", "hang")
        else:
            controller.faults.freeze("action")
        proxy.rules = [Rule("refuse", note)]
        monkeypatch.setattr(pods_module, "FIRST", 0.5)  # it begins by then
        running = asyncio.ensure_future(end_of(pods.exec_primitive(ee_id, "touch", total_timeout=3.0)))
        if asks:
            await eventually(lambda: asked or running.done())
            assert not running.done()
        await running
        assert asked, "at the limit, in any case"
        assert (len(asked) > len(set(asked))) is asks, "where a run has begun, at the limit only"
