"""The limit of a session, and of each step within it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from vca_core.errors import VcaTimeoutError


class Deadline:
    """A point in time by which all steps have to be done. Made in a running loop.

    Args:
        limit: seconds from now on.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._end = asyncio.get_running_loop().time() + limit

    def seconds_left(self) -> float:
        """Seconds until then; 0.0 when it has passed."""
        return max(self._end - asyncio.get_running_loop().time(), 0.0)

    @contextlib.asynccontextmanager
    async def step(self, what: str) -> AsyncIterator[None]:
        """Limit what is done in a ``with`` block.

        Args:
            what: what is done, for the error: ``"to read the facts of ..."``.

        Raises:
            VcaTimeoutError: it took longer.
        """
        scope = asyncio.timeout(self.seconds_left())
        try:
            async with scope:
                yield
        except TimeoutError:
            if not scope.expired():
                raise
        else:
            return
        raise VcaTimeoutError(f"it took more than {self.limit:g} s {what}", "total", self.limit)
