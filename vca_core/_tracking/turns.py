"""Limits how many calls a store has to serve at a time, by how long it takes for them."""

from __future__ import annotations

import asyncio
from collections import deque

_FIRST_MOST = 20
"""How many calls there are at first."""

_MOST = 500
"""How many there are for a quick store."""

_SHARE = 0.25
"""The share of its limit that a call should take at most."""


class Turns:
    """Turns at a store, in the order of requests.

    A store that takes one call after the other would need more for the last of 500 than a call may take, however
    healthy it is. So there are more at a time while it is quick, and fewer after a slow one.

    Args:
        limit: seconds that the store has for a call.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._most = _FIRST_MOST
        self._taken = 0
        self._quick = 0
        self._shrunk_at = float("-inf")
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take a turn, if there is one."""
        if self._taken >= self._most:
            return False
        self._taken += 1
        return True

    async def wait(self) -> None:
        """Wait for a turn, and take it."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give()  # it came at the same moment
            raise

    def give(self, began: float, ended: float) -> None:
        """Give a turn back.

        Args:
            began: when the call began, by the event loop's clock.
            ended: when it ended.
        """
        if ended - began > self._limit * _SHARE:
            self._quick = 0
            if began >= self._shrunk_at:  # else it began when there were too many
                self._shrunk_at = ended
                self._most = max(self._most // 2, 1)
        else:
            self._quick += 1
            if self._quick >= self._most:
                self._quick, self._most = 0, min(self._most * 2, _MOST)
        self._give()

    def _give(self) -> None:
        self._taken -= 1
        while self._waiting and self._taken < self._most:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._taken += 1
