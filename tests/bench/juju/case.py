"""One measurement, in this process: so many lives at once, after one that warms up. `measure` starts it."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import time
from collections import Counter
from typing import Any, Protocol

from bench.juju.place import Place


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
    if kind == "package":
        from bench.juju.package import Package

        return Package(place)
    from bench.juju.framework import Framework

    return Framework(place, on_pods=kind.endswith("on pods"))


async def measure(lives: Lives, count: int) -> dict[str, Any]:
    """Live."""
    gc.collect()
    begin, used = time.perf_counter(), time.process_time()
    results = await asyncio.gather(*(lives.life(number) for number in range(1, count + 1)), return_exceptions=True)
    wall, used = time.perf_counter() - begin, time.process_time() - used
    failed = Counter(f"{type(one).__name__}: {one}" for one in results if one is not None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    failures = [f"{number} x {text}" for text, number in failed.most_common(3)]
    return {"wall": wall, "cpu": used, "peak_mb": peak, "failures": failed.total(), "failed_with": failures}


async def main(kind: str, count: int) -> None:
    """Be ready, wait for the word, measure and tell."""
    place = Place(**json.loads(await asyncio.to_thread(sys.stdin.readline)))
    lives = lives_of(kind, place)
    await lives.open()
    await lives.life(0)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps(await measure(lives, count)), flush=True)
    await lives.close()


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a connection for each model
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
