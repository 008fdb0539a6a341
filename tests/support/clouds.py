"""A Kubernetes cloud of the simulated controller whose cluster is real, and what it leaves there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from support.cluster.api import until
from support.cluster.sharing import Cluster

from vca_jujusim import SimulatedController

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ALL_RIGHTS = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]


def with_token(cluster: Cluster, token: str, server: str | None = None) -> dict[str, Any]:
    """A kubeconfig of who has a token.

    Args:
        cluster: which.
        token: theirs.
        server: where the API server is reached, such as through a proxy; None: where it is.
    """
    config: dict[str, Any] = json.loads(cluster.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    if server is not None:
        config["clusters"][0]["cluster"]["server"] = server
    return config


def make_token(cluster: Cluster, name: str, rules: Sequence[dict[str, Any]] = ALL_RIGHTS) -> str:
    """Make an account in the cluster; its token.

    Args:
        cluster: where.
        name: of the account, its role and its binding.
        rules: what it may do.
    """
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    cluster.api.post(accounts, {"metadata": {"name": name}})
    cluster.api.post(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": list(rules)})
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    binding = {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]}
    cluster.api.post(f"{RBAC}/clusterrolebindings", binding)
    asked = {"user": f"system:serviceaccount:default:{name}", "resourceAttributes": {**_first(rules[0])}}
    reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    until(lambda: cluster.api.post(reviews, {"spec": asked})["status"]["allowed"])  # it takes a moment
    return str(cluster.api.post(f"{accounts}/{name}/token", {"spec": {}})["status"]["token"])


def _first(rule: dict[str, Any]) -> dict[str, str]:
    return {"verb": rule["verbs"][0], "group": rule["apiGroups"][0], "resource": rule["resources"][0]}


def add_cluster(
    controller: SimulatedController, cluster: Cluster, token: str, *, name: str = "k8s", server: str | None = None
) -> None:
    """Add a cloud whose cluster is real, with the first user's credential of its name.

    Args:
        controller: whose.
        cluster: which is behind it.
        token: of Juju's account there.
        name: of the cloud.
        server: the URL under which Juju has it; None: the cluster's own.
    """
    controller.add_kubernetes(name, storage=None)
    authority = (cluster.folder / "ca.crt").read_text()
    controller.world.clouds[name] |= {"endpoint": server or cluster.server, "ca-certificates": [authority]}
    held = {"auth-type": "oauth2", "attrs": {"Token": token}}
    controller.world.put_credential(f"{name}/{controller.username}/{name}", held)


_OF_ACCOUNTS = ("serviceaccounts", "secrets")


def left_by_juju(cluster: Cluster, namespace: str) -> list[str]:
    """What there is in the cluster of a model of that name."""
    chosen = f"labelSelector=model.juju.is/name={namespace}"
    kinds = ("/api/v1/namespaces", f"{RBAC}/clusterroles", f"{RBAC}/clusterrolebindings")
    found = [f"{kind}/{one['metadata']['name']}" for kind in kinds for one in _items(cluster, f"{kind}?{chosen}")]
    volumes = _items(cluster, "/api/v1/persistentvolumes")
    mine = [one for one in volumes if (one["spec"].get("claimRef") or {}).get("namespace") == namespace]
    return found + [f"persistentvolumes/{one['metadata']['name']}" for one in mine]


def accounts_outside(cluster: Cluster) -> list[str]:
    """The accounts that are in no namespace of a model, and their secrets, by path."""
    kinds = [f"/api/v1/namespaces/{name}/{kind}" for name in ("kube-system", "default") for kind in _OF_ACCOUNTS]
    return [f"{kind}/{one['metadata']['name']}" for kind in kinds for one in _items(cluster, kind)]


def _items(cluster: Cluster, path: str) -> list[dict[str, Any]]:
    return list(cluster.api.get(path)["items"])
