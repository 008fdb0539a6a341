"""What lives on machines cost, in requests, connections, tasks and turns of the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.juju import connected, installed, proxy_charm

from vca_core import Connector
from vca_jujusim import SimulatedController

SSH = {"ssh-hostname": "10.9.9.9", "ssh-username": "osm", "ssh-password": "canary-3f9a"}
UNCOUNTED = ("Pinger.Ping", "AllWatcher.Next", "ModelManager.ListModels", "charms.upload")
"""Uploads, and what waits for all lives together: how often that is asked depends on how long others take."""


async def life(connector: Connector, ns: str) -> None:
    """From create to the end of the NS."""
    ee_id = await installed(connector, "proxy", f"{ns}.vnf1")
    await connector.exec_primitive(ee_id, "config", SSH)
    await connector.exec_primitive(ee_id, "touch")
    await connector.delete_execution_environment(ee_id)
    await connector.delete_namespace(ns)


def requests_of(controller: SimulatedController) -> int:
    """How many requests came so far."""
    return sum(number for name, number in controller.counts.requests.items() if name not in UNCOUNTED)


@pytest.mark.parametrize("lives", [1, 20])
async def test_a_life_costs_a_connection_and_16_requests(
    controller: SimulatedController, tmp_path: Path, lives: int
) -> None:
    proxy_charm(tmp_path)
    async with connected(controller, tmp_path) as connector:
        await life(connector, ".warm")
        asked, opened = requests_of(controller), controller.counts.opened
        await asyncio.gather(*(life(connector, f".ns{number}") for number in range(lives)))
        assert requests_of(controller) - asked <= 16 * lives
        assert controller.counts.opened - opened == lives  # one for each model; the controller's was open


OURS = contextvars.ContextVar("ours", default=False)
"""Whether something is done for a life: what the controller does, in the same loop, is not."""


@contextmanager
def counting(counts: Counter[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Count the tasks that are made, and the callbacks that the event loop is asked to call, for lives."""
    loop = asyncio.get_running_loop()

    def counted(of: Any, name: str) -> None:
        plain = getattr(of, name)

        def call(*args: Any, context: contextvars.Context | None = None, **more: Any) -> Any:
            if OURS.get() if context is None else context.get(OURS, False):
                counts[name] += 1
            return plain(*args, **more, **({} if context is None else {"context": context}))

        monkeypatch.setattr(of, name, call)

    for name in ("call_soon", "call_at", "create_task"):
        counted(loop, name)
    counted(ThreadPoolExecutor, "submit")
    token = OURS.set(True)
    try:
        yield
    finally:
        OURS.reset(token)
        monkeypatch.undo()


async def test_a_life_costs_few_tasks_callbacks_timers_and_threads(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = 5
    for path in [proxy_charm(tmp_path), *proxy_charm(tmp_path).rglob("*")]:
        os.utime(path, (1, 1))  # what changed just now is looked at again
    counts: Counter[str] = Counter()
    async with connected(controller, tmp_path) as connector:
        await life(connector, ".warm")
        with counting(counts, monkeypatch):
            for number in range(lives):
                await life(connector, f".ns{number}")
    assert counts["create_task"] <= 34 * lives
    assert counts["call_soon"] <= 240 * lives
    assert counts["call_at"] <= 80 * lives
    assert counts["submit"] == 2 * lives  # each look at a charm's files
