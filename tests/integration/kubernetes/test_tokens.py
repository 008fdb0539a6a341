"""Tokens that end: renewed in time, and where they are refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.clouds import with_token
from support.cluster.proxy import FaultProxy, Rule
from support.cluster.sharing import Cluster
from support.juju_k8s import installed, on_kubernetes, options_of, scaled_when_healed, sidecar
from support.onboarding import call

from vca_core.errors import BadArguments
from vca_juju_k8s import renewal
from vca_juju_k8s.cluster import tokens
from vca_juju_k8s.cluster.account import Account, ensure_account, forget_account
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions
from vca_juju_k8s.cluster.tokens import TokenHolder, request_token
from vca_jujusim import SimulatedController

pytestmark = pytest.mark.xdist_group("cluster")

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ACCOUNTS = "/api/v1/namespaces/kube-system/serviceaccounts"


async def known() -> None:
    """The controller still knows the cluster."""


@pytest.fixture
def options(cluster: Cluster) -> ClusterOptions:
    return ClusterOptions.model_validate({"kubeconfig": str(cluster.kubeconfig)})


@pytest.fixture
async def client(options: ClusterOptions) -> AsyncIterator[ClusterClient]:
    """An administrator."""
    client = ClusterClient(options, Path())
    await client.open()
    yield client
    await client.close()


@pytest.fixture
async def proxied(cluster: Cluster, token: str, proxy: FaultProxy) -> AsyncIterator[ClusterClient]:
    """Another administrator, behind a proxy."""
    given = with_token(cluster, token, proxy.url)
    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": given}), Path())
    await client.open()
    yield client
    await client.close()


@pytest.fixture
async def account(client: ClusterClient, ns: str) -> AsyncIterator[Account]:
    """An account that only reads; it is not made yet."""
    account = Account.of_ours(ns, ns)
    yield account
    await forget_account(client, account)


def who_has(cluster: Cluster, token: str) -> str | None:
    """Whose token it is; None: nobody's."""
    review = cluster.api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}})
    return (review["status"].get("user") or {}).get("username")


async def test_a_token_is_held_until_it_is_old_or_refused(
    proxied: ClusterClient, proxy: FaultProxy, account: Account, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = TokenHolder(proxied, lambda: account, known)
    first = await holder.give()
    assert who_has(cluster, first) == f"system:serviceaccount:kube-system:{account.name}", "the account was missing"
    assert await holder.give() == first
    second = await holder.give(refused=first)
    assert second != first
    assert await holder.give(refused=first) == second, "others have renewed it"
    monkeypatch.setattr(tokens, "SHARE", 0.0)
    monkeypatch.setattr(tokens, "PAUSE", 0.0)
    third = await holder.give()
    assert third not in {first, second}
    proxy.rules = [Rule("refuse")]
    assert await holder.give() == third, "it is valid still"
    with pytest.raises(ClusterError):
        await holder.give(refused=third)


async def test_tokens_of_no_life_are_not_asked_for_all_the_time(
    proxied: ClusterClient, proxy: FaultProxy, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster may say that a token has ended when it gives it, and refuse it."""
    await ensure_account(proxied, account)
    monkeypatch.setattr(tokens, "PAUSE", 1000.0)
    monkeypatch.setattr(tokens, "SHARE", 0.0)
    asked = Rule("slow", lambda request: request.path.endswith("/token"))
    proxy.rules = [asked]
    holder = TokenHolder(proxied, lambda: account, known)
    held = {await holder.give() for _ in range(5)}
    assert asked.met == 1
    for _ in range(5):
        held.add(await holder.give(refused=await holder.give()))
    assert (asked.met, len(held)) == (2, 2), "another one is tried, once"


async def test_a_token_lives_as_long_as_the_cluster_says(client: ClusterClient, account: Account) -> None:
    await ensure_account(client, account)
    assert (await request_token(client, account, 7200)).life == pytest.approx(7200, abs=1)
    with pytest.raises(ClusterError, match="less than 10 minutes"):
        await request_token(client, account, 60)


async def test_who_reads_has_no_other_rights_and_is_renewed(
    options: ClusterOptions, client: ClusterClient, account: Account, cluster: Cluster
) -> None:
    given: list[str | None] = []

    class Stale(TokenHolder):
        async def give(self, refused: str | None = None) -> str:
            given.append(refused)
            return "stale" if refused is None else await super().give(refused)

    reader = ClusterClient(options, Path(), Stale(client, lambda: account, known))
    await reader.open()
    try:
        assert (await reader.read("/api/v1/namespaces"))["items"]
        assert given == [None, "stale"]
        for method, path in (("POST", "/api/v1/namespaces"), ("DELETE", "/api/v1/namespaces/default")):
            with pytest.raises(ClusterError, match="403 Forbidden"):
                await (reader.post(path, {"metadata": {"name": "x"}}) if method == "POST" else reader.delete(path))
        for path in ("/api/v1/secrets", f"{ACCOUNTS}", f"{RBAC}/clusterroles", "/api/v1/nodes"):
            with pytest.raises(ClusterError, match="403 Forbidden"):
                await reader.read(path)
    finally:
        await reader.close()
    assert cluster.api.get("/api/v1/namespaces/default")


@pytest.fixture
def named(cluster: Cluster, ns: str) -> Iterator[dict[str, Any]]:
    """A cluster to onboard; what was made in it goes with the test."""
    yield {"name": ns, "kubeconfig": str(cluster.kubeconfig), "endpoint": cluster.server}
    query = f"labelSelector=vca.juju-k8s/cloud=k8s-{ns}"
    for kind in (ACCOUNTS, f"{RBAC}/clusterroles", f"{RBAC}/clusterrolebindings"):
        for one in cluster.api.get(f"{kind}?{query}")["items"]:
            cluster.api.delete(f"{kind}/{one['metadata']['name']}")


def token_of(controller: SimulatedController, ns: str) -> str:
    """What the controller has for the cluster."""
    return str(controller.world.credentials[f"k8s-{ns}/{controller.username}/k8s-{ns}"]["attrs"]["Token"])


async def other_token(controller: SimulatedController, ns: str, old: str) -> str:
    """Wait until the controller has another one."""
    async with asyncio.timeout(60):
        while (new := token_of(controller, ns)) == old:
            await asyncio.sleep(0.01)
    return new


async def test_a_token_that_ends_is_sent_anew_to_suspended_models(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str, named: dict[str, Any]
) -> None:
    async with on_kubernetes(controller, charms, cloud=None, cluster={**named, "token_life": "10m"}) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        first = token_of(controller, ns)
        assert who_has(cluster, first)
        assert (
            cluster.api.get(f"/api/v1/namespaces/kube-system/secrets?labelSelector=vca.juju-k8s/cloud=k8s-{ns}")[
                "items"
            ]
            == []
        ), "no token that does not end"
        controller.refuse_credential(f"{ns}-k8s")
        second = await other_token(controller, ns, first)
        assert who_has(cluster, second)
        await scaled_when_healed(pods, ee_id, 2)
        await pods.delete_namespace(f".{ns}")


async def test_a_token_that_ends_is_sent_anew_in_time(
    controller: SimulatedController, charms: Path, ns: str, named: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "SHARE", 0.0)
    monkeypatch.setattr(tokens, "PAUSE", 0.0)
    monkeypatch.setattr(renewal, "AGAIN", 0.0)
    async with on_kubernetes(controller, charms, cloud=None, cluster={**named, "token_life": 600}) as pods:
        await pods.health()
        second = await other_token(controller, ns, token_of(controller, ns))
        controller.faults.refuse("Cloud.UpdateCredentialsCheckModels", "not now")
        await other_token(controller, ns, second)


async def test_rights_of_juju_are_small_where_no_charm_is_trusted(
    controller: SimulatedController, charms: Path, cluster: Cluster, ns: str, named: dict[str, Any]
) -> None:
    def rules() -> Any:
        roles = cluster.api.get(f"{RBAC}/clusterroles?labelSelector=vca.juju-k8s/cloud=k8s-{ns}")["items"]
        return next(one["rules"] for one in roles if one["metadata"]["name"].startswith("juju-"))

    async with on_kubernetes(controller, charms, cloud=None, cluster=named) as pods:
        await pods.health()
    assert rules()[0]["resources"] == ["*"]
    async with on_kubernetes(controller, charms, cloud=None, cluster={**named, "untrusted": True}) as pods:
        ee_id, _ = await pods.create_execution_environment(f".{ns}.vnf1")
        assert "*" not in json.dumps(rules())
        controller.counts.reset()
        for call in (pods.install_configuration_sw, pods.upgrade):
            with pytest.raises(BadArguments, match=r"options\.trust: Juju's account may not give"):
                await call(ee_id, "dns", options={"trust": True})
        sidecar(charms, "own", config={"trust": {"type": "boolean", "default": False}})
        for value in (True, "true", "t", 1):
            for call in (pods.install_configuration_sw, pods.upgrade):
                with pytest.raises(BadArguments, match=r"config\.trust: Juju's account may not give"):
                    await call(ee_id, "own", config={"trust": value})
            with pytest.raises(BadArguments, match=r"params\.trust: Juju's account may not give"):
                await pods.exec_primitive(ee_id, "config", {"trust": value})
        assert not {name for name in controller.counts.requests if name.startswith(("Application.", "Resources."))}
        await pods.install_configuration_sw(ee_id, "own", config={"trust": False})
        await pods.delete_namespace(f".{ns}")


@pytest.fixture
def lasting(controller: SimulatedController, named: dict[str, Any], tmp_path: Path) -> Path:
    """A config with the connector `pods`, whose token ends."""
    options = options_of(controller, cloud=None, cluster={**named, "token_life": "1h"})
    file = tmp_path / "vca.yaml"
    file.write_text(yaml.safe_dump({"connectors": {"pods": {"backend": "juju-k8s", "options": options}}}))
    return file


def said_of(capsys: pytest.CaptureFixture[str]) -> str:
    """What the command has printed since the last time."""
    return capsys.readouterr().out


async def test_to_onboard_twice_keeps_a_token_that_ends(
    controller: SimulatedController,
    charms: Path,
    ns: str,
    named: dict[str, Any],
    lasting: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await call(lasting, "onboard") == 0
    first = token_of(controller, ns)
    said = said_of(capsys)
    assert "that lives for 3600 s" in said
    assert "token_age: 0.0" in said
    controller.counts.reset()
    assert await call(lasting, "onboard") == 0
    said = said_of(capsys)
    assert "changes:" not in said
    assert "token_life: 3600.0" in said
    async with on_kubernetes(controller, charms, cloud=None, cluster={**named, "token_life": "1h"}) as pods:
        await pods.health()
    assert token_of(controller, ns) == first
    assert controller.counts.requests["Cloud.UpdateCredentialsCheckModels"] == 0
    assert await call(lasting, "forget") == 0


@pytest.mark.parametrize("why", ["due", "refused", "account", "longer", "lasting", "others"])
async def test_a_token_that_does_not_do_is_replaced_and_told(
    controller: SimulatedController,
    cluster: Cluster,
    ns: str,
    named: dict[str, Any],
    lasting: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    why: str,
) -> None:
    assert await call(lasting, "onboard") == 0
    first = token_of(controller, ns)
    key = f"k8s-{ns}/{controller.username}/k8s-{ns}"
    account = f"juju-credential-{controller.world.credentials[key]['attrs']['rbac-id']}"
    if why == "due":
        monkeypatch.setattr(tokens, "SHARE", 0.0)
    elif why == "refused":
        controller.world.invalid_credentials.add(key)
    elif why == "account":
        cluster.api.delete(f"{ACCOUNTS}/{account}")
    elif why == "longer":
        lasting.write_text(lasting.read_text().replace("1h", "10m"))
    elif why == "lasting":
        controller.world.credentials[key]["attrs"]["Token"] = "not.a-jwt.at-all"
    else:
        given = {"spec": {"expirationSeconds": 3600}}
        token = cluster.api.post(f"{ACCOUNTS}/default/token", given)["status"]["token"]
        controller.world.credentials[key]["attrs"]["Token"] = token
    said_of(capsys)
    assert await call(lasting, "onboard") == 0
    assert f"changes: sent a token of account {account} that lives for" in said_of(capsys)
    second = token_of(controller, ns)
    assert second != first
    assert who_has(cluster, second) == f"system:serviceaccount:kube-system:{account}"
    assert await call(lasting, "forget") == 0


async def test_the_token_of_another_users_credential_is_not_read(
    controller: SimulatedController, ns: str, lasting: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Juju shows it to nobody else."""
    config = yaml.safe_load(lasting.read_text())
    config["connectors"]["pods"]["options"]["credential"] = "bob/k8s"
    lasting.write_text(yaml.safe_dump(config))
    for _ in range(2):
        assert await call(lasting, "onboard") == 0
        assert "that lives for 3600 s" in said_of(capsys)
    assert not controller.counts.requests["Cloud.CredentialContents"]
    assert await call(lasting, "forget") == 0
