"""Marks, in a cluster, of what was onboarded there: what was made belongs to its mark, and goes with it.

No request makes an object only as long as another one is there, and while a credential is forgotten, a connector that
is open may be about to make its account anew. So each object names the mark of its credential as its owner: Kubernetes
deletes it when that mark is gone, however late it was made. A mark that is about to go says so, and nobody begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.errors import ClusterError

OURS = "vca.juju-k8s/cloud"
"""The label of all that we make; its value is the cloud."""

_LEAVING = "vca.juju-k8s/leaving"
_GROUP = "rbac.authorization.k8s.io/v1"
_MARKS = f"/apis/{_GROUP}/clusterroles"
"""A role without rights: what is in no namespace can be owned only by what is in none either."""

_CLOUDS = "/api/v1/namespaces/kube-system/configmaps"


@dataclass(frozen=True)
class Mark:
    """A mark that is there.

    Args:
        name: its name.
        uid: its own; one that is made anew under its name has another.
        is_leaving: whether what belongs to it is being deleted.
    """

    name: str
    uid: str
    is_leaving: bool

    @property
    def reference(self) -> dict[str, Any]:
        """How an object names it as its owner."""
        return {"apiVersion": _GROUP, "kind": "ClusterRole", "name": self.name, "uid": self.uid}


async def find_mark(cluster: ClusterClient, id_: str) -> Mark | None:
    """Look for a mark.

    Args:
        cluster: where.
        id_: of a credential.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    found = await cluster.find(f"{_MARKS}/{_mark_of(id_)}")
    return None if found is None else _read(found)


async def make_mark(cluster: ClusterClient, id_: str, cloud: str) -> bool:
    """Make a mark.

    Args:
        cluster: where.
        id_: of a credential.
        cloud: whose credential it is.

    Returns:
        Whether it was made; else it is there.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    return await cluster.create(_MARKS, {"metadata": {"name": _mark_of(id_), "labels": {OURS: cloud}}, "rules": []})


async def begin_leaving(cluster: ClusterClient, id_: str, cloud: str) -> Mark:
    """Have a mark say that what belongs to it goes; one that is missing is made.

    Args:
        cluster: where.
        id_: of a credential.
        cloud: whose credential it is.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    while True:
        await make_mark(cluster, id_, cloud)
        found = await cluster.find(f"{_MARKS}/{_mark_of(id_)}")
        if found is None:  # another process forgets it, too
            continue
        if (mark := _read(found)).is_leaving:
            return mark
        notes = {**(found["metadata"].get("annotations") or {}), _LEAVING: "true"}
        try:
            await cluster.replace(
                f"{_MARKS}/{mark.name}", {**found, "metadata": {**found["metadata"], "annotations": notes}}
            )
        except ClusterError as error:
            if error.status not in {404, 409}:  # it has changed, or is gone
                raise


async def drop_mark(cluster: ClusterClient, mark: Mark) -> None:
    """Delete a mark: the cluster deletes what belongs to it, also what comes later; absent is success.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    await cluster.delete(f"{_MARKS}/{mark.name}", uid=mark.uid)


def _read(found: Mapping[str, Any]) -> Mark:
    metadata = found["metadata"]
    return Mark(metadata["name"], metadata["uid"], _LEAVING in (metadata.get("annotations") or {}))


def _mark_of(id_: str) -> str:
    return f"vca-cloud-{id_}"


async def mark_cloud(cluster: ClusterClient, id_: str, cloud: str) -> list[str]:
    """Note in the cluster that a cloud of a controller is of our making, for which Juju has no place.

    Args:
        cluster: where.
        id_: of the cloud.
        cloud: its name.

    Returns:
        What was done, one line each.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    name = _mark_of(id_)
    is_new = await cluster.create(_CLOUDS, {"metadata": {"name": name, "labels": {OURS: cloud}}})
    return [f"made {_CLOUDS}/{name}"] if is_new else []


async def is_cloud_marked(cluster: ClusterClient, id_: str) -> bool:
    """Whether a cloud of a controller is of our making; see `mark_cloud`.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    return await cluster.find(f"{_CLOUDS}/{_mark_of(id_)}") is not None


async def unmark_cloud(cluster: ClusterClient, id_: str) -> None:
    """Delete the note that a cloud is of our making; absent is success.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    await cluster.delete(f"{_CLOUDS}/{_mark_of(id_)}")
