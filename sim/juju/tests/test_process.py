"""The controller in a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from vca_jujusim import SimulatedController
from vca_jujusim.__main__ import main
from vca_jujusim.raw import RawClient, archive

from .conftest import JAMMY, ROUTER


class Process:
    """What a `RawClient` needs to know of a controller elsewhere."""

    tls_hostname = "juju-apiserver"

    def __init__(self, process: asyncio.subprocess.Process, first_line: dict[str, Any]) -> None:
        self.process = process
        self.endpoint = first_line["endpoints"][0]
        self.username, self.password = first_line["username"], first_line["password"]
        self.ca_cert = Path(first_line["ca_file"]).read_text()

    def client(self, model: str | None = None) -> RawClient:
        return RawClient(cast("SimulatedController", self), model)

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return await self.process.wait()


@asynccontextmanager
async def start(folder: Path, *arguments: str) -> AsyncIterator[Process]:
    command = [sys.executable, "-m", "vca_jujusim", "--write-config", str(folder / "vca.yaml"), *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield Process(process, json.loads(await process.stdout.readline()))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_killed_and_started_again_it_knows_all_and_goes_on(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "world.db"))
    async with start(tmp_path, "--port", "0", "--latency", "0.3", *state) as first:
        port = first.endpoint.rpartition(":")[2]
        async with first.client() as admin:
            await admin.login()
            await admin.result("UserManager.AddUser", users=[{"username": "osm", "password": "pw"}])
            uuid = (await admin.call("ModelManager.CreateModel", **{"name": "ns", "owner-tag": "user-admin"}))["uuid"]
        async with first.client(uuid) as client:
            await client.login()
            asked = {"application": "router", "charm-url": await client.upload_charm(archive(ROUTER)), "num-units": 1}
            asked |= {"charm-origin": {"base": JAMMY}, "config": {"mtu": "9000"}}
            await client.result("Application.Deploy", applications=[asked])
            run = {"receiver": "router/leader", "name": "touch", "parameters": {"filename": "x"}}
            tag = (await client.result("Action.EnqueueOperation", actions=[run]))["action"]["tag"]
        assert await first.end(signal.SIGKILL) == -signal.SIGKILL
    async with start(tmp_path, "--port", port, *state) as second:
        assert (second.endpoint, second.password, second.ca_cert) == (first.endpoint, first.password, first.ca_cert)
        async with second.client(uuid) as client:
            await client.login()
            watcher = (await client.call("Client.WatchAll"))["watcher-id"]
            seen: dict[tuple[str, str], Any] = {}
            while seen.get(("action", tag[7:]), {}).get("status") != "completed":
                for kind, _, data in (await client.call("AllWatcher.Next", watcher=watcher))["deltas"]:
                    seen[kind, data.get("id", data.get("name"))] = data
            assert seen["unit", "router/0"]["workload-status"]["current"] == "active"
            config = (await client.call("Application.Get", application="router"))["config"]
            assert config["mtu"]["value"] == 9000
        async with second.client() as other:
            await other.login("osm", "pw")
        assert await second.end(signal.SIGTERM) == 0


async def test_the_config_that_it_writes_has_five_lines(tmp_path: Path) -> None:
    counts = tmp_path / "counts.json"
    async with start(tmp_path, "--port", "0", "--endpoints", "3", "--counts", str(counts)) as process:
        text = (tmp_path / "vca.yaml").read_text()
        assert len(text.splitlines()) == 5
        options = yaml.safe_load(text)["connectors"]["edge"]["options"]
        assert len(options["endpoints"]) == 3
        assert options | {"endpoints": []} == {
            "endpoints": [],
            "username": "admin",
            "secret": process.password,
            "ca_cert": str(tmp_path / "ca.pem"),
        }
        async with process.client() as client:
            await client.login()
        assert await process.end(signal.SIGINT) == 0
    assert json.loads(counts.read_text())["requests"] == {"Admin.Login": 1}


async def test_the_state_of_a_world_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    async with SimulatedController(state=path) as sim, RawClient(sim) as admin:
        await admin.login()
        for name in ("one", "two"):
            await admin.call("ModelManager.CreateModel", **{"name": name, "owner-tag": "user-admin"})
        uuid = sim.model("one").record.uuid
        async with RawClient(sim, uuid) as client:
            await client.login()
            await client.call("MachineManager.AddMachines", params=[{}, {}])
            marked = [{"entity": "machine-1", "annotations": {"vca": "ns"}}]
            await client.call("Annotations.Set", annotations=marked)
            await client.call(
                "MachineManager.DestroyMachineWithParams", **{"machine-tags": ["machine-0"], "force": True}
            )
            await admin.result(
                "ModelManager.DestroyModels", models=[{"model-tag": f"model-{sim.model('two').record.uuid}"}]
            )
            while not sim.clock.is_idle:
                await client.call("Pinger.Ping")
        before = sim.model("one").machines
    async with SimulatedController(state=path) as again:
        assert sorted(model.record.name for model in again.world.models.values()) == ["controller", "one"]
        assert again.model("one").machines == before
        assert (list(before), before["1"].annotations) == (["1"], {"vca": "ns"})
        assert (again.world.uuid, again.password, again.ca_cert) == (sim.world.uuid, sim.password, sim.ca_cert)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM entity WHERE kind = 'model'").fetchone() == (2,)
    database.close()
    assert path.stat().st_mode & 0o077 == 0


async def refusal(*arguments: str) -> str:
    """Start one in vain; what it says."""
    command = [sys.executable, "-m", "vca_jujusim", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"Traceback" not in errors
    return errors.decode().splitlines()[-1]


async def test_what_cannot_be_served_is_reported_in_one_line(tmp_path: Path) -> None:
    state, broken = str(tmp_path / "world.db"), tmp_path / "broken.db"
    broken.write_text("no database at all")
    async with SimulatedController(state=Path(state)) as sim:
        used = str(sim.ports[0])
        outputs = await asyncio.gather(
            refusal("--port", used),
            refusal("--port", "70000"),
            refusal("--endpoints", "0"),
            refusal("--latency", "-1"),
            refusal("--port", "0", "--state", str(broken)),
            refusal("--port", "0", "--state", state),
            refusal("--port", "0", "--ca-file", str(tmp_path / "none" / "ca.pem")),
        )
    assert [
        words in line
        for words, line in zip(
            (f"port {used}", "70000", "--endpoints", "--latency", "not a database", "locked", "ca.pem"),
            outputs,
            strict=True,
        )
    ] == [True] * 7
    assert "another username or password" in await refusal("--port", "0", "--state", state, "--username", "bob")
    assert "another username or password" in await refusal("--port", "0", "--state", state, "--password", "other")


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        ("--port", "http", "a whole number from 0 to 65535"),
        ("--endpoints", "101", "a whole number from 1 to 100"),
        ("--latency", "nan", "a finite number of seconds, 0 or more"),
        ("--latency", "0,5", "a finite number of seconds, 0 or more"),
        ("--state", "absent/world.db", "a file in a folder that is there"),
        ("--ca-file", "absent/ca.pem", "a file in a folder that is there"),
        ("--write-config", "absent/vca.yaml", "a file in a folder that is there"),
        ("--counts", "absent/counts.json", "a file in a folder that is there"),
        ("--counts", "/", "a file in a folder that is there"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected(
    option: str, text: str, expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["vca-jujusim", option, text])
    with pytest.raises(SystemExit):
        main()
    assert f"argument {option}: expected {expected}, got {text!r}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("machine=1,foo=1", "expected KIND=SECONDS, of the kinds machine, unit, action, "),
        ("foo=1", "got 'foo'"),
        ("unit", "expected a finite number of seconds, 0 or more, got ''"),
    ],
)
def test_a_wrong_step_is_refused_with_those_that_there_are(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["vca-jujusim", "--steps", text])
    with pytest.raises(SystemExit):
        main()
    error = capsys.readouterr().err.splitlines()[-1]
    assert "argument --steps: " in error
    assert said in error
