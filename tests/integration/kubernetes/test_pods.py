"""Why pods do not run, as a real cluster says it: in details of units, in errors, and in `get_status`."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from support.clouds import with_token
from support.cluster.api import until
from support.cluster.proxy import FaultProxy, Rule
from support.cluster.sharing import Cluster
from support.juju_k8s import installed, on_kubernetes

from vca_core import Connector
from vca_core.errors import BackendError, VcaTimeoutError
from vca_core.stores import MemoryStore
from vca_juju_k8s.cluster import pods as pods_module
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions
from vca_juju_k8s.cluster.logs import LONGEST
from vca_juju_k8s.cluster.overview import describe
from vca_jujusim import SimulatedController

pytestmark = pytest.mark.xdist_group("cluster")

APP = "app-vnf-vnf1"


@pytest.fixture(autouse=True)
def _look_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pods_module, "FIRST", 0.05)
    monkeypatch.setattr(pods_module, "AGAIN", 0.1)


def stateful_set(image: str, **spec: Any) -> dict[str, Any]:
    """The objects of an application, as Juju makes them."""
    labels = {"app.kubernetes.io/name": APP}
    container = {"name": "main", "image": image, **spec.pop("container", {})}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "charm", "image": "juju"}, container]}}
    return {
        "metadata": {"name": APP},
        "spec": {"serviceName": APP, "selector": {"matchLabels": labels}, "template": template, **spec},
    }


def deploy(cluster: Cluster, namespace: str, image: str, **spec: Any) -> None:
    cluster.make_namespace(namespace)
    cluster.api.post(f"/apis/apps/v1/namespaces/{namespace}/statefulsets", stateful_set(image, **spec))


async def fail_to_install(pods: Connector, cluster: Cluster, ns: str, image: str, **spec: Any) -> BackendError:
    """Install a charm whose pod does not run."""
    ee_id, _ = await pods.create_execution_environment(f".{ns}.vnf1")
    await asyncio.to_thread(deploy, cluster, f"{ns}-k8s", image, **spec)
    with pytest.raises(BackendError) as raised:
        await pods.install_configuration_sw(ee_id, "dns", options={"resources": {"image": "example.com/missing:1"}})
    return raised.value


CLAIM = {
    "metadata": {"name": "data"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "no-such-class",
        "resources": {"requests": {"storage": "1Gi"}},
    },
}
HUGE = {"resources": {"requests": {"cpu": "64"}}}


@pytest.mark.parametrize(
    ("image", "spec", "reason"),
    [
        ("example.com/missing:1", {}, "ImagePullBackOff main: example.com/missing:1"),
        ("example.com/crash:1", {}, "CrashLoopBackOff main: exit code 139, signal 11"),
        ("example.com/oom:1", {}, "CrashLoopBackOff main: OOMKilled, exit code 137"),
        ("example.com/dns:1", {"container": HUGE}, "Unschedulable: Insufficient cpu"),
        ("example.com/dns:1", {"volumeClaimTemplates": [CLAIM]}, f"PersistentVolumeClaim data-{APP}-0 is Pending: "),
    ],
)
async def test_a_wait_ends_with_what_the_cluster_says(
    controller: SimulatedController,
    charms: Path,
    cluster: Cluster,
    ns: str,
    image: str,
    spec: dict[str, Any],
    reason: str,
) -> None:
    looking = {"kubeconfig": str(cluster.kubeconfig)}
    async with on_kubernetes(controller, charms, cluster=looking, pod_grace=0.3) as pods:
        error = await fail_to_install(pods, cluster, ns, image, **spec)
        assert f"pod {APP}-0 of namespace {ns}-k8s has not run for 0.3 s: {reason}" in error.message
        is_of_image = image != "example.com/dns:1"
        assert ("an upgrade with another image replaces the pod" in error.message) is is_of_image
        found = await pods.get_status(f".{ns}.vnf1")
        assert reason in found["kubernetes"]["pods"][f"{APP}-0"]["reason"]
        assert error.output == {}, "nothing was printed"


async def test_what_a_crashed_container_printed_is_in_the_output(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    last, present = (cluster.folder / "logs" / name for name in ("previous.log", "container.log"))
    lines = [f"line {number}" for number in range(12)]
    last.write_text("".join(f"2026-11-28T10:00:00.000000000Z stdout F {line}\n" for line in lines))
    present.write_text("2026-11-28T10:00:00.000000000Z stdout F starting\n")
    try:
        looking = {"kubeconfig": str(cluster.kubeconfig)}
        async with on_kubernetes(controller, charms, cluster=looking, pod_grace=0.3) as pods:
            error = await fail_to_install(pods, cluster, ns, "example.com/crash:1")
            assert error.output == {"pod": f"{APP}-0", "container": "main", "log": lines[-10:]}
            assert "line 11" not in f"{error} {error.__cause__}"
            last.unlink()
            found = await pods.get_status(f".{ns}.vnf1")
            assert found["kubernetes"]["pods"][f"{APP}-0"]["log"] == ["starting"]
    finally:
        last.unlink(missing_ok=True)
        present.unlink()


async def test_any_bytes_that_a_crashed_container_printed_are_shown(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    last = cluster.folder / "logs" / "previous.log"
    printed = [b"caf\xe9: cannot open \xff\xfe", *("a\x0bb\x0cc\x1cd\x85e\u2028f".encode() for _ in range(9))]
    last.write_bytes(b"".join(b"2026-11-28T10:00:00.000000000Z stdout F " + line + b"\n" for line in printed))
    shown = ["caf\ufffd: cannot open \ufffd\ufffd", *["a\x0bb\x0cc\x1cd\x85e\u2028f"] * 9]
    try:
        looking = {"kubeconfig": str(cluster.kubeconfig)}
        async with on_kubernetes(controller, charms, cluster=looking, pod_grace=0.3) as pods:
            error = await fail_to_install(pods, cluster, ns, "example.com/crash:1")
            assert "CrashLoopBackOff main: exit code 139, signal 11" in error.message
            assert error.output["log"] == shown
            found = await pods.get_status(f".{ns}.vnf1")
            assert found["kubernetes"]["pods"][f"{APP}-0"]["log"] == shown
    finally:
        last.unlink()


async def test_of_lines_that_are_long_the_newest_are_shown(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    last = cluster.folder / "logs" / "previous.log"
    printed = ["before", "x" * 30_000_000, "panic: no disk", "bye"]
    last.write_text("".join(f"2026-11-28T10:00:00.000000000Z stdout F {line}\n" for line in printed))
    try:
        looking = {"kubeconfig": str(cluster.kubeconfig)}
        async with on_kubernetes(controller, charms, cluster=looking, pod_grace=0.3) as pods:
            error = await fail_to_install(pods, cluster, ns, "example.com/crash:1")
            cut, *whole = error.output["log"]
            assert whole == ["panic: no disk", "bye"]
            assert re.fullmatch("x+… \\(cut\\)", cut)
            assert LONGEST - 100 < len("".join(error.output["log"])) <= LONGEST
            found = await pods.get_status(f".{ns}.vnf1")
            assert found["kubernetes"]["pods"][f"{APP}-0"]["log"] == [cut, *whole]
    finally:
        last.unlink()


async def test_a_quota_that_keeps_pods_away_is_told(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    def deploy_over_quota() -> None:
        name = cluster.make_namespace(f"{ns}-k8s")
        quota = f"/api/v1/namespaces/{name}/resourcequotas"
        cluster.api.post(quota, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}})
        until(lambda: (cluster.api.get(f"{quota}/q") or {}).get("status", {}).get("hard"))
        cluster.api.post(f"/apis/apps/v1/namespaces/{name}/statefulsets", stateful_set("example.com/dns:1"))

    looking = {"kubeconfig": str(cluster.kubeconfig)}
    async with on_kubernetes(controller, charms, cluster=looking, pod_grace=0.3) as pods:
        ee_id, _ = await pods.create_execution_environment(f".{ns}.vnf1")
        await asyncio.to_thread(deploy_over_quota)
        with pytest.raises(BackendError, match="were not created for 0.3 s: FailedCreate: .*exceeded quota: q "):
            await pods.install_configuration_sw(ee_id, "dns", options={"resources": {"image": "example.com/missing:1"}})
        found = (await pods.get_status(f".{ns}"))["kubernetes"]["sets"][APP]
        assert (found["wanted"], found["created"]) == (1, 0)
        assert "exceeded quota: q" in found["reason"]


async def test_a_namespace_that_others_delete_is_told(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    held = f"/api/v1/namespaces/{ns}-k8s/configmaps"

    def deploy_and_delete() -> None:
        name = cluster.make_namespace(f"{ns}-k8s")
        cluster.api.post(held, {"metadata": {"name": "held", "finalizers": ["example.com/never"]}})
        cluster.api.post(f"/apis/apps/v1/namespaces/{name}/statefulsets", stateful_set("example.com/dns:1"))
        cluster.api.delete(f"/api/v1/namespaces/{name}")

    looking = {"kubeconfig": str(cluster.kubeconfig)}
    try:
        async with on_kubernetes(controller, charms, cluster=looking, pod_grace=0.3) as pods:
            ee_id, _ = await pods.create_execution_environment(f".{ns}.vnf1")
            await asyncio.to_thread(deploy_and_delete)
            with pytest.raises(BackendError, match=f"have not run for 0.3 s: namespace {ns}-k8s is Terminating"):
                await pods.install_configuration_sw(
                    ee_id, "dns", options={"resources": {"image": "example.com/missing:1"}}
                )
    finally:
        cluster.api.patch(f"{held}/held", {"metadata": {"finalizers": []}})


async def test_nothing_is_asked_of_the_cluster_while_all_goes_well(
    controller: SimulatedController,
    charms: Path,
    cluster: Cluster,
    token: str,
    proxy: FaultProxy,
    ns: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def note(request: web.BaseRequest) -> bool:
        asked.append(request.path)
        return False

    proxy.rules = [Rule("refuse", note)]
    monkeypatch.setattr(pods_module, "FIRST", 2.0)
    async with on_kubernetes(controller, charms, cluster={"kubeconfig": with_token(cluster, token, proxy.url)}) as pods:
        ee_id, _ = await pods.create_execution_environment(f".{ns}.vnf1")
        await pods.create_execution_environment(f".{ns}.vnf2")
        assert asked == [f"/api/v1/namespaces/{ns}-k8s"], "once, before the model is made"
        await pods.install_configuration_sw(ee_id, "dns")
        await pods.scale(ee_id, 2)
        await pods.exec_primitive(ee_id, "touch")
        await pods.delete_execution_environment(ee_id)
        looked = [f"/api/v1/namespaces/{ns}-k8s/pods", f"/apis/apps/v1/namespaces/{ns}-k8s/statefulsets"]
        assert asked[1:] == looked, "once, whether the pod that stays is there; it is in no cluster here"


async def test_what_is_left_of_an_application_that_stays_is_told(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    controller.faults.stick(when="always")
    async with on_kubernetes(controller, charms, cluster={"kubeconfig": str(cluster.kubeconfig)}) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        await asyncio.to_thread(deploy, cluster, f"{ns}-k8s", "example.com/dns:1")
        claims = f"/api/v1/namespaces/{ns}-k8s/persistentvolumeclaims"
        name = f"data-{APP}-0"
        cluster.api.post(claims, {**CLAIM, "metadata": {"name": name, "finalizers": ["vca.test/held"]}})
        cluster.api.delete(f"{claims}/{name}")
        left = f"in the cluster: stateful set {APP}; .*claim {name}, deleted at .*, held by .*vca.test/held"
        with pytest.raises(VcaTimeoutError, match="issue 21605") as raised:
            await pods.delete_execution_environment(ee_id, total_timeout=2.0)
        assert re.search(left, str(raised.value))
        cluster.api.patch(f"{claims}/{name}", {"metadata": {"finalizers": None}})


async def test_health_says_whether_the_cluster_answers(
    controller: SimulatedController, charms: Path, cluster: Cluster
) -> None:
    away = json.loads(cluster.kubeconfig.read_text())
    away["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    for given, said in ((str(cluster.kubeconfig), "v1.36.1"), (away, "the API server cannot be reached")):
        async with on_kubernetes(controller, charms, cluster={"kubeconfig": given}) as pods:
            assert (await pods.health())["cluster"] == said


async def test_a_reason_stands_in_statuses_while_it_is_waited(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    store, place = MemoryStore(), {"collection": "nsrs", "filter": {"_id": ns}, "path": "vca"}
    reason = "kubernetes: ImagePullBackOff main: example.com/missing:1"

    async def is_told() -> bool:
        return reason in str(await store.get("nsrs", {"_id": ns}))

    looking = {"kubeconfig": str(cluster.kubeconfig)}
    async with on_kubernetes(controller, charms, store=store, cluster=looking) as pods:
        await store.ensure("nsrs", {"_id": ns})
        ee_id, _ = await pods.create_execution_environment(f".{ns}.vnf1", place)
        await asyncio.to_thread(deploy, cluster, f"{ns}-k8s", "example.com/missing:1")
        images = {"resources": {"image": "example.com/missing:1"}}
        installing = asyncio.ensure_future(pods.install_configuration_sw(ee_id, "dns", place, options=images))
        while not await is_told():
            assert not installing.done()
            await asyncio.sleep(0.05)
        installing.cancel()
        await asyncio.gather(installing, return_exceptions=True)


async def test_a_slice_shows_its_own_services_and_claims(cluster: Cluster) -> None:
    namespace = cluster.make_namespace(cluster.new_name())
    for name in (APP, f"{APP}-endpoints", f"{APP}0", f"{APP}-vdu-x"):
        cluster.api.post(
            f"/api/v1/namespaces/{namespace}/services",
            {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}},
        )
        claim = CLAIM | {"metadata": {"name": f"data-{name}-0"}}
        cluster.api.post(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", claim)
    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": str(cluster.kubeconfig)}), Path())
    await client.open()
    try:
        own = await describe(client, namespace, APP)
        everything = await describe(client, namespace, None)
    finally:
        await client.close()
    assert (set(own["services"]), set(own["claims"])) == ({APP, f"{APP}-endpoints"}, {f"data-{APP}-0"})
    assert (len(everything["services"]), len(everything["claims"])) == (4, 4)
