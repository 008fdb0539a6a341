"""Whether an operation made the model that it works in: then what is new there is its own.

As with `holding`, requests are sent deep below an operation and by its tasks, so this goes with the context.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_MADE: ContextVar[str | None] = ContextVar("vca_juju_made", default=None)


@contextmanager
def remember_made(uuid: str | None) -> Iterator[None]:
    """Work in a model that was just made.

    Args:
        uuid: the model's; None: it was there before.
    """
    token = _MADE.set(uuid)
    try:
        yield
    finally:
        _MADE.reset(token)


def has_made(uuid: str) -> bool:
    """Whether the operation made this model."""
    return _MADE.get() == uuid
