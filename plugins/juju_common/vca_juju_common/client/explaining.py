"""What is waited for in vain, for the error of the limit that ends the wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vca_core.errors import VcaError


@contextmanager
def explain(reason: Callable[[], VcaError | None]) -> Iterator[None]:
    """Have the error of a limit that ends a ``with`` block say why nothing came.

    Args:
        reason: makes an error that says it; None: there is nothing to say.
    """
    try:
        yield
    except asyncio.CancelledError as cancelled:
        cancelled.__cause__ = reason() or cancelled.__cause__
        raise
