"""``vca status --watch``: it may be begun before there is anything to see."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.commands import ended, environment

Process = asyncio.subprocess.Process


class Watches:
    """Watches of the command, which end with the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[Process] = []

    async def start(self, *options: str) -> tuple[Process, asyncio.StreamReader, asyncio.StreamReader]:
        """Start a watch of the NS `demo`, and give it with what it prints."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "vca_core.cli", *options, "status", "--watch", "demo",
            cwd=self._folder, env=environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._running.append(process)
        assert process.stdout is not None
        assert process.stderr is not None
        return process, process.stdout, process.stderr

    async def close(self) -> None:
        """End those that are left."""
        for process in self._running:
            if process.returncode is None:
                process.kill()
            await process.communicate()


@pytest.fixture
async def watches(service: Path) -> AsyncIterator[Watches]:
    made = Watches(service)
    yield made
    await made.close()


async def test_a_watch_waits_for_an_ns_that_is_not_there(service: Path, watches: Watches) -> None:
    _, shown, said = await watches.start()
    assert (await said.readline()).startswith(b"Waiting: no NS demo was brought up with `vca apply` in this store")
    assert (await ended(service, "apply", "service.yaml"))[0] == 0
    assert (await shown.readline()).decode().split()[:2] == ["NS", "VNF"]
    assert (await shown.readline()).decode().startswith("demo ")


async def test_a_watch_that_waits_prints_no_json_and_ends_by_ctrl_c(watches: Watches) -> None:
    process, shown, said = await watches.start("--json")
    assert (await said.readline()).startswith(b"Waiting: ")
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 0
    assert await shown.read() == b""


async def test_a_watch_ends_with_the_ns_that_it_has_shown(service: Path, watches: Watches) -> None:
    assert (await ended(service, "apply", "service.yaml"))[0] == 0
    process, shown, _ = await watches.start("--json")
    first = b""
    while not first.endswith(b"\n}\n"):
        first += await shown.readline()
    assert json.loads(first)["services"][0]["ns"] == "demo"
    reading = asyncio.create_task(shown.read())
    assert (await ended(service, "delete", "demo", "--yes"))[0] == 0
    assert await process.wait() == 1
    assert b"no NS demo was brought up" in await reading


async def test_without_a_watch_an_ns_that_is_not_there_is_an_error(service: Path) -> None:
    code, output = await ended(service, "status", "demo")
    assert code == 1
    assert "no NS demo was brought up with `vca apply` in this store" in output
