"""What gives a secret away: its forms, and how a text is read in which they are looked for."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from vca_core.secrets.encodings import View, join_base64, layers, loosen, unpacked

SHORTEST = 4
"""Characters of the shortest text that is taken out of others. A shorter one would be found everywhere: it is taken out
only where it is all that there is."""

_WORDS = frozenset(
    {"apikey", "auth", "credential", "credentials", "passphrase", "password", "secret", "token", "username"}
)
"""Words that name secrets in our own texts, such as "look at username and secret"; they would be no passwords."""

_SHORTEST_LINE = 8
_SHORTEST_BASE64_PART = 6


class Way(Enum):
    """How a text is read in which a form is looked for; see `vca_core.secrets.encodings`."""

    WHOLE = "as a whole"
    PARTS = "as it is, and without escapes"
    LOOSE = "loosely"
    BASE64 = "as base64"


class Form(NamedTuple):
    """A text that gives a secret away.

    Args:
        way: how it is looked for.
        text: the text.
    """

    way: Way
    text: str


Views = Mapping[Way, Sequence[View]]
"""A text, read in several ways."""


class Reading:
    """A text in which secrets are looked for.

    Args:
        text: the text.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def as_it_is(self) -> Views:
        """The text itself."""
        plain = [View(self._text)]
        return {Way.WHOLE: plain, Way.PARTS: plain}

    @functools.cached_property
    def decoded(self) -> Views:
        """The text in all other ways."""
        views = layers(self._text)
        inner = unpacked(views[-1])
        lasts = [views[-1], *inner[-1:]]
        return {
            Way.WHOLE: [*views[1:], *inner],
            Way.PARTS: [*views[1:], *inner],
            Way.LOOSE: [loosen(one) for one in lasts],
            Way.BASE64: [join_base64(one) for one in lasts],
        }


def forms_of(values: Iterable[str]) -> list[Form]:
    """Find every text that gives secret values away; any thread may do it.

    Args:
        values: secret texts; blank ones are ignored, and so are words that only name secrets: ``password``.
    """
    return [form for value in set(values) if value.strip() not in _WORDS for form in _forms(value)]


def _forms(value: str) -> set[Form]:
    stripped = value.strip()
    if len(stripped) < SHORTEST:
        # A short text of asterisks is what a mask looks like.
        return {Form(Way.WHOLE, stripped)} if stripped.strip("*") else set()
    lines = [line.strip() for line in value.splitlines()]
    parts = {value, stripped} | {line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith("-----")}
    in_hex = {part.encode("utf-8", "surrogatepass").hex() for part in parts}
    texts = parts | in_hex | {digits.upper() for digits in in_hex}
    loose = {loosen(layers(part)[-1]).text for part in (parts - {value}) | {stripped}}
    return {
        *(Form(Way.PARTS, text) for text in texts),
        *(Form(Way.LOOSE, text) for text in loose if len(text.strip()) >= SHORTEST and text.strip() not in _WORDS),
        *(Form(Way.BASE64, text) for text in _base64_forms(value) | _base64_forms(stripped)),
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
    return forms
