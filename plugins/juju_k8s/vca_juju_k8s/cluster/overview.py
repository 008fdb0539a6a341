"""What there is in a namespace, for `get_status`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.diagnosis import Finding, diagnose, why_not_created
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.logs import read_crash
from vca_juju_k8s.cluster.objects import is_claim_of, is_pod_of, is_service_of, list_items


async def describe(cluster: ClusterClient, namespace: str, application: str | None) -> dict[str, Any]:
    """What there is in a namespace: stateful sets, pods, services, claims and quotas, as plain data.

    Args:
        cluster: where.
        namespace: its name.
        application: whose objects are wanted; None: of all. Quotas are the namespace's.

    Returns:
        ``sets``, ``pods``, ``services``, ``claims``, ``quotas``; or ``error``, where the cluster cannot be looked at.
    """
    where = f"/api/v1/namespaces/{namespace}"
    try:
        pods, services, claims, quotas, events = [
            await list_items(cluster, f"{where}/{kind}")
            for kind in ("pods", "services", "persistentvolumeclaims", "resourcequotas", "events")
        ]
        sets = await list_items(cluster, f"/apis/apps/v1/namespaces/{namespace}/statefulsets")
        missing = why_not_created(sets, events)
        reasons = diagnose(pods, events, claims)
        own = [one for one in pods if application is None or is_pod_of(one, application)]
        return {
            "sets": {
                one["metadata"]["name"]: _describe_set(cluster, one, missing.get(one["metadata"]["name"]))
                for one in sets
                if application is None or one["metadata"]["name"] == application
            },
            "pods": {one["metadata"]["name"]: await _describe_pod(cluster, namespace, one, reasons) for one in own},
            "services": {
                one["metadata"]["name"]: _describe_service(one)
                for one in services
                if application is None or is_service_of(one, application)
            },
            "claims": {
                one["metadata"]["name"]: _describe_claim(one)
                for one in claims
                if application is None or is_claim_of(one, application)
            },
            "quotas": {one["metadata"]["name"]: dict(one.get("status") or {}) for one in quotas},
        }
    except ClusterError as error:
        return {"error": error.message}


def _describe_set(cluster: ClusterClient, one: Mapping[str, Any], reason: Finding | None) -> dict[str, Any]:
    spec, status = one.get("spec") or {}, one.get("status") or {}
    counts = {"wanted": int(spec.get("replicas") or 0), "created": int(status.get("replicas") or 0)}
    return counts if reason is None else {**counts, "reason": cluster.scrub(reason.text)}


async def _describe_pod(
    cluster: ClusterClient, namespace: str, pod: Mapping[str, Any], reasons: Mapping[str, Finding]
) -> dict[str, Any]:
    status, name = pod.get("status") or {}, pod["metadata"]["name"]
    found: dict[str, Any] = {
        "phase": status.get("phase"),
        "node": (pod.get("spec") or {}).get("nodeName"),
        "addresses": [one["ip"] for one in status.get("podIPs") or []] or list(filter(None, [status.get("podIP")])),
        "conditions": {one["type"]: one["status"] for one in status.get("conditions") or []},
        "restarts": {one["name"]: one.get("restartCount", 0) for one in status.get("containerStatuses") or []},
    }
    metadata = pod["metadata"]
    found |= {"deleted": metadata["deletionTimestamp"]} if metadata.get("deletionTimestamp") else {}
    found |= {"finalizers": list(metadata["finalizers"])} if metadata.get("finalizers") else {}
    reason = reasons.get(name)
    if reason is not None:
        found["reason"] = cluster.scrub(reason.text)
        if log := await read_crash(cluster, namespace, name, reason):
            found["log"] = log
    return found


def _describe_service(service: Mapping[str, Any]) -> dict[str, Any]:
    spec, status = service.get("spec") or {}, service.get("status") or {}
    balancers = (status.get("loadBalancer") or {}).get("ingress") or []
    return {
        "type": spec.get("type"),
        "addresses": [one for one in spec.get("clusterIPs") or [] if one != "None"],
        "load-balancers": [one.get("ip") or one.get("hostname") for one in balancers],
        "ports": [f"{one.get('port')}/{one.get('protocol', 'TCP')}" for one in spec.get("ports") or []],
    }


def _describe_claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    spec, status = claim.get("spec") or {}, claim.get("status") or {}
    wanted = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    return {"phase": status.get("phase"), "class": spec.get("storageClassName"), "size": wanted}
