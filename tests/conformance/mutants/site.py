"""Installs mutants, as a distribution would, and runs the kit on some of them in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[2]


def install(folder: Path, backends: Sequence[type]) -> None:
    """Write the metadata of a distribution that brings them."""
    info = folder / "vca_mutants-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vca-mutants\nVersion: 1.0\n")
    lines = "".join(f"{cls.__name__} = {cls.__module__}:{cls.__name__}\n" for cls in backends)
    (info / "entry_points.txt").write_text(f"[vca.backends]\n{lines}")


class BrokenOff(AssertionError):
    """A run of the kit ended before all its checks had run: it says nothing of the backend."""


async def examine(folder: Path, places: Sequence[str]) -> dict[str, dict[str, str]]:
    """Run the kit on some of them.

    Args:
        folder: where they were installed.
        places: the classes that adopt it, or single checks, as pytest names them.

    Returns:
        For each mutant the checks that failed, and why.

    Raises:
        BrokenOff: the run says nothing.
    """
    suites = [word for place in places for word in ("--suite", place)]
    command = [sys.executable, "-m", "vca_core.cli", "conformance", "--json", "--level", "none", *suites]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VCA_", "COV_"))}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=environment | {"PYTHONPATH": f"{TESTS}{os.pathsep}{folder}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await process.communicate()
    try:
        report: dict[str, Any] = json.loads(said)
        verdicts = report["verdicts"]
    except (ValueError, KeyError):
        raise BrokenOff(f"{said.decode()}\n{complaints.decode()}") from None
    for place, verdict in zip(places, verdicts, strict=False):
        if "::test_" not in place and verdict["left_out"]:
            raise BrokenOff(f"{place}: {', '.join(verdict['left_out'])} did not run\n{complaints.decode()}")
    return {
        verdict["subject"]: {
            check["check"]: check["reason"] for check in verdict["checks"] if check["outcome"] == "failed"
        }
        for verdict in verdicts
    }
