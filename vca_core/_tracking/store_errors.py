"""Turns what a store raised into errors of the tree."""

from __future__ import annotations

from vca_core.errors import StoreError, VcaError


def as_store_error(error: BaseException, what: str, limit: float) -> VcaError:
    """Make an error of the tree of what a store raised.

    Args:
        error: what it raised.
        what: what it was asked to do: ``"read the execution environment"``.
        limit: seconds that it had.
    """
    if isinstance(error, VcaError):
        return error
    if isinstance(error, TimeoutError) and not str(error):
        own = StoreError(f"the status store did not {what} within {limit:g} s")
    else:
        own = StoreError(f"the status store failed: it could not {what}: {reason_of(error)}")
    own.__cause__ = error
    return own


def reason_of(error: BaseException) -> str:
    """Return the text of an error, or its type if it has no text."""
    if isinstance(error, TimeoutError) and not str(error):
        return "it did not answer in time"
    return str(error) or type(error).__name__
