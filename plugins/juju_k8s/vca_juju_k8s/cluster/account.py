"""Accounts in a cluster: Juju's, as ``juju add-k8s`` makes it, and ours, which only reads.

Their objects are found again by their names. Only those with a label of ours are ever changed or deleted.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vca_core.errors import BackendError
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.roles import EVERYTHING, READING, UNTRUSTED

NAMESPACE = "kube-system"
OURS = "vca.juju-k8s/cloud"
FILLED = 10.0
"""Seconds that the cluster has to fill a token's secret in."""

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_CORE = f"/api/v1/namespaces/{NAMESPACE}"
_ACCOUNTS, _SECRETS = f"{_CORE}/serviceaccounts", f"{_CORE}/secrets"
_MARKS = f"{_CORE}/configmaps"
_ROLES, _BINDINGS = f"{_RBAC}/clusterroles", f"{_RBAC}/clusterrolebindings"


@dataclass(frozen=True)
class Account:
    """An account, and what it may do.

    Args:
        name: its name, and that of its role and binding.
        labels: of all of them.
        rules: of the role.
    """

    name: str
    labels: Mapping[str, str]
    rules: Sequence[Mapping[str, Any]]

    @classmethod
    def of_juju(cls, id_: str, cloud: str, *, untrusted: bool = False) -> Account:
        """Juju's.

        Args:
            id_: Juju's ``rbac-id``.
            cloud: for which cloud of the controller.
            untrusted: whether it may do only what charms without ``trust`` need.
        """
        labels = {"juju-credential": id_, OURS: cloud}
        return cls(f"juju-credential-{id_}", labels, UNTRUSTED if untrusted else EVERYTHING)

    @classmethod
    def of_ours(cls, id_: str, cloud: str) -> Account:
        """Ours; see `of_juju`."""
        return cls(f"vca-{id_}", {OURS: cloud}, READING)


async def ensure_account(cluster: ClusterClient, account: Account) -> list[str]:
    """Make what is missing of an account, and give it its rights where these are other ones.

    Returns:
        What was done, one line each.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    name = account.name
    head: dict[str, Any] = {"metadata": {"name": name, "labels": dict(account.labels)}}
    role = {**head, "rules": [dict(one) for one in account.rules]}
    binding = {
        **head,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}],
    }
    bodies: dict[str, dict[str, Any]] = {_ACCOUNTS: head, _ROLES: role, _BINDINGS: binding}
    done = [f"made {path}/{name}" for path, body in bodies.items() if await cluster.create(path, body)]
    for path, body, rights in ((f"{_ROLES}/{name}", role, "rules"), (f"{_BINDINGS}/{name}", binding, "subjects")):
        if f"made {path}" not in done:
            there = await cluster.read(path)
            if _is_ours(there) and there.get(rights) != body[rights]:
                await cluster.replace(path, body)
                done.append(f"changed {path}")
    if f"made {_ACCOUNTS}/{name}" in done:  # what is there of a token is one of an earlier account of that name
        done += await drop_lasting_token(cluster, account)
    return done


async def read_lasting_token(cluster: ClusterClient, account: Account) -> tuple[str, list[str]]:
    """Read an account's token that does not expire; make its secret if it is missing.

    Returns:
        The token, and what was done, one line each.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
        BackendError: the cluster does not fill the secret in.
    """
    name = _secret_of(account)
    notes = {"kubernetes.io/service-account.name": account.name}
    metadata = {"name": name, "annotations": notes, "labels": dict(account.labels)}
    body = {"metadata": metadata, "type": "kubernetes.io/service-account-token"}
    done = [f"made {_SECRETS}/{name}"] if await cluster.create(_SECRETS, body) else []
    try:
        async with asyncio.timeout(FILLED):
            while True:
                secret = await cluster.read(f"{_SECRETS}/{name}")
                if encoded := (secret.get("data") or {}).get("token"):
                    token = base64.b64decode(encoded).decode()
                    cluster.add_secret(token)
                    return token, done
                await cluster.wait_change(_SECRETS, name, secret["metadata"]["resourceVersion"])
    except TimeoutError:
        raise BackendError(
            f"the cluster has not filled secret {name} of namespace {NAMESPACE} in for {FILLED:g} s: does its "
            "controller manager run?"
        ) from None


async def drop_lasting_token(cluster: ClusterClient, account: Account) -> list[str]:
    """Delete the secret of a token that has no end, so that it is one no more; absent is success.

    Returns:
        What was done, one line each.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    return await _delete(cluster, _SECRETS, _secret_of(account))


async def find_parts(cluster: ClusterClient, account: Account) -> list[str]:
    """The paths of what there is of an account, and of our making.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    parts = [(_SECRETS, _secret_of(account)), *((path, account.name) for path in (_BINDINGS, _ROLES, _ACCOUNTS))]
    there = {f"{path}/{name}": await cluster.find(f"{path}/{name}") for path, name in parts}
    return [path for path, found in there.items() if found is not None and _is_ours(found)]


async def forget_account(cluster: ClusterClient, account: Account) -> list[str]:
    """Delete an account, as far as it is of our making; absent is success.

    Returns:
        What was done, one line each.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    found = await find_parts(cluster, account)
    for path in found:
        await cluster.delete(path)
    return [f"deleted {path}" for path in found]


async def _delete(cluster: ClusterClient, path: str, name: str) -> list[str]:
    found = await cluster.find(f"{path}/{name}")
    if found is None or not _is_ours(found):
        return []
    await cluster.delete(f"{path}/{name}")
    return [f"deleted {path}/{name}"]


def _is_ours(found: Mapping[str, Any]) -> bool:
    return OURS in (found["metadata"].get("labels") or {})


def _secret_of(account: Account) -> str:
    return f"{account.name}-token"


async def mark_cloud(cluster: ClusterClient, id_: str, cloud: str) -> list[str]:
    """Note in the cluster that a cloud of a controller is of our making, for which Juju has no place.

    Args:
        cluster: where.
        id_: of accounts for that cloud.
        cloud: its name.

    Returns:
        What was done, one line each.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    name = _mark_of(id_)
    is_new = await cluster.create(_MARKS, {"metadata": {"name": name, "labels": {OURS: cloud}}})
    return [f"made {_MARKS}/{name}"] if is_new else []


async def is_cloud_marked(cluster: ClusterClient, id_: str) -> bool:
    """Whether a cloud of a controller is of our making; see `mark_cloud`.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    return await cluster.find(f"{_MARKS}/{_mark_of(id_)}") is not None


async def unmark_cloud(cluster: ClusterClient, id_: str) -> None:
    """Delete the note that a cloud is of our making; absent is success.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    await cluster.delete(f"{_MARKS}/{_mark_of(id_)}")


def _mark_of(id_: str) -> str:
    return f"vca-cloud-{id_}"


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
