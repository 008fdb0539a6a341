"""Finds the secret values among what callers give: by the names they go by, by their types, and inside URLs."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import unquote, unquote_plus

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from vca_core.secrets.structures import is_structure, read_structures
from vca_core.secrets.values import LONGEST_SECRETS, MASK

_SECRET_TYPES = (Secret, SecretStr, SecretBytes)

_SECRET_WORD = re.compile(
    r"auth|authorization|bearer|creds|otp|passcode|passkey|psk|.*(pwd|token)|tokens"
    r"|.*(accesskey|apikey|credential|passphrase|passwd|password|privatekey|secret).*"
)
_SECRET_KEY = re.compile(r"access|account|api|auth|encryption|hmac|master|private|session|shared|signing")
_HINTS = ("auth", "bearer", "cred", "otp", "pass", "psk", "pwd", "token", "key", "secret")
"""One of them is in each word that names a secret."""

_MOST_READINGS = 5
"""How often a text is read out of a text: each time the caller, or a charm, has to read it once more."""

_MOST_PARTS = 100
"""How many texts a secret may consist of that is an object written as a text; the parts of others are no secrets."""

_ABOUT_A_SECRET = re.compile(
    r"age|count|dir|directory|enabled|endpoint|expires|expiry|file|filename|folder|format|length|life|lifetime|method|mode"
    r"|name|path|policy|provider|ref|reference|required|rotation|timeout|ttl|type|uri|url|version"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


def is_secret_name(name: str) -> bool:
    """Say whether a field of this name holds a secret.

    ``password``, ``ssh-password``, ``dbPassword``, ``api_key``, ``private_key``, ``token`` do. What is only about a
    secret does not: ``private_key_path``, ``token_url``, ``secret_name``; neither does ``public_key`` or ``author``.

    Args:
        name: a field's name, its words in any case and apart by ``-``, ``_``, ``.``, blanks or capitals.
    """
    lower = name.lower()
    # Most names have none of it, there may be ten thousand of them, and `re` takes a hundred times as long.
    if not any(hint in lower for hint in _HINTS):
        return False
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
        [^\s/?\#]+(?=@)                            # as the standard has it: ends before the path
        |[^\s/?\#@:]*:(?!\d*(?:[/?\#]|$))\S*(?=@)  # a password with a bare slash in it; digits are a port
    )""",
    re.VERBOSE,
)
_WITH_USERINFO = re.compile(r"(?<!\S)[^\s:]*+(?::(?!//)[^\s:]*+)*+://\S*@")
"""The words with something in front of an ``@`` in a URL, up to the last one. The others cost nothing."""

_MONGODB = re.compile(r"mongodb(?:\+srv)?://(?P<userinfo>[^/?]*)@")
"""MongoDB's driver takes anything but a slash and a question mark there, blanks and ``#`` among it."""

_WHOLE_MONGODB = re.compile(r"mongodb(?:\+srv)?://")
_BARE_PASSWORD = re.compile(
    r"""[^/?@:,\[]*:
        (?!\d*(?:,|\Z|/?[^/?@]*(?:\Z|\?(?:[^@]*\Z|[^=@]*=))))  # a port, and with it a database and settings
        .*(?=@)""",
    re.DOTALL | re.VERBOSE,
)
"""A password with a bare slash or question mark in it, at the beginning of what follows ``mongodb://``."""

_WHOLE = re.compile(r"[A-Za-z][\w+.-]*://(?P<userinfo>[^\s/?#@:]+:(?!\d*(?:[/?#\s]|\Z))[^\s/?#][^/?#]*)@")
"""A text that is a URL as a whole, with blanks in its password."""

_NAME = rf"(?P<name>[\w.-]*?(?:%|(?i:{'|'.join(_HINTS)}))[\w.%-]*+)"
"""The name of a setting that may be secret: other names, which may be a hundred thousand, are passed by `re` alone."""

_MOST_NAMES = 1000
"""How many such names are looked at in a text: a URL has a few. What further ones are set to is taken for secret."""

# What is in front of the name sees to it that no search in a long name is in vain.
_QUERY = re.compile(rf"(?<=[?&;])(?=[\w.%-]++=[^&;#\s]){_NAME}=(?P<value>[^&;#\s]++)")
_WHOLE_QUERY = re.compile(rf"(?<=[?&;])(?=[\w.%-]++=[^&;]){_NAME}=(?P<value>[^&;]++)")


def url_without_credentials(text: str) -> str:
    """Take the users and passwords out of the URLs in a text.

    Args:
        text: a URL or a text with URLs in it: ``mongodb://me:pw@host/?token=1``.

    Returns:
        The text with ``***`` in their place: ``mongodb://***@host/?token=***``.
    """
    pieces, done = [], 0
    for start, end in _userinfos(text):
        pieces += [text[done:start], MASK * (end > start)]
        done = end
    text = "".join([*pieces, text[done:]])
    pieces, done = [], 0
    for query in _secret_queries(text):
        pieces += [text[done : query.start("value")], MASK]
        done = query.end()
    return "".join([*pieces, text[done:]])


def _secret_queries(text: str) -> Iterator[re.Match[str]]:
    """The settings in the URLs of a text that are secret by their names."""
    pattern = _WHOLE_QUERY if _WHOLE_MONGODB.match(text) else _QUERY
    known: dict[str, bool] = {}
    for query in pattern.finditer(text):
        name = query["name"]
        if name not in known:
            known[name] = len(known) >= _MOST_NAMES or is_secret_name(unquote(name))
        if known[name]:
            yield query


def _userinfos(text: str) -> Iterator[tuple[int, int]]:
    """Where something stands in front of an ``@`` in URLs: the first and the last of it, for each URL in order."""
    done = 0
    for start, end in sorted(_userinfo_candidates(text), key=lambda span: (span[0], -span[1])):
        if start >= done:
            yield start, end
            done = end


def _userinfo_candidates(text: str) -> Iterator[tuple[int, int]]:
    if "://" not in text or "@" not in text:
        return
    yield from (found.span("userinfo") for found in _MONGODB.finditer(text))
    whole = _WHOLE_MONGODB.match(text)
    if whole is None:
        yield from (found.span("userinfo") for found in [_WHOLE.match(text)] if found is not None)
    elif _MONGODB.match(text) is None and (bare := _BARE_PASSWORD.match(text, whole.end())) is not None:
        yield bare.span()
    # Words are searched up to their last ``@``, so no search is in vain.
    for word in _WITH_USERINFO.finditer(text):
        for found in _USERINFO.finditer(text, *word.span()):
            if whole is None or found.start() != whole.end():  # ports may be followed by other hosts in MongoDB's
                yield found.span()


def _password(text: str, start: int, end: int) -> str:
    user, colon, password = text[start:end].partition(":")
    # Without a colon it is a user's name, but for web services: those are given a token there.
    of_web = text.endswith(("http://", "https://"), 0, start)
    return password if colon else user if of_web else ""


def _url_secrets(text: str) -> Iterator[str]:
    if "://" in text:
        found = [_password(text, start, end) for start, end in _userinfos(text)]
        for query in _secret_queries(text):
            found += [query["value"], *_properties(unquote(query["value"]))]
        yield from {*found, *map(unquote, found), *map(unquote_plus, found)}


def _properties(value: str) -> Iterator[str]:
    """What is secret in a setting of several parts, as ``authMechanismProperties=AWS_SESSION_TOKEN:...``."""
    for part in value.split(","):
        name, colon, secret = part.partition(":")
        if colon and is_secret_name(name):
            yield secret


def secret_strings(value: Any) -> Iterator[str]:
    """Give every text inside a value that is secret as a whole.

    Args:
        value: a text, number, `bytes`, pydantic secret, or any nesting of mappings, sequences, sets, models and
            dataclasses, be it written as a text: ``{pin: "4711"}``. Keys are names, not values; truth values and None
            are never secret.
    """
    yield from _strings(value, frozenset(), _MOST_READINGS)


def _strings(value: Any, above: frozenset[int], readings: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if readings and len(value) <= LONGEST_SECRETS and is_structure(value):  # longer ones are refused
            for structure in read_structures(value):
                parts = list(itertools.islice(_strings(structure, above, readings - 1), _MOST_PARTS + 1))
                yield from parts if len(parts) <= _MOST_PARTS else ()
    elif isinstance(value, bytes | bytearray):
        yield value.decode("utf-8", "backslashreplace")
        yield base64.b64encode(value).decode()
    elif isinstance(value, _SECRET_TYPES):
        yield from _strings(value.get_secret_value(), above, readings)
    elif (items := _items(value)) is not None:
        if id(value) not in above:
            for _, item in items:
                yield from _strings(item, above | {id(value)}, readings)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def secrets_in(values: Any, declared: Collection[str] = ()) -> list[str]:
    """Find the secret values inside plain data.

    Secret is what stands, at any depth, under a key that is named like a secret (`is_secret_name`) or declared as one,
    what has one of pydantic's secret types, and the passwords inside URLs. A text that is YAML or JSON is looked into.

    Args:
        values: parameters, options or credentials: a mapping, or any nesting.
        declared: further keys whose values are secret.

    Returns:
        The values as texts.
    """
    return list(_secrets_below(values, declared, frozenset(), _MOST_READINGS))


def model_secrets(model: BaseModel) -> list[str]:
    """Find the secret values of a model: fields of secret types or with secret names, at any depth (`secrets_in`)."""
    return secrets_in(model)


def _secrets_below(value: Any, declared: Collection[str], above: frozenset[int], readings: int) -> Iterator[str]:
    if isinstance(value, _SECRET_TYPES):
        for text in secret_strings(value):
            yield text
            yield from _url_secrets(text)  # of a secret URL the password alone may be shown, too
    elif isinstance(value, str):
        yield from _url_secrets(value)
        if readings and _may_name_a_secret(value, declared):
            for structure in read_structures(value):
                yield from _secrets_below(structure, declared, above, readings - 1)
    elif id(value) not in above:
        for names, item in _items(value) or ():
            if any(name in declared or is_secret_name(name) for name in names):
                yield from secret_strings(item)
            else:
                yield from _secrets_below(item, declared, above | {id(value)}, readings)


def _may_name_a_secret(text: str, declared: Collection[str]) -> bool:
    """Whether a key in a text may be the name of a secret: to read all of it takes a thousand times as long."""
    if ":" not in text:
        return False
    lower = text.lower()
    return "\\" in text or any(hint in lower for hint in _HINTS) or any(name in text for name in declared)


def _items(value: Any) -> Iterable[tuple[tuple[str, ...], Any]] | None:
    """The parts of a container, each with the names it goes by; None for what is not a container."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        known = [((name, field.alias or name), getattr(value, name)) for name, field in fields.items()]
        return [*known, *(((name,), item) for name, item in (value.model_extra or {}).items())]
    if isinstance(value, Mapping):
        # A number is nobody's name, and a huge one has no text.
        return [(("" if isinstance(key, int) else str(key),), item) for key, item in value.items()]
    if isinstance(value, list | tuple | AbstractSet):
        return [((), item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [((field.name,), getattr(value, field.name, None)) for field in dataclasses.fields(value)]
    return None
