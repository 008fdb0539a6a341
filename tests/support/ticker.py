"""How long the event loop stood still while something was done: a task that wakes up again and again measures it."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable
from dataclasses import dataclass

from vca_core.errors import VcaError

INTERVAL = 0.001
"""Seconds between two ticks of a loop that nobody holds up."""

BOUND = 0.05
"""Seconds for which no input of a megabyte may hold up the loop, on a machine that does nothing else."""

BUSIEST = 4.0
"""How many times slower than by itself a machine may be for what it measures to be believed."""

_KNOWN = 0.01
"""Seconds that `_known_work` takes on a machine that does nothing else."""


WORK = 40_000
"""How much work that is."""


@dataclass(frozen=True)
class Ticked:
    """What became of something, and of the loop meanwhile.

    Args:
        error: the error of the tree that it ended with; None: it ended well.
        ticks: how often the loop got round to something else before it ended.
        stall: the longest time in which it did not, in seconds of the processor, which other programs disturb less;
            never asserted.
    """

    error: VcaError | None
    ticks: int
    stall: float


async def ticked(work: Awaitable[object]) -> Ticked:
    """Wait for something, and see how long it holds up the loop. Errors that are not of the tree are raised.

    Python's garbage collector stops all threads while it looks at everything that there is. What was there before, such
    as pytest, is none of the input's doing, and is left out, from then on.
    """
    longest, ticks = 0.0, 0

    async def tick() -> None:
        nonlocal longest, ticks
        last = time.process_time()
        while True:
            await asyncio.sleep(INTERVAL)
            now = time.process_time()
            longest, last, ticks = max(longest, now - last), now, ticks + 1

    gc.collect()
    gc.freeze()
    ticker = asyncio.create_task(tick())
    await asyncio.sleep(INTERVAL)
    before, error = ticks, None
    try:
        await work
    except VcaError as raised:
        error = raised
    ended = ticks
    await asyncio.sleep(2 * INTERVAL)  # so that a stall at the very end is seen
    ticker.cancel()
    return Ticked(error, ended - before, longest)


async def slowness() -> float:
    """How many times as long as on a quiet machine the loop stands still for a known piece of work; 1 at least."""
    seen = await ticked(_known_work())
    return max(1.0, seen.stall / _KNOWN)


async def _known_work() -> None:
    found = {}
    for number in range(WORK):
        found[str(number)] = number * number


@dataclass(frozen=True)
class Stall:
    """How long an input held up the loop, beside how slow the machine was.

    Args:
        seconds: the longest time in which the loop got round to nothing else.
        slowness: of the machine, just before or just after.
    """

    seconds: float
    slowness: float

    @property
    def is_known(self) -> bool:
        """Whether the machine was quiet enough to tell."""
        return self.slowness <= BUSIEST

    @property
    def is_too_long(self) -> bool:
        """Whether it was longer than it may be, with what a busy machine costs taken off."""
        return self.is_known and self.seconds > BOUND * self.slowness
