"""Each fault does what it says, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from vca_jujusim import Refusal, SimulatedController
from vca_jujusim.raw import RawClient

from .conftest import Connect, World, model_names

ADD = "MachineManager.AddMachines"


async def test_a_connection_is_dropped_before_or_after_the_effect(
    sim: SimulatedController, world: World, connect: Connect
) -> None:
    sim.faults.drop(ADD, "before", nth=2)
    await world.call(ADD, params=[{}])
    with pytest.raises(ConnectionResetError):
        await world.call(ADD, params=[{}])
    assert list(sim.model("ns").machines) == ["0"]
    again = await connect(world.uuid)
    sim.faults.drop(ADD, "after")
    with pytest.raises(ConnectionResetError):
        await again.call(ADD, params=[{}])
    assert list(sim.model("ns").machines) == ["0", "1"]


async def test_a_request_that_is_never_answered(sim: SimulatedController, world: World) -> None:
    sim.faults.hang(ADD)
    sim.faults.hang(ADD, "after", nth=1)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(world.call(ADD, params=[{}]), 0.05)
    assert list(sim.model("ns").machines) == ["0"]
    await world.call("Pinger.Ping")


async def test_contention_and_errors_of_single_results(sim: SimulatedController, world: World) -> None:
    sim.faults.contention(ADD, times=2)
    for _ in range(2):
        with pytest.raises(Refusal, match="state changing too quickly; try again soon") as caught:
            await world.call(ADD, params=[{}])
        assert caught.value.code == "excessive contention"
    sim.faults.result_error(ADD, "no space", "quota limit exceeded", index=1)
    sim.faults.refuse("Application.Get", "boom", model="other")
    found = (await world.call(ADD, params=[{}, {}, {}]))["machines"]
    assert [one.get("machine") for one in found] == ["0", None, "1"]
    assert found[1]["error"] == {"message": "no space", "code": "quota limit exceeded"}
    with pytest.raises(Refusal, match="not found"):
        await world.call("Application.Get", application="x")


async def test_a_restart_keeps_what_is_known_and_the_port(
    sim: SimulatedController, world: World, connect: Connect
) -> None:
    await world.deploy()
    port = sim.ports[0]
    refused = []

    async def meanwhile() -> None:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await RawClient(sim).open()
        refused.append(caught.value)

    await sim.restart(meanwhile)
    assert refused
    assert sim.ports == [port]
    with pytest.raises(ConnectionResetError):
        await world.call("Pinger.Ping")
    again = World(sim, await connect(world.uuid), world.uuid)
    await again.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "active")


async def test_dead_and_half_open_endpoints() -> None:
    async with SimulatedController(endpoints=3, dead=(0,)) as sim:
        await sim.set_endpoint(1, "half-open")
        with pytest.raises(aiohttp.ClientConnectorError):
            await RawClient(sim, endpoint=sim.endpoints[0]).open()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(RawClient(sim, endpoint=sim.endpoints[1]).open(), 0.05)
        async with RawClient(sim, endpoint=sim.endpoints[2]) as client:
            assert len((await client.login())["servers"]) == 3
        await sim.set_endpoint(0, "open")
        async with RawClient(sim, endpoint=sim.endpoints[0]) as client:
            await client.login()


async def test_a_connection_that_stalls(sim: SimulatedController, world: World) -> None:
    sim.stall("ns")
    asked = asyncio.create_task(world.call("Client.FullStatus"))
    done, _ = await asyncio.wait([asked], timeout=0.05)
    assert not done
    sim.resume()
    assert (await asked)["model"]["name"] == "ns"


async def test_watchers_that_are_stopped(sim: SimulatedController, world: World) -> None:
    watcher = (await world.call("Client.WatchAll"))["watcher-id"]
    await world.call("AllWatcher.Next", watcher=watcher)
    waiting = asyncio.create_task(world.call("AllWatcher.Next", watcher=watcher))
    await world.call("Pinger.Ping")
    sim.stop_watchers("ns")
    with pytest.raises(Refusal, match="watcher was stopped"):
        await waiting
    with pytest.raises(Refusal, match="watcher was stopped"):
        await world.call("AllWatcher.Next", watcher=watcher)
    with pytest.raises(Refusal, match="unknown watcher"):
        await world.call("AllWatcher.Next", watcher="7")


async def test_duplicate_and_late_deltas(sim: SimulatedController, world: World) -> None:
    watcher = (await world.call("Client.WatchAll"))["watcher-id"]
    await world.call("AllWatcher.Next", watcher=watcher)
    sim.faults.freeze("machine")
    sim.faults.deltas.late.times = 1
    await world.call(ADD, params=[{}])
    first = (await world.call("AllWatcher.Next", watcher=watcher))["deltas"]
    assert [(kind, data["agent-status"]["current"]) for kind, _, data in first] == [("machine", "pending")]
    sim.thaw()
    await world.settle()
    sim.faults.deltas.duplicate.times = sim.faults.deltas.duplicate.hits + 1
    deltas = (await world.call("AllWatcher.Next", watcher=watcher))["deltas"]
    assert [data["agent-status"]["current"] for _, _, data in deltas] == ["started", "started", "pending", "pending"]


@pytest.mark.parametrize("retry", [True, False])
async def test_hooks_that_fail(sim: SimulatedController, world: World, *, retry: bool) -> None:
    sim.faults.hook_error("router/*", times=1, retry=retry)
    await world.deploy()
    failed = await world.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "error")
    assert failed["workload-status"]["message"] == 'hook failed: "install"'
    if not retry:
        await world.settle()
        assert sim.model("ns").units["router/0"].workload.current == "error"
        await world.result("Application.ResolveUnitErrors", tags={"entities": [{"tag": "unit-router-0"}]}, retry=True)
    await world.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "active")


async def test_a_unit_in_error_goes_by_force_only(sim: SimulatedController, world: World) -> None:
    sim.faults.hook_error(times=None, retry=False)
    await world.deploy()
    await world.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "error")
    destroy = {"application-tag": "application-router"}
    await world.result("Application.DestroyApplication", applications=[destroy])
    await world.settle()
    assert "router" in sim.model("ns").applications
    await world.result("Application.DestroyApplication", applications=[destroy | {"force": True}])
    await world.until("application", "router", lambda data: data["life"] == "gone")


async def test_units_that_are_blocked(sim: SimulatedController, world: World) -> None:
    sim.faults.block("router/0", "needs a licence")
    await world.deploy()
    unit = await world.until("unit", "router/0", lambda data: data["agent-status"]["current"] == "idle")
    assert unit["workload-status"] | {"since": ""} == unit["workload-status"] | {
        "current": "blocked",
        "message": "needs a licence",
        "since": "",
    }


async def test_machines_that_cannot_be_had_and_are_asked_for_again(sim: SimulatedController, world: World) -> None:
    sim.faults.provisioning_error("0", "no such image")
    await world.call(ADD, params=[{}])
    machine = await world.until("machine", "0", lambda data: data["instance-status"]["current"] == "provisioning error")
    assert (machine["instance-status"]["message"], machine["agent-status"]["current"]) == ("no such image", "pending")
    await world.result("MachineManager.RetryProvisioning", machines=["machine-0"])
    await world.until("machine", "0", lambda data: data["agent-status"]["current"] == "started")


async def test_machines_that_are_lost(sim: SimulatedController, world: World) -> None:
    await world.deploy()
    await world.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "active")
    await world.call(ADD, params=[{}])
    sim.faults.freeze("machine")
    await world.call(ADD, params=[{}])
    sim.lose_machine("ns", "0")
    sim.lose_machine("ns", "2")
    status = await world.call("Client.FullStatus")
    unit = status["applications"]["router"]["units"]["router/0"]
    words = (status["machines"]["0"]["agent-status"], unit["agent-status"], unit["workload-status"])
    assert [word["status"] for word in words] == ["down", "lost", "unknown"]
    assert status["machines"]["2"]["agent-status"]["status"] == "pending"  # it never came
    for kind, key, word in (("machine", "0", "started"), ("unit", "router/0", "idle")):
        delta = await world.until(kind, key, lambda data: True)
        assert delta["agent-status"]["current"] == word  # no watcher tells of it
    sim.find_machine("ns", "0")
    status = await world.call("Client.FullStatus")
    assert status["machines"]["0"]["agent-status"]["status"] == "started"


@pytest.mark.parametrize("outcome", ["failed", "cancelled", "aborted", "error"])
async def test_actions_that_end_badly(sim: SimulatedController, world: World, outcome: str) -> None:
    sim.faults.action("touch", outcome, message="why", output={"half": "done"})  # type: ignore[arg-type]
    await world.deploy()
    found = await world.action("touch", filename="x")
    assert (found["status"], found["message"], found["output"]) == (outcome, "why", {"half": "done"})
    assert (await world.action("touch", filename="x"))["status"] == "completed"


async def test_actions_that_hang_until_they_are_cancelled(sim: SimulatedController, world: World) -> None:
    sim.faults.action("touch", "hang")
    await world.deploy()
    asked = {"receiver": "router/leader", "name": "touch", "parameters": {"filename": "x"}}
    tag = (await world.result("Action.EnqueueOperation", actions=[asked]))["action"]["tag"]
    await world.until("action", tag.removeprefix("action-"), lambda data: data["status"] == "running")
    await world.result("Action.Cancel", entities=[{"tag": tag}])
    await world.until("action", tag.removeprefix("action-"), lambda data: data["status"] == "aborted")


async def test_a_pending_action_is_cancelled_with_its_unit(sim: SimulatedController, world: World) -> None:
    sim.faults.freeze("machine")
    await world.deploy()
    asked = {"receiver": "unit-router-0", "name": "touch", "parameters": {"filename": "x"}}
    tag = (await world.result("Action.EnqueueOperation", actions=[asked]))["action"]["tag"]
    sim.remove_application("ns", "router")
    gone = await world.until("action", tag.removeprefix("action-"), lambda data: data["status"] == "cancelled")
    assert gone["message"] == "unit removed"


async def test_a_model_stuck_in_dying(sim: SimulatedController, world: World, connect: Connect) -> None:
    sim.faults.freeze("model", "ns")
    admin = await connect()
    await admin.result("ModelManager.DestroyModels", models=[{"model-tag": f"model-{world.uuid}"}])
    await world.settle()
    status = await admin.result("ModelManager.ModelStatus", entities=[{"tag": f"model-{world.uuid}"}])
    assert status["life"] == "dying"
    with pytest.raises(Refusal, match="no longer alive"):
        await world.result(ADD, params=[{}])
    sim.thaw()
    await world.wait_removed()


@pytest.mark.parametrize("how", ["close", "heard", "nothing"])
async def test_a_dead_model_has_its_name_and_nothing_else(
    sim: SimulatedController, world: World, connect: Connect, how: Any
) -> None:
    sim.on_model_dead = how
    sim.faults.freeze("dead model", "ns")
    admin = await connect()
    watcher = (await world.call("Client.WatchAll"))["watcher-id"]
    await world.call("AllWatcher.Next", watcher=watcher)
    heard: list[Any] = []

    async def watch() -> None:
        try:
            while True:
                heard.extend((await world.call("AllWatcher.Next", watcher=watcher))["deltas"])
        except (Refusal, ConnectionResetError) as error:
            heard.append(str(error))

    watching = asyncio.create_task(watch())
    sim.remove_model("ns")
    while sim.model("ns").record.life != "dead" or not heard:
        await asyncio.sleep(0.005)
    if how == "close":
        assert heard[-1] in {"watcher was stopped", "connection is shut down"}
    else:
        assert heard[-1][:2] == ["model", "remove"] or heard[-1] == "connection is shut down"
    watching.cancel()
    with pytest.raises(Refusal, match="unknown model") as caught:
        await connect(world.uuid)
    assert caught.value.code == "model not found"
    for request in ("ModelManager.ModelStatus", "ModelManager.ModelInfo"):
        with pytest.raises(Refusal, match="unknown model"):
            await admin.result(request, entities=[{"tag": f"model-{world.uuid}"}])
    with pytest.raises(Refusal, match="already exists"):
        await admin.call("ModelManager.CreateModel", **{"name": "ns", "owner-tag": "user-admin"})
    assert "ns" in await model_names(admin)
    sim.thaw()
    await world.wait_removed()
    with pytest.raises(Refusal, match="has been removed"):
        await connect(world.uuid)


async def test_what_others_remove(sim: SimulatedController, world: World) -> None:
    await world.deploy(**{"num-units": 2})
    await world.until("unit", "router/1", lambda data: data["workload-status"]["current"] == "active")
    sim.remove_unit("ns", "router/0")
    sim.remove_machine("ns", "1")
    for machine in ("0", "1"):
        await world.until("machine", machine, lambda data: data["life"] == "gone")
    sim.remove_model("ns")
    await world.wait_removed()


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("redirect", "redirection required"),
        ("redirect-info", "redirection required"),
    ],
)
async def test_logins_that_are_sent_elsewhere(sim: SimulatedController, trouble: str, code: str) -> None:
    sim.faults.login = trouble  # type: ignore[assignment]
    async with RawClient(sim) as client:
        with pytest.raises(Refusal) as caught:
            await client.login()
        assert caught.value.code == code
        if trouble == "redirect":
            assert caught.value.info["servers"][0][0]["port"] == sim.ports[0]
        if trouble == "redirect-info":
            assert (await client.call("Admin.RedirectInfo"))["ca-cert"] == sim.ca_cert
    assert sim.counts.failed_logins == 0


async def test_a_migrating_model_takes_logins_and_answers_little_else(sim: SimulatedController, world: World) -> None:
    sim.faults.login, sim.faults.login_of = "migrating", "model"
    async with RawClient(sim, world.uuid) as client:
        await client.login()
        await client.call("Client.FullStatus", patterns=[])
        with pytest.raises(Refusal, match="model migration in progress"):
            await client.call("Client.WatchAll")


async def test_logins_that_need_a_macaroon_or_meet_an_upgrade(sim: SimulatedController) -> None:
    sim.faults.login = "discharge"
    async with RawClient(sim) as client:
        assert (await client.login())["discharge-required"]["m"]
        sim.faults.login = "upgrading"
        await client.login()
        with pytest.raises(Refusal) as caught:
            await client.call("Cloud.Clouds")
        assert caught.value.code == "upgrade in progress"


async def test_what_is_counted(sim: SimulatedController, world: World) -> None:
    with pytest.raises(Refusal):
        async with RawClient(sim) as client:
            await client.login("admin", "wrong")
    await world.deploy()
    await world.call("Pinger.Ping")
    counts = sim.counts
    assert (counts.opened, counts.peak, counts.failed_logins) == (3, 3, 1)
    assert counts.requests["Application.Deploy"] == 1
    assert counts.total == 5  # three logins, CreateModel and Deploy; no ping and no upload
    assert [key[1] for key in counts.uploads] == ["charm"]
    counts.reset()
    assert (counts.total, counts.peak) == (0, counts.open)


async def test_uploads_that_fail(sim: SimulatedController, world: World) -> None:
    sim.faults.drop("charms.upload", "after")
    with pytest.raises(aiohttp.ClientError):
        await world.deploy()
    assert len(sim.model("ns").charms) == 1
    sim.faults.refuse("charms.upload", "no room", "quota limit exceeded")
    with pytest.raises(Refusal, match="no room"):
        await world.deploy()
    await world.deploy()


async def test_connections_that_are_not_taken(sim: SimulatedController) -> None:
    sim.faults.refuse("connect", "too many connections")
    sim.faults.drop("connect", times=2)  # this client tries again once by itself
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await RawClient(sim).open()
    assert caught.value.status == 503
    with pytest.raises(aiohttp.ClientError):
        await RawClient(sim).open()
    async with RawClient(sim) as client:
        await client.login()
    assert sim.counts.opened == 1


async def test_a_failed_hook_that_is_left_as_it_is(sim: SimulatedController, world: World) -> None:
    sim.faults.hook_error(hook="start", times=None, retry=False)
    await world.deploy()
    await world.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "error")
    tags = {"entities": [{"tag": "unit-router-0"}]}
    await world.result("Application.ResolveUnitErrors", tags=tags, retry=False)
    await world.until("unit", "router/0", lambda data: data["workload-status"]["current"] == "active")


async def test_an_upgrade_ends_for_those_who_log_in_afterwards(
    sim: SimulatedController, world: World, connect: Connect
) -> None:
    sim.upgrade(refusals=2)
    with pytest.raises(ConnectionResetError):
        await world.call("Pinger.Ping")
    during = await connect(world.uuid)
    for _ in range(3):
        with pytest.raises(Refusal, match="upgrade in progress"):
            await during.call("Client.WatchAll")
    await during.call("Client.FullStatus")
    await (await connect(world.uuid)).call("Client.WatchAll")


async def test_requests_may_be_answered_in_any_order(sim: SimulatedController, world: World) -> None:
    sim.faults.disorder = 50
    answered: list[int] = []

    async def ask(number: int) -> None:
        await world.call("Pinger.Ping")
        answered.append(number)

    await asyncio.gather(*(ask(number) for number in range(30)))
    assert sorted(answered) == list(range(30))
    assert answered != sorted(answered)


async def test_a_late_request_to_a_stopped_watcher_disturbs_no_other(world: World) -> None:
    stopped = (await world.call("Client.WatchAll"))["watcher-id"]
    await world.call("AllWatcher.Stop", watcher=stopped)
    watcher = (await world.call("Client.WatchAll"))["watcher-id"]
    with pytest.raises(Refusal, match="unknown watcher"):  # it was sent before, and overtaken
        await world.call("AllWatcher.Next", watcher=stopped)
    assert (await world.call("AllWatcher.Next", watcher=watcher))["deltas"]
