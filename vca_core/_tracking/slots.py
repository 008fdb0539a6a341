"""Limits how many lanes use the store at a time; those with an outcome to write go before the others."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable


class Slots:
    """A limited number of slots, given in the order of requests, urgent ones first.

    Args:
        most: how many slots there are.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._free = most
        # A plain dict gets slow at its front once much was taken from there.
        self._urgent: OrderedDict[Hashable, asyncio.Future[None]] = OrderedDict()
        self._others: OrderedDict[Hashable, asyncio.Future[None]] = OrderedDict()

    def take(self) -> bool:
        """Take a slot, if one is free."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    async def wait(self, whose: Hashable, *, is_urgent: bool) -> None:
        """Wait for a slot, and take it.

        Args:
            whose: who waits; each waits once at a time.
            is_urgent: whether to go before those that are not.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._urgent if is_urgent else self._others)[whose] = turn
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()  # it came at the same moment
            raise
        finally:
            self._urgent.pop(whose, None)
            self._others.pop(whose, None)

    def promote(self, whose: Hashable) -> None:
        """Make a wait urgent, if there is one."""
        turn = self._others.pop(whose, None)
        if turn is not None:
            self._urgent[whose] = turn

    def give(self) -> None:
        """Give a slot back; the next one that waits has it."""
        self._free += 1
        for waiting in (self._urgent, self._others):
            while waiting and self._free > 0:
                _, turn = waiting.popitem(last=False)
                if not turn.done():
                    turn.set_result(None)
                    self._free -= 1

    def resize(self, most: int) -> None:
        """Change the number of slots; those in use stay in use."""
        self._free += most - self._most - 1
        self._most = most
        self.give()
