"""Juju's account in a cluster, as ``juju add-k8s`` makes it: with every right, since Juju hands rights on to charms.

Its objects are found again by their names. Only those with a label of ours are ever deleted.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from vca_core.errors import BackendError
from vca_juju_k8s.cluster.client import ClusterClient

NAMESPACE = "kube-system"
OURS = "vca.juju-k8s/cloud"
FILLED = 10.0
"""Seconds that the cluster has to fill a token's secret in."""

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_CORE = f"/api/v1/namespaces/{NAMESPACE}"


def _name(account: str) -> str:
    return f"juju-credential-{account}"


def _paths(account: str) -> dict[str, str]:
    """Where its objects are, in the order in which they are made."""
    name = _name(account)
    return {
        f"{_CORE}/serviceaccounts": name,
        f"{_RBAC}/clusterroles": name,
        f"{_RBAC}/clusterrolebindings": name,
        f"{_CORE}/secrets": f"{name}-token",
    }


def _bodies(account: str, cloud: str) -> list[dict[str, Any]]:
    name = _name(account)
    labels = {"juju-credential": account, OURS: cloud}
    everything = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]
    token = {"name": f"{name}-token", "annotations": {"kubernetes.io/service-account.name": name}, "labels": labels}
    return [
        {"metadata": {"name": name, "labels": labels}},
        {"metadata": {"name": name, "labels": labels}, "rules": everything},
        {
            "metadata": {"name": name, "labels": labels},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}],
        },
        {"metadata": token, "type": "kubernetes.io/service-account-token"},
    ]


async def ensure_account(cluster: ClusterClient, account: str, cloud: str) -> tuple[str, list[str]]:
    """Make what is missing of Juju's account, and read its token, which has no end.

    Args:
        cluster: where.
        account: the id in its name: Juju's ``rbac-id``.
        cloud: for which cloud of the controller.

    Returns:
        The token, and the paths of what was made.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
        BackendError: the cluster does not fill the token in.
    """
    made = [
        f"{path}/{name}"
        for (path, name), body in zip(_paths(account).items(), _bodies(account, cloud), strict=True)
        if await cluster.create(path, body)
    ]
    path, name = f"{_CORE}/secrets", f"{_name(account)}-token"
    try:
        async with asyncio.timeout(FILLED):
            while True:
                secret = await cluster.read(f"{path}/{name}")
                if encoded := (secret.get("data") or {}).get("token"):
                    token = base64.b64decode(encoded).decode()
                    cluster.add_secret(token)
                    return token, made
                await cluster.wait_change(path, name, secret["metadata"]["resourceVersion"])
    except TimeoutError:
        raise BackendError(
            f"the cluster has not filled secret {name} of namespace {NAMESPACE} in for {FILLED:g} s: does its "
            "controller manager run?"
        ) from None


async def forget_account(cluster: ClusterClient, account: str) -> list[str]:
    """Delete Juju's account, as far as it is of our making; absent is success.

    Returns:
        The paths of what was deleted.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    gone = []
    for path, name in reversed(_paths(account).items()):
        found = await cluster.find(f"{path}/{name}")
        if found is not None and OURS in (found["metadata"].get("labels") or {}):
            await cluster.delete(f"{path}/{name}")
            gone.append(f"{path}/{name}")
    return gone


async def choose_class(cluster: ClusterClient, wanted: str | None) -> str | None:
    """Choose the class of storage that charms get that do not say from where, as Juju's own command does.

    Args:
        cluster: where.
        wanted: the one that is asked for; None: the one marked for Juju, else the default one, else the only one.

    Returns:
        None: there is none to choose.

    Raises:
        BackendError: the one that is asked for is not there.
        ClusterError: the API server cannot be reached, or refuses.
    """
    classes = (await cluster.read("/apis/storage.k8s.io/v1/storageclasses")).get("items") or []
    notes: dict[str, dict[str, str]] = {
        one["metadata"]["name"]: one["metadata"].get("annotations") or {} for one in classes
    }
    if wanted is not None:
        if wanted not in notes:
            there = ", ".join(sorted(notes)) or "none"
            raise BackendError(f"options.cluster.storage_class: there is no class {wanted}; there are: {there}")
        return wanted
    marks = ("juju.io/workload-storage", "storageclass.kubernetes.io/is-default-class")
    for mark in (*marks, "storageclass.beta.kubernetes.io/is-default-class"):
        marked = sorted(name for name, noted in notes.items() if noted.get(mark) == "true")
        if marked:
            return marked[0]
    return next(iter(notes)) if len(notes) == 1 else None
