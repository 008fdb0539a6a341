"""What the controller refuses, with the codes of Juju."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_FOUND = "not found"
MODEL_NOT_FOUND = "model not found"
ALREADY_EXISTS = "already exists"
UNAUTHORIZED = "unauthorized access"
NOT_SUPPORTED = "not supported"
NOT_VALID = "not valid"
NOT_IMPLEMENTED = "not implemented"
BAD_REQUEST = "bad request"
CONTENTION = "excessive contention"
STOPPED = "stopped"
UPGRADING = "upgrade in progress"
REDIRECT = "redirection required"
DISCHARGE = "macaroon discharge required"
TRY_AGAIN = "try again"
HAS_STORAGE = "controller/model has persistent storage"
INCOMPATIBLE_BASE = "incompatible base"


class Refusal(Exception):
    """An answer with an error: of a request, or of one of its results.

    Args:
        message: what Juju would say.
        code: one of Juju's codes; empty where Juju gives none.
        info: more of it, as for a redirect.
    """

    def __init__(self, message: str, code: str = "", info: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.info = dict(info or {})

    def as_result(self) -> dict[str, Any]:
        """The error inside of a result."""
        return {"message": self.message, "code": self.code, **({"info": self.info} if self.info else {})}


def not_found(kind: str, name: str) -> Refusal:
    """Juju's words for what is not there: `machine 7 not found`, `application "a" not found`."""
    shown = name if kind == "machine" else f'"{name}"'
    return Refusal(f"{kind} {shown} not found", NOT_FOUND)


def denial() -> Refusal:
    """For a user who has no right to it."""
    return Refusal("permission denied", UNAUTHORIZED)
