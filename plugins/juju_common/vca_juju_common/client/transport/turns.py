"""A queue for dialling, so that not all connections shake hands at once."""

from __future__ import annotations

import asyncio


class Turn:
    """A place in a line, taken as often as one likes; the time that is spent there is summed up.

    Args:
        line: what is waited for.
    """

    def __init__(self, line: asyncio.Semaphore) -> None:
        self._line = line
        self._spent = 0.0
        self._since: float | None = None

    @property
    def waited(self) -> float:
        """Seconds that were spent in the line so far."""
        now = asyncio.get_running_loop().time()
        return self._spent + (0.0 if self._since is None else now - self._since)

    async def __aenter__(self) -> None:
        self._since = asyncio.get_running_loop().time()
        try:
            await self._line.acquire()
        finally:
            self._spent, self._since = self.waited, None

    async def __aexit__(self, *_: object) -> None:
        self._line.release()
