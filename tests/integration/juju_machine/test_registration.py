"""Existing hosts, prepared over a real sshd and taken as manual machines by the simulated controller."""

from __future__ import annotations

import asyncio
import platform
from pathlib import Path
from typing import Any

import pytest
from jujusim.controller import SimulatedController
from jujusim.world import machines
from jujusim.world.entities import Machine
from jujusim.world.model import Model
from support.juju import NS, VNF, connected, until
from support.sshd import USER, Sshd

from vca_core import AlreadyExists, BackendError, BadArguments, Connector, VcaConnectionError
from vca_juju_machine import registration
from vca_juju_machine.provisioning import Places

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl vca"
SECRET = "agent-password-canary-4711"


@pytest.fixture
def host(sshd: Sshd, controller: SimulatedController, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    """A host whose agent comes up when the controller's script has run on it."""
    sudo = sshd.folder / "sudoers.d"
    sudo.mkdir()
    monkeypatch.setattr(registration, "PLACES", Places(str(sshd.folder / "proxy"), str(sshd.folder), str(sudo)))
    sshd.program("id", "echo 0")
    sshd.program("su", 'program=$4; shift 5; exec /bin/sh -c "$program" "$@"')
    system = platform.freedesktop_os_release()  # what the tests run on need not be what Juju has agents for
    monkeypatch.setitem(machines.BASES, system["ID"], (system["VERSION_ID"],))

    def script(model: Model, machine: Machine, _data_dir: str) -> str:
        asyncio.get_running_loop().create_task(arrive(model.record.name, machine.id), name="jujusim agent")
        return f"# {SECRET}\ntouch {sshd.folder}/ran\n"

    async def arrive(model: str, machine: str) -> None:
        await until((sshd.folder / "ran").exists)
        controller.run_provisioning_script(model, machine)

    monkeypatch.setattr(controller, "provisioning_script", script)
    return sshd


def credentials(host: Sshd, **changed: Any) -> dict[str, Any]:
    key = host.client_key.export_private_key().decode()
    return {"hostname": host.host, "username": USER, "port": host.port, "private_key": key} | changed


def options(tmp_path: Path) -> dict[str, Any]:
    return {"public_key": KEY, "known_hosts": str(tmp_path / "known_hosts")}


async def registered(edge: Connector, host: Sshd, **changed: Any) -> str:
    return await edge.register_execution_environment(VNF, credentials(host, **changed))


@pytest.mark.defect("D3")
@pytest.mark.defect("D44")
async def test_a_host_becomes_an_execution_environment(
    controller: SimulatedController, host: Sshd, tmp_path: Path
) -> None:
    async with connected(controller, **options(tmp_path)) as edge:
        ee_id = await registered(edge, host)
        assert ee_id == "ns1.app-vnf-vnf1.0"
        counts = controller.counts
        assert counts.total - counts.requests["Annotations.Set"] <= 1 + 4 + 2  # the login, the model, the host
        machine = controller.model("ns1").machines["0"]
        assert (machine.instance_id, machine.agent.current) == ("manual:127.0.0.1", "started")
        assert machine.nonce.startswith("manual:127.0.0.1:")
        (there,) = await edge.list_execution_environments()
        assert (str(there.namespace), there.address) == (VNF, "127.0.0.1")
        requests = controller.counts.requests
        assert (requests["MachineManager.AddMachines"], requests["MachineManager.ProvisioningScript"]) == (1, 1)
        with pytest.raises(AlreadyExists):
            await registered(edge, host)
        with pytest.raises(AlreadyExists, match="is machine 0"):
            await edge.register_execution_environment(".ns1.vnf2", credentials(host))


@pytest.mark.defect("D49")
async def test_a_namespace_goes_with_its_manual_machines(
    controller: SimulatedController, host: Sshd, tmp_path: Path
) -> None:
    async with connected(controller, **options(tmp_path)) as edge:
        await registered(edge, host)
        await edge.delete_namespace(NS)
    assert [model.record.name for model in controller.world.models.values()] == ["controller"]


async def test_what_is_deregistered_leaves_the_host_as_it_is(
    controller: SimulatedController, host: Sshd, tmp_path: Path
) -> None:
    async with connected(controller, **options(tmp_path)) as edge:
        ee_id = await registered(edge, host)
        await edge.deregister_execution_environment(ee_id)
        assert controller.model("ns1").machines == {}
        (host.folder / "ran").unlink()
        assert await registered(edge, host) == "ns1.app-vnf-vnf1.1"


@pytest.mark.defect("D3")
@pytest.mark.parametrize("fault", ["script", "refused", "annotation"])
async def test_a_failure_leaves_no_machine_and_tells_no_secret(
    controller: SimulatedController, host: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    if fault == "script":
        monkeypatch.setattr(controller, "provisioning_script", lambda *_: f"# {SECRET}\necho {SECRET} >&2\nexit 3\n")
    elif fault == "refused":
        controller.faults.refuse("MachineManager.ProvisioningScript", "no tools for this one", times=1)
    else:
        controller.faults.refuse("Annotations.Set", "no annotations today", times=1)
    async with connected(controller, **options(tmp_path)) as edge:
        with pytest.raises(BackendError) as caught:
            await registered(edge, host)
        assert SECRET not in f"{caught.value} {caught.value.__cause__}"
        assert controller.model("ns1").machines == {}


async def test_a_registration_that_is_cancelled_leaves_no_machine(
    controller: SimulatedController, host: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = host.folder / "begun"
    monkeypatch.setattr(controller, "provisioning_script", lambda *_: f"touch {marker}\nsleep 60\n")
    async with connected(controller, **options(tmp_path)) as edge:
        registering = asyncio.create_task(registered(edge, host))
        await until(marker.exists)
        registering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await registering
        await until(lambda: not controller.model("ns1").machines)


@pytest.mark.defect("D2")
async def test_without_a_key_the_connectors_own_is_used_and_one_that_is_refused_is_told(
    controller: SimulatedController, host: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    async with connected(controller, **options(tmp_path)) as edge:
        await edge.get_public_key()
        with pytest.raises(VcaConnectionError, match="login") as caught:
            await registered(edge, host, private_key=None)
        assert not caught.value.retryable
    assert "ns1" not in {name for name, model in controller.world.models.items() if model.machines}


@pytest.mark.defect("D96")
async def test_credentials_are_checked_before_any_network(controller: SimulatedController, tmp_path: Path) -> None:
    async with connected(controller, **options(tmp_path)) as edge:
        with pytest.raises(BadArguments, match=r"credentials\.hostname"):
            await edge.register_execution_environment(VNF, {"hostname": "a:b", "username": "u", "password": "p"})
    assert "ns1" not in {model.record.name for model in controller.world.models.values()}


async def test_a_charm_is_installed_on_it(controller: SimulatedController, host: Sshd, tmp_path: Path) -> None:
    async with connected(controller, **options(tmp_path)) as edge:
        ee_id = await registered(edge, host)
        await edge.install_configuration_sw(ee_id, "simple-router", options={"force": True})
        await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
        await edge.delete_execution_environment(ee_id)
    assert controller.model("ns1").machines == {}
