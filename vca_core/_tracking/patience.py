"""How long a caller waits for the store: that depends on what the store does meanwhile."""

from __future__ import annotations

import asyncio

from vca_core._tracking.entry import Entry
from vca_core._tracking.health import Health
from vca_core._tracking.lane import Lane

_STALL = 0.5
"""Seconds by which a look is late if the event loop stood still, as on a machine that has no time for it."""


class Patience:
    """Lets a time-out expire once a caller has waited long enough.

    Time counts from when the store began with what is asked of it, or from its first failure with anything in front of
    it. While the store does other things, it does not count: a store with much to do has not failed. Nor does time in
    which the event loop stood still.

    Args:
        clock: the time-out.
        lane: where the entry is queued.
        entry: what the caller waits for.
        limit: seconds.
        health: whether the store answers.
    """

    def __init__(self, clock: asyncio.Timeout, lane: Lane, entry: Entry, limit: float, health: Health) -> None:
        self._clock = clock
        self._lane = lane
        self._entry = entry
        self._limit = limit
        self._health = health
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._handle = self._loop.call_at(self._began + limit, self._look)

    def cancel(self) -> None:
        """Stop: there is nothing to wait for any more."""
        self._handle.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        late = now - self._handle.when()
        lane = self._lane
        # While it takes the writes of others, or answers their reads, what it was asked last waits for its turn there.
        began = max(lane.began, lane.served_at) if self._entry.is_running and lane.began is not None else None
        times = (began, self._entry.failing_since, lane.failing_since, self._health.failing_since)
        begun = [time for time in times if time is not None]
        end = (max(min(begun), self._began) if begun else now) + self._limit
        if late > _STALL:  # what the store answered meanwhile has still to be seen
            end = max(end, now + min(late, self._limit))
        if end > now:
            self._handle = self._loop.call_at(end, self._look)
        else:
            self._clock.reschedule(now)
