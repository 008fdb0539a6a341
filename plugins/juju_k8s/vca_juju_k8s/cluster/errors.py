"""What goes wrong with a cluster, in words that are the same for the same reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from vca_core.errors import BackendError

Scrub = Callable[[str], str]

_PASSING = frozenset({429, 502, 503, 504})
"""Refusals of an API server, or of what stands before it, that has too much to do, or is just being restarted."""


class ClusterError(BackendError):
    """The API server cannot be reached, or refused a request. The text is the same for the same reason.

    Attributes:
        status: of HTTP; None: there was no answer.
    """

    def __init__(
        self, message: str, status: int | None = None, code: str = "", *, retryable: bool | None = None
    ) -> None:
        super().__init__(message, code, retryable=retryable)
        self.status = status


def explain_error(error: Exception, scrub: Scrub) -> ClusterError:
    """An error without secrets, whose text is the same each time."""
    status = getattr(error, "status", None)
    if isinstance(status, int) and status:
        return _refusal(status, str(getattr(error, "reason", "")), getattr(error, "body", None), scrub)
    chain = [error, getattr(error, "reason", None), error.__cause__]
    names = {type(one).__name__ for one in chain if one is not None}
    if any("Certificate" in name or "SSL" in name for name in names):
        return ClusterError("the API server's certificate is not accepted")
    if any("Timeout" in name for name in names):
        return ClusterError("the API server does not answer in time", retryable=True)
    return ClusterError("the API server cannot be reached", retryable=True)


def _refusal(status: int, reason: str, body: Any, scrub: Scrub) -> ClusterError:
    is_passing = status in _PASSING
    try:
        told = json.loads(body)
        code, message = str(told["reason"]), str(told["message"])
    except (KeyError, TypeError, ValueError):
        hint = "; its answer is not one of Kubernetes: is there a proxy between (NO_PROXY)?"
        return ClusterError(f"the API server refused: {status} {reason}{hint}", status, retryable=is_passing)
    text = f"the API server refused: {status} {code}: {scrub(message)}"
    return ClusterError(text, status, code, retryable=is_passing)


def object_in(answer: bytes) -> dict[str, Any]:
    """The object in an answer.

    Raises:
        ClusterError: there is none.
    """
    try:
        found = json.loads(answer)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ClusterError("the API server's answer is not one of Kubernetes: is there a proxy between (NO_PROXY)?")
    return found
