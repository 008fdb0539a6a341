"""Makes errors that hold no secret, and no foreign object, of whatever a client library or a plugin raised."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable

from pydantic import ValidationError

from vca_core.errors import BackendError, Cause, VcaError, VcaTimeoutError
from vca_core.tasks import reason_of_end

_MOST_LINKS = 20
_LONGEST_TEXT = 8_000


Scrub = Callable[[str], str]


def as_vca_error(error: BaseException, scrub: Scrub, scrub_foreign: Scrub | None = None) -> VcaError:
    """Make an error of the tree of whatever a hook raised, without secrets and without the foreign object.

    Args:
        error: what was raised.
        scrub: takes secrets out of a text.
        scrub_foreign: the same for texts of errors that are not of the tree, which may show whatever the caller gave;
            None: as `scrub`.

    Returns:
        The error itself if it is of the tree, one of the tree if its class is derived from that, else a `BackendError`;
        its cause is a `vca_core.errors.Cause`.
    """
    if isinstance(error, VcaError):
        foreign = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        own: VcaError = error.scrub(scrub).as_tree_error().with_traceback(None)
        own.__cause__ = None if foreign is None else scrub_cause(foreign, scrub, scrub_foreign)
    else:
        cause = scrub_cause(error, scrub, scrub_foreign)
        own = BackendError(f"the backend failed with {cause.kind}: {cause.text}")
        own.__cause__ = cause
    own.__context__ = None
    own.__suppress_context__ = True
    return own


def add_reason(timeout: VcaTimeoutError, ended: BaseException | None, scrub: Callable[[str], str]) -> VcaTimeoutError:
    """Have the error of a limit say why nothing came, where the one who waited for it says so.

    Args:
        timeout: the error.
        ended: how the wait ended: a `CancelledError` whose cause is an error of the tree, or what was raised from one.
        scrub: takes secrets out of a text.

    Returns:
        The error itself.
    """
    reason = reason_of_end(ended)
    if isinstance(reason, VcaError):
        timeout.message += f"; {scrub(reason.message)}"
        timeout.__cause__ = scrub_cause(reason, scrub)
    return timeout


def scrub_cause(exc: BaseException, scrub: Scrub, scrub_text: Scrub | None = None) -> Cause:
    """Make of a foreign exception what an error may keep as its cause.

    Args:
        exc: any exception; its causes, contexts and notes, and the members of a group, come along.
        scrub: takes secrets out of a text, as `SecretValues.scrub`.
        scrub_text: the same for texts; `scrub` is then for frames only, which show no values. None: as `scrub`.

    Returns:
        Its type, text and frames as texts. Nothing refers to the exception, its traceback or its locals. Raise with it
        after the ``except`` block has ended, or Python keeps the exception as the new error's context.
    """
    # One error often repeats what the one behind it says, which may be long.
    return _cause(exc, functools.cache(scrub), functools.cache(scrub_text or scrub), set())


def _cause(exc: BaseException, scrub: Scrub, scrub_text: Scrub, seen: set[int]) -> Cause:
    seen.add(id(exc))
    if isinstance(exc, Cause):
        kind, text, frames = exc.kind, exc.text, list(exc.frames)
    else:
        kind, text, frames = qualified_name(type(exc)), _text_of(exc), _frames(exc)
    text = "\n".join([text, *(str(note) for note in getattr(exc, "__notes__", ()))])
    if isinstance(exc, BaseExceptionGroup) and len(seen) < _MOST_LINKS:
        for number, member in enumerate(exc.exceptions[:_MOST_LINKS], start=1):
            # A set of its own: two members may share a cause, and each has to show it.
            inner: BaseException | None = _cause(member, scrub, scrub_text, set(seen))
            word = f"[{number}]"
            while isinstance(inner, Cause):
                text += f"\n{word} {inner.kind}: {inner.text}"
                frames += [f"[{number}] {frame}" for frame in inner.frames]
                inner, word = inner.__cause__ or inner.__context__, f"[{number}] after"
    text = scrub_text(text)  # before it is cut: half a secret would not be known again
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}... ({len(text) - _LONGEST_TEXT} more characters)"
    cause = Cause(kind, text, [scrub(frame) for frame in frames])
    link = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    if link is not None and id(link) not in seen and len(seen) < _MOST_LINKS:
        behind = _cause(link, scrub, scrub_text, seen)
        if exc.__cause__ is not None:
            cause.__cause__ = behind
        else:
            cause.__context__ = behind
    return cause


def qualified_name(of: type[BaseException]) -> str:
    """The name of an exception's class, with its module if it is not a builtin."""
    return of.__qualname__ if of.__module__ == "builtins" else f"{of.__module__}.{of.__qualname__}"


def _text_of(exc: BaseException) -> str:
    if isinstance(exc, ValidationError):  # its text shows what was put in
        problems = exc.errors(include_url=False, include_context=False, include_input=False)
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in problems)
        return f"{exc.title}: {wrong}"
    try:
        return str(exc)
    except Exception as broken:  # noqa: BLE001 - a foreign object's __str__ may raise anything
        return f"(its text cannot be read: {qualified_name(type(broken))})"


def _frames(exc: BaseException) -> list[str]:
    places = [
        f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_qualname}"
        for frame, line in traceback.walk_tb(exc.__traceback__)
    ]
    return places[-Cause.LIMIT :]  # the innermost ones show where it broke
