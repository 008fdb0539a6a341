"""What is waited for in vain, for the error of the limit that ends the wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vca_core.errors import VcaError


@contextmanager
def explain(reason: Callable[[], VcaError | None], *, at_last: bool = False) -> Iterator[None]:
    """Have the error of a limit that ends a ``with`` block say why nothing came.

    Args:
        reason: makes an error that says it; None: there is nothing to say.
        at_last: whether a reason that is known further inside goes before this one.
    """
    try:
        yield
    except asyncio.CancelledError as cancelled:
        inner = cancelled.__cause__
        cancelled.__cause__ = (inner or reason()) if at_last else (reason() or inner)
        raise
