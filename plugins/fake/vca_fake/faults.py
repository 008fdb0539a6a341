"""What can be done to the fake while it is examined: a `Faults` of the conformance kit."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from vca_core.hookspecs import HOOKS
from vca_fake.script import Rule, Script


class FakeFaults:
    """Lets the fake fall silent, report changes without end, or lose its connections.

    Args:
        script: the script of the connector's options, which it interrupts.
    """

    def __init__(self, script: Script) -> None:
        self._script = script

    @contextlib.asynccontextmanager
    async def silence(self) -> AsyncIterator[None]:
        """Make every request wait for ever."""
        async with self._all(hang=True):
            yield

    @contextlib.asynccontextmanager
    async def stream(self) -> AsyncIterator[None]:
        """Make every request report changes without end."""
        async with self._all(stream={"kind": "action", "status": "running"}):
            yield

    @contextlib.asynccontextmanager
    async def disconnect(self) -> AsyncIterator[None]:
        """Make every request fail for want of a connection."""
        async with self._all(disconnect=True):
            yield

    @contextlib.asynccontextmanager
    async def cut(self) -> AsyncIterator[None]:
        """Make the requests that are under way lose their connection; later ones do not."""
        self._script.cut()
        yield

    @contextlib.asynccontextmanager
    async def _all(self, **what: Any) -> AsyncIterator[None]:
        hooks = HOOKS - {"close"}
        with self._script.put_in_front([Rule(operation=hook, **what) for hook in sorted(hooks)]):
            yield
