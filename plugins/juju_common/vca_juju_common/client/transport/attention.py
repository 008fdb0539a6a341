"""Notices when the event loop is too busy to see what came, or its process gets no processor."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

LOOK_EVERY = 0.25
"""Seconds between two looks at the clock."""


class Attention:
    """Sums up the time in which the event loop did not look, while somebody waits for a controller.

    Where thousands of operations keep a process busy, an answer may have been there for long before it is seen. That is
    no silence of the controller.

    Attributes:
        missed: seconds by which looks came late.
    """

    def __init__(self) -> None:
        self.missed = 0.0
        self._watching = 0
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Look, for the length of a ``with`` block. One timer does for all."""
        self._watching += 1
        if self._timer is None:
            self._look_later()
        try:
            yield
        finally:
            self._watching -= 1
            if not self._watching and self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look)

    def _look(self) -> None:
        if self._timer is not None:
            self.missed += max(0.0, asyncio.get_running_loop().time() - self._timer.when())
            self._look_later()
