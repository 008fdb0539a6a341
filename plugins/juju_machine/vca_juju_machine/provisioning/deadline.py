"""The limit of a session, and of each step within it."""

from __future__ import annotations

import asyncio
import contextlib
import math
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

    def left(self) -> float:
        """Seconds until then; 0.0 when it has passed."""
        return max(self._end - asyncio.get_running_loop().time(), 0.0)

    @contextlib.asynccontextmanager
    async def step(self, what: str, limit: float = math.inf) -> AsyncIterator[None]:
        """Limit what is done in a ``with`` block.

        Args:
            what: what is done, for the error: ``"to read the facts of ..."``.
            limit: seconds for this step; what is left of the whole holds too.

        Raises:
            VcaTimeoutError: it took longer.
        """
        left = self.left()
        scope = asyncio.timeout(min(left, limit))
        try:
            async with scope:
                yield
        except TimeoutError:
            if not scope.expired():
                raise
            ran_out = limit if limit < left else self.limit
        else:
            return
        raise VcaTimeoutError(f"it took more than {ran_out:g} s {what}", "total", ran_out)
