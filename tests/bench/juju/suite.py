"""What is measured in one run, and how it is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.juju.measure import KINDS, Case, Figures, Ratio, compare

LIMIT = 300.0
"""Seconds that the lives of one round have, and those that warm a process up."""

COLUMNS = (
    "lives at once",
    "step",
    "through",
    "wall s",
    "ratio",
    "processor ms a life",
    "ratio (half of the rounds)",
    "the controller's",
    "requests a life",
    "`Next` a life",
    "connections at once",
    "opened a life",
    "peak memory",
    "failures",
)


ON_MACHINES, ON_PODS = ("floor", "past the core", "framework"), ("floor on pods", "framework on pods")
"""What is compared; the floor comes first."""

STEPS = "machine=0.125,unit=0.175,action=0.075"
"""How long steps take in the world of a controller that is near."""

MANY = 200
"""From so many lives at once on, the memory of one is told."""

_WITHOUT_PARTS = ("floor", "framework")

_MOST_PAST_CORE = 50
"""Lives at once past the core, at the most: enough to say which share of the cost is the core's."""

_MOST_OF_PACKAGE = 50
"""Lives at once of the package, at the most; it takes seconds for one, and is measured in one round."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a case cost, beside the floor."""

    figures: Figures
    floor: Figures

    @property
    def case(self) -> Case:
        """What was measured."""
        return self.figures.case

    def ratio(self, what: str) -> Ratio | None:
        """How many times the floor it cost; None: it is not known.

        Args:
            what: name of a field of `Round`.
        """
        known = self.figures.is_finished and self.floor.is_finished
        return Ratio.of(self.figures, self.floor, what) if known else None


def cases(*, quick: bool) -> list[list[Case]]:
    """What is measured, by number of lives and latency; the floor comes first.

    A round has ten lives or more, one after the other where they are not at once: one life is over in a few
    milliseconds, of which clocks and other programs take too large a share.
    """
    if quick:
        return [[Case(kind, lives, 0.0, 1) for kind in kinds] for kinds in (ON_MACHINES, ON_PODS) for lives in (1, 10)]
    found = []
    for lives, latency, rounds in [
        *((lives, 0.0, rounds) for lives, rounds in ((1, 20), (10, 20), (50, 10), (200, 3))),
        (1000, 0.0, 1),
        *((lives, 0.2, rounds) for lives, rounds in ((1, 2), (50, 3), (200, 1))),
    ]:
        kinds = ON_MACHINES if lives <= _MOST_PAST_CORE else _WITHOUT_PARTS
        group = [Case(kind, lives, latency, rounds, batches=_batches(lives)) for kind in kinds]
        if lives <= _MOST_OF_PACKAGE:
            group.append(Case("package", lives, latency, 1))
        found.append(group)
    for lives, rounds in [(1, 5), (10, 10), (50, 10), (1000, 1)]:
        found.append([Case(kind, lives, 0.0, rounds, STEPS, _batches(lives)) for kind in _WITHOUT_PARTS])
    for lives, latency, rounds in [(1, 0.0, 20), (10, 0.0, 20), (50, 0.0, 10), (200, 0.0, 1), (50, 0.2, 1)]:
        found.append([Case(kind, lives, latency, rounds, batches=_batches(lives)) for kind in ON_PODS])
    return found


def _batches(lives: int) -> int:
    return max(1, 10 // lives)


def measure(*, quick: bool, at_once: Sequence[int] = (), steps: str | None = None) -> list[Row]:
    """Measure all, or some.

    Args:
        quick: few rounds, to see that it works.
        at_once: numbers of lives at once; none: all that there are.
        steps: how fast lives go, as the table has it, as in ``0 s``; None: all that there are.
    """
    rows: list[Row] = []
    for group in cases(quick=quick):
        first = group[0]
        if (at_once and first.lives not in at_once) or steps not in {None, first.pace}:
            continue
        what = f"{first.lives} lives at once, {first.pace} a step: {', '.join(KINDS[case.kind] for case in group)}"
        print(f"measuring: Juju, {what} ...", file=sys.stderr)
        found = compare(group, LIMIT)
        rows += [Row(figures, found[0]) for figures in found]
    return rows


def sound(rows: Sequence[Row]) -> bool:
    """Whether all lives of the framework came to their end."""
    judged = [row.figures for row in rows if row.case.kind in {*ON_MACHINES, *ON_PODS}]
    return all(figures.is_finished and not figures.failures for figures in judged)


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The figures for programs."""
    found = []
    for row in rows:
        ratios = {name: row.ratio(name) for name in ("wall", "cpu")}
        told = {f"{name}_ratio": asdict(ratio) for name, ratio in ratios.items() if ratio is not None}
        found.append({**asdict(row.figures), "finished": row.figures.is_finished, **told})
    return found


def table(rows: Sequence[Row]) -> str:
    """The figures as Markdown."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in rows]
    reasons = [f"{row.case.lives} lives through {KINDS[row.case.kind]}: {why}" for row, why in _failures(rows)]
    return "\n".join([*lines, *(["", *reasons] if reasons else [])])


def _cells(row: Row) -> Iterator[str]:
    figures, lives = row.figures, row.case.lives
    yield from (str(lives), row.case.pace, KINDS[row.case.kind])
    if not figures.is_finished:
        yield f"not within {LIMIT:g} s"
        yield from [""] * (len(COLUMNS) - 4)
        return
    wall, cpu = row.ratio("wall"), row.ratio("cpu")
    yield from (f"{figures.of('wall'):.2f}", f"{wall.middle:.2f}" if wall else "")
    yield from (f"{1000 * figures.of('cpu') / lives:.1f}", _spread(cpu) if cpu else "")
    yield f"{1000 * figures.of('controller_cpu') / lives:.1f}"
    yield from (f"{figures.of('requests') / lives:.1f}", f"{figures.of('polls') / lives:.1f}")
    last = figures.rounds[-1]
    yield from (str(last.connections), f"{figures.of('opened') / lives:.1f}")
    each = f" ({figures.memory_of_a_life:.2f} a life)" if lives >= MANY else ""
    yield from (f"{last.peak_mb:.0f} MB{each}", str(figures.failures))


def _spread(ratio: Ratio) -> str:
    return f"{ratio.middle:.2f}" + (f" ({ratio.low:.2f}-{ratio.high:.2f})" if ratio.low < ratio.high else "")


def _failures(rows: Sequence[Row]) -> Iterator[tuple[Row, str]]:
    for row in rows:
        for why in dict.fromkeys(why for one in row.figures.rounds for why in one.failed_with):
            yield row, why
