"""Existing hosts, prepared over a real sshd and taken as manual machines by the simulated controller."""

from __future__ import annotations

import asyncio
import platform
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from support.fair_clock import let_pass
from support.juju import NS, VNF, connected, machine, until
from support.sshd import USER, Sshd

from vca_core import (
    AlreadyExists,
    BackendError,
    BadArguments,
    Connector,
    NotSupported,
    VcaConnectionError,
    VcaTimeoutError,
)
from vca_core._tracking.place import COLLECTION
from vca_core.stores import MemoryStore
from vca_juju_machine.backend import JujuMachineBackend
from vca_juju_machine.places import Places
from vca_jujusim.controller import SimulatedController
from vca_jujusim.world import machines
from vca_jujusim.world.entities import Machine
from vca_jujusim.world.model import Model

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl vca"
SECRET = "agent-password-canary-4711"


def places_of(sshd: Sshd) -> Places:
    etc = sshd.folder / "etc"
    return Places(str(etc / "vca" / "proxy"), str(etc / "systemd"), str(etc / "sudoers.d"), str(etc / "juju"))


@pytest.fixture
def host(sshd: Sshd, controller: SimulatedController, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    """A host whose agent comes up when the controller's script has run on it."""
    places = places_of(sshd)
    for folder in (places.sudo, places.units, places.juju):
        Path(folder).mkdir(parents=True)
    monkeypatch.setattr(JujuMachineBackend, "places", places)
    for name in ("iptables", "systemctl", "useradd", "userdel", "getent"):
        sshd.program(name)
    sshd.program("id", "echo 0")
    sshd.program("su", 'program=$4; shift 5; exec /bin/sh -c "$program" "$@"')
    system = platform.freedesktop_os_release()  # what the tests run on need not be what Juju has agents for
    monkeypatch.setitem(machines.BASES, system["ID"], (system["VERSION_ID"],))

    def script(model: Model, machine: Machine, _data_dir: str) -> str:
        asyncio.get_running_loop().create_task(arrive(model.record.name, machine.id), name="vca_jujusim agent")
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


async def register(edge: Connector, host: Sshd, **changed: Any) -> str:
    return await edge.register_execution_environment(VNF, credentials(host, **changed))


@pytest.mark.defect("D3")
@pytest.mark.defect("D44")
async def test_a_host_becomes_an_execution_environment(
    controller: SimulatedController, host: Sshd, tmp_path: Path
) -> None:
    store = MemoryStore()
    async with connected(controller, store=store, **options(tmp_path)) as edge:
        ee_id = await register(edge, host)
        assert ee_id == "ns1.app-vnf-vnf1.0"
        assert [one["address"] for one in await store.find(COLLECTION) if "application" in one] == ["127.0.0.1"]
        counts = controller.counts
        assert counts.total - counts.requests["Annotations.Set"] <= 1 + 4 + 2  # the login, the model, the host
        made = controller.model("ns1").machines["0"]
        assert (made.instance_id, made.agent.current) == ("manual:127.0.0.1", "started")
        assert made.nonce.startswith("manual:127.0.0.1:")
        (there,) = await edge.list_execution_environments()
        assert (str(there.namespace), there.address) == (VNF, "127.0.0.1")
        requests = controller.counts.requests
        assert (requests["MachineManager.AddMachines"], requests["MachineManager.ProvisioningScript"]) == (1, 1)
        with pytest.raises(AlreadyExists):
            await register(edge, host)
        with pytest.raises(AlreadyExists, match=r"for namespace \.ns1\.vnf1: deregister ns1\.app-vnf-vnf1\.0 first"):
            await edge.register_execution_environment(".ns1.vnf2", credentials(host))
    spelled = {**credentials(host), "hostname": "::ffff:127.0.0.1"}
    async with connected(controller, **options(tmp_path)) as edge:  # with a store that knows nothing of it
        with pytest.raises(AlreadyExists, match=r"is machine 0 .*deregister namespace \.ns1\.vnf1 first"):
            await edge.register_execution_environment(".ns1.vnf2", spelled)


@pytest.mark.defect("D49")
async def test_a_namespace_goes_with_its_manual_machines(
    controller: SimulatedController, host: Sshd, tmp_path: Path
) -> None:
    async with connected(controller, **options(tmp_path)) as edge:
        await register(edge, host)
        await edge.delete_namespace(NS)
    assert [model.record.name for model in controller.world.models.values()] == ["controller"]


async def test_what_is_deregistered_leaves_the_host_as_it_is(
    controller: SimulatedController, host: Sshd, tmp_path: Path
) -> None:
    async with connected(controller, **options(tmp_path)) as edge:
        ee_id = await register(edge, host)
        await edge.deregister_execution_environment(ee_id)
        assert controller.model("ns1").machines == {}
        (host.folder / "ran").unlink()
        assert await register(edge, host) == "ns1.app-vnf-vnf1.1"


@pytest.mark.defect("D3")
@pytest.mark.parametrize("fault", ["script", "refused", "annotation"])
async def test_a_failure_leaves_no_machine_and_shows_no_secret(
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
            await register(edge, host)
        assert SECRET not in f"{caught.value} {caught.value.__cause__}"
        assert controller.model("ns1").machines == {}


HOLD = "until [ -e $HOME/never ]; do :; done"
CUT = "kill -9 $(sed -n 's/^PPid:[[:space:]]*//p' /proc/$PPID/status)"  # the sshd of this very connection


@pytest.mark.parametrize("how", ["fails", "cancelled", "out of time", "connection lost"])
async def test_what_was_done_on_a_host_is_undone_however_it_ends(
    controller: SimulatedController, host: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    places = places_of(host)
    authorized = host.home / ".ssh" / "authorized_keys"
    authorized.parent.mkdir()
    authorized.write_text("# the owner's\n")
    begun = host.folder / "begun"

    def script(_model: Model, machine: Machine, _data_dir: str) -> str:
        folder = f"{places.juju}/agents/machine-{machine.id}"
        end = {"fails": "exit 3", "connection lost": f"{CUT}; {HOLD}"}.get(how, HOLD)
        return (
            f"mkdir -p {folder}\necho 'nonce: {machine.nonce}' >{folder}/agent.conf\n"
            f"touch {places.units}/jujud-machine-{machine.id}.service\n"
            f"cp {authorized} {places.script} {places.unit} {host.folder}\ntouch {begun}\n{end}\n"
        )

    monkeypatch.setattr(controller, "provisioning_script", script)
    endpoints = [*controller.endpoints, "10.99.0.1:17070"]  # not its own loopback, which no rule may lead elsewhere
    async with connected(controller, endpoints=endpoints, api_proxy="192.0.2.1", **options(tmp_path)) as edge:
        registering = asyncio.create_task(register(edge, host))
        if how == "cancelled":
            await until(begun.exists)
            registering.cancel()
        elif how == "out of time":
            await until(begun.exists)
            let_pass(1000)
        (ended,) = await asyncio.gather(registering, return_exceptions=True)
        expected = {
            "fails": BackendError,
            "cancelled": asyncio.CancelledError,
            "out of time": VcaTimeoutError,
            "connection lost": VcaConnectionError,
        }
        assert type(ended) is expected[how]
        await until(lambda: not controller.model("ns1").machines)
    assert "ssh-ed25519" in (host.folder / "authorized_keys").read_text()  # it had been there
    assert authorized.read_text() == "# the owner's\n"
    assert [one for one in (host.folder / "etc").rglob("*") if one.is_file()] == []
    assert "systemctl disable --now jujud-machine-0.service" in host.called()
    assert "systemctl disable --now vca-api-proxy.service" in host.called()
    assert "iptables -w -t nat -X VCA-API-PROXY" in host.called()


async def test_an_undo_is_not_cut_off_by_a_cancellation(
    controller: SimulatedController, host: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = host.folder / "begun", host.folder / "go on"
    host.program("slow-id", f"touch '{begun}'; until [ -e '{go_on}' ]; do :; done; echo 0")
    script = f"mv {host.programs}/slow-id {host.programs}/id\nexit 3\n"  # asked when the undo becomes root
    monkeypatch.setattr(controller, "provisioning_script", lambda *_: script)
    async with connected(controller, **options(tmp_path)) as edge:
        registering = asyncio.create_task(register(edge, host))
        await until(begun.exists)
        registering.cancel()
        await asyncio.wait((registering,), timeout=0)  # now it is cancelled
        go_on.touch()
        with pytest.raises(asyncio.CancelledError):
            await registering
        assert controller.model("ns1").machines == {}
    assert (host.home / ".ssh" / "authorized_keys").read_text() == ""


async def test_an_inaccessible_host_loses_its_machine_and_leaves_a_log(
    controller: SimulatedController,
    host: Sshd,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(controller, "provisioning_script", lambda *_: f"# {SECRET}\n: >{host.allowed}\nexit 3\n")
    async with connected(controller, **options(tmp_path)) as edge:
        with pytest.raises(BackendError, match="exit code 3"):
            await register(edge, host)
        assert controller.model("ns1").machines == {}
    (said,) = [record.getMessage() for record in caplog.records if "was not undone" in record.getMessage()]
    (mark,) = re.findall(r"vca-[0-9a-f-]{36}", said)
    assert mark in (host.home / ".ssh" / "authorized_keys").read_text()
    assert SECRET not in caplog.text


@pytest.mark.parametrize("other", [".ns1.vnf2", ".ns2.vnf1"], ids=["in one model", "in two"])
async def test_a_second_registration_of_a_host_at_once_is_refused(
    controller: SimulatedController, host: Sshd, tmp_path: Path, other: str
) -> None:
    async with connected(controller, **options(tmp_path)) as edge:
        ended = await asyncio.gather(
            *(edge.register_execution_environment(one, credentials(host)) for one in (VNF, other)),
            return_exceptions=True,
        )
        (refused,) = [one for one in ended if isinstance(one, AlreadyExists)]
        assert re.search(r"127\.0\.0\.1 is just being registered for namespace \.ns", refused.message)
        assert len([one for one in ended if isinstance(one, str)]) == 1
        assert controller.counts.requests["MachineManager.AddMachines"] == 1


async def test_one_of_two_processes_registering_a_host_at_once_wins(
    controller: SimulatedController, host: Sshd, tmp_path: Path
) -> None:
    given = options(tmp_path)
    async with connected(controller, alone=False, **given) as one, connected(controller, alone=False, **given) as two:
        await machine(one, ".ns1.before")  # so that both find the model
        ended = await asyncio.gather(
            one.register_execution_environment(VNF, credentials(host)),
            two.register_execution_environment(".ns1.vnf2", credentials(host)),
            return_exceptions=True,
        )
        (refused,) = [one for one in ended if isinstance(one, AlreadyExists)]
        assert "is machine 1 of model ns1 already" in refused.message
        assert sorted(controller.model("ns1").machines) == ["0", "1"]


async def test_a_host_with_an_agent_is_refused_before_any_change(
    controller: SimulatedController, host: Sshd, tmp_path: Path
) -> None:
    unit = Path(places_of(host).units, "jujud-machine-7.service")
    unit.touch()
    async with connected(controller, **options(tmp_path)) as edge:
        with pytest.raises(AlreadyExists, match=r"jujud-machine-7.*sudo /sbin/remove-juju-services"):
            await register(edge, host)
        assert controller.counts.requests["MachineManager.AddMachines"] == 0
        assert not (host.home / ".ssh").exists()
        unit.unlink()
        await register(edge, host)


async def test_a_machine_left_by_a_killed_process_comes_with_a_remedy(
    controller: SimulatedController, host: Sshd, tmp_path: Path
) -> None:
    async with connected(controller, **options(tmp_path)) as edge:
        await register(edge, host)
    controller.model("ns1").machines["0"].annotations.clear()  # killed before it noted whose it is
    async with connected(controller, **options(tmp_path)) as edge:
        with pytest.raises(AlreadyExists, match="juju remove-machine --force 0"):
            await register(edge, host)


@pytest.mark.defect("D2")
async def test_the_connectors_key_is_the_default_and_may_be_refused(
    controller: SimulatedController, host: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    async with connected(controller, **options(tmp_path)) as edge:
        await edge.get_public_key()
        with pytest.raises(VcaConnectionError, match="login") as caught:
            await register(edge, host, private_key=None)
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
        ee_id = await register(edge, host)
        await edge.install_configuration_sw(ee_id, "simple-router", options={"force": True})
        await edge.exec_primitive(ee_id, "touch", {"filename": "/x"})
        await edge.delete_execution_environment(ee_id)
    assert controller.model("ns1").machines == {}


async def test_without_asyncssh_registering_alone_is_not_supported(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("vca_juju_machine.provisioning")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncssh", None)
    async with connected(controller) as edge:
        with pytest.raises(NotSupported, match=r"pip install '\./vca/plugins/juju_machine\[ssh\]'"):
            await edge.register_execution_environment(VNF, {"hostname": "10.1.2.3", "username": "ubuntu"})
        await machine(edge)
