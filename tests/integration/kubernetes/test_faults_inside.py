"""Faults inside a cluster: what is said of each, and how things go on from there.

What came of each is kept in docs/reference/juju-k8s-inner-faults.json; `make docs` makes a page of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from support.clouds import left_by_juju
from support.cluster.inner_faults import CANARY, ROWS
from support.cluster.rows import Row, Scene
from support.cluster.sharing import Cluster
from support.juju_k8s import sidecar

from vca_juju_k8s.cluster import pods as pods_module
from vca_jujusim import SimulatedController

pytestmark = pytest.mark.xdist_group("cluster")

KEPT = Path(__file__).parents[3] / "docs" / "reference" / "juju-k8s-inner-faults.json"
WRITE_TO = os.environ.get("VCA_FAULTS_WRITE_TO")
"""A folder: outcomes are written there, to be kept, and not compared with those that are kept."""

LIMIT = 60.0
"""Seconds after which a row that waits for something is given up."""


async def meet(scene: Scene, one: Row) -> dict[str, str]:
    """Let a slice meet a fault, and take away what is left of it."""
    async with asyncio.timeout(LIMIT):
        outcome, told = await one.meet(scene)
    async with scene.connect() as pods:
        await pods.delete_namespace(f".{scene.ns}")
    left = await asyncio.to_thread(left_by_juju, scene.cluster, scene.namespace)
    assert left == []
    assert scene.namespace not in {model.record.name for model in scene.juju.world.models.values()}
    return {"fault": one.fault, "operation": one.operation, "outcome": outcome, "told": told, "recovery": one.recovery}


def left_running(before: set[asyncio.Task[Any]]) -> list[str]:
    """Threads and tasks of connectors, in which their connections are."""
    tasks = [repr(one) for one in asyncio.all_tasks() - before]
    ours = [one for one in tasks if not any(word in one for word in ("aiohttp", "vca_jujusim"))]
    return ours + [one.name for one in threading.enumerate() if one.name.startswith(("vca-cluster", "vca-watch"))]


@pytest.mark.timeout(300)
async def test_what_comes_of_faults_inside_a_cluster(
    juju: SimulatedController,
    charms: Path,
    cluster: Cluster,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(pods_module, "FIRST", 0.05)
    monkeypatch.setattr(pods_module, "AGAIN", 0.2)
    sidecar(
        charms,
        actions={"touch": {"description": "does it"}, "hang-here": {"description": "does it"}},
    )
    sidecar(charms, "stored", storage={"data": {"type": "filesystem"}})
    scenes, before = [Scene(juju, cluster, charms, cluster.new_name()) for _ in ROWS], asyncio.all_tasks()
    results = await asyncio.gather(*map(meet, scenes, ROWS), return_exceptions=True)
    failed = {one.fault: result for one, result in zip(ROWS, results, strict=True) if isinstance(result, BaseException)}
    if failed:
        raise BaseExceptionGroup(f"rows failed: {', '.join(failed)}", list(failed.values()))
    assert left_running(before) == []
    said = [caplog.text, *(text for scene in scenes for text in scene.texts)]
    said += [str(scene.store._tables) for scene in scenes]
    assert [text for text in said if CANARY in text or token in text] == []
    found = [one for one in results if not isinstance(one, BaseException)]
    if WRITE_TO:
        for position, one in enumerate(found):
            (Path(WRITE_TO) / f"{position}.json").write_text(json.dumps({**one, "position": position}))
    else:
        assert found == json.loads(KEPT.read_text("utf-8"))["rows"], "run `make docs`"
