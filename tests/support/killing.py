"""The command run as a process, to its end or until it is killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
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


async def run_killed(folder: Path, is_due: Callable[[], object], ns: str = "demo") -> str:
    """Run the life of an NS, and kill what runs when that is due.

    Args:
        folder: with its ``service.yaml``, and the config.
        is_due: whether it is; asked again and again.
        ns: its name.

    Returns:
        The command that was killed; empty: it was due at no time.
    """
    for arguments in (("apply", "service.yaml"), ("delete", ns, "--yes")):
        process = await asyncio.create_subprocess_exec(
            VCA, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        ended = asyncio.ensure_future(process.communicate())
        while not is_due() and not ended.done():
            await asyncio.wait((ended,), timeout=0.002)
        if not ended.done():
            process.kill()
            await ended
            return arguments[0]
        printed = ended.result()[0].decode()
        assert process.returncode == 0, printed
    return ""


def has_had(controller: SimulatedController, requests: int) -> Callable[[], bool]:
    """Whether the controller has had so many requests from now on."""
    end = controller.counts.total + requests
    return lambda: controller.counts.total >= end


def left_in(controller: SimulatedController) -> list[str]:
    """The models that are there beside the controller's own."""
    return [model.record.name for model in controller.world.models.values() if model.record.name != "controller"]
