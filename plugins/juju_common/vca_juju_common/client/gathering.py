"""How long deltas gather before they are asked for: a request for each one would cost too much."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

GATHER = 0.1
"""Seconds between two batches of deltas while no operation waits for any."""

GATHER_AWAITED = 0.02
"""The same while an operation waits; the first delta after it began to wait counts at once."""


class Gathering:
    """The pauses between two batches of one model's deltas."""

    def __init__(self) -> None:
        self._ending: asyncio.Future[None] | None = None
        self._waiting = 0

    async def pause(self) -> None:
        """Let deltas gather until they are needed."""
        loop = asyncio.get_running_loop()
        self._ending = ending = loop.create_future()
        timer = loop.call_later(min(GATHER, GATHER_AWAITED) if self._waiting else GATHER, _end, ending)
        try:
            await ending
        finally:
            timer.cancel()

    def hasten(self) -> None:
        """End a pause now."""
        if self._ending is not None:
            _end(self._ending)

    @contextmanager
    def await_deltas(self) -> Iterator[None]:
        """Wait for deltas in a ``with`` block: pauses are short meanwhile."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1


def _end(waited: asyncio.Future[None]) -> None:
    if not waited.done():
        waited.set_result(None)
