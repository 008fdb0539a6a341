"""Spreads what begins at the same moment over turns of the event loop, which has others to serve, too."""

from __future__ import annotations

import asyncio
from collections import deque


class Pacer:
    """Lets so many begin in one turn of the loop; the others begin in later ones, in the order they came.

    Args:
        most: how many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = most
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait_turn(self) -> None:
        """Wait until it is one's turn; at once, where few begin."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._left = loop, self._most
        if self._left == self._most:
            loop.call_soon(self._begin_turn)
        if self._left > 0:
            self._left -= 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _begin_turn(self) -> None:
        self._left = self._most
        while self._waiting and self._left > 0:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._left -= 1
        if self._left < self._most:
            asyncio.get_running_loop().call_soon(self._begin_turn)
