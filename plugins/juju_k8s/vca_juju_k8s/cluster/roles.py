"""What accounts in a cluster may do: those of Juju, and ours."""

from __future__ import annotations

from typing import Any

_READ = ["get", "list", "watch"]
_ALL = [*_READ, "create", "update", "patch", "delete", "deletecollection"]


def _rule(group: str, resources: str, verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources.split(), "verbs": verbs}


EVERYTHING: list[dict[str, Any]] = [_rule("*", "*", ["*"]), {"nonResourceURLs": ["*"], "verbs": ["*"]}]
"""As ``juju add-k8s`` gives it: Juju hands all on to charms with ``trust``, and nobody can give what they lack."""

UNTRUSTED: list[dict[str, Any]] = [
    _rule("", "namespaces services secrets configmaps serviceaccounts persistentvolumeclaims events endpoints", _ALL),
    _rule("", "pods", ["get", "list", "watch", "patch", "delete"]),
    _rule("", "pods/exec", ["create", "get"]),
    _rule("", "pods/log nodes resourcequotas persistentvolumes", _READ),
    _rule("", "serviceaccounts/token", ["create"]),
    _rule("apps", "statefulsets statefulsets/scale deployments daemonsets", _ALL),
    _rule("rbac.authorization.k8s.io", "roles rolebindings clusterroles clusterrolebindings", _ALL),
    _rule("storage.k8s.io", "storageclasses", [*_READ, "create"]),
    _rule("admissionregistration.k8s.io", "mutatingwebhookconfigurations", _ALL),
    _rule("apiextensions.k8s.io", "customresourcedefinitions", [*_READ, "delete"]),
    _rule("networking.k8s.io", "ingresses", _ALL),
]
"""What Juju needs for charms without ``trust``: its own objects, and all rights that it hands on to such a charm."""

READING: list[dict[str, Any]] = [
    _rule("", "pods pods/log events persistentvolumeclaims services resourcequotas namespaces", _READ),
    _rule("apps", "statefulsets", _READ),
    _rule("storage.k8s.io", "storageclasses", ["get", "list"]),
]
"""What this backend reads, and it does nothing else."""
