"""What callers learn about a controller's refusals: in their words, and whether the same call may succeed later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vca_core.errors import BackendError
from vca_juju_common.client.errors import ApiError

_WORDS = {
    "operation is blocked": "an operator has blocked such changes (juju disabled-commands lists what, juju "
    "enable-command lifts it)",
    "quota limit exceeded": "a limit that the controller or a charm sets is reached",
    "upgrade in progress": "the controller is being upgraded",
}
"""What codes mean, for those who do not know Juju's."""


def as_backend_error(error: ApiError, doing: str = "") -> BackendError:
    """Make the error for callers of what a controller refused.

    Args:
        error: what it answered.
        doing: what was tried, as in ``charm x cannot be fetched``; empty: the operation says it.
    """
    text = ": ".join(part for part in (doing, _WORDS.get(error.code, ""), error.message) if part)
    return BackendError(text, error.code, retryable=error.is_passing)


@contextmanager
def translate_refusals() -> Iterator[None]:
    """Put what a controller refuses in a ``with`` block into the words of callers."""
    try:
        yield
    except ApiError as error:
        raise as_backend_error(error) from error
