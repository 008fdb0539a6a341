"""The errors of the framework: one tree, so that callers can handle each kind in its own way.

::

    VcaError                    anything that went wrong in an operation
    ├── BadArguments            an argument cannot be used; no request was sent
    │   └── InvalidCertificate  the CA certificate is not valid
    ├── VcaConnectionError      the backend's system cannot be reached, or refused the login
    ├── VcaTimeoutError         a deadline passed: `kind` says which one, `limit` how long it was
    ├── ExecutionError          a primitive ran and failed; `output` is what it left behind
    ├── NotFound                what the call names does not exist, or no longer does
    ├── AlreadyExists           it already exists; `ee_id` says which one
    ├── ConflictError           something else is under way (a delete, a full queue, a disconnect): try again later
    ├── NotSupported            this backend cannot do that, and never will in this version
    ├── StoreError              the status store failed
    ├── BackendError            the backend failed in a way that it did not explain
    └── PluginError             a plugin (backend or extension) is broken or cannot be loaded

Every error says what happened, where (`backend`, `ee_id`, `operation`) and whether a retry can help (`retryable`),
and keeps its cause. `VcaError.as_data` and `from_data` carry errors through JSON, for journals and other processes. A
cause that came out of a backend is kept as a `Cause`: its type, its text and its frames, with
secrets taken out; the foreign object itself would print what it holds.
"""

from __future__ import annotations

import copy
import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, Self


class VcaError(Exception):
    """Anything that went wrong in an operation of the framework.

    Args:
        message: what happened, in one sentence: what was given, what was expected and what to do about it.
        backend: name of the connector and its backend, such as ``edge (fake)``; filled in by the connector.
        ee_id: the execution environment concerned, in its text form.
        operation: the operation that failed, by its hook's name.
        operation_id: the run of it, as extensions know it; filled in by the connector.
        retryable: whether the same call may succeed later; by default what the class says.
    """

    retryable: bool = False

    def __init__(
        self,
        message: str = "",
        *,
        backend: str | None = None,
        ee_id: str | None = None,
        operation: str | None = None,
        operation_id: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.backend = backend
        self.ee_id = ee_id
        self.operation = operation
        self.operation_id = operation_id
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        where = [
            text
            for text in (
                self.operation,
                f"EE {self.ee_id}" if self.ee_id else None,
                f"backend {self.backend}" if self.backend else None,
            )
            if text
        ]
        return f"{self.message} [{', '.join(where)}]" if where else self.message

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def locate(
        self,
        *,
        backend: str | None = None,
        ee_id: str | None = None,
        operation: str | None = None,
        operation_id: str | None = None,
    ) -> Self:
        """Fill in where the error happened, keeping what is already known; returns the error itself."""
        self.backend = self.backend or backend
        self.ee_id = self.ee_id or ee_id
        self.operation = self.operation or operation
        self.operation_id = self.operation_id or operation_id
        return self

    def duplicate(self) -> Self:
        """Make a copy, for one more caller that shares the failure."""
        twin = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, list | dict):
                setattr(twin, name, copy.copy(value))  # one caller's notes are not another's
        twin.__cause__ = self.__cause__
        return twin

    def as_tree_error(self) -> VcaError:
        """Turn an error of a derived class into one of the tree, whose names callers know.

        Returns:
            The error itself if its class is of the tree.
        """
        kind = _kind_of(self)
        if kind is type(self):
            return self
        known = {"message", "retryable", *_WHERE, *_own_fields(kind)}
        twin: VcaError = kind.__new__(kind, *self.args)
        vars(twin).update({name: value for name, value in vars(self).items() if name in known})
        for note in getattr(self, "__notes__", ()):
            twin.add_note(note)
        twin.__cause__ = self.__cause__
        return twin

    def scrub(self, scrub: Callable[[str], str]) -> Self:
        """Take secrets out of every text the error holds, but for raw output; returns the error itself."""
        scrub = functools.cache(scrub)  # its message is among its arguments, too
        for name, value in vars(self).items():
            if isinstance(value, str):
                setattr(self, name, scrub(value))
            elif isinstance(value, list):
                setattr(self, name, [scrub(item) if isinstance(item, str) else item for item in value])
        self.args = tuple(scrub(item) if isinstance(item, str) else item for item in self.args)
        return self

    def as_data(self) -> dict[str, Any]:
        """Return the error as plain data, for JSON; `from_data` makes an error from it again.

        Raw output is under ``output`` only. The cause and notes are left out.

        Returns:
            ``version``, ``class`` (the class of the tree, also for an error of a class derived from it), ``code`` (the
            same as a word that does not change), ``text``, ``retryable``, ``where`` (``operation``, ``operation_id``,
            ``backend`` and ``ee_id``, None where unknown), ``output`` and ``backend_code`` where there are any, and
            what else the class has.
        """
        kind = _kind_of(self)
        data: dict[str, Any] = {
            "version": DATA_VERSION,
            "class": kind.__name__,
            "code": _CODES[kind],
            "text": str(self.message),
            "retryable": self.retryable,
            "where": {name: None if (place := getattr(self, name)) is None else str(place) for name in _WHERE},
        }
        for name in _own_fields(kind):
            value = getattr(self, name)
            if name not in {"output", "code"} or value:
                data[_KEYS.get(name, name)] = _plain(value)
        return data


class BadArguments(VcaError):
    """An argument cannot be used. Raised before any network is touched.

    Args:
        message: which argument, what was expected and what to do.
        bad_args: names of the arguments at fault, dotted for parts of them: ``["db_dict.path"]``.
        shows_values: whether the message may show what was given. Where it does not, no secret is looked for in it, and
            no word of it is lost because it is also a password.
    """

    shows_values = True

    def __init__(
        self, message: str = "", bad_args: Iterable[str] = (), *, shows_values: bool = True, **where: Any
    ) -> None:
        super().__init__(message, **where)
        self.bad_args = list(bad_args)
        self.shows_values = shows_values

    def scrub(self, scrub: Callable[[str], str]) -> Self:
        """See `VcaError.scrub`."""
        return super().scrub(scrub) if self.shows_values else self

    def rename(self, names: Mapping[str, str]) -> None:
        """Give arguments the names that the readers of the error use.

        Args:
            names: the names that callers use, by the names in the error.
        """
        for name, called in names.items():
            pattern = re.compile(rf"(?<![\w.-]){re.escape(name)}(?=[.:])")
            self.message = pattern.sub(called, self.message)
            self.bad_args = [pattern.sub(called, f"{argument}:")[:-1] for argument in self.bad_args]


class InvalidCertificate(BadArguments):
    """The CA certificate is not valid."""


class VcaConnectionError(VcaError):
    """The backend's system cannot be reached, or refused the login.

    Args:
        message: what was tried and how it failed.
        url: where to, without credentials.
    """

    retryable = True

    def __init__(self, message: str = "", url: str | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.url = url


class VcaTimeoutError(VcaError, TimeoutError):
    """A deadline passed.

    Args:
        message: what was being waited for.
        kind: ``"total"``: the whole operation took too long; ``"progress"``: nothing changed for too long.
        limit: the limit that was hit, in seconds; in plain data, a limit without an end is the text ``inf``.
    """

    retryable = True

    def __init__(
        self,
        message: str = "",
        kind: Literal["total", "progress"] = "total",
        limit: float = 0.0,
        **where: Any,
    ) -> None:
        super().__init__(message, **where)
        self.kind = kind
        self.limit = limit


class ExecutionError(VcaError):
    """A primitive was run and failed.

    Args:
        message: the failure, as the primitive put it.
        primitive: name of the primitive.
        output: what it left behind, raw; it may hold secrets and is never formatted into the text.
    """

    def __init__(
        self,
        message: str = "",
        primitive: str = "",
        output: Mapping[str, Any] | None = None,
        **where: Any,
    ) -> None:
        super().__init__(message, **where)
        self.primitive = primitive
        self.output: dict[str, Any] = dict(output or {})


class NotFound(VcaError):
    """What the call names does not exist, or no longer does."""


class AlreadyExists(VcaError):
    """It already exists. `ee_id` names it: pass it as ``reuse_ee_id`` to go on with it."""


class ConflictError(VcaError):
    """Something else is under way (a delete, a full queue, a disconnect). The same call may succeed later."""

    retryable = True


class NotSupported(VcaError):
    """This backend cannot do that: its capabilities are the hooks it implements."""


class StoreError(VcaError):
    """The status store failed. Nothing that was reported is lost: what could not be written stays queued."""

    retryable = True


class BackendError(VcaError):
    """The backend failed in a way that it did not explain; the cause says how.

    Args:
        message: what happened.
        code: the system's own code for it, such as Juju's ``operation is blocked``; empty: none.
        output: what it left behind, raw, such as lines of a log; as that of an `ExecutionError`.
    """

    def __init__(
        self, message: str = "", code: str = "", output: Mapping[str, Any] | None = None, **where: Any
    ) -> None:
        super().__init__(message, **where)
        self.code = code
        self.output: dict[str, Any] = dict(output or {})


class PluginError(VcaError):
    """A plugin is broken or cannot be loaded; the message names its distribution and the reason."""


class Cause(Exception):
    """Stands for a foreign exception as ``__cause__``: its type, its text and its frames, without secrets.

    Args:
        kind: the exception's class, qualified.
        text: what it said, scrubbed.
        frames: where it came from, one line each: ``file:line in function``.
    """

    LIMIT: ClassVar[int] = 20

    def __init__(self, kind: str, text: str, frames: Iterable[str] = ()) -> None:
        super().__init__(kind, text)
        self.kind = kind
        self.text = text
        self.frames = tuple(frames)

    def __str__(self) -> str:
        return "\n".join([f"{self.kind}: {self.text}", *(f"  {frame}" for frame in self.frames)])


DATA_VERSION = 1
"""The version of what `VcaError.as_data` gives; it grows when readers of the one before would misread it."""

_CODES: Mapping[type[VcaError], str] = {
    VcaError: "error",
    BadArguments: "bad-arguments",
    InvalidCertificate: "invalid-certificate",
    VcaConnectionError: "connection-failed",
    VcaTimeoutError: "timeout",
    ExecutionError: "execution-failed",
    NotFound: "not-found",
    AlreadyExists: "already-exists",
    ConflictError: "conflict",
    NotSupported: "not-supported",
    StoreError: "store-failed",
    BackendError: "backend-failed",
    PluginError: "plugin-broken",
}
_WHERE = ("operation", "operation_id", "backend", "ee_id")
_FIELDS: Mapping[type, tuple[str, ...]] = {
    BadArguments: ("bad_args",),
    VcaConnectionError: ("url",),
    VcaTimeoutError: ("kind", "limit"),
    ExecutionError: ("primitive", "output"),
    BackendError: ("code", "output"),
}
"""What instances of a class have beside what all errors have."""

_KEYS = {"code": "backend_code"}
"""What such fields are called in plain data, where the name stands for something else."""

_ENDLESS = str(math.inf)
"""How plain data has a limit without an end: JSON has no such number."""

_FITS: Mapping[str, Callable[[Any], bool]] = {
    "bad_args": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "url": lambda value: isinstance(value, str),
    "kind": lambda value: value in {"total", "progress"} if isinstance(value, str) else False,
    "limit": lambda value: (isinstance(value, int | float) and not isinstance(value, bool)) or value == _ENDLESS,
    "primitive": lambda value: isinstance(value, str),
    "code": lambda value: isinstance(value, str),
    "output": lambda value: isinstance(value, Mapping),
}
"""Whether a value can be that field: what a newer version writes there must not become a broken error here."""

_DEEPEST = 50


def from_data(data: object) -> VcaError:
    """Make an error from the plain data of `VcaError.as_data`, in this process or in another one.

    It never fails: an unknown class or version gives a `VcaError` with the text, and unknown fields are ignored.

    Args:
        data: the error as plain data; anything that is not a mapping gives a `VcaError`, too.

    Returns:
        The error, without a cause and without a traceback.
    """
    given: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    name, text, retryable, where = (given.get(key) for key in ("class", "text", "retryable", "where"))
    is_known = given.get("version") == DATA_VERSION
    kind = next((cls for cls in _CODES if is_known and cls.__name__ == name), VcaError)
    fields = {field: given.get(_KEYS.get(field, field)) for field in _own_fields(kind)}
    fields = {field: value for field, value in fields.items() if value is not None and _FITS[field](value)}
    if fields.get("limit") == _ENDLESS:
        fields["limit"] = math.inf
    places = where if isinstance(where, Mapping) else {}
    known_places = {key: place for key in _WHERE if isinstance(place := places.get(key), str)}
    is_retryable = retryable if isinstance(retryable, bool) and retryable is not kind.retryable else None
    return kind(
        text if isinstance(text, str) else "an error without a text",
        **fields,
        **known_places,
        retryable=is_retryable,
    )


def _kind_of(error: VcaError) -> type[VcaError]:
    return next(cls for cls in type(error).__mro__ if issubclass(cls, VcaError) and cls in _CODES)


def _own_fields(kind: type) -> tuple[str, ...]:
    return tuple(field for cls in kind.__mro__ for field in _FIELDS.get(cls, ()))


def _plain(value: Any, depth: int = 0) -> Any:
    """Make plain data of what a primitive left behind; what has no form in JSON becomes text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    return repr(value) if depth < _DEEPEST else "..."
