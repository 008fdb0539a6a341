"""What charms do in the fake: how their units settle, and what their actions give back."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from vca_core import refusals
from vca_core.charm import Charm
from vca_core.charm.assumptions import check_assumptions
from vca_core.charm.further import check_profile
from vca_core.charm.places import check_machine
from vca_core.errors import ExecutionError
from vca_core.secrets import is_secret_name
from vca_core.status import EntityState
from vca_fake.world import Application

JUJU = "3.6.24"
"""The Juju that charms find, as in the simulated controller."""


def next_of(application: Application, state: EntityState) -> tuple[str, str] | None:
    """What an entity comes to by itself: its next native word and a detail; None: nothing."""
    match state.entity.kind, state.native:
        case "machine", "pending":
            return "started", "running"
        case "unit", "waiting":
            machine = application.state(application.machine)
            waits = machine is not None and machine.native == "pending"
            return None if waits else ("maintenance", "installing charm software")
        case "unit", "maintenance":
            missing = missing_for_ssh(application)
            return ("blocked", f"needs {missing}") if missing else ("active", "ready")
    return None


def is_proxy(charm: Charm) -> bool:
    """Whether it is a proxy charm: one that reaches its VNF by ssh, and waits until it knows how."""
    return "ssh-hostname" in charm.options


def missing_for_ssh(application: Application) -> str:
    """What a proxy charm waits for; empty where nothing is missing."""
    if application.charm is None or not is_proxy(application.charm):
        return ""
    needed = [name for name in ("ssh-hostname", "ssh-username") if not application.config.get(name)]
    if not application.config.get("ssh-password") and not application.has_ssh_key:
        needed.append("ssh-password or an ssh key")
    return ", ".join(needed)


def check_fits(charm: Charm, application: Application | None, *, on_kubernetes: bool, force: bool = False) -> None:
    """Refuse a charm that cannot live in an EE.

    Raises:
        BadArguments: it is a subordinate, made for another kind of backend or of machine, assumes what Juju does not
            have, or cannot be installed as it is.
    """
    if charm.subordinate:
        raise refusals.subordinate_charm(charm.name)
    if charm.is_kubernetes != on_kubernetes:
        raise refusals.wrong_substrate(charm.name, is_kubernetes=charm.is_kubernetes)
    if on_kubernetes and not charm.containers:
        raise refusals.pod_specs(charm.name)
    if charm.obstacles:
        raise refusals.not_installable(charm.name, charm.obstacles)
    check_profile(charm, force=force)
    check_assumptions(charm, JUJU, on_kubernetes=on_kubernetes, force=force)
    if application is not None and not on_kubernetes and not force:
        check_machine(charm, application.ee_id.locator, application.base, application.arch)


def run_action(application: Application, primitive: str, params: Mapping[str, Any], unit: str) -> dict[str, Any]:
    """Run an action.

    Those of proxy charms do what they say, and one named ``fail`` fails. Any other one gives back on which unit it ran
    and its parameters, but for those that are secret.

    Raises:
        ExecutionError: the action fails.
    """
    charm = application.charm
    if charm is None:
        raise AssertionError("an action is a charm's")
    if primitive == "generate-ssh-key":
        if application.has_ssh_key:
            raise ExecutionError("there is an ssh key already", primitive, {"return-code": 1})
        application.has_ssh_key = True
        return {"unit": unit}
    if primitive == "get-ssh-public-key":
        if not application.has_ssh_key:
            raise ExecutionError("there is no ssh key yet; run generate-ssh-key", primitive, {"return-code": 1})
        return {"unit": unit, "pubkey": _public_key(unit)}
    if primitive == "fail":
        raise ExecutionError("it was told to fail", primitive, {"unit": unit, "tried": "yes"})
    missing = missing_for_ssh(application)
    if missing:
        raise ExecutionError(f"ssh is not configured: needs {missing}", primitive, {"verified": "False"})
    if primitive == "verify-ssh-credentials" and is_proxy(charm):
        return {"unit": unit, "verified": "True"}
    hidden = charm.secret_names
    return {
        "unit": unit,
        **{key: value for key, value in params.items() if key not in hidden and not is_secret_name(key)},
    }


def _public_key(unit: str) -> str:
    """A line in OpenSSH's format, always the same for a unit; there is no private key."""
    kind = b"ssh-ed25519"
    parts = (kind, hashlib.sha256(unit.encode()).digest())
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{kind.decode()} {base64.b64encode(blob).decode()} {unit}"
