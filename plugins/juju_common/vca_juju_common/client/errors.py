"""What goes wrong between us and a controller, by what a caller has to do about it."""

from __future__ import annotations

from typing import Any

from vca_core.errors import BackendError, ConflictError, VcaConnectionError

MODEL_NOT_FOUND = "model not found"

UPGRADING = "upgrade in progress"
"""The answer to nearly all that is asked while the controller is upgraded. Only a new login may be free of it."""

_RACE_CODES = frozenset({"excessive contention", "try again"})
_RACE_TEXTS = (
    "state changing too quickly",
    "transaction aborted",
    "excessive contention",
)
_PASSING_CODES = _RACE_CODES | {
    "retry",
    "stopped",
    UPGRADING,
    "not leader",
    "deadline exceeded",
    "not yet available; try again later",
}
_GONE_TEXTS = ("not found", "is not alive", "is no longer alive", "not found or not alive", "not found or dead")
"""How texts end that say that an entity is gone, whatever code comes with them: often there is no code."""


class ApiError(BackendError):
    """A request was answered with an error, as a whole or for one of its results.

    Args:
        message: what the controller says.
        code: its word for the kind of error, such as ``"not found"``; often empty.
        info: what it says beside it.
    """

    def __init__(self, message: str, code: str = "", info: dict[str, Any] | None = None, **where: Any) -> None:
        super().__init__(message, code, **where)
        self.info = info or {}

    @property
    def is_race(self) -> bool:
        """Whether requests got into each other's way in the controller, and the same one may succeed at once."""
        return self.code in _RACE_CODES or any(text in self.message for text in _RACE_TEXTS)

    @property
    def is_passing(self) -> bool:
        """Whether it is about the moment: the same request may succeed later without any change."""
        return self.is_race or self.code in _PASSING_CODES or self.message == "watcher was stopped"

    @property
    def is_upgrade(self) -> bool:
        """Whether the controller is being upgraded: nothing was done."""
        return UPGRADING in {self.code, self.message}

    @property
    def is_not_found(self) -> bool:
        """Whether what the request is about is not there."""
        return self.code in {"not found", MODEL_NOT_FOUND} or self.message.endswith("not found")

    @property
    def has_gone_text(self) -> bool:
        """Whether it says in words that an entity is not there, or on its way out; a code may be about less."""
        return self.message.endswith(_GONE_TEXTS)

    @property
    def is_gone(self) -> bool:
        """Whether what the request is about is not there, or on its way out."""
        return self.is_not_found or self.has_gone_text

    @property
    def is_about_a_resource(self) -> bool:
        """Whether it is a charm's resource that is not there, and nothing in the model."""
        return self.is_gone and self.message.startswith("resource ")

    @property
    def is_about_a_model(self) -> bool:
        """Whether it is the model that is not there, or on its way out, and nothing in it."""
        return self.is_gone and self.message.startswith("model ")

    @property
    def is_there_already(self) -> bool:
        """Whether what was to be made exists."""
        return not self.is_race and (self.code == "already exists" or "already exists" in self.message)

    @property
    def has_no_leader(self) -> bool:
        """Whether a request for the leader of an application failed because there is none yet."""
        return "leader" in self.message and not self.is_race


class ConnectionLost(VcaConnectionError):
    """A connection broke, or was given up, while a request was under way.

    Args:
        message: what happened.
        url: where to.
        sent: whether the request may have reached the controller, and taken effect.
    """

    def __init__(self, message: str, url: str | None = None, *, sent: bool, **where: Any) -> None:
        super().__init__(message, url, **where)
        self.sent = sent


class NoAccess(VcaConnectionError):
    """A user who may log in to the controller has no access to a model; it may also be gone.

    Args:
        message: what happened.
        url: where to.
    """

    def __init__(self, message: str, url: str | None = None, **where: Any) -> None:
        super().__init__(message, url, **{**where, "retryable": False})


def wrong_password(endpoint: str, user: str, why: str = "") -> VcaConnectionError:
    """Make the error for a login that is refused, whichever way it comes.

    Args:
        endpoint: what refuses it.
        user: who is refused.
        why: what it says; empty: nothing more.
    """
    text = f"{endpoint} refuses the login of user {user}: look at username and secret{f' ({why})' if why else ''}"
    return VcaConnectionError(text, endpoint, retryable=False)


class ModelLeft(ConflictError):
    """A model went, or began to go, while something was being made in it."""


class Upgrading(ConnectionLost):
    """The controller is being upgraded: nothing was done, and nothing will be over this connection."""

    def __init__(self, url: str | None = None, **where: Any) -> None:
        super().__init__("the controller is being upgraded", url, sent=False, **where)


def error_of(answer: Any) -> ApiError | None:
    """The error in a result (a mapping of the wire, or an object of the generated classes); None: it succeeded."""
    error = answer.get("error") if isinstance(answer, dict) else getattr(answer, "error", None)
    if not error:
        return None
    if isinstance(error, dict):
        message, code, info = error.get("message"), error.get("code"), error.get("info")
    else:
        message, code, info = error.message, error.code, error.info
    if not message and not code:
        return None
    return ApiError(message or str(code), code or "", dict(info or {}))


def check_result(answer: Any) -> Any:
    """Give back a result that holds no error.

    Raises:
        ApiError: it holds one.
    """
    error = error_of(answer)
    if error is not None:
        raise error
    return answer


def reason_of(error: Exception) -> str:
    """Why something did not get through, in words for people.

    Texts of aiohttp show objects of ours, and its reprs headers with passwords.
    """
    inner = getattr(error, "os_error", None) or error
    return getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
