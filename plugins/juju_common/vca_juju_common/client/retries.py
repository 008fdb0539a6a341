"""Trying again: how long to wait before the next try, and which requests are simply sent once more."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from vca_juju_common.client.errors import ApiError

R = TypeVar("R")


def pauses(least: float = 0.05, most: float = 5.0) -> Iterator[float]:
    """Seconds to wait before each next try: growing, and never the same for two that began together."""
    pause = least
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        pause = min(most, pause * 2)


async def retry_races(work: Callable[[], Awaitable[R]]) -> R:
    """Do something again for as long as the controller says that requests got into each other's way.

    The caller's deadline bounds it.

    Args:
        work: sends the request; may be called several times.
    """
    waits = pauses(0.02, 1.0)
    while True:
        try:
            return await work()
        except ApiError as error:
            if not error.is_race:
                raise
        await asyncio.sleep(next(waits))
