"""What a controller makes out: macaroons, and scripts for machines that are there already."""

from __future__ import annotations

import secrets
from typing import Any

from vca_jujusim.world.entities import Machine
from vca_jujusim.world.model import Model


def macaroon(*, first_format: bool = False) -> dict[str, Any]:
    """A macaroon that nobody can discharge; in the first format for clients that ask for no version."""
    from macaroonbakery import bakery  # type: ignore[import-untyped]

    version = bakery.VERSION_0 if first_format else bakery.LATEST_VERSION
    made = bakery.Macaroon(b"root-key-of-the-simulator", b"id", "juju", version)
    made.macaroon.add_first_party_caveat("time-before 2100-01-01T00:00:00Z")
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
