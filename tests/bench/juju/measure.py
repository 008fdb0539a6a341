"""Runs measurements: each side with a controller of its own, in a process of its own; rounds take turns."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import IO

from bench.juju.simulator import ENVIRON, Simulator, running

KINDS = {
    "floor": "raw requests",
    "framework": "the framework",
    "past the core": "the backend, past the core",
    "package": "the juju package",
    "floor on pods": "raw requests, on Kubernetes",
    "framework on pods": "the framework, on Kubernetes",
}
"""What is measured, and what it is called."""


@dataclass(frozen=True, slots=True)
class Case:
    """Lives to measure.

    Args:
        kind: of `KINDS`.
        lives: how many at once.
        latency: seconds that each step of an entity's life takes in the controller.
        rounds: how often.
        steps: the same as `latency` for single kinds of entities, as ``vca-jujusim --steps`` takes it.
        batches: how often that many lives begin at once in each round, one batch after the other.
    """

    kind: str
    lives: int
    latency: float
    rounds: int
    steps: str = ""
    batches: int = 1

    @property
    def pace(self) -> str:
        """How fast lives go in the controller, for people."""
        return self.steps or f"{self.latency:g} s"


@dataclass(frozen=True, slots=True)
class Round:
    """What the lives of one batch cost, on the average of a round's.

    Args:
        wall: seconds from the first to the last.
        cpu: seconds of processor time of the process that lives.
        controller_cpu: the same of the controller.
        requests: without long polls, pings and uploads.
        polls: long polls.
        opened: websockets that were opened.
        connections: websockets at once, at most, so far.
        grown_mb: how much more memory the process needed than ever before.
        peak_mb: most memory that the process ever had.
        failures: lives that failed.
        failed_with: why, the most frequent reasons.
    """

    wall: float
    cpu: float
    controller_cpu: float
    requests: float
    polls: float
    opened: float
    connections: int
    grown_mb: float
    peak_mb: float
    failures: int
    failed_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """What lives cost, by rounds; none: they did not end within the limit."""

    case: Case
    rounds: tuple[Round, ...]

    @property
    def is_finished(self) -> bool:
        """Whether all rounds came to their end."""
        return len(self.rounds) == self.case.rounds

    @property
    def failures(self) -> int:
        """Lives that failed, in all rounds."""
        return sum(one.failures for one in self.rounds)

    def of(self, what: str) -> float:
        """The median over the rounds.

        Args:
            what: name of a field of `Round`.
        """
        return float(median(getattr(one, what) for one in self.rounds))

    @property
    def memory_of_a_life(self) -> float:
        """The megabytes that each of many lives at once needed beside those that the warm process had."""
        return sum(one.grown_mb for one in self.rounds) / self.case.lives


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio: the median of those of the rounds, and between which values half of them are."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Figures, floor: Figures, what: str) -> Ratio:
        """Compare two sides round by round: what slowed the machine down meanwhile slowed both down.

        Args:
            figures: of one side.
            floor: of the other one.
            what: name of a field of `Round`.
        """
        pairs = zip(figures.rounds, floor.rounds, strict=False)  # not all sides have as many
        ratios = [getattr(one, what) / getattr(other, what) for one, other in pairs]
        low, middle, high = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
        return cls(middle, low, high)


class Side:
    """A process that lives, and its controller.

    Args:
        case: what it does.
        process: it.
        simulator: its controller.
        limit: seconds for each round.
    """

    def __init__(self, case: Case, process: subprocess.Popen[str], simulator: Simulator, limit: float) -> None:
        self.case = case
        self.rounds: list[Round] = []
        self._process = process
        self._simulator = simulator
        self._limit = limit
        self._is_well = self._heard_after(json.dumps(asdict(simulator.place))) == "ready"

    def measure(self) -> None:
        """Measure once, unless it has failed to end in time before."""
        if not self._is_well:
            return
        before = self._simulator.counted()
        line = self._heard_after(str(self.case.batches))
        if not line:
            self._is_well = False
            return
        after, measured, batches = self._simulator.counted(), json.loads(line), self.case.batches
        self.rounds.append(
            Round(
                wall=measured["wall"],
                cpu=measured["cpu"],
                controller_cpu=(after.seconds - before.seconds) / batches,
                requests=(after.requests - before.requests) / batches,
                polls=(after.polls - before.polls) / batches,
                opened=(after.opened - before.opened) / batches,
                connections=after.peak,
                grown_mb=measured["grown_mb"],
                peak_mb=measured["peak_mb"],
                failures=measured["failures"],
                failed_with=tuple(measured["failed_with"]),
            )
        )

    def _heard_after(self, line: str) -> str:
        """What it answers to a line; nothing when it does not within the limit."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        _say(stdin, line)
        there, _, _ = select.select([stdout], [], [], self._limit)
        return stdout.readline().strip() if there else ""


@contextmanager
def _side(case: Case, limit: float) -> Iterator[Side]:
    """Start one, and wait until it is warm; it ends with the context."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), case.latency, case.steps) as simulator:
        command = [sys.executable, "-m", "bench.juju.case", case.kind, str(case.lives)]
        with subprocess.Popen(
            command, env=ENVIRON, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield Side(case, process, simulator, limit)
            finally:
                process.kill()


def compare(cases: Sequence[Case], limit: float) -> list[Figures]:
    """Measure sides that are compared: in each round, one after the other.

    Args:
        cases: the sides.
        limit: seconds for each round, and to get warm.
    """
    with ExitStack() as stack:
        sides = [stack.enter_context(_side(case, limit)) for case in cases]
        for number in range(max(case.rounds for case in cases)):
            for side in sides if number % 2 == 0 else reversed(sides):
                if number < side.case.rounds:
                    side.measure()
        return [Figures(side.case, tuple(side.rounds)) for side in sides]


def _say(stream: IO[str], line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()
