"""Two processes on one store and one system, as an orchestrator and people beside it: none undoes what another wrote.

One is driven by the test, and killed; the other ones are the command, and this process.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import copy_service, ended, started
from support.driven import driven
from support.mongo import mongo_server, mongo_url

from vca_core import Vca
from vca_core.errors import NotFound

__all__ = ["mongo_server", "mongo_url"]

NS = ".demo.extra"
RECORDS = "vca_execution_environments"
HOME: dict[str, Any] = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}
OTHER: dict[str, Any] = {"collection": "nsrs", "filter": {"_id": "op"}, "path": "vca"}
STUCK = "      script: [{operation: exec_primitive, primitive: show-routes, hang: true}]\n      state:"


@pytest.fixture(params=["sqlite", "mongodb"])
async def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = copy_service(tmp_path / "tree", 0)
    url = "sqlite:///vca-status.db" if request.param == "sqlite" else request.getfixturevalue("mongo_url")
    with (folder / "vca.yaml").open("a") as config:
        config.write(f"store: {url}\n")
    async with Vca.from_config(folder / "vca.yaml", environ={}) as vca:
        for name in ("ns", "op"):
            await vca.store.ensure("nsrs", {"_id": name})
    return folder


async def vca(folder: Path, *arguments: str) -> str:
    code, output = await ended(folder, *arguments)
    assert code == 0, output
    return output


async def standing(folder: Path, ee_id: str) -> tuple[dict[str, Any], dict[str, Any], list[Any]]:
    """What an EE's home, its record and the listing say."""
    async with Vca.from_config(folder / "vca.yaml", environ={}) as looking:
        document = await looking.store.get("nsrs", {"_id": "ns"}) or {}
        record = await looking.store.get(RECORDS, {"ee_id": ee_id}) or {}
        listed = await looking.connector().list_execution_environments(NS)
    kept = {name: value for name, value in record.items() if name not in {"generation", "owner", "revision"}}
    return document.get("vca", {}), kept, listed


async def refresh(folder: Path, ee_id: str) -> dict[str, Any]:
    """What an EE's home says when this process has asked the backend for it."""
    async with Vca.from_config(folder / "vca.yaml", environ={}) as looking:
        await looking.connector().refresh_status(ee_id)
        document = await looking.store.get("nsrs", {"_id": "ns"}) or {}
    home: dict[str, Any] = document["vca"]
    return home


def status_of(home: dict[str, Any]) -> tuple[str, str, str]:
    return home["status"], home["VCA-status"], home["entity-type"]


@pytest.mark.parametrize("first", ["connected", "killed"])
async def test_commands_leave_the_ee_of_another_process_alone(folder: Path, first: str) -> None:
    async with driven(folder / "vca.yaml") as orchestrator:
        ee_id, _ = await orchestrator.do("create_execution_environment", namespace=NS, db_dict=HOME)
        assert await orchestrator.do("install_configuration_sw", ee_id=ee_id, artifact_path="simple-router") is None
        if first == "killed":
            await orchestrator.kill()
        before = await standing(folder, ee_id)
        assert status_of(before[0]) == ("completed", "active", "unit")
        await vca(folder, "run", ee_id, "show-routes")
        await vca(folder, "apply", "service.yaml")
        report = json.loads(await vca(folder, "--json", "status", "--refresh"))
        assert {one["status"] for one in report["services"][0]["vnfs"].values()} == {"completed"}
        assert await refresh(folder, ee_id) == before[0]
        assert await standing(folder, ee_id) == before
        if first == "connected":
            assert await orchestrator.do("refresh_status", ee_id=ee_id) == "completed"
            assert await standing(folder, ee_id) == before
        await vca(folder, "delete", "demo", "--yes")
        home, record, listed = await standing(folder, ee_id)
        assert (status_of(home), record, listed) == (("completed", "deleted", "operation"), {}, [])
        if first == "connected":
            assert await orchestrator.do("refresh_status", ee_id=ee_id) == "NotFound"
            assert (await standing(folder, ee_id))[0] == home


async def test_of_two_applies_at_once_the_second_finds_all_done(folder: Path) -> None:
    first, second = await asyncio.gather(*(ended(folder, "apply", "service.yaml") for _ in range(2)))
    assert (first[0], second[0]) == (0, 0), (first, second)
    outputs = sorted((first[1], second[1]), key=lambda output: "Nothing to do" in output)
    assert "NS demo is up." in outputs[0]
    assert "Nothing to do: NS demo was up already." in outputs[1]
    assert ": running" not in outputs[1]
    async with Vca.from_config(folder / "vca.yaml", environ={}) as looking:
        assert len(await looking.connector().list_execution_environments(".demo")) == 3


async def test_an_apply_goes_on_when_the_one_before_it_was_killed(folder: Path) -> None:
    config = folder / "vca.yaml"
    text = config.read_text()
    config.write_text(text.replace("latency: 0", "latency: 3600"))
    killed = await started(folder, "apply", "service.yaml")
    assert killed.stdout is not None
    while b"create: running" not in await killed.stdout.readline():
        pass
    waiting = await started(folder, "apply", "service.yaml")
    assert waiting.stdout is not None
    told = (await waiting.stdout.readline()).decode()
    assert told.startswith(f"Waiting for another `vca apply` of NS demo (process {killed.pid} on host "), told
    config.write_text(text)
    waiting.kill()
    killed.kill()
    await asyncio.gather(waiting.communicate(), killed.communicate())
    assert "NS demo is up." in await vca(folder, "apply", "service.yaml")


async def test_a_failure_outlives_its_process_until_somebody_operates(folder: Path) -> None:
    async with driven(folder / "vca.yaml") as orchestrator:
        ee_id, _ = await orchestrator.do("create_execution_environment", namespace=NS, db_dict=HOME)
        await orchestrator.do("install_configuration_sw", ee_id=ee_id, artifact_path="simple-router")
        failed = await orchestrator.do("exec_primitive", ee_id=ee_id, primitive_name="no-such", db_dict=HOME)
        assert failed == "BadArguments"
        await orchestrator.kill()
    home, record, _ = await standing(folder, ee_id)
    assert (home["status"], record["has_failed"]) == ("failed", True)
    assert await refresh(folder, ee_id) == home
    await vca(folder, "run", ee_id, "show-routes")
    _, record, _ = await standing(folder, ee_id)
    assert not record["has_failed"]
    assert status_of(await refresh(folder, ee_id)) == ("completed", "active", "unit")


async def test_what_a_kill_ended_is_running_until_somebody_asks(folder: Path) -> None:
    (folder / "stuck.yaml").write_text((folder / "vca.yaml").read_text().replace("      state:", STUCK))
    async with driven(folder / "stuck.yaml") as orchestrator:
        ee_id, _ = await orchestrator.do("create_execution_environment", namespace=NS, db_dict=HOME)
        await orchestrator.do("install_configuration_sw", ee_id=ee_id, artifact_path="simple-router")
        await orchestrator.begin("exec_primitive", ee_id=ee_id, primitive_name="show-routes", db_dict=HOME)
        await orchestrator.stores("running")
        await orchestrator.kill()
    home, record, _ = await standing(folder, ee_id)
    assert status_of(home) == ("running", "running", "operation")
    assert (home["detailed-status"], record["has_failed"]) == ("exec_primitive", False)
    assert status_of(await refresh(folder, ee_id)) == ("completed", "active", "unit")


async def test_a_create_that_a_kill_ended_can_be_gone_on_with(folder: Path) -> None:
    text = (folder / "vca.yaml").read_text()
    (folder / "stuck.yaml").write_text(text.replace("latency: 0", "latency: 3600"))
    async with driven(folder / "stuck.yaml") as orchestrator:
        await orchestrator.begin("create_execution_environment", namespace=NS, db_dict=HOME)
        await orchestrator.stores("pending")
        await orchestrator.kill()
    async with Vca.from_config(folder / "vca.yaml", environ={}) as second:
        document = await second.store.get("nsrs", {"_id": "ns"}) or {}
        assert status_of(document["vca"]) == ("pending", "pending", "machine")
        ee_id = document["vca"]["ee_id"]
        found, _ = await second.connector().create_execution_environment(NS, reuse_ee_id=ee_id)
        assert found == ee_id
        assert status_of((await standing(folder, ee_id))[0]) == ("completed", "started", "machine")
        await second.connector().delete_execution_environment(ee_id, OTHER)
        assert status_of((await standing(folder, ee_id))[0]) == ("completed", "deleted", "operation")
        with pytest.raises(NotFound):
            await second.connector().refresh_status(ee_id)
