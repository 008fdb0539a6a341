"""What charms do when an action runs."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vca_jujusim.world.entities import Action, Unit
from vca_jujusim.world.model import Model

_SECRET = re.compile(r"password|passwd|secret|token|key|credential", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ActionCall:
    """What a scripted action sees."""

    model: Model
    unit: Unit
    name: str
    params: Mapping[str, Any]


class ActionFailed(Exception):
    """A scripted action fails with a message, and may have output."""

    def __init__(self, message: str, output: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.output = dict(output or {})


Script = Callable[[ActionCall], Mapping[str, Any]]


def run(model: Model, unit: Unit, action: Action) -> tuple[str, str, dict[str, Any]]:
    """Run an action: its status, message and output."""
    call = ActionCall(model, unit, action.name, action.params)
    script = model.world.scripts.get(action.name, _KNOWN.get(action.name, _echo))
    if script in _PROXY.values() and not model.charms[unit.charm_url].is_proxy:
        script = _echo
    try:
        return "completed", "", {"return-code": 0, **script(call)}
    except ActionFailed as error:
        return "failed", error.message, {"return-code": 1, **error.output}


def missing_for_ssh(model: Model, unit: Unit) -> str:
    """What a proxy charm waits for; empty where nothing is missing."""
    charm = model.charms[unit.charm_url]
    if not charm.is_proxy:
        return ""
    config = model.applications[unit.application].config
    needed = [name for name in ("ssh-hostname", "ssh-username") if not config.get(name)]
    if not config.get("ssh-password") and not unit.ssh_key:
        needed.append("ssh-password or an ssh key")
    return ", ".join(needed)


def _echo(call: ActionCall) -> Mapping[str, Any]:
    """Where it ran, and with which parameters, but for those that are secret."""
    if missing := missing_for_ssh(call.model, call.unit):
        raise ActionFailed(f"ssh is not configured: needs {missing}")
    specs = call.model.charms[call.unit.charm_url].actions[call.name]["properties"]
    shown = {
        key: value
        for key, value in call.params.items()
        if not _SECRET.search(key) and (specs.get(key) or {}).get("format") != "password"
    }
    return {"unit": call.unit.name, **shown}


def _generate(call: ActionCall) -> Mapping[str, Any]:
    if call.unit.ssh_key:
        raise ActionFailed("there is an ssh key already")
    call.unit.ssh_key = True
    call.model.note_change("unit", call.unit.name)
    return {}


def _public_key(call: ActionCall) -> Mapping[str, Any]:
    """A line in OpenSSH's format, always the same for a unit; nobody has the private key."""
    if not call.unit.ssh_key:
        raise ActionFailed("there is no ssh key yet; run generate-ssh-key")
    kind = b"ssh-ed25519"
    parts = (kind, hashlib.sha256(f"{call.model.record.uuid} {call.unit.name}".encode()).digest())
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return {"pubkey": f"{kind.decode()} {base64.b64encode(blob).decode()} {call.unit.name}"}


def _verify(call: ActionCall) -> Mapping[str, Any]:
    if missing := missing_for_ssh(call.model, call.unit):
        raise ActionFailed(f"ssh is not configured: needs {missing}", {"verified": "False"})
    return {"verified": "True"}


def _fail(_: ActionCall) -> Mapping[str, Any]:
    """What the action of this name does in the conformance kit's charm."""
    raise ActionFailed("told to fail", {"tried": "yes"})


_PROXY: dict[str, Script] = {
    "generate-ssh-key": _generate,
    "get-ssh-public-key": _public_key,
    "verify-ssh-credentials": _verify,
}

_KNOWN = _PROXY | {"fail": _fail}
