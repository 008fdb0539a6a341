"""What entities do by themselves, and what an AllWatcher tells of it."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from vca_jujusim import ActionCall, ActionFailed, Refusal, SimulatedController
from vca_jujusim.raw import RawClient, archive
from vca_jujusim.world.clock import Clock

from .conftest import JAMMY, PROXY, ROUTER, Connect, World


async def test_a_unit_comes_up_step_by_step(sim: SimulatedController, world: World) -> None:
    sim.faults.freeze("machine")
    await world.deploy()
    waiting = await world.until("unit", "router/0", lambda data: True)
    assert (waiting["workload-status"]["current"], waiting["agent-status"]["current"]) == ("waiting", "allocating")
    sim.faults.clear()
    sim.faults.freeze("unit")
    sim.wake()
    machine = await world.until("machine", "0", lambda data: data["agent-status"]["current"] == "started")
    assert (machine["instance-status"]["current"], machine["addresses"][0]["value"]) == ("running", "10.0.0.1")
    sim.thaw()
    active = await world.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "active")
    assert (active["agent-status"]["current"], active["machine-id"]) == ("idle", "0")
    application = await world.until("application", "router", lambda data: True)
    assert application["status"]["current"] == "unset"  # the charm sets none: clients look at the units


async def test_a_proxy_charm_waits_for_its_ssh_configuration(world: World) -> None:
    await world.deploy(PROXY, "proxy")
    blocked = await world.until("unit", "proxy/0", lambda data: data["workload-status"]["current"] == "blocked")
    assert "ssh-hostname" in blocked["workload-status"]["message"]
    assert (await world.action("verify-ssh-credentials", "proxy/leader"))["status"] == "failed"
    assert (await world.action("get-ssh-public-key", "proxy/leader"))["status"] == "failed"
    assert (await world.action("generate-ssh-key", "proxy/leader"))["status"] == "completed"
    key = (await world.action("get-ssh-public-key", "proxy/leader"))["output"]["pubkey"]
    assert key.startswith("ssh-ed25519 ")
    config = {"ssh-hostname": "10.1.1.1", "ssh-username": "ubuntu"}
    await world.result("Application.SetConfigs", Args=[{"application": "proxy", "config": config}])
    await world.until("unit", "proxy/0", lambda data: data["workload-status"]["current"] == "active")
    verified = await world.action("verify-ssh-credentials", "proxy/leader")
    assert (verified["status"], verified["output"]["verified"]) == ("completed", "True")


async def test_scripted_actions(sim: SimulatedController, world: World) -> None:
    def touch(call: ActionCall) -> dict[str, str]:
        if call.params["filename"] == "/":
            raise ActionFailed("is a directory", {"errno": "21"})
        return {"mode": call.params["mode"]}

    sim.world.scripts["touch"] = touch
    await world.deploy()
    done = await world.action("touch", filename="/a")
    assert (done["status"], done["output"]) == ("completed", {"return-code": 0, "mode": "w"})
    failed = await world.action("touch", filename="/")
    assert (failed["status"], failed["message"], failed["output"]["errno"]) == ("failed", "is a directory", "21")


async def test_the_leader_goes_and_the_next_one_leads(world: World) -> None:
    await world.deploy(**{"num-units": 2})
    assert (await world.action("touch", filename="x"))["output"]["unit"] == "router/0"
    await world.result("Application.DestroyUnit", units=[{"unit-tag": "unit-router-0"}])
    await world.until("unit", "router/0", lambda data: data["life"] == "gone")
    assert (await world.action("touch", filename="x"))["output"]["unit"] == "router/1"


async def test_the_last_unit_takes_its_machine_with_it(world: World) -> None:
    await world.deploy()
    await world.result("Application.DestroyApplication", applications=[{"application-tag": "application-router"}])
    await world.until("application", "router", lambda data: data["life"] == "gone")
    await world.until("machine", "0", lambda data: data["life"] == "gone")


async def test_a_kept_instance_outlives_its_machine(sim: SimulatedController, world: World) -> None:
    await world.deploy()
    await world.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "active")
    instance = sim.model("ns").machines["0"].instance_id
    with pytest.raises(Refusal, match='machine 0 has unit "router/0" assigned'):
        await world.result("MachineManager.DestroyMachineWithParams", **{"machine-tags": ["machine-0"], "keep": True})
    assert sim.model("ns").machines["0"].life == "alive"
    await world.result("Application.DestroyApplication", applications=[{"application-tag": "application-router"}])
    await world.until("machine", "0", lambda data: data["life"] == "gone")
    assert sim.model("ns").record.kept == [instance]


async def test_a_charm_goes_with_the_last_unit_that_has_it(sim: SimulatedController, world: World) -> None:
    await world.deploy()
    await world.deploy(name="other")
    await world.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "active")
    url = await world.client.upload_charm(archive(ROUTER))
    charms = sim.model("ns").charms
    assert sorted(charms) == ["local:router-0", "local:router-1", "local:router-2"]
    change = {"charm-url": url, "charm-origin": {"source": "local", "base": JAMMY}}
    await world.call("Application.SetCharm", application="router", **change, generation="master")
    await world.settle()
    assert sorted(charms) == ["local:router-1", "local:router-2"]
    await world.result("Application.DestroyApplication", applications=[{"application-tag": "application-other"}])
    await world.settle()
    assert sorted(charms) == ["local:router-2"]


async def test_manual_machines_start_when_their_script_was_run(sim: SimulatedController, world: World) -> None:
    manual = {
        "instance-id": "manual:10.0.0.9",
        "nonce": "manual:10.0.0.9:1",
        "base": {"name": "ubuntu", "channel": "22.04"},
        "hardware-characteristics": {"arch": "arm64", "mem": 2048, "cpu-cores": 2},
        "addresses": [{"value": "10.0.0.9", "type": "ipv4", "scope": "public"}],
    }
    assert (await world.result("MachineManager.AddMachines", params=[manual]))["machine"] == "0"
    asked = {"machine-id": "0", "data-dir": "/var/lib/juju", "disable-package-commands": False}
    with pytest.raises(Refusal, match="nonce"):
        await world.call("MachineManager.ProvisioningScript", **asked, nonce="another")
    script = (await world.call("MachineManager.ProvisioningScript", **asked, nonce=manual["nonce"]))["script"]
    assert world.uuid in script
    await world.settle()
    assert sim.model("ns").machines["0"].agent.current == "pending"
    sim.run_provisioning_script("ns", "0")
    machine = await world.until("machine", "0", lambda data: data["agent-status"]["current"] == "started")
    assert machine["addresses"] == manual["addresses"]


async def test_containers_wait_for_their_machine(world: World) -> None:
    placement = {"scope": "lxd", "directive": ""}
    assert (await world.result("MachineManager.AddMachines", params=[{"placement": placement}]))["machine"] == "0/lxd/0"
    await world.until("machine", "0/lxd/0", lambda data: data["agent-status"]["current"] == "started")
    with pytest.raises(Refusal, match="containers"):
        await world.result("MachineManager.DestroyMachineWithParams", **{"machine-tags": ["machine-0"]})
    await world.result("MachineManager.DestroyMachineWithParams", **{"machine-tags": ["machine-0-lxd-0"]})
    await world.until("machine", "0/lxd/0", lambda data: data["life"] == "gone")


async def test_a_model_takes_all_that_is_in_it_with_it(
    sim: SimulatedController, world: World, connect: Connect
) -> None:
    sim.on_model_dead = "told"
    for name in ("one", "two"):
        await world.deploy(name=name)
    await world.call("Application.AddRelation", endpoints=["one:gateway", "two:upstream"])
    watcher = (await world.call("Client.WatchAll"))["watcher-id"]
    await world.call("AllWatcher.Next", watcher=watcher)
    admin = await connect()
    await admin.result("ModelManager.DestroyModels", models=[{"model-tag": f"model-{world.uuid}"}])
    gone: list[tuple[str, str]] = []
    while ("model", "ns") not in gone:
        for kind, change, data in (await world.call("AllWatcher.Next", watcher=watcher))["deltas"]:
            if change == "remove":
                gone.append((kind, data.get("name", data.get("id"))))
    assert {("machine", "0"), ("application", "one"), ("unit", "two/0"), ("relation", 0)} <= set(gone)
    with pytest.raises(ConnectionResetError):
        await world.call("AllWatcher.Next", watcher=watcher)
    status = await admin.call("ModelManager.ModelStatus", entities=[{"tag": f"model-{world.uuid}"}])
    assert status["models"][0]["error"]["code"] in {"model not found", "not found"}


async def test_annotations_are_kept_and_returned(world: World) -> None:
    await world.result("MachineManager.AddMachines", params=[{}])
    for tag in (f"model-{world.uuid}", "machine-0"):
        await world.result("Annotations.Set", annotations=[{"entity": tag, "annotations": {"vca-ns": "a", "b": "c"}}])
    await world.result("Annotations.Set", annotations=[{"entity": "machine-0", "annotations": {"b": ""}}])
    found = await world.call("Annotations.Get", entities=[{"tag": "machine-0"}, {"tag": "machine-7"}])
    assert found["results"][0] == {"entity": "machine-0", "annotations": {"vca-ns": "a"}}
    assert found["results"][1]["error"]["error"]["code"] == "not found"
    watcher = (await world.call("Client.WatchAll"))["watcher-id"]
    deltas = (await world.call("AllWatcher.Next", watcher=watcher))["deltas"]
    assert {data["tag"] for kind, _, data in deltas if kind == "annotation"} == {f"model-{world.uuid}", "machine-0"}


async def test_resources_are_announced_sent_and_deployed(sim: SimulatedController, world: World) -> None:
    import base64
    import hashlib

    await world.deploy(name="first")  # the charm is in the model then
    url = "local:router-0"
    blob = {"name": "blob", "type": "file", "path": "blob.bin", "origin": "upload"}
    announced = {"tag": "application-router", "url": url, "resources": [blob]}
    pending = (await world.call("Resources.AddPendingResources", **announced))["pending-ids"][0]
    data = b"\0" * 1000
    digest = hashlib.sha384(data).hexdigest()
    path = f"/model/{world.uuid}/applications/router/resources/blob?pendingid={pending}"
    with pytest.raises(Refusal, match="fingerprint"):
        await world.client.put("PUT", path, data, {"Content-Sha384": "0"})
    await world.client.put("PUT", path, data, {"Content-Sha384": digest})
    await world.deploy(resources={"blob": pending})
    listed = await world.result("Resources.ListResources", entities=[{"tag": "application-router"}])
    fingerprint = base64.b64encode(bytes.fromhex(digest)).decode()
    assert [(one["size"], one["fingerprint"]) for one in listed["resources"]] == [(1000, fingerprint)]
    assert sim.counts.uploads[world.uuid, "resource blob", hashlib.sha256(data).hexdigest()] == 1


async def test_a_login_names_all_endpoints_and_the_connections_facades(
    sim: SimulatedController, connect: Connect, world: World
) -> None:
    async with RawClient(sim) as client:
        info = await client.login()
        names = {one["name"] for one in info["facades"]}
        assert {"ModelManager", "Cloud"} <= names
        assert "Application" not in names
        assert [[(one["value"], one["port"]) for one in server] for server in info["servers"]] == [
            [("127.0.0.1", port)] for port in sim.ports
        ]
    assert "Application" in {one["name"] for one in world.client.info["facades"]}
    assert world.client.info["model-tag"] == f"model-{world.uuid}"


async def test_steps_of_single_kinds_take_their_own_time() -> None:
    clock = Clock(steps={"machine": 3600.0})
    taken: list[str] = []
    for kind in ("machine", "unit"):
        clock.run_soon(("model", kind, "0"), partial(taken.append, kind))
    await asyncio.sleep(0.01)
    assert taken == ["unit"]
    clock.close()


async def test_keys_of_a_charms_documents_are_text(world: World) -> None:
    await world.deploy(ROUTER | {"config.yaml": "options: {on: {type: string, default: x}, 1: {type: int}}\n"})
    config = (await world.call("Application.Get", application="router"))["config"]
    assert set(config) == {"on", "1"}


async def test_who_waits_is_told_of_each_change_alone(sim: SimulatedController, world: World) -> None:
    await world.deploy()
    await world.settle()
    watcher = (await world.call("Client.WatchAll"))["watcher-id"]
    await world.call("AllWatcher.Next", watcher=watcher)  # what is there
    waits = asyncio.create_task(world.call("AllWatcher.Next", watcher=watcher))
    await world.call("Pinger.Ping")
    model = sim.model("ns")
    model.note_change("application", "router")
    model.note_change("unit", "router/0")
    first, second = await waits, await world.call("AllWatcher.Next", watcher=watcher)
    assert [[delta[0] for delta in answer["deltas"]] for answer in (first, second)] == [["application"], ["unit"]]


async def _relate(world: World) -> None:
    await world.deploy(name="far")
    await world.deploy()
    await world.call("Application.AddRelation", endpoints=["far:gateway", "router:upstream"])
    await world.settle()


@pytest.mark.parametrize("way", ["the machine is found", "the unit goes", "force"])
async def test_a_relation_is_dying_until_its_units_have_left_it(
    sim: SimulatedController, world: World, way: str
) -> None:
    await _relate(world)
    model = sim.model("ns")
    machine = model.units["far/0"].machine
    sim.lose_machine("ns", machine)
    await world.call("Application.DestroyRelation", endpoints=["far:gateway", "router:upstream"])
    await world.settle()
    assert [relation.life for relation in model.relations.values()] == ["dying"]
    match way:
        case "the machine is found":
            sim.find_machine("ns", machine)
        case "the unit goes":
            sim.remove_unit("ns", "far/0")
        case _:
            await world.call("Application.DestroyRelation", endpoints=["far:gateway", "router:upstream"], force=True)
    await world.settle()
    assert not model.relations


async def test_a_unit_in_error_keeps_its_relation_and_its_far_end(sim: SimulatedController, world: World) -> None:
    await _relate(world)
    sim.faults.hook_error("far/0", "config-changed", times=None, retry=False)
    await world.result("Application.SetConfigs", Args=[{"application": "far", "config": {"mtu": "9000"}}])
    await world.settle()
    await world.result("Application.DestroyApplication", applications=[{"application-tag": "application-router"}])
    await world.settle()
    assert sim.model("ns").applications["router"].life == "dying"
    sim.faults.clear()
    await world.result("Application.ResolveUnitErrors", tags={"entities": [{"tag": "unit-far-0"}]}, retry=True)
    await world.settle()
    assert "router" not in sim.model("ns").applications
