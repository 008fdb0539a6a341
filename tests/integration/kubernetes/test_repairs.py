"""``vca-k8s``: what bears the names of an account and is wrong, and what its exit codes say."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.cluster.sharing import Cluster
from support.onboarding import RBAC, call, known, ours

from vca_jujusim import SimulatedController

pytestmark = pytest.mark.xdist_group("cluster")

SECRETS = "/api/v1/namespaces/kube-system/secrets"


def account_of(controller: SimulatedController, cloud: str) -> str:
    """The name of Juju's account in an onboarded cluster."""
    return f"juju-credential-{known(controller, cloud)[1]['attrs']['rbac-id']}"


def binding_to(role: str, account: str, labels: dict[str, str]) -> dict[str, Any]:
    """A binding that bears the account's name."""
    return {
        "metadata": {"name": account, "labels": labels},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "kube-system"}],
    }


def no_token(account: str, labels: dict[str, str]) -> dict[str, Any]:
    """A secret that bears the name of the account's, and has no token in it."""
    data = {"token": base64.b64encode(b"not a token").decode()}
    return {"metadata": {"name": f"{account}-token", "labels": labels}, "data": data}


async def test_what_is_ours_and_wrong_is_made_anew(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str
) -> None:
    assert await call(config, "onboard") == 0
    first, name, label = ours(cluster, cloud), account_of(controller, cloud), {"vca.juju-k8s/cloud": cloud}
    cluster.api.delete(f"{RBAC}/clusterrolebindings/{name}")
    cluster.api.post(f"{RBAC}/clusterrolebindings", binding_to("view", name, label))
    cluster.api.delete(f"{SECRETS}/{name}-token")
    cluster.api.post(SECRETS, no_token(name, label))
    assert await call(config, "onboard") == 0
    assert cluster.api.get(f"{RBAC}/clusterrolebindings/{name}")["roleRef"]["name"] == name
    review = {"spec": {"token": known(controller, cloud)[1]["attrs"]["Token"]}}
    assert cluster.api.post("/apis/authentication.k8s.io/v1/tokenreviews", review)["status"].get("authenticated")
    assert ours(cluster, cloud) == first
    assert await call(config, "forget") == 0
    assert ours(cluster, cloud) == []


@pytest.mark.parametrize("kind", ["binding", "secret"])
async def test_what_is_of_others_and_wrong_is_refused_and_stays(
    controller: SimulatedController,
    cluster: Cluster,
    config: Path,
    cloud: str,
    kind: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await call(config, "onboard") == 0
    name, found = account_of(controller, cloud), known(controller, cloud)
    if kind == "binding":
        place, body = f"{RBAC}/clusterrolebindings", binding_to("view", name, {})
    else:
        place, body = SECRETS, no_token(name, {})
    path = f"{place}/{body['metadata']['name']}"
    cluster.api.delete(path)
    cluster.api.post(place, body)
    there = cluster.api.get(path)
    assert await call(config, "onboard") == 1
    said = capsys.readouterr().err
    assert f"{path} is of others (it has no label vca.juju-k8s/cloud)" in said
    assert "delete it if nobody needs it" in said
    assert known(controller, cloud) == found, "nothing of it was sent"
    assert cluster.api.get(path) == there
    cluster.api.delete(path)
    assert await call(config, "onboard") == 0
    assert await call(config, "forget") == 0


@pytest.mark.parametrize("command", ["onboard", "forget"])
async def test_a_cluster_that_is_away_and_a_refused_login_differ(
    controller: SimulatedController, cluster: Cluster, config: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    away = json.loads(cluster.kubeconfig.read_text())
    away["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    given = yaml.safe_load(config.read_text())
    options = given["connectors"]["pods"]["options"]
    for change, code, reason in (
        ({"cluster": {"kubeconfig": away}}, 3, "the API server cannot be reached"),
        ({"endpoints": "127.0.0.1:9"}, 3, "127.0.0.1:9 cannot be reached"),
        ({"secret": "wrong"}, 1, "refuses the login"),
    ):
        given["connectors"]["pods"]["options"] = options | change
        config.write_text(yaml.safe_dump(given))
        assert await call(config, command) == code
        assert reason in capsys.readouterr().err
