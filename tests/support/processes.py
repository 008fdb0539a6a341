"""Processes of their own: a simulated controller, and others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parents[1]
PASSWORD = "pass-4711"


@contextmanager
def controller(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "vca_jujusim", "--port", str(port), "--latency", "0.05", "--password", PASSWORD]
    command += ["--state", str(folder / "world.sqlite"), "--ca-file", str(folder / "ca.pem")]
    with running(command, TESTS) as (process, lines):
        assert json.loads(next(lines))["endpoints"]
        yield process


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    """A process, and the lines that it prints; it is killed in the end."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, iter(process.stdout)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
