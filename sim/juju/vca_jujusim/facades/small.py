"""Facades of a few methods: Pinger, KeyManager, MetricsDebug, Block, StatusHistory."""

from __future__ import annotations

import base64
import binascii
import hashlib

from vca_jujusim.dispatch import Answer, Call, Json, method, parse_tag
from vca_jujusim.problems import Refusal
from vca_jujusim.world.entities import now


@method("Pinger.Ping", access=None)
def ping(_call: Call, _params: Json) -> Answer:
    """Answer a ping."""
    return None


@method("Pinger.Stop", access=None)
def stop(_call: Call, _params: Json) -> Answer:
    """End the pings."""
    return None


def _comment(key: str) -> str:
    return key.split(maxsplit=2)[2] if len(key.split()) > 2 else ""


def _fingerprint(key: str) -> str:
    """Return the fingerprint of a key as Juju and its clients write it: MD5 with colons."""
    try:
        blob = base64.b64decode(key.split()[1])
    except (IndexError, binascii.Error):
        blob = b""
    return hashlib.md5(blob, usedforsecurity=False).digest().hex(":")


@method("KeyManager.ListKeys")
def list_keys(call: Call, params: Json) -> Answer:
    """The keys of a model."""
    keys = call.model.record.keys
    entities = (params.get("entities") or {}).get("entities") or []
    full = params.get("mode") is True

    def one(_entity: Json) -> Json:
        return {"result": list(keys) if full else [f"{_fingerprint(key)} ({_comment(key)})" for key in keys]}

    return {"results": call.results(entities, one)}


@method("KeyManager.AddKeys", access="admin")
def add_keys(call: Call, params: Json) -> Answer:
    """Add keys."""
    model = call.model

    def one(key: str) -> Json:
        if len(key.split()) < 2:
            raise Refusal(f"invalid ssh key: {key}")
        if key in model.record.keys:
            raise Refusal(f"duplicate ssh key: {key}")
        model.record.keys.append(key)
        model.note_change("model", model.record.uuid)
        return {}

    return {"results": call.results(params.get("ssh-keys"), one)}


@method("KeyManager.DeleteKeys", access="admin")
def delete_keys(call: Call, params: Json) -> Answer:
    """Remove keys, by fingerprint or comment."""
    model = call.model

    def one(given: str) -> Json:
        found = [key for key in model.record.keys if given in {_fingerprint(key), _comment(key)}]
        if not found:
            raise Refusal(f"key not found: {given}")
        model.record.keys.remove(found[0])
        model.note_change("model", model.record.uuid)
        return {}

    return {"results": call.results(params.get("ssh-keys"), one)}


@method("MetricsDebug.GetMetrics")
def metrics(call: Call, params: Json) -> Answer:
    """Return the metrics that a test gave to units."""
    model = call.model
    scripted = call.world.metrics

    def one(entity: Json) -> Json:
        kind, _, rest = str(entity.get("tag") or "").partition("-")
        names = [parse_tag(entity.get("tag"), "unit")] if kind == "unit" else [u.name for u in model.units_of(rest)]
        if kind not in {"unit", "application"}:
            raise Refusal(f'"{entity.get("tag")}" is not a valid unit or application tag')
        return {
            "metrics": [
                {"time": now(), "key": key, "value": value, "unit": name, "labels": {}}
                for name in names
                for key, value in scripted.get((model.record.name, name), {}).items()
            ]
        }

    return {"results": call.results(params.get("entities"), one)}


@method("Block.List")
def blocks(call: Call, _params: Json) -> Answer:
    """Return what may not be changed."""
    model = call.model
    return {
        "results": [
            {"result": {"id": str(index), "tag": f"model-{model.record.uuid}", "type": kind, "message": message}}
            for index, (kind, message) in enumerate(model.record.blocks.items())
        ]
    }


@method("Client.StatusHistory")
def history(call: Call, params: Json) -> Answer:
    """Return an empty history."""
    return {"results": call.results(params.get("requests"), lambda _one: {"history": {"statuses": []}})}
