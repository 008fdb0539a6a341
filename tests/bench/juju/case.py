"""One side of a comparison, in this process: lives that warm it up, then as many as it is told, again and again."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import resource
import sys
import time
from collections import Counter
from typing import Any, Protocol

from bench.juju.place import Place

WARM = 30
"""Lives that a process has before it is measured: imports, caches and the interpreter's own warm-up are not in."""

WARM_AT_ONCE = 10
"""How many of them there are at once, at the most: the memory that they need does not count."""


class Lives(Protocol):
    """What can be measured."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def life(self, number: int) -> None: ...


def lives_of(kind: str, place: Place) -> Lives:
    """What is measured; only its own modules are imported."""
    if kind == "floor":
        from bench.juju.floor import Floor

        return Floor(place)
    if kind == "floor on pods":
        from bench.juju.floor_pods import FloorOnPods

        return FloorOnPods(place)
    if kind == "past the core":
        from bench.juju.past_core import PastCore

        return PastCore(place)
    if kind == "package":
        from bench.juju.package import Package

        return Package(place)
    from bench.juju.framework import Framework

    return Framework(place, on_pods=kind.endswith("on pods"))


class Side:
    """One side of a comparison.

    Args:
        lives: what lives.
        at_once: how many lives begin at once.
    """

    def __init__(self, lives: Lives, at_once: int) -> None:
        self._lives = lives
        self._at_once = at_once
        self._numbers = itertools.count()

    async def warm_up(self) -> None:
        """Live until everything that is done once is done."""
        at_once = min(self._at_once, WARM_AT_ONCE)
        for _ in range(-(-WARM // at_once)):
            for result in await self._live(at_once):
                if result is not None:
                    raise result

    async def measure(self, times: int) -> dict[str, Any]:
        """Live.

        Args:
            times: how often that many lives begin at once, one batch after the other.
        """
        gc.collect()
        results: list[BaseException | None] = []
        before, begin, used = peak_mb(), time.perf_counter(), time.process_time()
        for _ in range(times):
            results += await self._live(self._at_once)
        wall, used = time.perf_counter() - begin, time.process_time() - used
        failed = Counter(f"{type(one).__name__}: {one}" for one in results if one is not None)
        return {
            "wall": wall / times,
            "cpu": used / times,
            "grown_mb": peak_mb() - before,
            "peak_mb": peak_mb(),
            "failures": failed.total(),
            "failed_with": [f"{number} x {text}" for text, number in failed.most_common(3)],
        }

    async def _live(self, count: int) -> list[BaseException | None]:
        numbers = [next(self._numbers) for _ in range(count)]
        return await asyncio.gather(*(self._lives.life(number) for number in numbers), return_exceptions=True)


def peak_mb() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(kind: str, at_once: int) -> None:
    """Be warm; then measure and tell, as often as a line says how many batches of lives."""
    place = Place(**json.loads(await asyncio.to_thread(sys.stdin.readline)))
    lives = lives_of(kind, place)
    await lives.open()
    side = Side(lives, at_once)
    await side.warm_up()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await side.measure(int(line))), flush=True)
    await lives.close()


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a connection for each model
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
