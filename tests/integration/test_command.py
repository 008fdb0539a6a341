"""`vca apply` as a process: interrupted, killed, and two at once, it leaves one service that can be finished."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from support.commands import copy_service, ended, started

MOMENTS = int(os.environ.get("VCA_KILLS", "10"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_service(tmp_path / "undisturbed")


def world(folder: Path) -> dict[str, Any]:
    """What exists in the fake: without times, and without what differs from run to run."""
    connection = sqlite3.connect(folder / "world.db")
    [(content,)] = connection.execute("SELECT content FROM models").fetchall()
    rows = connection.execute("SELECT name, content FROM applications").fetchall()
    connection.close()
    model = json.loads(content)
    applications = {
        name: {
            "charm": entry["charm"]["name"],
            "config": entry["config"],
            "states": [(state["entity"]["kind"], state["native"]) for state in entry["states"]],
            "units": entry["units_so_far"],
        }
        for name, entry in ((name, json.loads(row)) for name, row in rows)
    }
    relations = [sorted(map(str, pair)) for pair in model["relations"]]
    return {"applications": applications, "relations": sorted(relations), "machines": model["machines_so_far"]}


def done_in(output: str) -> set[str]:
    return {line.removesuffix(": done") for line in output.splitlines() if line.endswith(": done")}


def run_in(output: str) -> set[str]:
    return {line.removesuffix(": running") for line in output.splitlines() if line.endswith(": running")}


async def test_a_kill_at_any_moment_loses_and_repeats_nothing(folder: Path, tmp_path: Path) -> None:
    code, output = await ended(folder, "apply", "service.yaml")
    assert code == 0, output
    expected = world(folder)
    moments = random.Random(2026)  # noqa: S311 - the same moments each time
    slots = asyncio.Semaphore(3)

    async def kill(number: int, lines: int, pause: float) -> None:
        """Kill it when it has printed some lines, or a moment later."""
        async with slots:
            place = copy_service(tmp_path / f"killed{number}")
            process = await started(place, "apply", "service.yaml")
            assert process.stdout is not None
            printed = ""
            for _ in range(lines):
                printed += (await process.stdout.readline()).decode()
            await asyncio.sleep(pause)
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            printed += (await process.stdout.read()).decode()
            await process.wait()
            again, output = await ended(place, "apply", "service.yaml")
            assert again == 0, (number, lines, pause, output)
            assert world(place) == expected, (number, lines, pause)
            assert done_in(printed) & run_in(output) == set(), (number, printed, output)
            shutil.rmtree(place.parent)

    async with asyncio.TaskGroup() as kills:
        for number in range(MOMENTS):
            kills.create_task(kill(number, moments.randrange(55), moments.uniform(0, 0.02)))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_an_interrupted_run_cleans_up_says_how_to_go_on_and_does(
    folder: Path, number: signal.Signals, code: int
) -> None:
    process = await started(folder, "apply", "service.yaml")
    assert process.stdout is not None
    while b"install" not in await process.stdout.readline():
        pass
    process.send_signal(number)
    output = (await process.stdout.read()).decode()
    assert await process.wait() == code
    assert "run `vca apply service.yaml` again, and it goes on from there" in output
    assert "Traceback" not in output
    again, again_output = await ended(folder, "apply", "service.yaml")
    assert again == 0
    assert (
        "core: create: kept" in again_output
        or "edge: create: kept" in again_output
        or "cache: create: kept" in again_output
    )


async def test_a_pipe_gets_plain_lines(folder: Path) -> None:
    _, output = await ended(folder, "apply", "service.yaml")
    assert "\x1b" not in output
