"""An event loop whose clock is fair: it counts how long one waits, and not how slow the machine is.

A limit of half a second is meant to expire when nothing happens for half a second. On a loaded machine it also expires
when the process gets no processor for half a second, although everything that it waits for is there. Most tests run
both sides of a connection in one loop, so for them only time in which neither has anything to do should count.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable

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


def let_pass(seconds: float) -> None:
    """Have it be so many seconds later: limits that lie in between expire."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FairLoop)
    loop.clock.passed += seconds


class FairLoop(asyncio.SelectorEventLoop):
    """An event loop with a fair clock."""

    def __init__(self) -> None:
        self.clock = FairSelector()
        super().__init__(self.clock)

    def time(self) -> float:
        """See `FairSelector.time`."""
        return self.clock.time()

    def close(self) -> None:
        """Close the loop.

        Raises:
            ResourceWarning: a connection is still open. Python itself warns when the connection is collected, which
                fails whichever test runs then.
        """
        transports = [] if self.is_closed() else list(self._transports.values())  # type: ignore[attr-defined]
        left = [str(one) for one in transports if not one.is_closing()]
        super().close()
        if left:
            raise ResourceWarning(f"still open when the event loop ended: {left}")

    def abort_connections_at(self, port: int) -> None:
        """Abort the connections that were accepted at a port, those too that a server does not know of yet."""
        for transport in list(self._transports.values()):  # type: ignore[attr-defined]
            address = transport.get_extra_info("sockname")
            if isinstance(address, tuple) and address[1] == port:
                transport.abort()
