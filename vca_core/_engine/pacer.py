"""Spreads what begins at the same moment over turns of the event loop, which has others to serve, too.

Ten thousand calls at once, each taking a tenth of a millisecond to its first wait, would stop the loop for a second.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Pacer:
    """Lets a limited number of calls begin in one turn of the loop; the others begin in later turns, in order.

    Args:
        most: how many begin in one turn.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = most
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[asyncio.Future[Exception | None]] = deque()

    def __len__(self) -> int:
        """How many wait for their turn."""
        return sum(not turn.done() for turn in self._waiting)

    async def wait_turn(self) -> None:
        """Wait for the caller's turn; return at once if few calls begin.

        Raises:
            Exception: what `make_error` of `refuse` made.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._left = loop, self._most
        if self._left == self._most:
            loop.call_soon(self._begin_turn)
        if self._left > 0:
            self._left -= 1
            return
        turn: asyncio.Future[Exception | None] = loop.create_future()
        self._waiting.append(turn)
        refusal = await turn
        if refusal is not None:
            raise refusal

    def refuse(self, make_error: Callable[[], Exception]) -> None:
        """Refuse all calls that wait for their turn.

        Args:
            make_error: makes the error that each of them raises.
        """
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(make_error())
        self._waiting.clear()

    def _begin_turn(self) -> None:
        self._left = self._most
        while self._waiting and self._left > 0:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._left -= 1
        if self._left < self._most:
            asyncio.get_running_loop().call_soon(self._begin_turn)
