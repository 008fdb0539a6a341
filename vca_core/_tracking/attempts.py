"""The time limit of attempts at the store: one timer for all, since they begin in order and most end at once."""

from __future__ import annotations

import asyncio


class AttemptLimit:
    """Ends attempts that take too long.

    Args:
        seconds: how long each may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun: dict[asyncio.Timeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, clock: asyncio.Timeout) -> float:
        """Start the time limit of an attempt, or start it again.

        Args:
            clock: the time-out, without a deadline of its own, around the attempt; it expires at the limit.

        Returns:
            The time, by the event loop's clock.
        """
        loop = asyncio.get_running_loop()
        self._begun.pop(clock, None)  # they stand in order
        self._begun[clock] = now = loop.time()
        if self._timer is None:
            self._timer = loop.call_at(now + self._seconds, self._look)
        return now

    def end(self, clock: asyncio.Timeout) -> None:
        """End the time limit of an attempt."""
        if self._begun.pop(clock, None) is None and not clock.expired():
            clock.reschedule(None)  # it came to its end just before it would have expired

    def cancel(self) -> None:
        """Forget all attempts, and leave no timer behind."""
        self._begun.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for clock, begun in list(self._begun.items()):  # the oldest first
            if begun + self._seconds > loop.time():
                self._timer = loop.call_at(begun + self._seconds, self._look)
                return
            del self._begun[clock]
            clock.reschedule(loop.time())
