"""An event loop whose clock is fair: it counts how long one waits, and not how slow the machine is.

A limit of half a second is meant to expire when nothing happens for half a second. On a loaded machine it also expires
when the process gets no processor for half a second, although everything that it waits for is there. Only time in which
the loop has nothing to do should count.

``vca conformance`` runs the kit on it. For runs of your own pytest, import the hook in a ``conftest.py``::

    from vca_core.testing.fair_clock import pytest_asyncio_loop_factories
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import time
from collections.abc import Callable, Mapping

import pytest

UNFAIR = "test_the_event_loop_goes_on"
"""The check that looks for what a fair clock leaves out."""

RUN = 0.001
"""Seconds that one turn of the loop counts for at most; it is not 0, since work that never waits has to see limits."""

ANSWERED = 0.025
"""Seconds that a wait counts for at most when something came: nobody knows for how long it has been there."""


class FairSelector(selectors.DefaultSelector):
    """Waits for files and timers, and keeps the time of the loop.

    Args:
        machine: gives the machine's time, in seconds.
    """

    def __init__(self, machine: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._machine = machine
        self.passed = self._resumed = machine()

    def time(self) -> float:
        """Seconds that count; they pass no faster than those of the machine."""
        return self.passed + min(self._machine() - self._resumed, RUN)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as always; what counts is the wait that was asked for."""
        self.passed = self.time()
        began = self._machine()
        found = super().select(timeout)
        self._resumed = self._machine()
        waited = self._resumed - began
        if timeout is not None:
            waited = min(waited, max(timeout, 0.0))
        self.passed += min(waited, ANSWERED) if found else waited
        return found


class FairLoop(asyncio.SelectorEventLoop):
    """An event loop with a fair clock."""

    def __init__(self) -> None:
        self.clock = FairSelector()
        super().__init__(self.clock)

    def time(self) -> float:
        """See `FairSelector.time`."""
        return self.clock.time()


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Have checks run on event loops with a fair clock: a hook of pytest-asyncio."""
    if sys.platform == "win32" or item.name == UNFAIR:  # there, a loop with a selector starts no processes
        return {"plain": asyncio.new_event_loop}
    return {"fair": FairLoop}
