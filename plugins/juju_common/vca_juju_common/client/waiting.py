"""Waits on the state of a model: it is checked after every change, and read anew if there is none for long."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import TypeVar

from vca_juju_common.client.gathering import Gathering
from vca_juju_common.client.presence import PresenceQuestions
from vca_juju_common.client.things import Key

STALE = 60.0
"""Seconds without any change in a model after which its state is read anew for those who wait."""

_LONGEST = 3600.0

R = TypeVar("R")


class Waits:
    """Those who wait for something in one model's state.

    Args:
        presence: asks how silent agents are.
        check: raises what makes it vain to wait.
        seconds_left: those in which a connection that broke has to be back; None: it has not broken. Raises when they
            are over.
        reread: reads the state as a whole.

    Attributes:
        gathering: the pauses between deltas, which are short while an operation waits.
    """

    def __init__(
        self,
        presence: PresenceQuestions,
        check: Callable[[], None],
        seconds_left: Callable[[], float | None],
        reread: Callable[[], Awaitable[None]],
    ) -> None:
        self.gathering = Gathering()
        self._presence = presence
        self._check = check
        self._seconds_left = seconds_left
        self._reread = reread
        self._pulses: set[asyncio.Future[bool]] = set()

    def wake(self) -> None:
        """Have all who wait look now."""
        for pulse in self._pulses:
            _end(pulse, is_changed=True)

    async def wait(
        self,
        look: Callable[[], R | None],
        pause: Callable[[], float | None] | None = None,
        agents: Callable[[], Collection[Key]] | None = None,
        stale: float | None = None,
        since: float | None = None,
    ) -> R:
        """Wait for something in the state; see `WatchedModel.wait`."""
        stale = STALE if stale is None else stale
        clock = asyncio.get_running_loop().time
        quiet_since = clock()
        begun = quiet_since if since is None else since
        is_new = True
        while True:
            found = look()
            if found is not None:
                return found
            if is_new:
                self.gathering.hasten()
                is_new = False
            self._check()
            limits = [limit for limit in (pause() if pause else None, self._seconds_left()) if limit is not None]
            ask_at = self._presence.due_at(begun, agents() if agents else ()) if stale < math.inf else math.inf
            limit = min(*limits, quiet_since + stale - clock(), ask_at - clock(), _LONGEST)
            with self.gathering.await_deltas():
                is_changed = await self._wait_pulse(max(0.0, limit))
            if is_changed:
                quiet_since = clock()
                continue
            if clock() >= ask_at:
                self._presence.begin()
            if clock() >= quiet_since + stale:
                stale *= 2
                await self._reread()
                quiet_since = clock()

    async def _wait_pulse(self, limit: float) -> bool:
        """Wait for a change, for at most `limit` seconds; return whether there was one."""
        # `asyncio.wait` does the same at twice the cost, and an operation waits for one change after the other.
        loop = asyncio.get_running_loop()
        pulse: asyncio.Future[bool] = loop.create_future()
        self._pulses.add(pulse)
        timer = loop.call_later(limit, partial(_end, pulse, is_changed=False))
        try:
            return await pulse
        finally:
            timer.cancel()
            self._pulses.discard(pulse)


def _end(pulse: asyncio.Future[bool], *, is_changed: bool) -> None:
    if not pulse.done():
        pulse.set_result(is_changed)
