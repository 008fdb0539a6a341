"""``vca-k8s forget``: nothing of ours is left, whatever open connectors do meanwhile, and what others use stays."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from support.clouds import make_token, with_token
from support.cluster.proxy import FaultProxy, Rule
from support.cluster.sharing import Cluster
from support.juju import until
from support.juju_k8s import on_kubernetes
from support.onboarding import ACCOUNTS, RBAC, call, known, ours

from vca_juju_k8s.cluster import client, tokens
from vca_jujusim import SimulatedController

pytestmark = pytest.mark.xdist_group("cluster")


@pytest.fixture
def proxied(cluster: Cluster, token: str, proxy: FaultProxy, ns: str) -> dict[str, Any]:
    """The cluster with a name, behind the proxy."""
    return {"name": ns, "kubeconfig": with_token(cluster, token, proxy.url), "endpoint": cluster.server}


def is_version(request: web.BaseRequest) -> bool:
    """Whether the version is asked for, as `health` does."""
    return request.path == "/version"


async def test_an_open_connector_does_not_undo_a_forget(
    controller: SimulatedController,
    cluster: Cluster,
    config: Path,
    cloud: str,
    charms: Path,
    proxy: FaultProxy,
    proxied: dict[str, Any],
) -> None:
    async with on_kubernetes(controller, charms, cloud=None, cluster=proxied) as pods:
        assert (await pods.health())["cluster"].startswith("v")
        assert await call(config, "forget") == 0
        proxy.rules = [Rule(401, is_version, times=1)]  # the API server takes a token for some seconds more
        assert f"cloud {cloud} was forgotten" in (await pods.health())["cluster"]
    assert ours(cluster, cloud) == []


async def test_what_a_connector_makes_during_a_forget_goes_too(
    controller: SimulatedController,
    cluster: Cluster,
    config: Path,
    cloud: str,
    charms: Path,
    proxy: FaultProxy,
    proxied: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "ANSWER", 60.0)
    held = Rule("hold", lambda request: request.method == "POST" and request.path == ACCOUNTS)
    async with on_kubernetes(controller, charms, cloud=None, cluster=proxied) as pods:
        await pods.health()
        name = next(one for one in ours(cluster, cloud) if one.startswith("vca-") and not one.startswith("vca-cloud-"))
        cluster.api.delete(f"{ACCOUNTS}/{name}")
        proxy.rules = [Rule(401, is_version, times=1), held]
        asking = asyncio.create_task(pods.health())
        await until(lambda: held.met)
        assert await call(config, "forget") == 0
        held.free.set()
        await asking
    await until(lambda: ours(cluster, cloud) == [])


async def test_a_token_sent_during_a_forget_is_taken_back(
    controller: SimulatedController,
    cluster: Cluster,
    config: Path,
    cloud: str,
    charms: Path,
    proxy: FaultProxy,
    proxied: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The cloud is of others, and stays: the controller takes credentials for it."""
    monkeypatch.setattr(client, "ANSWER", 60.0)
    monkeypatch.setattr(tokens, "SHARE", 0.0)
    monkeypatch.setattr(tokens, "PAUSE", 0.0)
    controller.add_kubernetes(cloud)
    async with on_kubernetes(controller, charms, cloud=None, cluster={**proxied, "token_life": 600}) as pods:
        await pods.health()
        held = Rule("hold", lambda request: request.method == "POST" and "/juju-credential-" in request.path)
        proxy.rules = [held]
        await until(lambda: held.met)
        assert await call(config, "forget") == 0
        controller.counts.reset()
        held.free.set()
        await until(lambda: f"was not renewed: cloud {cloud} was forgotten" in caplog.text)
        assert controller.counts.requests["Cloud.UpdateCredentialsCheckModels"] <= 1
    assert known(controller, cloud)[1] is None
    await until(lambda: ours(cluster, cloud) == [])


async def test_an_interrupted_forget_is_ended_before_an_onboarding(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await call(config, "onboard") == 0
    found, first = known(controller, cloud), ours(cluster, cloud)
    mark = next(one for one in first if one.startswith("vca-cloud-"))
    leaving = {"metadata": {"annotations": {"vca.juju-k8s/leaving": "true"}}}
    cluster.api.patch(f"{RBAC}/clusterroles/{mark}", leaving)
    assert await call(config, "onboard") == 1
    assert f"cloud {cloud} is being forgotten, or that was interrupted: run vca-k8s forget" in capsys.readouterr().err
    assert (known(controller, cloud), ours(cluster, cloud)) == (found, first)
    assert await call(config, "forget") == 0
    assert (known(controller, cloud), ours(cluster, cloud)) == ((None, None), [])
    assert await call(config, "onboard") == 0
    assert ours(cluster, cloud) == first
    assert await call(config, "forget") == 0


def owners_of(cluster: Cluster, path: str) -> list[str]:
    """The names of the marks that something belongs to, and that are there."""
    marks = {
        one["metadata"]["uid"]: one["metadata"]["name"] for one in cluster.api.get(f"{RBAC}/clusterroles")["items"]
    }
    found = cluster.api.get(path)["metadata"].get("ownerReferences") or []
    return [marks[one["uid"]] for one in found if one["uid"] in marks]


async def test_what_belongs_to_a_mark_that_is_gone_is_made_anew(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str
) -> None:
    """A connector made it late, while the cloud was forgotten: the cluster is about to delete it."""
    assert await call(config, "onboard") == 0
    mark = next(one for one in ours(cluster, cloud) if one.startswith("vca-cloud-"))
    account = f"{ACCOUNTS}/juju-credential-{known(controller, cloud)[1]['attrs']['rbac-id']}"
    gone = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "name": mark,
        "uid": "of-an-earlier-one",
    }
    cluster.api.patch(account, {"metadata": {"ownerReferences": [gone]}})
    assert await call(config, "onboard") == 0
    assert owners_of(cluster, account) == [mark]
    assert is_valid(cluster, known(controller, cloud)[1]["attrs"]["Token"])
    assert await call(config, "forget") == 0


def is_valid(cluster: Cluster, token: str) -> bool:
    """Whether the cluster takes a token."""
    review = cluster.api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}})
    return bool(review["status"].get("authenticated"))


def with_credential(config: Path, name: str) -> Path:
    """The same config, with another credential."""
    given = yaml.safe_load(config.read_text())
    given["connectors"]["pods"]["options"]["credential"] = name
    file = config.with_name(f"{name.replace('/', '-')}.yaml")
    file.write_text(yaml.safe_dump(given))
    return file


async def test_a_forget_keeps_what_another_connector_uses(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str, capsys: pytest.CaptureFixture[str]
) -> None:
    second = with_credential(config, "second")
    assert await call(config, "onboard") == 0
    first = ours(cluster, cloud)
    assert await call(second, "onboard") == 0
    others = [one for one in ours(cluster, cloud) if one not in first]
    assert len(others) == len(first)
    found = known(controller, cloud)[0]
    capsys.readouterr()
    assert await call(config, "forget") == 0
    said = f"cloud {cloud} stays: {controller.username}/second is a credential of it, too"
    assert said in capsys.readouterr().out
    assert known(controller, cloud) == (found, None)
    assert ours(cluster, cloud) == others
    assert f"{cloud}/{controller.username}/second" in controller.world.credentials
    assert await call(second, "forget") == 0
    assert (known(controller, cloud), ours(cluster, cloud)) == ((None, None), [])
    assert not [key for key in controller.world.credentials if key.startswith(f"{cloud}/")]


@pytest.mark.parametrize("is_onboarded", [True, False])
async def test_an_account_that_another_credential_is_of_stays(
    controller: SimulatedController,
    cluster: Cluster,
    config: Path,
    cloud: str,
    capsys: pytest.CaptureFixture[str],
    *,
    is_onboarded: bool,
) -> None:
    """A credential of another user, of the same account, which another connector has onboarded, or others have made."""
    assert await call(config, "onboard") == 0
    controller.add_user("bob", "secret")
    held, first = known(controller, cloud)[1], ours(cluster, cloud)
    controller.world.put_credential(f"{cloud}/bob/his", held)
    second = with_credential(config, "bob/his")
    name = f"juju-credential-{held['attrs']['rbac-id']}"
    if is_onboarded:
        before = cluster.api.get(f"{ACCOUNTS}/{name}")["metadata"]["uid"]
        assert await call(second, "onboard") == 0
        assert cluster.api.get(f"{ACCOUNTS}/{name}")["metadata"]["uid"] == before, "the first one's token is valid"
        assert len(owners_of(cluster, f"{ACCOUNTS}/{name}")) == 2
    others = [one for one in ours(cluster, cloud) if one not in first]
    assert await call(config, "forget") == 0
    assert f"account {name} stays: bob/his is a credential of it, too" in capsys.readouterr().out
    assert owners_of(cluster, f"{ACCOUNTS}/{name}") == others
    assert set(ours(cluster, cloud)) == {name, f"{name}-token", *others}
    assert is_valid(cluster, held["attrs"]["Token"])
    assert await call(second, "forget") == 0
    assert (known(controller, cloud), ours(cluster, cloud)) == ((None, None), [])


async def test_a_forget_is_refused_for_models_of_another_credential(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str, ns: str, charms: Path
) -> None:
    assert await call(config, "onboard") == 0
    found, first = known(controller, cloud), ours(cluster, cloud)
    name = f"{cloud}/{controller.username}/other"
    controller.world.put_credential(name, found[1])
    async with on_kubernetes(controller, charms, cloud=cloud, credential="other") as pods:
        await pods.create_execution_environment(f".{ns}.vnf1")
        assert await call(config, "forget") == 1
        assert (known(controller, cloud), ours(cluster, cloud)) == (found, first)
        await pods.delete_namespace(f".{ns}")
    assert await call(config, "forget") == 0


async def test_a_forget_without_the_cluster_can_be_repeated(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str
) -> None:
    """The account is of others; only the credential knows its id."""
    account = "/api/v1/namespaces/kube-system/serviceaccounts"
    cluster.api.post(account, {"metadata": {"name": f"juju-credential-{cloud}"}})
    controller.add_kubernetes(cloud)
    credential = {"auth-type": "oauth2", "attrs": {"Token": "old", "rbac-id": cloud}}
    controller.world.put_credential(f"{cloud}/{controller.username}/{cloud}", credential)
    assert await call(config, "onboard") == 0
    found, text = known(controller, cloud), config.read_text()
    given = yaml.safe_load(text)
    away = json.loads(cluster.kubeconfig.read_text())
    away["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    given["connectors"]["pods"]["options"]["cluster"]["kubeconfig"] = away
    config.write_text(yaml.safe_dump(given))
    assert await call(config, "forget") == 3
    assert known(controller, cloud) == found
    config.write_text(text)
    assert await call(config, "forget") == 0
    assert ours(cluster, cloud) == []
    cluster.api.delete(f"{account}/juju-credential-{cloud}")


async def test_a_forget_that_may_not_read_all_changes_nothing(
    controller: SimulatedController,
    cluster: Cluster,
    config: Path,
    cloud: str,
    ns: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its user may note at the mark that it goes, and may not even look for the accounts that would have to go then."""
    assert await call(config, "onboard") == 0
    found, first, text = known(controller, cloud), ours(cluster, cloud), config.read_text()
    mark = next(one for one in first if one.startswith("vca-cloud-"))
    before = cluster.api.get(f"{RBAC}/clusterroles/{mark}")["metadata"]
    rules = [
        {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]},
    ]
    small = await asyncio.to_thread(make_token, cluster, f"{ns}-small", rules)
    given = yaml.safe_load(text)
    given["connectors"]["pods"]["options"]["cluster"]["kubeconfig"] = with_token(cluster, small)
    config.write_text(yaml.safe_dump(given))
    assert await call(config, "forget") == 1
    assert "403 Forbidden" in capsys.readouterr().err
    assert (known(controller, cloud), ours(cluster, cloud)) == (found, first)
    assert cluster.api.get(f"{RBAC}/clusterroles/{mark}")["metadata"] == before
    config.write_text(text)
    assert await call(config, "onboard") == 0
    assert await call(config, "forget") == 0
