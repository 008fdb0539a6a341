"""What there is of a namespace, as the controller and the cluster say it."""

from __future__ import annotations

from typing import Any

from vca_core.naming import Namespace
from vca_juju_common import reads
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.overview import describe
from vca_juju_k8s.session import KubernetesSession


async def health(session: KubernetesSession) -> dict[str, Any]:
    """Whether the controller answers and, under ``cluster``, which version the cluster is of, or why nobody knows."""
    found = dict(await reads.health(session))
    if session.cluster is not None:
        try:
            found["cluster"] = str((await session.cluster.read("/version")).get("gitVersion"))
        except ClusterError as error:
            found["cluster"] = error.message
    return found


async def status(session: KubernetesSession, namespace: Namespace) -> dict[str, Any]:
    """What the controller says about a namespace and, under ``kubernetes``, the cluster where it is looked at.

    Raises:
        NotFound: there is nothing of it.
    """
    found = await reads.status(session, namespace)
    if session.cluster is not None:
        own = None if namespace.is_ns else session.names.application(namespace)
        found["kubernetes"] = await describe(session.cluster, session.names.model(namespace), own)
    return found
