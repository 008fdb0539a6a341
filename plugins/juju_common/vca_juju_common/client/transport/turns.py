"""A queue for dialling, so that not all connections shake hands at once."""

from __future__ import annotations

import asyncio

from vca_juju_common.client.transport.attention import Attention


class Turn:
    """A place in a line, taken as often as one likes; the time that is spent there is summed up.

    Args:
        line: what is waited for.
        attention: notices when the event loop is too busy to look.
    """

    def __init__(self, line: asyncio.Semaphore, attention: Attention) -> None:
        self._line = line
        self._attention = attention
        self._missed_in_line = 0.0
        self._missed_before = 0.0
        self._spent = 0.0
        self._since: float | None = None

    @property
    def waited(self) -> float:
        """Seconds that were spent in the line so far."""
        now = asyncio.get_running_loop().time()
        return self._spent + (0.0 if self._since is None else now - self._since)

    @property
    def excused(self) -> float:
        """Seconds so far that count against nobody: those in the line, and those in which the loop did not look."""
        missed = self._attention.missed
        in_line = self._missed_in_line + (0.0 if self._since is None else missed - self._missed_before)
        return self.waited + missed - in_line

    async def __aenter__(self) -> None:
        self._since, self._missed_before = asyncio.get_running_loop().time(), self._attention.missed
        try:
            await self._line.acquire()
        finally:
            self._missed_in_line += self._attention.missed - self._missed_before
            self._spent, self._since = self.waited, None

    async def __aexit__(self, *_: object) -> None:
        self._line.release()
