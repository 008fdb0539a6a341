"""Secrets stay out of what people read: errors, statuses, logs (design 10, D78-D81).

They are kept out by construction: values of parameters and credentials are not formatted in the first place. What a
foreign system, a client library or a plugin prints back is caught here. `SecretValues` knows the values of the moment
and takes them out of a text; `secrets_in` and `model_secrets` find them; `scrub_cause` makes a text of a foreign
exception and keeps no object of it; `ScrubbingLog` is the logger that backends are given.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import logging
import re
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from pydantic import BaseModel, Secret, SecretBytes, SecretStr, ValidationError

from vca_core.errors import Cause

MASK = "***"
_SHORTEST = 4  # shorter ones are masked only where they stand alone: "no" would take "node" apart
_SHORTEST_LINE = 8
_SHORTEST_BASE64_PART = 6
_SECRET_TYPES = (Secret, SecretStr, SecretBytes)


class HeldSecrets:
    """A receipt of `SecretValues.add`, to give back to `SecretValues.remove`. It shows nothing of the values."""

    __slots__ = ("_forms",)

    def __init__(self, forms: Iterable[str]) -> None:
        self._forms = tuple(forms)

    def taken(self) -> tuple[str, ...]:
        """Give up what the receipt stands for, once: the second time there is nothing."""
        forms, self._forms = self._forms, ()
        return forms


class SecretValues:
    """The secret values of this moment, and the one way to take them out of a text.

    Values are counted: one that two operations brought stays known until both have left. `add` and `remove` belong to
    one thread; `scrub` may be called from any.

    Args:
        values: texts that are secret for good.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._known: Counter[str] = Counter()
        self.add(values)

    def __repr__(self) -> str:
        return f"<SecretValues: {len(self._known)} texts>"

    def add(self, values: Iterable[str]) -> HeldSecrets:
        """Know these values from now on.

        Args:
            values: secret texts; blank ones are ignored.

        Returns:
            The receipt to `remove` them with.
        """
        forms = [form for value in set(values) for form in _forms(value)]
        self._known.update(forms)
        return HeldSecrets(forms)

    def remove(self, held: HeldSecrets) -> None:
        """Forget what `add` brought, but for what somebody else brought too. A second time nothing happens."""
        for form in held.taken():
            self._known[form] -= 1
            if not self._known[form]:
                del self._known[form]

    @contextlib.contextmanager
    def holding(self, values: Iterable[str]) -> Iterator[None]:
        """Know these values for the length of a ``with`` block."""
        held = self.add(values)
        try:
            yield
        finally:
            self.remove(held)

    def scrub(self, text: str) -> str:
        """Replace every known value by ``***``.

        Found are: a value as it is; as `repr`, JSON and URLs write it; in base64, inside a longer base64 text too (a
        basic-auth header); each longer line of a value of several lines. Values of less than four characters are
        replaced only where they stand alone, not inside a word. Where values overlap, all of them go.

        Args:
            text: any text.

        Returns:
            The text without the values; to scrub it again changes nothing.
        """
        # Taking one value out can put another one together, so it is done until nothing is found. That ends: each round
        # leaves fewer characters that are no asterisks, or as many of those and a shorter text.
        known = list(self._known)  # one atomic copy: another thread may add meanwhile
        while spans := sorted(span for form in known if form in text for span in _found(form, text)):
            text = _masked(text, spans)
        return text


def _found(form: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(form)
    while start >= 0:
        end = start + len(form)
        neighbours = text[max(start - 1, 0) : start] + text[end : end + 1]
        if len(form) >= _SHORTEST or not any(char.isalnum() or char == "_" for char in neighbours):
            yield start, end
        start = text.find(form, start + 1)


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    pieces = []
    done = 0
    for start, end in spans:
        if start >= done:
            pieces += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


def _forms(value: str) -> set[str]:
    """Every text that gives a value away."""
    stripped = value.strip()
    lines = [line.strip() for line in value.splitlines()]
    parts = {value, stripped} | {line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith("-----")}
    forms = {form for part in parts for form in _written(part)}
    if len(stripped) >= _SHORTEST:
        forms |= _base64_forms(value) | _base64_forms(stripped)
    # A short text of asterisks is what a mask looks like.
    return {form for form in forms if form.strip() and (len(form) >= _SHORTEST or form.strip("*"))}


def _written(text: str) -> set[str]:
    # Escaped twice, too: the repr of an error whose message quotes a repr, JSON inside JSON.
    escaped = {twice for once in _escaped(text) for twice in (once, *_escaped(once))}
    quoted = {
        quote(text, safe="", errors="surrogatepass"),
        quote(text, errors="surrogatepass"),
        quote(text, safe="!$&'()*+,;=", errors="surrogatepass"),
        quote_plus(text, errors="surrogatepass"),
    }
    lower = {re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in quoted}
    return {text} | escaped | quoted | lower


def _escaped(text: str) -> set[str]:
    return {
        repr(text)[1:-1],
        repr('"' + text)[2:-1],  # inside a longer text that holds the other quotation mark
        ascii(text)[1:-1],
        repr(text.encode("utf-8", "surrogatepass"))[2:-1],
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
    }


def _base64_forms(text: str) -> set[str]:
    """A text in base64, and as it looks in the middle of a longer one: there are three ways to fall on the grid."""
    data = text.encode("utf-8", "surrogatepass")
    forms = {base64.b64encode(data).decode()}
    for before, unsure in ((0, 0), (1, 2), (2, 3)):
        sure = (before + len(data)) * 8 // 6
        part = base64.b64encode(bytes(before) + data).decode()[unsure:sure]
        if len(part) >= _SHORTEST_BASE64_PART:
            forms.add(part)
    return forms | {form.translate({ord("+"): "-", ord("/"): "_"}) for form in forms}


_SECRET_WORD = re.compile(
    r"auth|authorization|bearer|creds|otp|passcode|passkey|psk|.*(pwd|token)|tokens"
    r"|.*(accesskey|apikey|credential|passphrase|passwd|password|privatekey|secret).*"
)
_SECRET_KEY = re.compile(r"access|account|api|auth|encryption|hmac|master|private|session|shared|signing")
_ABOUT_A_SECRET = re.compile(
    r"count|dir|directory|enabled|endpoint|expires|expiry|file|filename|folder|format|length|lifetime|method|mode|name"
    r"|path|policy|ref|reference|required|rotation|timeout|ttl|type|uri|url|version"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


def is_secret_name(name: str) -> bool:
    """Say whether a field of this name holds a secret.

    ``password``, ``ssh-password``, ``dbPassword``, ``api_key``, ``private_key``, ``token`` do. What is only about a
    secret does not: ``private_key_path``, ``token_url``, ``secret_name``; neither does ``public_key`` or ``author``.

    Args:
        name: a field's name, its words in any case and apart by ``-``, ``_``, ``.``, blanks or capitals.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or _ABOUT_A_SECRET.fullmatch(words[-1]):
        return False
    return (
        words[-1] == "pass"
        or any(map(_SECRET_WORD.fullmatch, words))
        or ("key" in words and "public" not in words and any(map(_SECRET_KEY.fullmatch, words)))
    )


_USERINFO = re.compile(
    r"""(?<=://)(?:
        [^\s/?\#]*(?=@)                            # as the standard has it: ends before the path
        |[^\s/?\#@:]*:(?!\d*(?:[/?\#]|$))\S*(?=@)  # a password with a bare slash in it; digits are a port
    )""",
    re.VERBOSE,
)
_QUERY = re.compile(r"(?<=[?&;])(?P<name>[\w.-]+)=(?P<value>[^&;#\s]+)")


def url_without_credentials(text: str) -> str:
    """Take the passwords out of the URLs in a text.

    Args:
        text: a URL or a text with URLs in it: ``mongodb://me:pw@host/?token=1``.

    Returns:
        The text with ``***`` in their place: ``mongodb://me:***@host/?token=***``.
    """
    text = _USERINFO.sub(lambda found: found[0].removesuffix(_password(found)) + MASK * bool(_password(found)), text)
    return _QUERY.sub(lambda found: f"{found['name']}={MASK}" if is_secret_name(found["name"]) else found[0], text)


def _password(userinfo: re.Match[str]) -> str:
    user, colon, password = userinfo[0].partition(":")
    # Without a colon it is a user's name, but for web services: those are given a token there.
    of_web = userinfo.string.endswith(("http://", "https://"), 0, userinfo.start())
    return password if colon else user if of_web else ""


def _url_secrets(text: str) -> Iterator[str]:
    if "://" in text:
        found = [_password(userinfo) for userinfo in _USERINFO.finditer(text)]
        found += [query["value"] for query in _QUERY.finditer(text) if is_secret_name(query["name"])]
        yield from {*found, *map(unquote, found)}


def secret_strings(value: Any) -> Iterator[str]:
    """Give every text inside a value that is secret as a whole.

    Args:
        value: a text, number, `bytes`, pydantic secret, or any nesting of mappings, sequences, sets, models and
            dataclasses. Keys are names, not values; truth values and None are nobody's secret.
    """
    yield from _strings(value, frozenset())


def _strings(value: Any, above: frozenset[int]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes | bytearray):
        yield value.decode("utf-8", "backslashreplace")
        yield base64.b64encode(value).decode()
    elif isinstance(value, _SECRET_TYPES):
        yield from _strings(value.get_secret_value(), above)
    elif (items := _items(value)) is not None:
        if id(value) not in above:
            for _, item in items:
                yield from _strings(item, above | {id(value)})
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def secrets_in(values: Any, declared: Container[str] = ()) -> list[str]:
    """Find the secret values inside plain data.

    Secret is what stands, at any depth, under a key that is named like a secret (`is_secret_name`) or declared as one,
    what has one of pydantic's secret types, and the passwords inside URLs.

    Args:
        values: parameters, options or credentials: a mapping, or any nesting.
        declared: further keys whose values are secret.

    Returns:
        The values as texts.
    """
    return list(_named(values, declared, frozenset()))


def model_secrets(model: BaseModel) -> list[str]:
    """Find the secret values of a model: fields of secret types or with secret names, at any depth (`secrets_in`)."""
    return secrets_in(model)


def _named(value: Any, declared: Container[str], above: frozenset[int]) -> Iterator[str]:
    if isinstance(value, _SECRET_TYPES):
        for text in secret_strings(value):
            yield text
            yield from _url_secrets(text)  # of a secret URL the password alone may be shown, too
    elif isinstance(value, str):
        yield from _url_secrets(value)
    elif id(value) not in above:
        for names, item in _items(value) or ():
            if any(name in declared or is_secret_name(name) for name in names):
                yield from secret_strings(item)
            else:
                yield from _named(item, declared, above | {id(value)})


def _items(value: Any) -> Iterable[tuple[tuple[str, ...], Any]] | None:
    """The parts of a container, each with the names it goes by; None for what is no container."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        known = [((name, field.alias or name), getattr(value, name)) for name, field in fields.items()]
        return [*known, *(((name,), item) for name, item in (value.model_extra or {}).items())]
    if isinstance(value, Mapping):
        return [((str(key),), item) for key, item in value.items()]
    if isinstance(value, list | tuple | AbstractSet):
        return [((), item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [((field.name,), getattr(value, field.name, None)) for field in dataclasses.fields(value)]
    return None


_MOST_LINKS = 20
_LONGEST_TEXT = 8_000


def scrub_cause(exc: BaseException, scrub: Callable[[str], str]) -> Cause:
    """Make of a foreign exception what an error may keep as its cause (design 10, D83).

    Args:
        exc: any exception; its causes, contexts and notes, and the members of a group, come along.
        scrub: takes secrets out of a text, as `SecretValues.scrub`.

    Returns:
        Its type, text and frames as texts. Nothing refers to the exception, its traceback or its locals. Raise with it
        after the ``except`` block has ended, or Python keeps the exception as the new error's context.
    """
    return _cause(exc, scrub, set())


def _cause(exc: BaseException, scrub: Callable[[str], str], seen: set[int]) -> Cause:
    seen.add(id(exc))
    if isinstance(exc, Cause):
        kind, text, frames = exc.kind, exc.text, list(exc.frames)
    else:
        kind, text, frames = _kind(type(exc)), _said(exc), _frames(exc)
    text = "\n".join([text, *(str(note) for note in getattr(exc, "__notes__", ()))])
    if isinstance(exc, BaseExceptionGroup) and len(seen) < _MOST_LINKS:
        for number, member in enumerate(exc.exceptions[:_MOST_LINKS], start=1):
            # A set of its own: two members may share a cause, and each shall tell it.
            inner: BaseException | None = _cause(member, scrub, set(seen))
            word = f"[{number}]"
            while isinstance(inner, Cause):
                text += f"\n{word} {inner.kind}: {inner.text}"
                frames += [f"[{number}] {frame}" for frame in inner.frames]
                inner, word = inner.__cause__ or inner.__context__, f"[{number}] after"
    text = scrub(text)  # before it is cut: half a secret would not be known again
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}... ({len(text) - _LONGEST_TEXT} more characters)"
    cause = Cause(kind, text, [scrub(frame) for frame in frames])
    link = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    if link is not None and id(link) not in seen and len(seen) < _MOST_LINKS:
        told = _cause(link, scrub, seen)
        if exc.__cause__ is not None:
            cause.__cause__ = told
        else:
            cause.__context__ = told
    return cause


def _kind(of: type[BaseException]) -> str:
    return of.__qualname__ if of.__module__ == "builtins" else f"{of.__module__}.{of.__qualname__}"


def _said(exc: BaseException) -> str:
    if isinstance(exc, ValidationError):  # its text shows what was put in
        told = exc.errors(include_url=False, include_context=False, include_input=False)
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in told)
        return f"{exc.title}: {wrong}"
    try:
        return str(exc)
    except Exception as broken:  # noqa: BLE001 - a foreign object's __str__ may raise anything
        return f"(its text cannot be had: {_kind(type(broken))})"


def _frames(exc: BaseException) -> list[str]:
    places = [
        f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_qualname}"
        for frame, line in traceback.walk_tb(exc.__traceback__)
    ]
    return places[-Cause.LIMIT :]  # the innermost tell where it broke


class ScrubbingLog(logging.LoggerAdapter[logging.Logger]):
    """The logger that a backend is given: secrets are out before any handler sees a record (D79-D81).

    A message is formatted first and scrubbed then, so a secret among its arguments does not get through; an exception
    is logged as a `Cause`; texts in `extra` are scrubbed.

    Args:
        logger: where to log to, a logger of the standard library.
        scrub: takes secrets out of a text, as `SecretValues.scrub`.
    """

    def __init__(self, logger: logging.Logger, scrub: Callable[[str], str]) -> None:
        super().__init__(logger, {})
        self._scrub = scrub

    def log(
        self,
        level: int,
        msg: object,
        *args: object,
        exc_info: Any = None,
        stack_info: bool = False,
        stacklevel: int = 1,
        extra: Mapping[str, object] | None = None,
        **kwargs: object,
    ) -> None:
        """Log as `logging.Logger.log` does, without secrets."""
        if not self.isEnabledFor(level):
            return
        if isinstance(exc_info, tuple):
            exc_info = exc_info[1]
        elif exc_info and not isinstance(exc_info, BaseException):
            exc_info = sys.exc_info()[1]
        # One level more: this very method is not who logs.
        self.logger.log(
            level,
            self._scrub(_formatted(msg, args)),
            exc_info=scrub_cause(exc_info, self._scrub) if exc_info else None,
            stack_info=stack_info,
            stacklevel=stacklevel + 1,
            extra={name: self._scrubbed(value) for name, value in extra.items()} if extra else None,
            **kwargs,
        )

    def _scrubbed(self, value: object) -> object:
        text = self._scrub(str(value))
        return value if isinstance(value, int | float | None) and text == str(value) else text


def _formatted(msg: object, args: tuple[object, ...]) -> str:
    values: Any = args[0] if len(args) == 1 and isinstance(args[0], Mapping) and args[0] else args
    try:
        return str(msg) % values if args else str(msg)
    except Exception as broken:  # noqa: BLE001 - a foreign object's __str__ may raise anything
        shown = msg if isinstance(msg, str) else type(msg).__qualname__
        return f"{shown} (cannot be formatted: {_kind(type(broken))})"
