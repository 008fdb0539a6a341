"""Whether an operation may still change something: asked before each request that does, in one place.

The requests of an operation are sent deep below it, and by tasks that it starts. So what has to be asked goes with the
context, as a deadline would.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Held = Callable[[], Awaitable[None]]
"""Raises when the operation may not change anything any more; see `vca_core.backend.Operation.held`."""

_HELD: ContextVar[Held | None] = ContextVar("vca_juju_held", default=None)


@contextmanager
def ask_first(held: Held | None) -> Iterator[None]:
    """Call something before each changing request that is sent in a ``with`` block.

    Args:
        held: what to ask. None: nothing, for what undoes: it concerns only what the same operation made, and nobody
            else knows of.
    """
    token = _HELD.set(held)
    try:
        yield
    finally:
        _HELD.reset(token)


async def check_held() -> None:
    """Make sure that a changing request may be sent now.

    Raises:
        ConflictError: it may not.
    """
    held = _HELD.get()
    if held is not None:
        await held()
