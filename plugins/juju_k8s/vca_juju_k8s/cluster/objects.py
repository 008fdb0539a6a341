"""Objects of a namespace, and which of them are an application's, by the names that Juju gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vca_juju_k8s.cluster.client import ClusterClient


async def list_items(cluster: ClusterClient, path: str) -> Sequence[dict[str, Any]]:
    """List objects.

    Args:
        cluster: where.
        path: of their kind.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    return list((await cluster.read(path)).get("items") or [])


def is_pod_of(pod: Mapping[str, Any], application: str) -> bool:
    """Whether a pod is that of a unit of an application."""
    head, _, ordinal = str(pod["metadata"]["name"]).rpartition("-")
    return head == application and ordinal.isdigit()


def number_of(pod: Mapping[str, Any]) -> int:
    """The number of a unit's pod."""
    return int(str(pod["metadata"]["name"]).rpartition("-")[2])


def is_service_of(service: Mapping[str, Any], application: str) -> bool:
    """Whether a service is an application's: Juju makes one of its name, and one for the names of its pods."""
    return service["metadata"]["name"] in (application, f"{application}-endpoints")


def is_claim_of(claim: Mapping[str, Any], application: str) -> bool:
    """Whether a claim is an application's: a stateful set names those of a pod after their template and the pod."""
    head, _, ordinal = str(claim["metadata"]["name"]).rpartition("-")
    return head.endswith(f"-{application}") and ordinal.isdigit()
