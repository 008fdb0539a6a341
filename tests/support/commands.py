"""The command `vca`, run as people run it: in a folder with the service of the examples."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def copy_service(folder: Path, latency: float = 0.02) -> Path:
    """Copy the service of the examples.

    Args:
        folder: where to.
        latency: seconds that each step of a life takes.

    Returns:
        The folder with its config and its NS file.
    """
    for part in ("charms", "service"):
        shutil.copytree(ROOT / "docs" / "examples" / part, folder / part, ignore=shutil.ignore_patterns("*.db*"))
    config = folder / "service" / "vca.yaml"
    config.write_text(re.sub(r"latency: 0\.1.*", f"latency: {latency}", config.read_text()))
    return folder / "service"


async def started(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Start the command; what it says comes together."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "vca_core.cli", *arguments,
        cwd=folder, env=environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def ended(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the command; its exit code, and what it said."""
    process = await started(folder, *arguments)
    try:
        output, _ = await process.communicate()
    finally:  # a test that ends early leaves none behind
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode()


def unprivileged(*command: str) -> list[str]:
    """Give a command the rights that files have for everybody: root may write to what is read-only."""
    if os.geteuid() != 0:
        return list(command)
    return ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override", *command]


def environment() -> dict[str, str]:
    """What a process of its own finds in its environment: nothing that would change its config."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("VCA_", "COV_"))}
