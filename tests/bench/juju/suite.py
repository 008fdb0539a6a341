"""What is measured in one run, and how it is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.juju.measure import KINDS, Figures, case, medians

LIMIT = 300.0
"""Seconds that the lives of one measurement have."""

COLUMNS = (
    "lives at once",
    "step",
    "through",
    "wall s",
    "ratio",
    "processor ms a life",
    "ratio",
    "the controller's",
    "requests a life",
    "`Next` a life",
    "connections",
    "peak memory",
    "failures",
)


ON_MACHINES, ON_PODS = ("floor", "framework"), ("floor on pods", "framework on pods")
"""What is compared; the floor comes first."""

STEPS = "machine=0.125,unit=0.175,action=0.075"
"""How long steps take in the world of a controller that is near."""


@dataclass(frozen=True, slots=True)
class Case:
    """Lives to measure, and how often.

    Args:
        kind: of `KINDS`.
        lives: how many at once.
        latency: seconds that each step of an entity's life takes in the controller.
        steps: the same for single kinds of entities, as ``vca-jujusim --steps`` takes it.
        rounds: how often; the one with the median wall time counts.
    """

    kind: str
    lives: int
    latency: float
    rounds: int
    steps: str = ""

    @property
    def pace(self) -> str:
        """How fast lives go in the controller, for people."""
        return self.steps or f"{self.latency:g} s"


@dataclass(frozen=True, slots=True)
class Row:
    """A case, and what it cost."""

    case: Case
    figures: Figures
    floor: Figures


def cases(*, quick: bool) -> list[list[Case]]:
    """What is measured, by number of lives and latency; the floor comes first."""
    if quick:
        return [[Case(kind, lives, 0.0, 1) for kind in kinds] for kinds in (ON_MACHINES, ON_PODS) for lives in (1, 10)]
    found = []
    for lives, latency, rounds in [
        *((lives, 0.0, 3) for lives in (1, 10, 50, 200)),
        (1000, 0.0, 1),
        *((lives, 0.2, 1) for lives in (1, 50, 200)),
    ]:
        kinds = ["floor", "framework", *(["package"] if lives <= 50 else [])]
        found.append([Case(kind, lives, latency, rounds) for kind in kinds])
    for lives, rounds in [(1, 3), (10, 3), (50, 3), (1000, 1)]:
        found.append([Case(kind, lives, 0.0, rounds, STEPS) for kind in ON_MACHINES])
    for lives, latency, rounds in [(1, 0.0, 3), (10, 0.0, 3), (50, 0.0, 3), (200, 0.0, 1), (50, 0.2, 1)]:
        found.append([Case(kind, lives, latency, rounds) for kind in ON_PODS])
    return found


def measure(*, quick: bool) -> list[Row]:
    """Measure all; rounds of what is compared take turns."""
    rows: list[Row] = []
    for group in cases(quick=quick):
        first = group[0]
        print(f"measuring: Juju, {first.lives} lives at once, {first.pace} a step ...", file=sys.stderr)
        results: dict[str, list[Figures]] = {one.kind: [] for one in group}
        for _ in range(first.rounds):
            for one in group:
                results[one.kind].append(case(one.kind, one.lives, latency=one.latency, limit=LIMIT, steps=one.steps))
        floor = medians(results[first.kind])
        rows += [Row(one, medians(results[one.kind]), floor) for one in group]
    return rows


def sound(rows: Sequence[Row]) -> bool:
    """Whether all lives of the framework came to their end."""
    return all(
        row.figures.finished and not row.figures.failures for row in rows if row.case.kind in {*ON_MACHINES, *ON_PODS}
    )


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The figures for programs."""
    return [
        {
            **asdict(row.figures),
            "latency": row.case.latency,
            "steps": row.case.steps,
            "rounds": row.case.rounds,
            **_ratios(row),
        }
        for row in rows
    ]


def _ratios(row: Row) -> dict[str, float]:
    figures, floor = row.figures, row.floor
    if not (figures.finished and floor.finished):
        return {}
    return {"wall_ratio": figures.wall / floor.wall, "cpu_ratio": figures.cpu / floor.cpu}


def table(rows: Sequence[Row]) -> str:
    """The figures as Markdown."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in rows]
    reasons = [f"{row.case.lives} lives through {KINDS[row.case.kind]}: {why}" for row, why in _failures(rows)]
    return "\n".join([*lines, *(["", *reasons] if reasons else [])])


def _cells(row: Row) -> Iterator[str]:
    figures, lives = row.figures, row.case.lives
    yield from (str(lives), row.case.pace, KINDS[row.case.kind])
    if not figures.finished:
        yield f"not within {LIMIT:g} s"
        yield from [""] * 9
        return
    ratios = _ratios(row)
    yield from (f"{figures.wall:.2f}", f"{ratios['wall_ratio']:.2f}" if ratios else "")
    yield from (f"{1000 * figures.cpu / lives:.1f}", f"{ratios['cpu_ratio']:.2f}" if ratios else "")
    yield f"{1000 * figures.controller_cpu / lives:.1f}"
    yield from (f"{figures.requests / lives:.1f}", f"{figures.polls / lives:.1f}", str(figures.connections))
    yield from (f"{figures.peak_mb:.0f} MB", str(figures.failures))


def _failures(rows: Sequence[Row]) -> Iterator[tuple[Row, str]]:
    for row in rows:
        for why in row.figures.failed_with:
            yield row, why
