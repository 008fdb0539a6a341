"""A real host that controllers take as a machine: an sshd, and the agent that comes with the script that runs there."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

import pytest
from support.faults.operations import SECRET
from support.sshd import USER, Sshd

from vca_juju_machine.backend import JujuMachineBackend
from vca_juju_machine.places import Places
from vca_jujusim.controller import SimulatedController
from vca_jujusim.world import machines
from vca_jujusim.world.entities import Machine
from vca_jujusim.world.model import Model

Host = Callable[[SimulatedController], dict[str, Any]]


def host_on(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Prepare a host.

    Args:
        sshd: what it is logged in to by.
        monkeypatch: has its system be one that Juju has agents for, and its files be in a folder of the test.

    Returns:
        Makes a controller take it; gives what it is registered with.
    """
    system = platform.freedesktop_os_release()  # what the tests run on need not be what Juju has agents for
    monkeypatch.setitem(machines.BASES, system["ID"], (system["VERSION_ID"],))
    sudo = sshd.folder / "sudoers.d"
    sudo.mkdir()
    places = Places(str(sshd.folder / "proxy"), str(sshd.folder), str(sudo), str(sshd.folder))
    monkeypatch.setattr(JujuMachineBackend, "places", places)
    sshd.program("id", "echo 0")
    sshd.program("su", 'program=$4; shift 5; exec /bin/sh -c "$program" "$@"')

    def host(controller: SimulatedController) -> dict[str, Any]:
        def script(model: Model, machine: Machine, _data_dir: str) -> str:
            controller.run_provisioning_script(model.record.name, machine.id)
            return f"# {SECRET}\n"  # it is to be seen nowhere

        monkeypatch.setattr(controller, "provisioning_script", script)
        key = sshd.client_key.export_private_key().decode()
        return {"hostname": sshd.host, "username": USER, "port": sshd.port, "private_key": key}

    return host
