"""Measures what the framework costs: `make bench`, or `python tests/bench/run.py [--quick] [--json] [--write]`.

The core against calling the hooks of the fake; and lives on Juju against raw requests and the `juju` package.

Times are only comparable within one run, so what counts are the ratios. Every measurement runs in a process of its own,
so that its peak memory is its own. `--write` puts the figures into docs/explanation/cost.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench import lives, pods, stores

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "cost.md"
CORE = ("<!-- figures: made by `make bench ARGS=--write` -->", "<!-- end of figures -->")
JUJU = ("<!-- figures of Juju: made by `make bench ARGS=--write` -->", "<!-- end of figures of Juju -->")

Figures = dict[str, float]


async def time_life(life: Callable[[], Awaitable[None]], count: int, concurrency: int) -> Figures:
    """Live, and tell how fast: by the clock, and in the processor's time, which other programs disturb less."""
    begin, used = time.perf_counter(), time.process_time()
    await lives.many(life, count, concurrency)
    seconds, used = time.perf_counter() - begin, time.process_time() - used
    return {"lives_per_second": count / seconds, "ms_per_operation": 1000 * used / count / lives.OPERATIONS}


def through_core(concurrency: int, count: int, store: str = "memory") -> Figures:
    """Lives through the core."""

    async def main(url: str) -> Figures:
        async with lives.vca(url) as vca:
            connector = vca.connector()
            await lives.many(lambda: lives.life(connector), min(count, concurrency), concurrency)  # warm
            return await time_life(lambda: lives.life(connector), count, concurrency)

    with stores.url_of(store) as url:
        return asyncio.run(main(url))


def past_core(concurrency: int, count: int) -> Figures:
    """The same hooks of the fake, without the core."""

    async def main() -> Figures:
        direct = lives.Direct()
        await lives.many(direct.life, min(count, concurrency), concurrency)
        return await time_life(direct.life, count, concurrency)

    return asyncio.run(main())


def keep_lives(count: int) -> Figures:
    """EEs that are created, configured and kept."""

    async def main() -> tuple[float, float]:
        async with lives.vca() as vca:
            connector = vca.connector()
            begin = time.perf_counter()
            await lives.many(lambda: lives.life(connector, delete=False), count, 100)
            there = time.perf_counter() - begin
            begin = time.perf_counter()
            assert len(await connector.list_execution_environments()) == count
            return there, time.perf_counter() - begin

    seconds, listing = asyncio.run(main())
    return {"seconds": seconds, "listing_ms": 1000 * listing}


def imports(module: str, rounds: int) -> Figures:
    """The time that an import takes in a new process, the best of several."""
    best = float("inf")
    for _ in range(rounds):
        code = f"import time; begin = time.perf_counter(); import {module}; print(time.perf_counter() - begin)"
        output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        best = min(best, float(output))
    return {"ms": 1000 * best}


def stalls(every: int) -> Figures:
    """Hostile inputs of a megabyte, each at its argument: the longest time in which the event loop stood still."""
    from support.hostile import ground, tries
    from support.ticker import ticked

    async def main(folder: Path) -> list[float]:
        async with ground(folder) as on:
            chosen = list(tries().values())[::every]
            found = [(await ticked(one(on))).stall for one in chosen]
            # What another program took the processor away for is not there a second time.
            for index in [index for index, stall in enumerate(found) if stall > 0.05]:
                found[index] = min(found[index], (await ticked(chosen[index](on))).stall)
            return found

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(main(Path(folder)))
    return {"inputs": len(found), "longest_stall_ms": 1000 * max(found), "over_50_ms": sum(one > 0.05 for one in found)}


MEASUREMENTS: dict[str, Callable[[bool], Figures]] = {
    "past the core, 1 at a time": lambda quick: past_core(1, 100 if quick else 1000),
    "through the core, 1 at a time": lambda quick: through_core(1, 100 if quick else 1000),
    "past the core, 100 at a time": lambda quick: past_core(100, 200 if quick else 3000),
    "through the core, 100 at a time": lambda quick: through_core(100, 200 if quick else 3000),
    "through the core, 1000 at a time": lambda quick: through_core(1000, 1000 if quick else 3000),
    "through the core and SQLite, 100 at a time": lambda quick: through_core(100, 20 if quick else 1000, "sqlite"),
    "10,000 EEs in one process": lambda quick: keep_lives(500 if quick else 10_000),
    "import pydantic": lambda quick: imports("pydantic", 2 if quick else 7),
    "import vca_core": lambda quick: imports("vca_core", 2 if quick else 7),
    "from vca_core import Vca": lambda quick: imports("vca_core.vca", 2 if quick else 7),
    "statuses into memory": lambda quick: stores.through_outbox("memory", 500 if quick else 20_000),
    "statuses into SQLite": lambda quick: stores.through_outbox("sqlite", 500 if quick else 20_000),
    "one status into SQLite": lambda quick: stores.latency("sqlite", 50 if quick else 1000, 200),
    "a burst into memory": lambda quick: stores.burst("memory", 2000 if quick else 100_000),
    "a burst into SQLite": lambda quick: stores.burst("sqlite", 2000 if quick else 100_000),
    "hostile inputs of 1 MB": lambda quick: stalls(20 if quick else 1),
}

MONGODB: dict[str, Callable[[bool], Figures]] = {
    "through the core and MongoDB, 100 at a time": lambda quick: through_core(100, 20 if quick else 100, "mongodb"),
    "statuses into MongoDB": lambda quick: stores.through_outbox("mongodb", 500 if quick else 5000),
    "statuses into MongoDB by bulk_write": lambda quick: stores.by_bulk_write(500 if quick else 5000),
    "statuses into MongoDB by update_one in threads": lambda quick: stores.by_threads(500 if quick else 5000),
    "one status into MongoDB": lambda quick: stores.latency("mongodb", 50 if quick else 400, 20),
    "a burst into MongoDB": lambda quick: stores.burst("mongodb", 2000 if quick else 100_000),
}
if stores.HAS_MONGODB:
    MEASUREMENTS |= MONGODB
if pods.HAS_CLUSTER:
    MEASUREMENTS["a missing image until `vca status --watch` shows it"] = lambda quick: pods.missing_image(
        1 if quick else 3
    )

RATIOS = {
    "core against hooks, 1 at a time": (
        "through the core, 1 at a time",
        "past the core, 1 at a time",
        "ms_per_operation",
    ),
    "core against hooks, 100 at a time": (
        "through the core, 100 at a time",
        "past the core, 100 at a time",
        "ms_per_operation",
    ),
    "import vca_core against import pydantic": ("import vca_core", "import pydantic", "ms"),
    "from vca_core import Vca against import pydantic": ("from vca_core import Vca", "import pydantic", "ms"),
    "statuses into MongoDB against bulk_write": (
        "statuses into MongoDB",
        "statuses into MongoDB by bulk_write",
        "events_per_second",
    ),
    "statuses into MongoDB against update_one in threads": (
        "statuses into MongoDB",
        "statuses into MongoDB by update_one in threads",
        "events_per_second",
    ),
}


def measure(name: str, *, quick: bool) -> Figures:
    """Run one measurement in a process of its own."""
    command = [sys.executable, __file__, "--one", name, *(["--quick"] if quick else [])]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    figures: Figures = json.loads(output)
    return figures


def table(results: dict[str, Figures], ratios: Figures) -> str:
    """The figures as Markdown."""
    lines = ["| measurement | lives/s | processor ms per operation | other | peak memory |", "|---|---|---|---|---|"]
    for name, figures in results.items():
        known = {"lives_per_second", "ms_per_operation", "peak_mb"}
        other = ", ".join(f"{key.replace('_', ' ')} {value:.1f}" for key, value in figures.items() if key not in known)
        rate = f"{figures['lives_per_second']:.0f}" if "lives_per_second" in figures else ""
        cost = f"{figures['ms_per_operation']:.3f}" if "ms_per_operation" in figures else ""
        lines.append(f"| {name} | {rate} | {cost} | {other} | {figures['peak_mb']:.0f} MB |")
    lines += ["", "| ratio | value |", "|---|---|", *(f"| {name} | {value:.2f} |" for name, value in ratios.items())]
    return "\n".join(lines)


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description="Measure what the framework costs.")
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    parser.add_argument("--json", action="store_true", help="tell the figures as JSON")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/explanation/cost.md")
    parser.add_argument("--only", choices=("core", "juju"), help="measure nothing else")
    parser.add_argument("--lives", type=int, action="append", default=[], help="of Juju, only so many lives at once")
    parser.add_argument("--steps", help="of Juju, only lives with such steps, as the table has them: '0 s'")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write and (given.lives or given.steps):
        parser.error("--write replaces the whole table: measure all of it")
    if given.one:
        figures = MEASUREMENTS[given.one](given.quick)
        children = (
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if given.one.startswith(("import", "from")) else 0
        )
        peak = children or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({**figures, "peak_mb": peak / 1024}))
        return 0
    report: dict[str, Any] = {"python": platform.python_version(), "processors": os.cpu_count()}
    tables: dict[tuple[str, str], str] = {}
    sound = True
    if given.only != "juju":
        results, ratios = core(quick=given.quick)
        report |= {"results": results, "ratios": ratios}
        tables[CORE] = table(results, ratios)
    if given.only != "core":
        from bench.juju import suite

        rows = suite.measure(quick=given.quick, at_once=given.lives, steps=given.steps)
        report["juju"] = suite.as_json(rows)
        tables[JUJU] = suite.table(rows)
        sound = suite.sound(rows)
    print(json.dumps(report, indent=2) if given.json else "\n\n".join(tables.values()))
    if given.write:
        for marks, text in tables.items():
            write(marks, text)
    return 0 if sound else 1


def core(*, quick: bool) -> tuple[dict[str, Figures], Figures]:
    """Measure the core; the figures, and their ratios."""
    results: dict[str, Figures] = {}
    for name in MEASUREMENTS:
        print(f"measuring: {name} ...", file=sys.stderr)
        results[name] = measure(name, quick=quick)
    known = {name: ratio for name, ratio in RATIOS.items() if set(ratio[:2]) <= results.keys()}
    return results, {name: results[this][key] / results[against][key] for name, (this, against, key) in known.items()}


def write(marks: tuple[str, str], figures: str) -> None:
    """Put figures into the page, between two marks."""
    page = PAGE.read_text("utf-8")
    begin, end = marks
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    about = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()}, pydantic "
        f"{metadata.version('pydantic')}, juju {metadata.version('juju')}, {os.cpu_count()} processors."
    )
    PAGE.write_text(f"{head}{begin}\n{about}\n\n{figures}\n{end}{tail}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
