"""Accounts in a cluster: Juju's, as ``juju add-k8s`` makes it, and ours, which only reads.

Their objects are found again by their names. Only those with a label of ours are ever changed or deleted. Where others
made the account itself, they give it its rights; where it is ours, what bears its name has to be what it needs.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vca_core.errors import BackendError
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.marks import OURS, Mark
from vca_juju_k8s.cluster.roles import EVERYTHING, READING, UNTRUSTED

NAMESPACE = "kube-system"
FILLED = 10.0
"""Seconds that the cluster has to fill a token's secret in."""

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_CORE = f"/api/v1/namespaces/{NAMESPACE}"
_ACCOUNTS, _SECRETS = f"{_CORE}/serviceaccounts", f"{_CORE}/secrets"
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


async def ensure_account(cluster: ClusterClient, account: Account, mark: Mark | None = None) -> list[str]:
    """Make what is missing of an account, and give it its rights where these are other ones.

    Args:
        cluster: where.
        account: which one.
        mark: what is made belongs to it; None: to nothing.

    Returns:
        What was done, one line each.

    Raises:
        ClusterError: the API server cannot be reached, or refuses; or others have made something that bears the
            account's name, and is not what it needs.
    """
    name, head = account.name, {"metadata": _head(account, account.name, mark)}
    binding = {
        **head,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}],
    }
    bodies: dict[str, tuple[dict[str, Any], Sequence[str]]] = {
        _ACCOUNTS: (head, ()),
        _ROLES: ({**head, "rules": [dict(one) for one in account.rules]}, ("rules",)),
        _BINDINGS: (binding, ("roleRef", "subjects")),
    }
    done = [line for path, (body, rights) in bodies.items() for line in await _ensure(cluster, path, body, rights)]
    if f"made {_ACCOUNTS}/{name}" in done:  # what is there of a token is one of an earlier account of that name
        done += await drop_lasting_token(cluster, account)
    return done


def _head(account: Account, name: str, mark: Mark | None, **more: Any) -> dict[str, Any]:
    owners = {} if mark is None else {"ownerReferences": [mark.reference]}
    return {"name": name, "labels": dict(account.labels), **owners, **more}


async def _ensure(cluster: ClusterClient, kind: str, body: dict[str, Any], rights: Sequence[str]) -> list[str]:
    """Make an object where it is missing, and give it its rights; those of others stay as they are."""
    name = body["metadata"]["name"]
    path = f"{kind}/{name}"
    for _ in range(2):
        if await cluster.create(kind, body):
            return [f"made {path}"]
        there = await cluster.find(path)
        if there is None:
            continue
        wrong = [one for one in rights if there.get(one) != body[one]]
        if not _is_ours(there):
            if wrong and await _is_our_account(cluster, name):
                raise _of_others(path, f"its {' and '.join(wrong)}")
            return []
        owners = _owners_of(there)
        if owners and not any(one in owners for one in _owners_of(body)):
            if not await _has_owner(cluster, owners):
                await cluster.delete(path, uid=there["metadata"]["uid"])  # the cluster is about to do so
                continue
            owners += _owners_of(body)  # it is of several credentials, and goes with the last one
        wanted = _with_owners({**there, **{one: body[one] for one in rights}}, owners)
        if wanted == there:
            return []
        if "roleRef" not in wrong:
            await cluster.replace(path, wanted)
            return [f"changed {path}"]
        await cluster.delete(path, uid=there["metadata"]["uid"])  # nobody may change what a binding refers to
        body = {**body, "metadata": {**body["metadata"], "ownerReferences": owners}} if owners else body
    return []


async def _is_our_account(cluster: ClusterClient, name: str) -> bool:
    found = await cluster.find(f"{_ACCOUNTS}/{name}")
    return found is not None and _is_ours(found)


def _of_others(path: str, what: str) -> ClusterError:
    return ClusterError(
        f"{path} is of others (it has no label {OURS}), and {what} would not serve the account of its name; delete it "
        "if nobody needs it, and onboard the cluster again",
        409,
    )


def _owners_of(found: Mapping[str, Any]) -> list[Any]:
    return list(found["metadata"].get("ownerReferences") or ())


def _with_owners(found: Mapping[str, Any], owners: Sequence[Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in found["metadata"].items() if name != "ownerReferences"}
    return {**found, "metadata": metadata | ({"ownerReferences": list(owners)} if owners else {})}


async def _has_owner(cluster: ClusterClient, owners: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of those marks is there that an object belongs to."""
    for one in owners:
        found = await cluster.find(f"{_ROLES}/{one['name']}")
        if found is not None and found["metadata"]["uid"] == one["uid"]:
            return True
    return False


async def read_lasting_token(
    cluster: ClusterClient, account: Account, mark: Mark | None = None
) -> tuple[str, list[str]]:
    """Read an account's token that does not expire; make its secret if it is missing.

    Args:
        cluster: where.
        account: which one.
        mark: what is made belongs to it; None: to nothing.

    Returns:
        The token, and what was done, one line each.

    Raises:
        ClusterError: the API server cannot be reached, or refuses; or others have made another secret of its name.
        BackendError: the cluster does not fill the secret in.
    """
    name = _secret_of(account)
    notes = {"kubernetes.io/service-account.name": account.name}
    metadata = _head(account, name, mark, annotations=notes)
    body = {"metadata": metadata, "type": "kubernetes.io/service-account-token"}
    done = await _ensure_secret(cluster, body)
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


async def _ensure_secret(cluster: ClusterClient, body: dict[str, Any]) -> list[str]:
    """Make the secret of a token, and make it anew where ours is of another kind, or of another account."""
    metadata = body["metadata"]
    path = f"{_SECRETS}/{metadata['name']}"
    for _ in range(2):
        if await cluster.create(_SECRETS, body):
            return [f"made {path}"]
        there = await cluster.find(path)
        if there is None:
            continue
        notes = there["metadata"].get("annotations") or {}
        if there.get("type") == body["type"] and metadata["annotations"].items() <= notes.items():
            return []
        if not _is_ours(there):
            raise _of_others(path, "what is in it, which is no token that the cluster made,")
        await cluster.delete(path, uid=there["metadata"]["uid"])
    return []


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


async def release_account(cluster: ClusterClient, account: Account, mark: Mark) -> None:
    """Have an account belong to a mark no more, as far as it is of our making.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    for path in await find_parts(cluster, account):
        there = await cluster.read(path)
        wanted = _with_owners(there, [one for one in _owners_of(there) if one != mark.reference])
        if wanted != there:
            await cluster.replace(path, wanted)


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
