"""How soon the reason why a pod does not run is seen by another process: a real control plane says it.

What is measured is what people do: `vca status --watch` in one terminal, `vca apply` of an NS whose image is missing
in another. So the start of the command is in it, and the look that the backend takes after two seconds.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import yaml
from cluster.serve import write_example
from support.cluster.api import Api
from support.cluster.programs import PROGRAMS, ControlPlane, find_programs

from vca_jujusim import SimulatedController

HAS_CLUSTER = len(find_programs()) == len(PROGRAMS)
"""Whether there is a control plane to start; see `make cluster`."""

_IMAGE = "registry.example.com/missing:1"


async def _start(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    program = str(Path(sys.executable).with_name("vca"))
    return await asyncio.create_subprocess_exec(
        program,
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "400"},
    )


async def _until_known(api: Api, namespace: str) -> None:
    """Wait until the cluster itself says why the pod does not run."""
    while True:
        pods = await asyncio.to_thread(api.get, f"/api/v1/namespaces/{namespace}/pods")
        if _IMAGE in str([one["status"].get("containerStatuses") for one in (pods or {}).get("items") or []]):
            return
        await asyncio.sleep(0.05)


async def _look(folder: Path, api: Api, ns: str) -> tuple[float, float]:
    """Bring up an NS of which an image is missing.

    Returns:
        The seconds until `vca status --watch` shows that, from the start of `vca apply` on; and from when the cluster
        knew it.
    """
    options = {"install": {"resources": {"nginx": _IMAGE}}}
    service = {"ns": ns, "vnfs": {"cache": {"charm": "cache-k8s", "connector": "pods", "options": options}}}
    (folder / "missing.yaml").write_text(yaml.safe_dump(service))
    watching = await _start(folder, "status", "--watch")
    assert watching.stdout is not None
    await watching.stdout.readline()  # it runs
    begin = time.perf_counter()
    applying = await _start(folder, "apply", "missing.yaml")
    known = asyncio.ensure_future(_until_known(api, f"{ns}-k8s"))
    known_at: list[float] = []
    known.add_done_callback(lambda _: known_at.append(time.perf_counter()))
    try:
        seen = ""
        while f"kubernetes: ImagePullBackOff nginx: {_IMAGE}" not in seen:
            seen = (await watching.stdout.readline()).decode()
            assert seen, "vca status has ended"
        end = time.perf_counter()
        await known
    finally:
        for process in (watching, applying):
            process.kill()
            await process.communicate()
    deleting = await _start(folder, "delete", ns, "--yes")
    said = (await deleting.communicate())[0].decode()
    assert deleting.returncode == 0, said
    return end - begin, end - known_at[0]


def missing_image(rounds: int) -> dict[str, float]:
    """Bring up services with a missing image, one after the other; the slowest counts."""

    async def main(folder: Path, plane: ControlPlane) -> list[tuple[float, float]]:
        async with SimulatedController(clusters="hurried", manual_scripts_run=True) as controller:
            write_example(folder, controller, plane.folder / "admin.kubeconfig", plane.server)
            api = Api(plane.server, plane.folder)
            return [await _look(folder, api, f"missing-{number}") for number in range(rounds)]

    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as cluster:
        plane = ControlPlane(Path(cluster), find_programs())
        try:
            plane.start()
            found = asyncio.run(main(Path(place), plane))
        finally:
            plane.end()  # before its folder goes, into which its programs write
    return {"rounds": rounds, "seconds": max(one for one, _ in found), "of_them_known": max(one for _, one in found)}
