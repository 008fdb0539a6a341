"""The command run as a process, to its end or until it is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from vca_jujusim import SimulatedController

VCA = str(Path(sys.executable).with_name("vca"))


async def run(folder: Path, *arguments: str) -> str:
    """Run the command to its end, and give what it printed."""
    process = await asyncio.create_subprocess_exec(
        VCA, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed = (await process.communicate())[0].decode()
    assert process.returncode == 0, printed
    return printed


async def run_killed(folder: Path, controller: SimulatedController, requests: int, ns: str = "demo") -> str:
    """Run the life of an NS, and kill what runs when the controller has had so many requests of it.

    Args:
        folder: with its ``service.yaml``, and the config.
        controller: the one that it is on.
        requests: how many.
        ns: its name.

    Returns:
        The command that was killed; empty: there were no more requests.
    """
    end = controller.counts.total + requests
    for arguments in (("apply", "service.yaml"), ("delete", ns, "--yes")):
        process = await asyncio.create_subprocess_exec(
            VCA, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        ended = asyncio.ensure_future(process.communicate())
        while controller.counts.total < end and not ended.done():
            await asyncio.wait((ended,), timeout=0.002)
        if not ended.done():
            process.kill()
            await ended
            return arguments[0]
        printed = ended.result()[0].decode()
        assert process.returncode == 0, printed
    return ""


def left_in(controller: SimulatedController) -> list[str]:
    """The models that are there beside the controller's own."""
    return [model.record.name for model in controller.world.models.values() if model.record.name != "controller"]
