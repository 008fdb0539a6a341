"""What a controller makes out: macaroons, and scripts for machines that are there already."""

from __future__ import annotations

import secrets
from typing import Any

from jujusim.world.entities import Machine
from jujusim.world.model import Model


def macaroon() -> dict[str, Any]:
    """A macaroon that nobody can discharge."""
    from macaroonbakery import bakery  # type: ignore[import-untyped]  # slow to import, and seldom needed

    made = bakery.Macaroon(b"root-key-of-the-simulator", b"id", "juju", bakery.LATEST_VERSION)
    found: dict[str, Any] = made.to_dict()
    return found


def provisioning_script(model: Model, machine: Machine, data_dir: str, addresses: list[str]) -> str:
    """What is run on a manual machine; the agent's password in it is a secret."""
    folder = f"{data_dir or '/var/lib/juju'}/agents/machine-{machine.id}"
    return (
        "#!/bin/bash\nset -e\n"
        f"mkdir -p {folder}\n"
        f"umask 077\ncat > {folder}/agent.conf <<'EOF'\n"
        f"tag: machine-{machine.id}\nnonce: {machine.nonce}\nmodel: model-{model.record.uuid}\n"
        f"apiaddresses: {' '.join(addresses)}\napipassword: {secrets.token_urlsafe(18)}\nEOF\n"
    )
