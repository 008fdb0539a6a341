"""Waits for pods to change, in a real cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.clouds import with_token
from support.cluster.proxy import FaultProxy, Rule, is_watch
from support.cluster.sharing import Cluster
from support.juju import until

from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions
from vca_juju_k8s.cluster.watching import PodWatches

pytestmark = pytest.mark.xdist_group("cluster")

LONG = 60.0


class Counting(ClusterClient):
    """Counts the watches that it begins."""

    begun = 0

    async def wait_change(self, path: str, name: str | None, version: str) -> None:
        self.begun += 1
        await super().wait_change(path, name, version)


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[Counting]:
    client = Counting(ClusterOptions.model_validate({"kubeconfig": str(cluster.kubeconfig)}), Path())
    await client.open()
    yield client
    await client.close()


@pytest.fixture
async def watches(client: Counting) -> AsyncIterator[PodWatches]:
    watches = PodWatches(client)
    yield watches
    await watches.close()


async def version_in(client: ClusterClient, namespace: str) -> str:
    """That of the list of its pods."""
    listed = await client.read(f"/api/v1/namespaces/{namespace}/pods")
    return str(listed["metadata"]["resourceVersion"])


def pod(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "main", "image": "example.com/dns:1"}]}}


async def test_all_who_wait_in_a_namespace_share_a_watch(
    client: Counting, watches: PodWatches, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vca_juju_k8s.cluster.client.WATCH", 30)
    namespace = cluster.make_namespace()
    version = await version_in(client, namespace)
    waiting = [asyncio.ensure_future(watches.wait(namespace, version, LONG)) for _ in range(3)]
    cluster.api.post(f"/api/v1/namespaces/{namespace}/pods", pod("one"))
    async with asyncio.timeout(LONG / 2):  # it is the change that wakes them
        await asyncio.gather(*waiting)
    assert client.begun == 1
    await watches.wait(namespace, version, LONG)
    assert client.begun == 2, "from that version on something has changed already"


async def test_a_version_too_old_to_watch_from_is_looked_at_anew(
    cluster: Cluster, token: str, proxy: FaultProxy
) -> None:
    namespace = cluster.make_namespace()
    given = with_token(cluster, token, proxy.url)
    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": given}), Path())
    try:
        await client.open()
        version = await version_in(client, namespace)
        proxy.rules = [Rule(410, is_watch)]
        await client.wait_change(f"/api/v1/namespaces/{namespace}/pods", None, version)  # it is no error, but news
        assert proxy.rules[0].met == 1
    finally:
        await client.close()


async def test_a_client_closes_though_somebody_watches(
    client: Counting, watches: PodWatches, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vca_juju_k8s.cluster.client.WATCH", 300)
    version = await version_in(client, "default")
    waiting = asyncio.ensure_future(watches.wait(cluster.new_name(), version, LONG))
    async with asyncio.timeout(LONG / 2):
        await until(lambda: client._requests.watches)
        await watches.close()
        await client.close()
        await waiting


@pytest.mark.parametrize("kind", ["watch", "read"])
async def test_a_client_closes_though_an_api_server_does_not_answer(
    cluster: Cluster, token: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("vca_juju_k8s.cluster.client.WATCH", 300)
    monkeypatch.setattr("vca_juju_k8s.cluster.client.ANSWER", 300)
    monkeypatch.setattr("vca_juju_k8s.cluster.client._FAREWELL", 0.0)
    proxy.rules = [Rule("hang")]
    given = with_token(cluster, token, proxy.url)
    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": given}), Path())
    await client.open()
    path = "/api/v1/namespaces/default/pods"
    waiting = asyncio.ensure_future(client.wait_change(path, None, "1") if kind == "watch" else client.read(path))
    async with asyncio.timeout(LONG / 2):
        await until(lambda: proxy.rules[0].met)
        await client.close()
        with pytest.raises(ClusterError):
            await waiting
