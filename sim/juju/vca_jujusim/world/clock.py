"""By which lives go on: one step after the other, each after the answer to the request that caused it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Clock:
    """Runs the steps of lives in the event loop.

    Args:
        latency: seconds that a step takes; 0: as fast as events allow.
        hook_retry: seconds after which a failed hook is run again, so that the failure is seen.
    """

    def __init__(self, latency: float = 0.0, hook_retry: float = 0.05) -> None:
        self.latency = latency
        self.hook_retry = hook_retry
        self._due: dict[tuple[str, ...], asyncio.Handle] = {}
        self._closed = False

    def soon(self, key: tuple[str, ...], step: Callable[[], None], *, retry: bool = False) -> None:
        """Run a step; a second one for the same key is not added while the first is due."""
        if self._closed or key in self._due:
            return

        def run() -> None:
            self._due.pop(key, None)
            step()

        loop = asyncio.get_running_loop()
        seconds = max(self.latency, self.hook_retry) if retry else self.latency
        self._due[key] = loop.call_later(seconds, run) if seconds else loop.call_soon(run)

    @property
    def idle(self) -> bool:
        """Whether no step is due."""
        return not self._due

    def close(self) -> None:
        """No step runs after this."""
        self._closed = True
        for handle in self._due.values():
            handle.cancel()
        self._due.clear()
