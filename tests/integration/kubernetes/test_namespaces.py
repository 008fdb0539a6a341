"""Namespaces of a real cluster: looked at before a model is made, and until they are gone."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from support.clouds import left_by_juju
from support.cluster.api import until
from support.cluster.sharing import Cluster
from support.juju_k8s import on_kubernetes

from vca_core.errors import BadArguments, VcaTimeoutError
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions
from vca_juju_k8s.cluster.namespaces import wait_free
from vca_jujusim import SimulatedController

pytestmark = pytest.mark.xdist_group("cluster")


def looking(cluster: Cluster) -> dict[str, str]:
    return {"kubeconfig": str(cluster.kubeconfig)}


def make_held(cluster: Cluster, name: str, **metadata: object) -> str:
    """A namespace that stays when it is deleted, until `let_go`."""
    cluster.make_namespace(name, **metadata)
    path = f"/api/v1/namespaces/{name}"
    cluster.api.post(f"{path}/configmaps", {"metadata": {"name": "held", "finalizers": ["vca.test/held"]}})
    cluster.api.delete(path)
    return path


def let_go(cluster: Cluster, path: str) -> None:
    cluster.api.patch(f"{path}/configmaps/held", {"metadata": {"finalizers": None}})


@pytest.mark.parametrize(
    ("metadata", "whose"),
    [
        ({"labels": {"team": "billing"}}, "and not by Juju .*team=billing"),
        (
            {"labels": {"model.juju.is/name": "web"}, "annotations": {"controller.juju.is/id": "other-uuid"}},
            "by model web of another Juju controller .other-uuid",
        ),
    ],
)
async def test_a_namespace_that_others_have_is_refused_by_their_name(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str, metadata: dict[str, object], whose: str
) -> None:
    cluster.make_namespace(f"{ns}-k8s", **metadata)
    async with on_kubernetes(controller, charms, cluster=looking(cluster)) as pods:
        before = controller.counts.requests["ModelManager.CreateModel"]
        with pytest.raises(BadArguments, match=f"{ns}-k8s is taken in the Kubernetes cluster, {whose}"):
            await pods.create_execution_environment(f".{ns}.vnf1")
        assert controller.counts.requests["ModelManager.CreateModel"] == before, "the controller was asked"


async def test_a_namespace_on_its_way_out_is_waited_for(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    path = make_held(cluster, f"{ns}-k8s")
    async with on_kubernetes(controller, charms, cluster=looking(cluster)) as pods:
        creating = asyncio.create_task(pods.create_execution_environment(f".{ns}.vnf1"))
        await asyncio.sleep(0)
        cluster.api.call("PUT", f"{path}/finalize", finalized(cluster, path))
        ee_id, _ = await creating
    assert ee_id == f"{ns}-k8s.app-vnf-vnf1.k8s"


def finalized(cluster: Cluster, path: str) -> object:
    """Have the content of a namespace go, which else takes the cluster five seconds."""
    let_go(cluster, path)
    found = cluster.api.get(path)
    found["spec"]["finalizers"] = []
    return found


async def test_a_namespace_that_stays_is_told_at_the_deadline(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    path = make_held(cluster, f"{ns}-k8s")
    async with on_kubernetes(controller, charms, cluster=looking(cluster)) as pods:
        with pytest.raises(VcaTimeoutError) as raised:
            await pods.create_execution_environment(f".{ns}.vnf1", total_timeout=1.0)
    assert f"namespace {ns}-k8s of the cluster is still there: it is Terminating" in str(raised.value.__cause__)
    let_go(cluster, path)


async def test_a_deleted_ns_is_gone_when_its_namespace_is(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str
) -> None:
    async with on_kubernetes(controller, charms, cluster=looking(cluster)) as pods:
        await pods.create_execution_environment(f".{ns}.vnf1")
        path = make_held(cluster, f"{ns}-k8s")
        with pytest.raises(VcaTimeoutError) as raised:
            await pods.delete_namespace(f".{ns}", total_timeout=2.0)
        assert "is still there: it is Terminating" in str(raised.value.__cause__)
        deleting = asyncio.create_task(pods.delete_namespace(f".{ns}"))
        cluster.api.call("PUT", f"{path}/finalize", finalized(cluster, path))
        await deleting
        assert cluster.api.get(path) is None


@pytest.fixture(params=["superuser", "add-model"])
def user(request: pytest.FixtureRequest, controller: SimulatedController) -> dict[str, Any]:
    """The options of a user who may do everything, or only what concerns models of their own."""
    controller.add_user("bob", "secret", request.param)
    return {"username": "bob", "secret": "secret"}


async def test_a_namespace_whose_model_is_gone_is_no_success(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str, user: dict[str, Any]
) -> None:
    gone = "0f6e1c1c-5d0e-4d4f-8b2f-0c7d2f6f7a11"
    notes = {"controller.juju.is/id": controller.world.uuid, "model.juju.is/id": gone}
    cluster.make_namespace(f"{ns}-k8s", annotations=notes)
    path = f"/api/v1/namespaces/{ns}-k8s"
    async with on_kubernetes(controller, charms, cluster=looking(cluster), **user) as pods:
        for _ in range(2):
            with pytest.raises(VcaTimeoutError, match=f"namespace {ns}-k8s of the cluster is still there: it is Act"):
                await pods.delete_namespace(f".{ns}", total_timeout=3.0)
        cluster.api.delete(path)
        await pods.delete_namespace(f".{ns}")
        assert cluster.api.get(path) is None


@pytest.mark.parametrize("looks", [True, False])
async def test_a_namespace_whose_model_was_never_made_is_told_and_goes(
    juju: SimulatedController, charms: Path, cluster: Cluster, ns: str, looks: bool
) -> None:
    """The controller died between making the namespace and the model."""
    name, uuid = f"{ns}-k8s", "0f6e1c1c-5d0e-4d4f-8b2f-0c7d2f6f7a12"
    notes = {"controller.juju.is/id": juju.world.uuid, "model.juju.is/id": uuid}
    cluster.make_namespace(name, annotations=notes)
    remedy = f"kubectl delete namespace {name}"
    given: dict[str, Any] = {"cluster": looking(cluster)} if looks else {}
    async with on_kubernetes(juju, charms, **given) as pods:
        asked = juju.counts.requests["ModelManager.CreateModel"]
        with pytest.raises(BadArguments, match=f"by what is left of model {uuid}, .*'{remedy}'"):
            await pods.create_execution_environment(f".{ns}.vnf1")
        assert (juju.counts.requests["ModelManager.CreateModel"] == asked) is looks
        if looks:
            with pytest.raises(VcaTimeoutError, match=f"it is Active; Juju has no model of it, .*'{remedy}'"):
                await pods.delete_namespace(f".{ns}", total_timeout=3.0)
        cluster.api.delete(f"/api/v1/namespaces/{name}")
        await asyncio.to_thread(until, lambda: cluster.api.get(f"/api/v1/namespaces/{name}") is None)
        await pods.create_execution_environment(f".{ns}.vnf1")
        await pods.delete_namespace(f".{ns}")
    assert left_by_juju(cluster, name) == []


async def test_a_model_that_is_being_made_is_no_leftover(cluster: Cluster, ns: str) -> None:
    """Its namespace is made first: it is there a moment later."""
    asked: list[str] = []

    class Late:
        controller_uuid = "ours"

        async def models(self) -> dict[str, str]:
            return {}

        async def is_no_model(self, uuid: str) -> bool:
            asked.append(uuid)
            return len(asked) == 1

    cluster.make_namespace(f"{ns}-k8s", annotations={"controller.juju.is/id": "ours", "model.juju.is/id": "of it"})
    client = ClusterClient(ClusterOptions.model_validate(looking(cluster)), Path())
    await client.open()
    try:
        await wait_free(client, f"{ns}-k8s", Late(), logging.LoggerAdapter(logging.getLogger()))
    finally:
        await client.close()
    assert asked == ["of it"] * 2


@pytest.mark.parametrize("whose", ["another controller's", "another model's", "nobody's"])
async def test_a_namespace_of_others_does_not_keep_a_delete(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str, whose: str, user: dict[str, Any]
) -> None:
    of_controller = {"controller.juju.is/id": controller.world.uuid}
    notes = {
        "another controller's": {"controller.juju.is/id": "other", "model.juju.is/id": "other"},
        "another model's": of_controller | {"model.juju.is/id": next(iter(controller.world.models))},
        "nobody's": of_controller,
    }
    cluster.make_namespace(f"{ns}-k8s", annotations=notes[whose])
    async with on_kubernetes(controller, charms, cluster=looking(cluster), **user) as pods:
        await pods.delete_namespace(f".{ns}")


async def test_a_cluster_that_cannot_be_reached_hinders_nothing(
    controller: SimulatedController, charms: Path, ns_of_nobody: str, nowhere: dict[str, str]
) -> None:
    async with on_kubernetes(controller, charms, cluster=nowhere) as pods:
        await pods.create_execution_environment(f".{ns_of_nobody}.vnf1")
        await pods.delete_namespace(f".{ns_of_nobody}")


@pytest.fixture
def ns_of_nobody() -> str:
    return "ns1"


@pytest.fixture
def nowhere() -> dict[str, str]:
    """A kubeconfig of a cluster that is away."""
    text = """
clusters: [{name: c, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: u, user: {token: canary-7b31}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
"""
    return {"kubeconfig": text}
