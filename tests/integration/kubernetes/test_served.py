"""What `make kubernetes` serves: the example NS is brought up there with the command, by a config alone."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from support.clouds import left_by_juju
from support.cluster.programs import TESTS
from support.cluster.sharing import Cluster

pytestmark = pytest.mark.xdist_group("cluster")


@pytest.fixture
async def served(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Path]:
    """The folder with the config."""
    program, shared = str(TESTS / "cluster" / "serve.py"), str(cluster.folder.parent)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, program, "--hurried", "--folder", str(tmp_path), "--cluster", shared),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = [await process.stdout.readline() for _ in range(2)]
    try:
        assert b"vca apply service.yaml" in said[1], said
        yield tmp_path
    finally:
        process.terminate()
        said += [one async for one in process.stdout]
        assert await process.wait() == 0, said


async def start(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Start the command."""
    return await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("vca")), *arguments),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "400"},
    )


async def vca(folder: Path, *arguments: str) -> str:
    """Run the command; what it prints."""
    process = await start(folder, *arguments)
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    return said


async def test_an_ns_on_pods_is_brought_up_and_deleted_by_its_config(served: Path, cluster: Cluster) -> None:
    assert "NS demo is up" in await vca(served, "apply", "service.yaml")
    pods = cluster.api.get("/api/v1/namespaces/demo-k8s/pods")["items"]
    images = [one["image"] for pod in pods for one in pod["spec"]["containers"] if one["name"] == "nginx"]
    assert images == ["registry.example.com/nginx:1"] * 2
    await vca(served, "delete", "demo", "--yes")
    assert left_by_juju(cluster, "demo-k8s") == []


REASON = "kubernetes: ImagePullBackOff nginx: registry.example.com/missing:1"


async def test_a_missing_image_is_seen_by_others_while_it_is_waited(served: Path, cluster: Cluster) -> None:
    config = yaml.safe_load((served / "vca.yaml").read_text())
    config["connectors"]["pods"]["options"]["pod_grace"] = 10
    (served / "vca.yaml").write_text(yaml.safe_dump(config))
    options = {"install": {"resources": {"nginx": "registry.example.com/missing:1"}}}
    cache = {"charm": "cache-k8s", "connector": "pods", "options": options}
    (served / "lost.yaml").write_text(yaml.safe_dump({"ns": "lost", "vnfs": {"cache": cache}}))
    watching = await start(served, "status", "--watch")
    assert watching.stdout is not None
    try:
        await watching.stdout.readline()  # it runs
        applying = await start(served, "apply", "lost.yaml")
        seen = ""
        while REASON not in seen:
            seen = (await watching.stdout.readline()).decode()
            assert seen, "it has ended"
        was_over = applying.returncode is not None
    finally:
        watching.kill()
        await watching.wait()
    said = " ".join((await applying.communicate())[0].decode().split())
    assert not was_over, "it was seen only when the wait had ended"
    assert applying.returncode == 1
    assert "has not run for 10 s: ImagePullBackOff nginx: registry.example.com/missing:1" in said
    await vca(served, "delete", "lost", "--yes")
    assert left_by_juju(cluster, "lost-k8s") == []
