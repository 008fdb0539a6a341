"""What failures of a store say of a write: whether it was refused for what it is, and whether it may still be made."""

from __future__ import annotations

from typing import TypeVar

from vca_core.errors import VcaError

E = TypeVar("E", bound=VcaError)

_MARK = "is_no_refusal"
_UNSENT = "is_unsent"


def mark_no_refusal(error: E) -> E:
    """Mark an error of a store that refused no write: it did not open, or takes nothing of this user.

    The same call would fail again, so the error is not retryable; but what was to be written is right, so it has to
    be kept for a later attempt.

    Returns:
        The error itself.
    """
    vars(error)[_MARK] = True
    return error


def mark_unsent(error: E) -> E:
    """Mark an error of a store whose server never got the call, so that it is not carried out later.

    Returns:
        The error itself.
    """
    vars(error)[_UNSENT] = True
    return error


def is_unsent(error: BaseException) -> bool:
    """Whether an error says that what was asked for is not carried out later."""
    return bool(vars(error).get(_UNSENT, False))


def is_refusal(error: BaseException) -> bool:
    """Whether an error says that a write can never be made: a store that is open refuses it for what it is."""
    return isinstance(error, VcaError) and not error.retryable and not vars(error).get(_MARK, False)
