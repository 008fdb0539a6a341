"""By which lives go on: one step after the other, each after the answer to the request that caused it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType


class Clock:
    """Runs the steps of lives in the event loop.

    Args:
        latency: seconds that a step takes; 0: as fast as events allow.
        hook_retry: seconds after which a failed hook is run again, so that the failure is seen.
        burial: seconds after which a dead model is removed.
        steps: seconds that a step of an entity of one kind takes, by kind, where that is not the latency.
    """

    def __init__(
        self,
        latency: float = 0.0,
        hook_retry: float = 0.05,
        burial: float = 0.02,
        steps: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.latency = latency
        self.steps = dict(steps)
        self.hook_retry = hook_retry
        self.burial = burial
        self._due: dict[tuple[str, ...], asyncio.Handle] = {}
        self._closed = False

    def run_soon(self, key: tuple[str, ...], step: Callable[[], None], *, after: float = 0.0) -> None:
        """Run a step, in so many seconds at the least; a second one for the same key is not added while one is due."""
        if self._closed or key in self._due:
            return

        def run() -> None:
            self._due.pop(key, None)
            step()

        loop = asyncio.get_running_loop()
        seconds = max(self.steps.get(key[1], self.latency), after)
        self._due[key] = loop.call_later(seconds, run) if seconds else loop.call_soon(run)

    @property
    def is_idle(self) -> bool:
        """Whether no step is due."""
        return not self._due

    def close(self) -> None:
        """No step runs after this."""
        self._closed = True
        for handle in self._due.values():
            handle.cancel()
        self._due.clear()
