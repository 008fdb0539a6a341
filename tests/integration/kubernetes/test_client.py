"""The client of a cluster against a real API server: who it is, what it may not do, and what its errors say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.clouds import with_token
from support.cluster.sharing import Cluster

from vca_core.errors import BadArguments
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions

pytestmark = pytest.mark.xdist_group("cluster")

CANARY = "canary-5d2e"
ROLES = Path(__file__).parents[3] / "docs" / "reference" / "juju-k8s-roles.md"


@asynccontextmanager
async def client_of(given: Any, folder: Path = Path()) -> AsyncIterator[ClusterClient]:
    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": given}), folder)
    try:
        await client.open()
        yield client
    finally:
        await client.close()


@pytest.fixture(scope="module")
def reader(cluster: Cluster) -> str:
    """The token of an account that has the documented role to read, and no other."""
    *_, role = [yaml.safe_load(block.split("```")[0]) for block in ROLES.read_text("utf-8").split("```yaml\n")[1:]]
    name = role["metadata"]["name"] = cluster.new_name()  # other processes of this run have one, too
    cluster.api.post("/apis/rbac.authorization.k8s.io/v1/clusterroles", role)
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    cluster.api.post(accounts, {"metadata": {"name": name}})
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
    }
    cluster.api.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    made = cluster.api.post(f"{accounts}/{name}/token", {"spec": {}})
    return str(made["status"]["token"])


async def test_a_wrong_token_is_refused_and_shown_nowhere(cluster: Cluster) -> None:
    given = with_token(cluster, CANARY)
    assert CANARY not in repr(ClusterOptions.model_validate({"kubeconfig": given}))
    async with client_of(given) as client:
        with pytest.raises(ClusterError, match="refused: 401 Unauthorized") as raised:
            await client.read("/api/v1/namespaces")
        assert raised.value.status == 401
        assert CANARY not in f"{raised.value!r} {raised.value.__cause__} {client.scrub(f'token {CANARY}')}"


async def test_a_token_that_was_renewed_in_its_file_is_taken(cluster: Cluster, tmp_path: Path, reader: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(with_token(cluster, CANARY)))
    async with client_of("kubeconfig", tmp_path) as client:
        file.write_text(json.dumps(with_token(cluster, reader)))
        assert (await client.read("/api/v1/namespaces", limit=1))["items"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/default/pods",
        "/api/v1/namespaces/default/services",
        "/api/v1/namespaces/default/events",
        "/api/v1/namespaces/default/resourcequotas",
        "/api/v1/namespaces/default/persistentvolumeclaims",
        "/apis/apps/v1/namespaces/default/statefulsets",
    ],
)
async def test_the_documented_role_may_read_what_is_looked_at(cluster: Cluster, reader: str, path: str) -> None:
    async with client_of(with_token(cluster, reader)) as client:
        assert "items" in await client.read(path)


async def test_secrets_of_a_kubeconfigs_file_are_kept_by_others_too(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(with_token(cluster, CANARY)))
    held: list[str] = []

    def hold(texts: Iterable[str]) -> Callable[[], None]:
        held.extend(texts)
        return held.clear

    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": str(file)}), tmp_path, hold=hold)
    await client.open()
    assert held == [CANARY]
    with pytest.raises(ClusterError, match="401"):
        await client.read("/api/v1/namespaces")
    assert held == [CANARY], "it is read again, but known"
    file.write_text(json.dumps(with_token(cluster, f"{CANARY}-2")))
    with pytest.raises(ClusterError, match="401"):
        await client.read("/api/v1/namespaces")
    assert held == [CANARY, f"{CANARY}-2"]
    await client.close()


@pytest.mark.parametrize("path", ["/api/v1/namespaces/default/secrets", "/api/v1/nodes"])
async def test_the_documented_role_may_read_nothing_else(cluster: Cluster, reader: str, path: str) -> None:
    async with client_of(with_token(cluster, reader)) as client:
        with pytest.raises(ClusterError, match="403 Forbidden"):
            await client.read(path)


async def test_a_cluster_that_is_away_is_told_in_the_same_words(cluster: Cluster) -> None:
    config = json.loads(cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    async with client_of(config) as client:
        for _ in range(2):
            with pytest.raises(ClusterError, match="^the API server cannot be reached$"):
                await client.find("/api/v1/namespaces/default")


async def test_another_ca_is_not_accepted(cluster: Cluster) -> None:
    config = json.loads(cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"].pop("certificate-authority-data")
    async with client_of(config) as client:
        with pytest.raises(ClusterError, match="certificate is not accepted"):
            await client.find("/api/v1/namespaces/default")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read"), ("clusters: [", "line 2"), ("a: b", "a list of clusters"), ("clusters: []", "")],
)
async def test_a_file_that_is_no_kubeconfig_is_refused(tmp_path: Path, content: str | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "kubeconfig").write_text(content)
    with pytest.raises(BadArguments, match=f"options.cluster.kubeconfig: .*{reason}"):
        async with client_of("kubeconfig", tmp_path):
            pass
