"""What Juju makes of a model and of its applications in a cluster."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from vca_jujusim.world.deltas import AGENT_VERSION
from vca_jujusim.world.entities import ALIVE, Application
from vca_jujusim.world.model import Model

Json = dict[str, Any]

NAME, MANAGER = "app.kubernetes.io/name", "app.kubernetes.io/managed-by"
MODEL_NAME, MODEL_ID, CONTROLLER_ID = "model.juju.is/name", "model.juju.is/id", "controller.juju.is/id"
VERSION = "charm.juju.is/modified-version"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
APPS = "/apis/apps/v1"

_ALL = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
_FIXED = ("selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates")
_PLACEHOLDER = 65535
"""The port of a service before its charm opens any."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object as it is to be.

    Args:
        kind: the path of its kind.
        body: as it is made.
    """

    kind: str
    body: Json

    @property
    def path(self) -> str:
        """Where it is."""
        return f"{self.kind}/{self.body['metadata']['name']}"

    @property
    def change(self) -> Json:
        """Return the change that gives an existing object this body: parts of a set stay as they were made."""
        spec = {key: value for key, value in self.body.get("spec", {}).items() if key not in _FIXED}
        return self.body if spec == self.body.get("spec", {}) else {**self.body, "spec": spec}


def namespace(name: str, controller: str, model: str) -> Json:
    """The namespace of a model."""
    labels = {MANAGER: "juju", MODEL_NAME: name}
    return {"metadata": {"name": name, "labels": labels, "annotations": {CONTROLLER_ID: controller, MODEL_ID: model}}}


def application_objects(model: Model, application: Application) -> list[list[Wanted]]:
    """The objects of an application, in the steps in which they are made: nobody may bind a role that is not there."""
    space, name = model.record.name, application.name
    inside, rights = f"/api/v1/namespaces/{space}", f"{RBAC}/namespaces/{space}"
    labels = {MANAGER: "juju", NAME: name}
    wide = {**labels, MODEL_NAME: space, MODEL_ID: model.record.uuid}
    meta = {"name": name, "labels": labels}
    wider = f"{space}-{name}"
    everywhere = {"name": wider, "labels": wide}
    account = [{"kind": "ServiceAccount", "name": name, "namespace": space}]
    named = [{"apiGroups": [""], "resources": ["namespaces"], "resourceNames": [space], "verbs": ["get", "list"]}]
    own = [
        *named,
        {"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["get", "list", "patch"]},
        {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]},
    ]
    seen = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]}]
    secrets = _pull_secrets(application, labels)
    first = [
        Wanted(f"{inside}/secrets", {"metadata": {**meta, "name": f"{name}-application-config"}, "stringData": {
            "JUJU_K8S_APPLICATION": name, "JUJU_K8S_MODEL": model.record.uuid,
        }}),
        *(Wanted(f"{inside}/secrets", secret) for secret in secrets.values()),
        Wanted(f"{inside}/serviceaccounts", {"metadata": meta}),
        Wanted(f"{rights}/roles", {"metadata": meta, "rules": _ALL if application.trust else own}),
        Wanted(f"{RBAC}/clusterroles", {"metadata": everywhere, "rules": _ALL if application.trust else seen}),
        Wanted(f"{inside}/services", {"metadata": meta, "spec": {
            "selector": {NAME: name}, "ports": [{"name": "placeholder", "port": _PLACEHOLDER}],
        }}),
        Wanted(f"{inside}/services", {"metadata": {**meta, "name": f"{name}-endpoints"}, "spec": {
            "selector": {NAME: name}, "clusterIP": "None", "publishNotReadyAddresses": True,
        }}),
    ]  # fmt: skip
    bound = [
        Wanted(f"{rights}/rolebindings", {"metadata": meta, "roleRef": _ref("Role", name), "subjects": account}),
        Wanted(f"{RBAC}/clusterrolebindings", {
            "metadata": everywhere, "roleRef": _ref("ClusterRole", wider), "subjects": account,
        }),
    ]  # fmt: skip
    running = Wanted(f"{APPS}/namespaces/{space}/statefulsets", {
        "metadata": meta, "spec": _set(model, application, labels, sorted(secrets)),
    })  # fmt: skip
    return [first, bound, [running]]


def application_paths(model: Model, name: str) -> list[str]:
    """Return the paths of what is deleted with an application; its pods go with the set."""
    space = model.record.name
    inside, rights = f"/api/v1/namespaces/{space}", f"{RBAC}/namespaces/{space}"
    return [
        f"{APPS}/namespaces/{space}/statefulsets/{name}",
        f"{inside}/services/{name}-endpoints",
        f"{inside}/services/{name}",
        f"{RBAC}/clusterrolebindings/{space}-{name}",
        f"{RBAC}/clusterroles/{space}-{name}",
        f"{rights}/rolebindings/{name}",
        f"{rights}/roles/{name}",
        f"{inside}/serviceaccounts/{name}",
    ]


def _ref(kind: str, name: str) -> Json:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}


def _set(model: Model, application: Application, labels: Json, secrets: list[str]) -> Json:
    charm = model.charm_of(application)
    containers: list[Json] = [{"name": "charm", "image": f"docker.io/jujusolutions/charm-base:{application.base}"}]
    containers[0]["image"] = containers[0]["image"].replace("@", "-")
    for container, spec in (charm.meta.get("containers") or {}).items():
        image = application.resources.get(str((spec or {}).get("resource")), {}).get("image")
        containers.append({"name": container, "image": image, **_limits(application)})
    starting = {"name": "charm-init", "image": f"docker.io/jujusolutions/jujud-operator:{AGENT_VERSION}"}
    template = {
        "metadata": {"labels": labels, "annotations": {VERSION: str(application.charm_modified)}},
        "spec": {
            "serviceAccountName": application.name,
            "initContainers": [starting],
            "containers": containers,
            "imagePullSecrets": [{"name": name} for name in secrets],
        },
    }
    return {
        "serviceName": f"{application.name}-endpoints",
        "podManagementPolicy": "Parallel",
        "replicas": replicas(model, application),
        "selector": {"matchLabels": {NAME: application.name}},
        "template": template,
        "volumeClaimTemplates": list(_claims(model, application)),
    }


def replicas(model: Model, application: Application) -> int:
    """Return how many pods there should be: one whose unit is going is made again only when the unit is gone."""
    going = [unit for unit in model.units_of(application.name) if unit.life != ALIVE]
    return min([application.scale or 0, *(int(unit.name.rpartition("/")[2]) for unit in going)])


def _limits(application: Application) -> Json:
    """Return what constraints ask for: memory and processors."""
    given = application.constraints
    asked = {"memory": f"{given['mem']}Mi"} if given.get("mem") else {}
    asked |= {"cpu": str(given["cores"])} if given.get("cores") else {}
    return {"resources": {"requests": asked}} if asked else {}


def _claims(model: Model, application: Application) -> list[Json]:
    found = []
    default = model.record.config.get("workload-storage")
    default = default or (model.world.clouds[model.record.cloud].get("config") or {}).get("workload-storage")
    for name in model.charm_of(application).meta.get("storage") or {}:
        given = application.storage.get(name) or {}
        pool = given.get("pool") or given.get("Pool") or default
        size = int(given.get("size") or given.get("Size") or 1024)
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": pool,
            "resources": {"requests": {"storage": f"{size}Mi"}},
        }
        labels = {MANAGER: "juju", "storage.juju.is/name": name}
        found.append({"metadata": {"name": f"{application.name}-{name}", "labels": labels}, "spec": spec})
    return found


def _pull_secrets(application: Application, labels: Json) -> dict[str, Json]:
    """A secret for each image that takes a password."""
    found = {}
    for resource, given in application.resources.items():
        if given.get("image-password"):
            name = f"{application.name}-{resource}-secret"
            host = str(given.get("image") or "").partition("/")[0]
            both = f"{given.get('image-user') or ''}:{given['image-password']}"
            entry = {"auth": base64.b64encode(both.encode()).decode()}
            data = {".dockerconfigjson": json.dumps({"auths": {host: entry}})}
            kind = "kubernetes.io/dockerconfigjson"
            found[name] = {"metadata": {"name": name, "labels": labels}, "type": kind, "stringData": data}
    return found
