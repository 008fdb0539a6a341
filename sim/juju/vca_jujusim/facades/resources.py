"""Resources: files that charms are given."""

from __future__ import annotations

import uuid
from typing import Any

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.problems import Refusal, not_found


@method("Resources.AddPendingResources", access="write")
def add_pending(call: Call, params: Json) -> Answer:
    """Announce resources; those of origin `upload` are sent over HTTPS then."""
    model = call.model
    charm = model.charms.get(str(params.get("url") or ""))
    if charm is None:
        raise not_found("charm", str(params.get("url") or ""))
    declared: Json = charm.meta.get("resources") or {}
    tag = params.get("tag") or (params.get("Entity") or {}).get("tag")
    application = parse_tag(tag, "application")
    pending = []
    for given in params.get("resources") or []:
        name = str(given.get("name"))
        if name not in declared:
            raise not_found("resource", name)
        if given.get("type") == "file" and not given.get("path"):
            raise Refusal(f'bad resource info for "{name}": resource missing filename', "not valid")
        key = str(uuid.uuid4())
        model.pending_resources[key] = {
            "name": name,
            "application": application,
            "origin": given.get("origin") or "upload",
            "path": str(declared[name].get("filename", "")),
            "type": str(declared[name].get("type", "file")),
            "revision": int(given.get("revision") or 0),
            "fingerprint": "",
            "size": 0,
            "username": call.user,
        }
        pending.append(key)
    model.world.keep(model, "pending", "")
    return {"pending-ids": pending}


def describe(name: str, application: str, resource: dict[str, Any]) -> Json:
    """A resource, as lists have it."""
    return {
        "name": name,
        "id": f"{application}/{name}",
        "application": application,
        "type": resource["type"],
        "path": resource["path"],
        "description": "",
        "origin": resource["origin"],
        "revision": resource["revision"],
        "fingerprint": resource["fingerprint"],
        "size": resource["size"],
        "username": resource["username"],
        "pending-id": "",
        "timestamp": resource.get("timestamp", ""),
    }


@method("Resources.ListResources")
def list_resources(call: Call, params: Json) -> Answer:
    """The resources of applications."""
    model = call.model

    def one(entity: Json) -> Json:
        application = model.application(parse_tag(entity.get("tag"), "application"))
        found = [describe(name, application.name, resource) for name, resource in application.resources.items()]
        return {"resources": found, "charm-store-resources": [], "unit-resources": []}

    results = call.results(params.get("entities"), one)
    if not results:
        raise Refusal("no entities", "bad request")
    return {"results": results}
