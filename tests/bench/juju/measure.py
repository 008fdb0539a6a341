"""Runs measurements: each with a controller of its own, in a process of its own."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any

from bench.juju.simulator import ENVIRON, Counted, Simulator, running

KINDS = {
    "floor": "raw requests",
    "framework": "the framework",
    "package": "the juju package",
    "floor on pods": "raw requests, on Kubernetes",
    "framework on pods": "the framework, on Kubernetes",
}
"""What is measured, and what it is called."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What lives cost.

    Args:
        kind: of `KINDS`.
        lives: how many at once.
        finished: whether they ended within the limit; if not, nothing else is known.
        wall: seconds from the first to the last.
        cpu: seconds of processor time of the process that lives.
        controller_cpu: the same of the controller.
        requests: without long polls, pings and uploads.
        polls: long polls.
        connections: websockets at once, at most.
        peak_mb: most memory that the process ever had.
        failures: lives that failed.
        failed_with: why, the most frequent reasons.
    """

    kind: str
    lives: int
    finished: bool = True
    wall: float = 0.0
    cpu: float = 0.0
    controller_cpu: float = 0.0
    requests: int = 0
    polls: int = 0
    connections: int = 0
    peak_mb: float = 0.0
    failures: int = 0
    failed_with: tuple[str, ...] = ()


def case(kind: str, lives: int, *, latency: float, limit: float, steps: str = "") -> Figures:
    """Measure once.

    Args:
        kind: of `KINDS`.
        lives: how many at once.
        latency: seconds that each step of an entity's life takes in the controller.
        limit: seconds to finish in.
        steps: the same for single kinds of entities, as ``vca-jujusim --steps`` takes it.
    """
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), latency, steps) as simulator:
        command = [sys.executable, "-m", "bench.juju.case", kind, str(lives)]
        with subprocess.Popen(
            command, env=ENVIRON, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                return _read_figures(process, simulator, kind, lives, limit)
            finally:
                process.kill()


def _read_figures(process: subprocess.Popen[str], simulator: Simulator, kind: str, lives: int, limit: float) -> Figures:
    assert process.stdin is not None
    assert process.stdout is not None
    _say(process.stdin, json.dumps(asdict(simulator.place)))
    if _heard(process.stdout, limit) != "ready":
        return Figures(kind, lives, finished=False)
    before = simulator.counted()
    _say(process.stdin, "go")
    line = _heard(process.stdout, limit)
    if not line:
        return Figures(kind, lives, finished=False)
    return _figures(kind, lives, json.loads(line), before, simulator.counted())


def _say(stream: IO[str], line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def _heard(stream: IO[str], limit: float) -> str:
    """The next line; nothing when there is none within the limit."""
    there, _, _ = select.select([stream], [], [], limit)
    return stream.readline().strip() if there else ""


def _figures(kind: str, lives: int, measured: dict[str, Any], before: Counted, after: Counted) -> Figures:
    return Figures(
        kind,
        lives,
        wall=measured["wall"],
        cpu=measured["cpu"],
        controller_cpu=after.seconds - before.seconds,
        requests=after.requests - before.requests,
        polls=after.polls - before.polls,
        connections=after.peak,
        peak_mb=measured["peak_mb"],
        failures=measured["failures"],
        failed_with=tuple(measured["failed_with"]),
    )


def medians(cases: list[Figures]) -> Figures:
    """The case with the median wall time; failures are those of all."""
    finished = [one for one in cases if one.finished]
    if not finished:
        return cases[0]
    wall = median(one.wall for one in finished)
    middle = min(finished, key=lambda one: abs(one.wall - wall))
    worst = max(finished, key=lambda one: one.failures)
    return Figures(**{**asdict(middle), "failures": worst.failures, "failed_with": worst.failed_with})
