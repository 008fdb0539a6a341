"""What the fake's actions give back."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from vca_core.charm import Charm
from vca_core.errors import ExecutionError
from vca_core.secrets import is_secret_name
from vca_fake.world import Application


def output_of(
    application: Application, charm: Charm, primitive: str, params: Mapping[str, Any], unit: str
) -> dict[str, Any]:
    """Run an action.

    The ones that make and tell an ssh key do so; any other one gives back on which unit it ran and its parameters, but
    for those that are secret.

    Raises:
        ExecutionError: the action fails: the key is there already, or not yet.
    """
    if primitive == "generate-ssh-key":
        if application.has_ssh_key:
            raise ExecutionError("there is an ssh key already", primitive, {"return-code": 1})
        application.has_ssh_key = True
        return {"unit": unit}
    if primitive == "get-ssh-public-key":
        if not application.has_ssh_key:
            raise ExecutionError("there is no ssh key yet; run generate-ssh-key", primitive, {"return-code": 1})
        return {"unit": unit, "pubkey": _public_key(unit)}
    shown = {
        name: value for name, value in params.items() if name not in charm.secret_names and not is_secret_name(name)
    }
    return {"unit": unit, **shown}


def _public_key(unit: str) -> str:
    """A line in OpenSSH's format, always the same for a unit; nobody has the private key."""
    kind = b"ssh-ed25519"
    parts = (kind, hashlib.sha256(unit.encode()).digest())
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{kind.decode()} {base64.b64encode(blob).decode()} {unit}"
