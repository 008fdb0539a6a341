"""Plain data: what JSON has. It is what stores keep, what hooks return and what primitives are given.

::

    flaws       everything in a value that is not plain data
    is_text     whether it has a form in UTF-8
    excess      in what a value is larger than callers may give it
    weight      how much there is in it to walk through
    plain       a copy, or the caller's error for the first flaw
    copy_plain  a copy of what is known to be plain
    kind_of     what a value is, without a word of what is in it
    printable   a text without what would change a terminal
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from vca_core.errors import VcaError

DEEPEST = 50
"""How many mappings and lists may stand in each other; what stands within itself is deeper than that."""

MOST_VALUES = 10_000
"""How many values callers may give in one mapping; one that stands in two places counts twice."""

MOST_TEXT = 1024 * 1024
"""How many characters all texts in it may have together."""

LONGEST_KEY = 1000
"""How many characters the name of a value may have."""

LARGEST_NUMBER = 10**300
"""Whole numbers are smaller than this, so that each has a text and a float."""

_FLAWLESS = frozenset({str, bool, type(None)})
"""Types of which each value is plain data, whatever it is."""

_TEXT = frozenset({str})
_SCALARS = frozenset({bool, int, float, type(None)})
"""Types asked for first: to ask whether a value is a `Mapping` takes longer than all else."""

_LISTS = (list, tuple)
_TEXTS = (str, bytes, bytearray)
_COLLECTIONS = (dict, Mapping, list, tuple, set, frozenset)

HALF = "half a character (a lone surrogate) in a text"

_HALF = re.compile("[\ud800-\udfff]")

Place = tuple[str, ...]
"""Where something stands in a value: keys and positions, from the outside in."""


def flaws(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Find what is not plain data. Values are never shown: they may be secret.

    Args:
        value: any value.
        place: where it stands.

    Returns:
        For each flaw its place and what is wrong there.
    """
    match value:
        case None | str():
            pass
        case int():
            if abs(value) >= LARGEST_NUMBER:
                yield place, "expected a whole number of at most 300 digits"
        case float():
            if not math.isfinite(value):
                yield place, "expected a finite number, got an infinite one or NaN"
        case dict() | Mapping() | list() | tuple() if len(place) > DEEPEST:
            yield place[:1], f"deeper than {DEEPEST} levels, or within itself"
        case dict() | Mapping():
            for key, item in value.items():
                if isinstance(key, str):
                    if type(item) not in _FLAWLESS:  # most of it is, and this is quick
                        yield from flaws(item, (*place, key))
                else:
                    yield place, f"expected names as keys, got {kind_of(key)}"
        case list() | tuple():
            for position, item in enumerate(value):
                if type(item) not in _FLAWLESS:
                    yield from flaws(item, (*place, str(position)))
        case _:
            yield place, f"expected plain data, got {kind_of(value)}"


def excess(value: Any, most_values: int = MOST_VALUES, most_text: int = MOST_TEXT) -> str | None:
    """Say in what a value is larger than callers may give it, before it is walked through; None: in nothing.

    It ends after so many values, however many there are, and whatever stands within itself.

    Args:
        value: any value.
        most_values: how many values there may be in it.
        most_text: how many characters all texts in it may have together.
    """
    waiting: list[tuple[Any, int]] = [(value, 0)]
    values = text = 0
    while waiting:
        one, depth = waiting.pop()
        values += 1
        if isinstance(one, _TEXTS):
            text += len(one)
            if isinstance(one, str) and not is_text(one):
                return HALF
        elif isinstance(one, int):
            if abs(one) >= LARGEST_NUMBER:
                return "a whole number of more than 300 digits"
        elif isinstance(one, _COLLECTIONS):
            if depth > DEEPEST:
                return f"values deeper than {DEEPEST} levels, or within themselves"
            if values + len(waiting) + len(one) > most_values:
                return f"more than {most_values} values"
            if isinstance(one, Mapping):
                names = [key for key in one if isinstance(key, str)]
                text += sum(map(len, names))
                if max(map(len, names), default=0) > LONGEST_KEY:
                    return f"a name of more than {LONGEST_KEY} characters"
                if not all(map(is_text, names)):
                    return HALF
                waiting += [(item, depth + 1) for item in one.values()]
            else:
                waiting += [(item, depth + 1) for item in one]
        if text > most_text:
            return f"more than {most_text} characters of text"
    return None


def is_text(text: str) -> bool:
    """Whether a text can be stored and sent: half a character, a lone surrogate, has no form in UTF-8."""
    return text.isascii() or _HALF.search(text) is None


def weight(value: Any, most: int, *, characters: int = 1000) -> int:
    """Count the values in a value, and a further one for so many characters of its texts.

    Args:
        value: any value; what stands within itself is counted until there are enough.
        most: where the count ends: what is heavier has this weight.
        characters: how many characters weigh as much as a value.
    """
    waiting, found = [value], 0
    while waiting and found < most:
        one = waiting.pop()
        found += 1
        if isinstance(one, _TEXTS):
            found += len(one) // characters
        elif type(one) not in _SCALARS and isinstance(one, _COLLECTIONS):
            waiting += itertools.islice(one.values() if isinstance(one, Mapping) else one, most)
        elif type(one) not in _SCALARS:
            waiting += itertools.islice(_parts_of(one), most)
    return min(found, most)


def _parts_of(value: object) -> Iterable[Any]:
    """What is in a model, in a secret in one, or in a dataclass."""
    if hasattr(value, "__dict__"):
        return vars(value).values()
    return (getattr(value, name) for name in getattr(value, "__dataclass_fields__", ()))


def plain(value: Any, refuse: Callable[[Place, str], VcaError]) -> Any:
    """Copy a value, if it is plain data; tuples become lists.

    Args:
        value: any value.
        refuse: makes the error to raise from the place of the first flaw and what is wrong there.

    Raises:
        VcaError: it is not plain data; the error that `refuse` made.
    """
    if type(value) in _FLAWLESS:  # most of what is stored is
        return value
    if type(value) is dict and _TEXT.issuperset(map(type, value)) and _FLAWLESS.issuperset(map(type, value.values())):
        return value.copy()
    for place, reason in flaws(value):
        raise refuse(place, reason)
    return copy_plain(value)


def copy_plain(value: Any) -> Any:
    """Copy a value that is known to be plain data; tuples become lists, everything else stays as it is."""
    if type(value) in _FLAWLESS:  # before the checks that take longer: most of it is text
        return value
    if isinstance(value, dict):
        if _FLAWLESS.issuperset(map(type, value.values())):
            return dict(value)
        return {key: item if type(item) in _FLAWLESS else copy_plain(item) for key, item in value.items()}
    if isinstance(value, _LISTS):
        return [item if type(item) in _FLAWLESS else copy_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: copy_plain(item) for key, item in value.items()}
    return value


def kind_of(value: object) -> str:
    """Say what a value is, not what is in it: ``a mapping``, ``text``."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case str():
            return "text"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case date():
            return "a date"
        case _:
            return f"an object of class {type(value).__name__}"


def printable(text: str) -> str:
    """Write out what cannot be printed in a text that others wrote, such as a charm's escape sequences."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
