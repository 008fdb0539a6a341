"""The faults inside a cluster that operations meet: each is made on a slice of its own, and gone on from."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from support.clouds import add_cluster, make_token, with_token
from support.cluster.proxy import FaultProxy, Rule, is_watch
from support.cluster.rows import APP, Row, Scene

CANARY = "canary-4c81"
"""What is in all passwords and tokens that are not the cluster's own."""

DONE = "done"
HASTY = 0.3
ROWS: list[Row] = []

Meet = Callable[[Scene], Awaitable[tuple[str, str]]]


def row(fault: str, operation: str, recovery: str) -> Callable[[Meet], Meet]:
    """Add a row to the table; see `Row`."""

    def add(meet: Meet) -> Meet:
        ROWS.append(Row(fault, operation, recovery, meet))
        return meet

    return add


def spawn(work: Awaitable[Any]) -> asyncio.Future[Any]:
    """Have an operation run beside what is done to it."""
    return asyncio.ensure_future(work)


@row("quota exceeded", "install", "raise the quota, install again")
async def exceed_quota(scene: Scene) -> tuple[str, str]:
    async with scene.connect(grace=HASTY) as pods, scene.connect() as patient:
        await scene.create(pods)
        await scene.limit_pods(0)
        found = await scene.fail(scene.install(pods), "were not created .*exceeded quota: few")
        await scene.free_pods()
        await scene.install(patient)
    return found


@row("quota raised in time", "install", "the operation goes on by itself")
async def raise_quota(scene: Scene) -> tuple[str, str]:
    async with scene.connect() as pods:
        await scene.create(pods)
        await scene.limit_pods(0)
        installing = spawn(scene.install(pods))
        told = await scene.see(installing, "kubernetes: FailedCreate: .*?exceeded quota: few")
        await scene.free_pods()
        await installing
    return DONE, told


@row("storage class missing", "install", "delete the EE, install with another class")
async def lack_class(scene: Scene) -> tuple[str, str]:
    async with scene.connect(grace=5.0) as pods, scene.connect() as patient:
        await scene.create(pods)
        work = scene.install(pods, "stored", storage={"data": "no-such-class,1G"})
        found = await scene.fail(work, "PersistentVolumeClaim .* is Pending: [^;]*not found")
        await patient.delete_execution_environment(scene.ee_id)
        await scene.create(patient)
        await scene.install(patient)
    return found


@row("PVC pending, until it gets a volume", "install", "the operation goes on by itself")
async def lack_volume(scene: Scene) -> tuple[str, str]:
    name = f"{scene.ns}-late"
    classes, volumes = "/apis/storage.k8s.io/v1/storageclasses", "/api/v1/persistentvolumes"
    await scene.ask("POST", classes, {"metadata": {"name": name}, "provisioner": "kubernetes.io/no-provisioner"})
    volume = {
        "metadata": {"name": name},
        "spec": {
            "storageClassName": name,
            "capacity": {"storage": "2Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": f"/tmp/{name}"},  # noqa: S108 - nobody mounts it
        },
    }
    try:
        async with scene.connect() as pods:
            await scene.create(pods)
            installing = spawn(scene.install(pods, "stored", storage={"data": f"{name},1G"}))
            told = await scene.see(
                installing, "kubernetes: PersistentVolumeClaim .*? is Pending: ProvisioningFailed: [^';]*"
            )
            await scene.ask("POST", volumes, volume)
            await installing
            await pods.delete_namespace(f".{scene.ns}")
    finally:
        await scene.ask("DELETE", f"{classes}/{name}")
        if await scene.find(f"{volumes}/{name}"):  # it was made by hand, and Kubernetes keeps it
            await scene.ask("DELETE", f"{volumes}/{name}")
    await scene.until(f"{volumes}/{name}", lambda found: found is None)
    return DONE, told


@row("image missing", "install", "upgrade with another image")
async def miss_image(scene: Scene) -> tuple[str, str]:
    async with scene.connect(grace=HASTY) as pods, scene.connect() as patient:
        await scene.create(pods)
        work = scene.install(pods, resources={"image": "example.com/missing:1"})
        found = await scene.fail(work, "has not run for .*ImagePullBackOff main: example.com/missing:1")
        options = {"resources": {"image": "registry.example.com/dns:2"}}
        await patient.upgrade(scene.ee_id, "dns", options=options)
    return found


@row("pull secret wrong (kwok asks no registry: its image is named as missing)", "install", "delete the NS")
async def refuse_pull(scene: Scene) -> tuple[str, str]:
    image = {"image": "example.com/missing:2", "username": "vca", "password": CANARY}
    async with scene.connect(grace=HASTY) as pods:
        await scene.create(pods)
        found = await scene.fail(scene.install(pods, resources={"image": image}), "ImagePullBackOff main: .*missing:2")
        await pods.delete_namespace(f".{scene.ns}")
    return found


@row("crash loop", "install", "upgrade with another image")
async def crash(scene: Scene) -> tuple[str, str]:
    async with scene.connect(grace=HASTY) as pods, scene.connect() as patient:
        await scene.create(pods)
        work = scene.install(pods, resources={"image": "example.com/crash:1"})
        found = await scene.fail(work, "has not run for .*CrashLoopBackOff main: exit code 139, signal 11")
        await patient.upgrade(scene.ee_id, "dns", options={"resources": {"image": "registry.example.com/dns:2"}})
    return found


@row("out of memory", "install", "delete the NS")
async def run_out_of_memory(scene: Scene) -> tuple[str, str]:
    async with scene.connect(grace=HASTY) as pods:
        await scene.create(pods)
        work = scene.install(pods, resources={"image": "example.com/oom:1"})
        found = await scene.fail(work, "has not run for .*CrashLoopBackOff main: OOMKilled, exit code 137")
        await pods.delete_namespace(f".{scene.ns}")
    return found


@row("unschedulable", "install", "delete the EE, install with less")
async def ask_too_much(scene: Scene) -> tuple[str, str]:
    async with scene.connect(grace=HASTY) as pods, scene.connect() as patient:
        await scene.create(pods)
        found = await scene.fail(scene.install(pods, constraints="mem=640G"), "has not run for .*Insufficient memory")
        await patient.delete_execution_environment(scene.ee_id)
        await scene.create(patient)
        await scene.install(patient)
    return found


@row("pod evicted, and made anew (kwok may give it the same address)", "scale", "the operation goes on by itself")
async def evict(scene: Scene) -> tuple[str, str]:
    path = f"/api/v1/namespaces/{scene.namespace}/pods/{APP}-0"
    async with scene.connect() as pods:
        await scene.create(pods)
        await scene.install(pods)
        old = await scene.find(path)
        await scene.limit_pods(1)
        scaling = spawn(pods.scale(scene.ee_id, 2, scene.place))
        told = await scene.see(scaling, "kubernetes: FailedCreate: .*?exceeded quota: few")
        await scene.ask("PATCH", path, {"metadata": {"annotations": {"vca.test/evict": "yes"}}})
        await scene.until(path, lambda new: new is None or new["metadata"]["uid"] != old["metadata"]["uid"])
        await scene.free_pods()  # until then, the other one may be there in its stead
        await scaling
        new = await scene.until(path, lambda new: new and new["status"].get("podIP"))
        assert new["metadata"]["uid"] != old["metadata"]["uid"]
        shown = (await pods.get_status(f".{scene.ns}.vnf1"))["kubernetes"]["pods"][f"{APP}-0"]["addresses"]
        assert shown == [new["status"]["podIP"]]
        assert await pods.exec_primitive(scene.ee_id, "touch")
    return DONE, told


@row("node gone (its pods removed by hand, as the cluster does by itself after 40 s)", "scale", "the node comes back")
async def lose_node(scene: Scene) -> tuple[str, str]:
    node = {"metadata": {"name": f"{scene.ns}-node"}, "spec": {"unschedulable": True}}  # others do not get on it
    path = f"/api/v1/namespaces/{scene.namespace}/pods/{APP}"

    async def bind(ordinal: int) -> None:
        await scene.until(f"{path}-{ordinal}", lambda pod: pod and not pod["metadata"].get("deletionTimestamp"))
        target = {"kind": "Node", "name": f"{scene.ns}-node"}
        await scene.ask(
            "POST", f"{path}-{ordinal}/binding", {"metadata": {"name": f"{APP}-{ordinal}"}, "target": target}
        )

    async with scene.connect() as pods:
        await scene.create(pods)
        await scene.ask("POST", "/api/v1/nodes", node)
        installing = spawn(scene.install(pods, constraints="mem=640G"))
        await bind(0)
        await installing
        await scene.ask("DELETE", f"/api/v1/nodes/{scene.ns}-node")
        await scene.ask("DELETE", f"{path}-0?gracePeriodSeconds=0")
        scaling = spawn(pods.scale(scene.ee_id, 2, scene.place))
        told = await scene.see(scaling, "kubernetes: Unschedulable: [^';]*Insufficient memory")
        await scene.ask("POST", "/api/v1/nodes", node)
        await bind(0)
        await bind(1)
        await scaling
        await pods.delete_namespace(f".{scene.ns}")
    await scene.ask("DELETE", f"/api/v1/nodes/{scene.ns}-node")
    return DONE, told


@row("pod on its way out, as its node does not answer; Juju shows its unit as active", "scale", "the node comes back")
async def cling(scene: Scene) -> tuple[str, str]:
    path = f"/api/v1/namespaces/{scene.namespace}/pods/{APP}-0"
    async with scene.connect() as pods:
        await scene.create(pods)
        await scene.install(pods)
        await scene.ask("PATCH", path, {"metadata": {"annotations": {"vca.test/clings": "yes"}}})
        await scene.ask("DELETE", path, {"gracePeriodSeconds": 1})
        work = pods.scale(scene.ee_id, 2, total_timeout=4.0)
        found = await scene.fail(work, f"(Terminating: pod {APP}-0), deleted at")
        await scene.ask("PATCH", path, {"metadata": {"annotations": {"vca.test/clings": None}}})
        await pods.scale(scene.ee_id, 2)
    return found


@row("pod deleted under a running primitive", "primitive", "run it again")
async def delete_pod(scene: Scene) -> tuple[str, str]:
    async with scene.connect() as pods:
        await scene.create(pods)
        await scene.install(pods)
        scene.juju.faults.action("hang-here", "hang")
        running = spawn(pods.exec_primitive(scene.ee_id, "hang-here"))
        model = scene.juju.model(scene.namespace)
        while not any(action.status == "running" for action in model.actions.values()):
            await asyncio.sleep(0.02)
        await scene.ask("DELETE", f"/api/v1/namespaces/{scene.namespace}/pods/{APP}-0")
        found = await scene.fail(running, "action terminated")
        assert await pods.exec_primitive(scene.ee_id, "hang-here")
    return found


@row("scaled to none, and deleted", "delete", "create it again")
async def delete_what_is_none(scene: Scene) -> tuple[str, str]:
    async with scene.connect() as pods:
        await scene.create(pods)
        await scene.install(pods)
        await pods.scale(scene.ee_id, 0)
        await pods.delete_execution_environment(scene.ee_id)
        await scene.see_gone()
        await scene.create(pods)
    return DONE, ""


@row("deployed, and deleted at once", "delete", "create it again")
async def delete_at_once(scene: Scene) -> tuple[str, str]:
    async with scene.connect() as pods:
        await scene.create(pods)
        installing = spawn(scene.install(pods, resources={"image": "example.com/slow:1"}))
        while APP not in scene.juju.model(scene.namespace).applications:
            await asyncio.sleep(0.005)
        installing.cancel()
        await asyncio.gather(installing, return_exceptions=True)
        await pods.delete_execution_environment(scene.ee_id)
        await scene.see_gone()
        await scene.create(pods)
    return DONE, ""


async def hold_namespace(scene: Scene) -> str:
    """Have something in its namespace that keeps it from going; its path."""
    path = f"/api/v1/namespaces/{scene.namespace}/configmaps"
    await scene.ask("POST", path, {"metadata": {"name": "held", "finalizers": ["vca.test/held"]}})
    return f"{path}/held"


@row("namespace Terminating before create", "create", "create again: it waits until the namespace is gone")
async def find_terminating(scene: Scene) -> tuple[str, str]:
    await asyncio.to_thread(scene.cluster.make_namespace, scene.namespace)
    path, held = f"/api/v1/namespaces/{scene.namespace}", await hold_namespace(scene)
    await scene.ask("DELETE", path)
    async with scene.connect() as pods:
        await pods.health()  # the limit is not for connecting
        found = await scene.fail(
            scene.create(pods, total_timeout=3.0), f"namespace {scene.namespace} [^;]*it is Terminating"
        )
        scene.has_no_model()
        creating = spawn(scene.create(pods))
        await asyncio.sleep(0)
        await scene.ask("PATCH", held, {"metadata": {"finalizers": None}})
        gone = await scene.find(path)
        if gone is not None:  # which else takes the cluster five seconds
            await scene.ask("PUT", f"{path}/finalize", {**gone, "spec": {"finalizers": []}})
        await creating
    return found


@row("namespace stuck after the delete of its NS", "delete NS", "remove what holds it, delete the NS again")
async def stick(scene: Scene) -> tuple[str, str]:
    async with scene.connect() as pods:
        await scene.create(pods)
        held = await hold_namespace(scene)
        work = pods.delete_namespace(f".{scene.ns}", total_timeout=5.0)
        found = await scene.fail(work, f"namespace {scene.namespace} .*(Some content [^;]*vca.test/held)")
        await scene.ask("PATCH", held, {"metadata": {"finalizers": None}})
        await pods.delete_namespace(f".{scene.ns}")
    return found


@row("namespace taken by others", "create", "choose another ns_id")
async def find_taken(scene: Scene) -> tuple[str, str]:
    await asyncio.to_thread(scene.cluster.make_namespace, scene.namespace, labels={"team": "billing"})
    async with scene.connect() as pods:
        found = await scene.fail(scene.create(pods), "is taken in the Kubernetes cluster, .*billing\\)")
        scene.has_no_model()
    await scene.ask("DELETE", f"/api/v1/namespaces/{scene.namespace}")
    return found


@row("namespace of another Juju controller", "create", "choose another ns_id")
async def find_others(scene: Scene) -> tuple[str, str]:
    owner = {"labels": {"model.juju.is/name": "web"}, "annotations": {"controller.juju.is/id": "other-uuid"}}
    await asyncio.to_thread(scene.cluster.make_namespace, scene.namespace, **owner)
    async with scene.connect() as pods:
        found = await scene.fail(scene.create(pods), "is taken in the Kubernetes cluster, by model web of .*?uuid\\)")
        scene.has_no_model()
    await scene.ask("DELETE", f"/api/v1/namespaces/{scene.namespace}")
    return found


@row("model suspended, as its credential is refused", "scale", "send the credential again")
async def suspend(scene: Scene) -> tuple[str, str]:
    token = await asyncio.to_thread(make_token, scene.cluster, scene.ns)
    add_cluster(scene.juju, scene.cluster, token, name=f"c-{scene.ns}")
    async with scene.connect(cloud=f"c-{scene.ns}") as pods:
        await scene.create(pods)
        await scene.install(pods)
        scene.juju.refuse_credential(scene.namespace)
        found = await scene.fail(pods.scale(scene.ee_id, 2), "is suspended: [^;]*")
        scene.juju.refuse_credential(scene.namespace, "")
        await pods.scale(scene.ee_id, 2)
        await pods.delete_namespace(f".{scene.ns}")
    return found


@row("Juju's token has expired", "scale", "send another one")
async def expire(scene: Scene) -> tuple[str, str]:
    cloud = f"c-{scene.ns}"
    token = await asyncio.to_thread(make_token, scene.cluster, scene.ns)
    add_cluster(scene.juju, scene.cluster, token, name=cloud)
    async with scene.connect(cloud=cloud) as pods:
        await scene.create(pods)
        await scene.install(pods)
        add_cluster(scene.juju, scene.cluster, f"{token}-{CANARY}", name=cloud)
        found = await scene.fail(pods.scale(scene.ee_id, 2), "is suspended: [^;]*")
        add_cluster(scene.juju, scene.cluster, token, name=cloud)
        await pods.scale(scene.ee_id, 2)
        await pods.delete_namespace(f".{scene.ns}")
    return found


@row("role too small for Juju", "create", "give Juju another account")
async def have_small_role(scene: Scene) -> tuple[str, str]:
    cloud, rules = f"c-{scene.ns}", [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]}]
    add_cluster(
        scene.juju, scene.cluster, await asyncio.to_thread(make_token, scene.cluster, scene.ns, rules), name=cloud
    )
    async with scene.connect(cloud=cloud) as pods:
        found = await scene.fail(scene.create(pods), "namespaces is forbidden")
        scene.has_no_model()
        token = await asyncio.to_thread(make_token, scene.cluster, f"{scene.ns}-all")
        add_cluster(scene.juju, scene.cluster, token, name=cloud)
        await scene.create(pods)
        await pods.delete_namespace(f".{scene.ns}")
    return found


async def install_slowly(scene: Scene, kubeconfig: Any, shows: str) -> tuple[str, str]:
    """Install, held up by a quota until something is said of it."""
    async with scene.connect(cluster={"kubeconfig": kubeconfig}) as pods:
        await scene.create(pods)
        await scene.limit_pods(0)
        installing = spawn(scene.install(pods))
        told = await scene.see(installing, shows)
        await scene.free_pods()
        await installing
    return DONE, told


@row("our account may not read (403)", "install", "the operation goes on with what Juju says")
async def read_nothing(scene: Scene) -> tuple[str, str]:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    token = await asyncio.to_thread(make_token, scene.cluster, scene.ns, rules)
    return await install_slowly(scene, with_token(scene.cluster, token), "kubernetes: no diagnostics: .*?403 Forbidden")


@row("our token has expired (401)", "install", "the operation goes on with what Juju says")
async def read_with_old_token(scene: Scene) -> tuple[str, str]:
    given = with_token(scene.cluster, CANARY)
    return await install_slowly(scene, given, "kubernetes: no diagnostics: .*?401 Unauthorized")


@row("our watches ask for what is too old (410)", "install", "the cluster is read anew")
async def watch_too_old(scene: Scene) -> tuple[str, str]:
    token = await asyncio.to_thread(make_token, scene.cluster, scene.ns)
    async with FaultProxy(scene.cluster) as proxy:
        proxy.rules = [Rule(410, is_watch)]
        given = with_token(scene.cluster, token, proxy.url)
        return await install_slowly(scene, given, "kubernetes: FailedCreate: .*?exceeded quota: few")


@row(
    "API server restarted (a proxy before it cuts all connections and its port)",
    "install",
    "the operation goes on by itself",
)
async def restart(scene: Scene) -> tuple[str, str]:
    token = await asyncio.to_thread(make_token, scene.cluster, scene.ns)
    async with FaultProxy(scene.cluster) as proxy:
        cloud = f"c-{scene.ns}"
        add_cluster(scene.juju, scene.cluster, token, name=cloud, server=proxy.url)
        given = {"kubeconfig": with_token(scene.cluster, token, proxy.url)}
        async with scene.connect(cloud=cloud, cluster=given) as pods:
            await scene.create(pods)
            await scene.limit_pods(0)
            installing = spawn(scene.install(pods))
            told = await scene.see(installing, "kubernetes: FailedCreate: .*?exceeded quota: few")
            async with proxy.away():
                await scene.free_pods()
                await scene.until(
                    f"/api/v1/namespaces/{scene.namespace}/pods/{APP}-0", lambda pod: pod and pod["status"].get("podIP")
                )
            await installing
            await pods.delete_namespace(f".{scene.ns}")
    return DONE, told
