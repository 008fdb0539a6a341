"""Resources: files and images that charms are given."""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import Any

from vca_jujusim.charms import Charm
from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.facades.charms import channel_of, resolve
from vca_jujusim.problems import NOT_VALID, Refusal, not_found


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
        resource = _new(charm, name, application, call.user)
        resource |= {"origin": given.get("origin") or "upload", "revision": int(given.get("revision") or 0)}
        if resource["origin"] == "store":
            if resource["revision"] < 0:
                released = _released(call, charm.url, params.get("charm-origin")).released
                if name not in released:
                    raise not_found("resource", name)
                resource["revision"] = released[name]
            resource |= _content_in_store(charm, name, resource["revision"])
        model.pending_resources[key] = resource
        pending.append(key)
    model.world.keep(model, "pending", "")
    return {"pending-ids": pending}


def _released(call: Call, url: Any, origin: Any) -> Charm:
    """What the channel of a charm has now, whatever its revision, with what was released with it."""
    return resolve(call.world, _name_in(url), channel_of(origin or {}))[0]


def _name_in(url: Any) -> str:
    return str(url or "").rpartition("/")[2].rpartition("-")[0]


def released_resources(charm: Charm, application: str, user: str) -> dict[str, Json]:
    """The resources that were released with a charm, as an application of it holds them."""
    return {
        name: _new(charm, name, application, user)
        | {"origin": "store", "revision": revision}
        | _content_in_store(charm, name, revision)
        for name, revision in charm.released.items()
    }


def _new(charm: Charm, name: str, application: str, user: str) -> Json:
    declared = charm.meta["resources"][name]
    return {
        "name": name,
        "application": application,
        "path": str(declared.get("filename", "")),
        "type": str(declared.get("type", "file")),
        "fingerprint": "",
        "size": 0,
        "username": user,
    }


def _content_in_store(charm: Charm, name: str, revision: int) -> Json:
    """What the store has of a revision of a resource; of an image, also where that is."""
    digest = hashlib.sha384(f"{charm.name} {name} {revision}".encode())
    found: Json = {"fingerprint": base64.b64encode(digest.digest()).decode(), "size": 100}
    if charm.meta["resources"][name].get("type") == "oci-image":
        found["image"] = f"registry.example.com/charm/{charm.name}/{name}@sha256:{digest.hexdigest()[:64]}"
    return found


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


@method("Charms.ListCharmResources")
def list_charm_resources(call: Call, params: Json) -> Answer:
    """The resources that charms of the store have in their channels; no revision of a charm plays a part."""
    found = []
    for entity in params.get("entities") or []:
        url = str(entity.get("charm-url") or "")
        if not url.startswith("ch:"):
            raise Refusal(f'charm "{_name_in(url)}" not valid', NOT_VALID)
        charm = _released(call, url, entity.get("charm-origin"))
        found.append([_in_store(charm, name, revision) for name, revision in sorted(charm.released.items())])
    return {"results": found}


def _in_store(charm: Charm, name: str, revision: int) -> Json:
    spec = charm.meta["resources"][name]
    content = _content_in_store(charm, name, revision)
    return {
        "name": name,
        "type": str(spec.get("type", "file")),
        "path": str(spec.get("filename", "")),
        "origin": "store",
        "revision": revision,
        "fingerprint": content["fingerprint"],
        "size": content["size"],
    }
