"""What an author reads of two values that should be the same: where they differ, and no more of them than that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

_SHOWN = 300
"""Characters of a value in a message."""
_ENDS = 80
"""How many are shown of each end of a longer one, and around the place where two texts part."""
_MOST = 5
"""Differences that are told."""


def shorten(value: object) -> str:
    """Show a value, but no more of it than can be read at a glance: of a long one, how it begins and ends."""
    text = repr(value)
    if len(text) <= _SHOWN:
        return text
    return f"{text[:_ENDS]} ... {text[-_ENDS:]} ({len(text):,} characters)"


def contrast(expected: object, found: object) -> tuple[str, str]:
    """Show two values that differ; of two long texts, the place where they part.

    Args:
        expected: the one.
        found: the other.
    """
    if not isinstance(expected, str) or not isinstance(found, str) or max(len(expected), len(found)) <= _ENDS:
        return _with_types(expected, found)
    pairs = zip(expected, found, strict=False)
    place = next((number for number, (one, other) in enumerate(pairs) if one != other), min(len(expected), len(found)))
    return _around(expected, place), _around(found, place)


def differences(before: object, now: object, name: str = "") -> list[str]:
    """Say in which of their parts two values differ, each as ``part was ... and is ...``.

    Args:
        before: the one.
        now: the other.
        name: what they are.
    """
    found = list(_differences(before, now, name))
    more = [f"{len(found) - _MOST} more parts differ"] if len(found) > _MOST else []
    return found[:_MOST] + more


def _differences(before: Any, now: Any, name: str) -> Iterator[str]:
    if before == now:
        return
    if type(before) is type(now) and is_dataclass(before) and not isinstance(before, type):
        for field in fields(before):
            part = f"{name}.{field.name}".removeprefix(".")
            yield from _differences(getattr(before, field.name), getattr(now, field.name), part)
    elif isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in {**before, **now}:
            part = f"{name}[{key!r}]"
            if key not in now:
                yield f"{part} was {shorten(before[key])} and is gone"
            elif key not in before:
                yield f"{part} is new: {shorten(now[key])}"
            else:
                yield from _differences(before[key], now[key], part)
    elif type(before) is type(now) and isinstance(before, list | tuple) and len(before) == len(now):
        for number, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from _differences(one, other, f"{name}[{number}]")
    else:
        was, is_now = contrast(before, now)
        yield f"{name or 'it'} was {was} and is {is_now}"


def _with_types(expected: object, found: object) -> tuple[str, str]:
    shown = shorten(expected), shorten(found)
    if type(expected) is type(found):
        return shown
    return f"{shown[0]} ({type(expected).__name__})", f"{shown[1]} ({type(found).__name__})"


def _around(text: str, place: int) -> str:
    start, end = max(0, place - _ENDS // 4), place + _ENDS
    before, after = "... " if start else "", " ..." if end < len(text) else ""
    return f"{before}{text[start:end]!r}{after} (of {len(text):,} characters, from number {start + 1:,})"
