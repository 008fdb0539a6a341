"""One operation at a time on an execution environment.

The keys are known before the EE is there: connector, model and application. Waiters are served in the order they came.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Sequence

from vca_core.naming import EeKey


class Locks:
    """The locks of all execution environments of a `Vca`. A lock exists while it is held."""

    def __init__(self) -> None:
        self._waiters: dict[EeKey, deque[asyncio.Future[None]]] = {}

    def held_keys(self) -> Collection[EeKey]:
        """The keys that are locked at this moment."""
        return self._waiters.keys()

    async def acquire(self, keys: Sequence[EeKey], until: float, interrupt: asyncio.Future[object]) -> bool:
        """Take several locks, in sorted order, so that two operations never wait for each other.

        Args:
            keys: which ones.
            until: the loop's time at which to give up.
            interrupt: gives up at once when it is done.

        Returns:
            Whether all are held now; otherwise, not one is.

        Raises:
            asyncio.CancelledError: cancelled while waiting; no lock is held.
        """
        taken: list[EeKey] = []
        try:
            for key in sorted(set(keys)):
                if not await self._acquire_one(key, until, interrupt):
                    self.release(taken)
                    return False
                taken.append(key)
        except BaseException:
            self.release(taken)
            raise
        return True

    async def _acquire_one(self, key: EeKey, until: float, interrupt: asyncio.Future[object]) -> bool:
        waiters = self._waiters.get(key)
        if waiters is None:
            self._waiters[key] = deque()
            return True
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        waiters.append(turn)
        served = False
        try:
            await asyncio.wait(
                (turn, interrupt), timeout=max(0.0, until - loop.time()), return_when=asyncio.FIRST_COMPLETED
            )
            served = turn.done() and not interrupt.done()
        finally:
            if not served:
                if turn.done():
                    self.release([key])
                else:
                    waiters.remove(turn)
        return served

    def release(self, keys: Sequence[EeKey]) -> None:
        """Give locks back; each goes to the one that waits longest."""
        for key in sorted(set(keys)):
            waiters = self._waiters[key]
            if waiters:
                waiters.popleft().set_result(None)
            else:
                del self._waiters[key]
