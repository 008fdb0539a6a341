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
    """Wait for something, and see how long it holds up the loop. Errors that are not of the tree are raised."""
    longest, ticks = 0.0, 0

    async def tick() -> None:
        nonlocal longest, ticks
        last = time.process_time()
        while True:
            await asyncio.sleep(INTERVAL)
            now = time.process_time()
            longest, last, ticks = max(longest, now - last), now, ticks + 1

    gc.collect()
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
