"""Charms: what models and the scripted store have."""

from __future__ import annotations

import dataclasses
from typing import Any

from vca_jujusim.charms import Charm
from vca_jujusim.dispatch import Answer, Call, Json, method
from vca_jujusim.problems import NOT_FOUND, Refusal, not_found
from vca_jujusim.world.entities import Endpoint
from vca_jujusim.world.world import World

RISKS = ("stable", "candidate", "beta", "edge")


def resolve(world: World, reference: str, channel: str, revision: Any = None) -> tuple[Charm, str]:
    """A charm of the scripted store and the channel where it was found.

    Raises:
        Refusal: the store has none of that name, channel or revision.
    """
    name = reference.removeprefix("ch:").rpartition("/")[2]
    head, dash, tail = name.rpartition("-")
    if dash and tail.isdigit():
        name, revision = head, int(tail) if revision in {None, -1} else revision
    published = world.store.get(name)
    if not published:
        raise Refusal(f'resolving with preferred channel: "{name}" not found', NOT_FOUND)
    if revision is not None and revision != -1:
        for found, charm in published:
            if charm.revision == revision:
                return charm, found
        raise Refusal(f'charm "{name}" revision {revision} not found', NOT_FOUND)
    track, risk = split_channel(channel)
    for lower in RISKS[: RISKS.index(risk) + 1][::-1] if risk in RISKS else ():
        for found, charm in published:
            if split_channel(found) == (track, lower):
                return charm, found
    raise Refusal(f'no charm or bundle matching channel "{channel}" for "{name}"', NOT_FOUND)


def split_channel(channel: str) -> tuple[str, str]:
    """Track and risk; either may be left out."""
    track, slash, risk = channel.partition("/")
    if not slash:
        return ("latest", track or "stable") if track in RISKS or not track else (track, "stable")
    return track, risk


def channel_of(origin: Json) -> str:
    """The channel that an origin names."""
    return "/".join(str(origin[key]) for key in ("track", "risk") if origin.get(key)) or "stable"


def _origin(given: Json, charm: Charm, channel: str) -> Json:
    track, risk = split_channel(channel)
    return {key: value for key, value in given.items() if value is not None} | {
        "source": "charm-hub",
        "type": "charm",
        "id": charm.name,
        "hash": charm.sha256,
        "revision": charm.revision,
        "track": track,
        "risk": risk,
        "architecture": given.get("architecture") or "amd64",
        "base": given.get("base") if (given.get("base") or {}).get("name") else charm.bases[0].as_json(),
    }


@method("Charms.ResolveCharms")
def resolve_charms(call: Call, params: Json) -> Answer:
    """What references to the store mean."""

    def one(given: Json) -> Json:
        origin = dict(given.get("charm-origin") or {})
        charm, found = resolve(
            call.world, str(given.get("reference") or ""), channel_of(origin), origin.get("revision")
        )
        return {
            "url": charm.url,
            "charm-origin": _origin(origin, charm, found),
            "supported-bases": [base.as_json() for base in charm.bases],
        }

    return {"Results": call.results(params.get("resolve"), one)}


@method("Charms.AddCharm", access="write")
def add_charm(call: Call, params: Json) -> Answer:
    """Bring a charm of the store into the model."""
    origin = dict(params.get("charm-origin") or {})
    url = str(params.get("url") or "")
    if not url.startswith("ch:"):
        raise Refusal(f'unknown schema for charm URL "{url}"', "not supported")
    charm, found = resolve(call.world, url, channel_of(origin), origin.get("revision"))
    call.model.check_alive()
    if charm.url not in call.model.charms:
        call.model.put("charm", charm.url, dataclasses.replace(charm))
    return {"charm-origin": _origin(origin, charm, found)}


def _relations(ends: dict[str, Endpoint], role: str) -> Json:
    return {
        end.name: {
            "name": end.name,
            "role": end.role,
            "interface": end.interface,
            "optional": end.optional,
            "limit": end.limit,
            "scope": end.scope,
        }
        for end in ends.values()
        if end.role == role and end.name != "juju-info"
    }


@method("Charms.CharmInfo")
def charm_info(call: Call, params: Json) -> Answer:
    """What a charm of the model declares."""
    url = str(params.get("url") or "")
    charm = call.model.charms.get(url)
    if charm is None:
        raise not_found("charm", url)
    ends = charm.endpoints(charm.name)
    # A charm of the store is downloaded when an application has it; what is known of it before has no actions.
    downloaded = not url.startswith("ch:") or any(one.charm_url == url for one in call.model.applications.values())
    return {
        "revision": charm.revision,
        "url": charm.url,
        "config": {
            name: {
                "type": spec.get("type", "string"),
                "description": spec.get("description", ""),
                "default": spec.get("default"),
            }
            for name, spec in charm.options.items()
        },
        "meta": {
            "name": charm.name,
            "summary": str(charm.meta.get("summary", "")),
            "description": str(charm.meta.get("description", "")),
            "subordinate": charm.is_subordinate,
            "provides": _relations(ends, "provider"),
            "requires": _relations(ends, "requirer"),
            "peers": _relations(ends, "peer"),
            "series": list(charm.meta.get("series") or []),
            "resources": {name: _resource(name, spec) for name, spec in (charm.meta.get("resources") or {}).items()},
            **_of_pods(charm),
            "min-juju-version": "0.0.0",
        },
        "actions": {"specs": {name: action_spec(charm, name) for name in charm.actions}} if downloaded else None,
        "manifest": {"bases": [base.as_json() | {"architectures": ["amd64"]} for base in charm.bases]},
    }


def _of_pods(charm: Charm) -> Json:
    """What a charm declares that is for Kubernetes, and its storage and devices."""
    found: Json = {}
    if charm.storage:
        found["storage"] = charm.storage
    if charm.devices:
        found["devices"] = charm.devices
    if charm.meta.get("containers"):
        found["containers"] = {
            name: {"resource": str((spec or {}).get("resource", "")), "mounts": []}
            for name, spec in charm.meta["containers"].items()
        }
    return found


def _resource(name: str, spec: Json) -> Json:
    return {
        "name": name,
        "type": str(spec.get("type", "file")),
        "path": str(spec.get("filename", "")),
        "description": str(spec.get("description", "")),
    }


def action_spec(charm: Charm, name: str) -> Json:
    """An action, as charms declare it to the controller."""
    schema = charm.actions[name]
    return {"description": schema["description"], "params": schema}


@method("Charms.List")
def list_charms(call: Call, params: Json) -> Answer:
    """The charms of the model."""
    names = set(params.get("names") or [])
    return {"charm-urls": [url for url, charm in call.model.charms.items() if not names or charm.name in names]}
