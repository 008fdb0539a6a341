"""Checks of what callers give, before anything else is done."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from vca_core.errors import BadArguments
from vca_core.hosts import parse_host
from vca_core.plain import HALF, excess, is_text, kind_of
from vca_core.written import keep_texts

Seconds = float | int | None

LONGEST_NAME = 1000
"""Characters of the name of a primitive, a unit, an endpoint."""

_LONGEST_LABEL = 300


def timeout(value: object, argument: str, default: float) -> float:
    """Check a time-out.

    Args:
        value: seconds; None: the default. Zero or less is accepted: the time is up then.
        argument: how errors call it.
        default: seconds.

    Raises:
        BadArguments: it is not a finite number.
    """
    if value is None:
        return default
    try:
        seconds = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:  # a whole number beyond all floats
        seconds = math.inf
    if not math.isfinite(seconds):
        raise BadArguments(f"{argument}: expected a finite number of seconds, got {_preview(value)}", [argument])
    return seconds


def name(value: object, argument: str) -> str:
    """Check a name: text that is not empty.

    Raises:
        BadArguments: it is not.
    """
    if not isinstance(value, str) or not value.strip():
        raise BadArguments(f"{argument}: expected a name, got {_preview(value)}", [argument])
    if len(value) > LONGEST_NAME:
        raise BadArguments(f"{argument}: expected at most {LONGEST_NAME} characters, got {len(value)}", [argument])
    if not is_text(value):
        raise BadArguments(f"{argument}: has {HALF}", [argument])
    return value


def label(value: object, argument: str) -> str:
    """Check a text that names something to people and in logs: one line, and not a long one.

    Raises:
        BadArguments: it is not.
    """
    checked = name(value, argument)
    if len(checked) > _LONGEST_LABEL or not checked.isprintable():
        got = "control characters" if len(checked) <= _LONGEST_LABEL else f"{len(checked)}"
        raise BadArguments(
            f"{argument}: expected one line of at most {_LONGEST_LABEL} characters, got {got}", [argument]
        )
    return checked


def texts(values: object, argument: str) -> tuple[str, ...]:
    """Check several texts. They are never shown: they may be secret.

    Raises:
        BadArguments: it is one text, or nothing with several entries, or an entry is no text.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise BadArguments(f"{argument}: expected a list of texts, got {kind_of(values)}", [argument])
    given = tuple(values)
    for number, one in enumerate(given):
        if not isinstance(one, str):
            raise BadArguments(f"{argument}[{number}]: expected text, got {kind_of(one)}", [argument])
    return given


def mapping(value: object, argument: str) -> dict[str, Any]:
    """Check a mapping with text keys; None is an empty one. Values are never shown: they may be secret.

    Raises:
        BadArguments: it is not a mapping, or a key is not text.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadArguments(f"{argument}: expected a mapping, got {kind_of(value)}", [argument])
    for key in value:
        if not isinstance(key, str):
            raise BadArguments(f"{argument}: expected names as keys, got {_preview(key)}", [argument])
    return keep_texts(value, value)


def values(value: object, argument: str) -> dict[str, Any]:
    """Check a mapping as `mapping` does, and that it is not larger than callers may give (`vca_core.plain.excess`).

    Raises:
        BadArguments: it is not a mapping, a key is not text, or it is too large or too deep.
    """
    checked = mapping(value, argument)
    if (reason := excess(checked)) is not None:
        remedy = "" if reason == HALF else "; give less"
        raise BadArguments(f"{argument}: has {reason}{remedy}", [argument])
    return checked


def count(value: object, argument: str, most: int, *, least: int = 1) -> int:
    """Check a number of units.

    Args:
        value: the number.
        argument: how errors call it.
        most: the largest one that is taken.
        least: the smallest one.

    Raises:
        BadArguments: it is not a whole number, too small or too large.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadArguments(f"{argument}: expected a whole number from {least} up, got {_preview(value)}", [argument])
    if value > most:
        raise BadArguments(
            f"{argument}: expected at most {most} units, got {_preview(value)}; raise limits.units in the config for "
            "more",
            [argument],
        )
    return value


def credentials(value: object) -> dict[str, Any]:
    """Check the credentials of a host: ``hostname`` and ``username`` are there and are names, the first of a host.

    Raises:
        BadArguments: they are not; says which.
    """
    if value is None:
        raise BadArguments("credentials: expected hostname and username of the machine, got nothing", ["credentials"])
    checked = values(value, "credentials")
    for key in ("hostname", "username"):
        given = checked.get(key)
        if not isinstance(given, str) or not given.strip():
            raise BadArguments(
                f"credentials.{key}: expected the {key} of the machine, got {_preview(given)}", [f"credentials.{key}"]
            )
    try:
        parse_host(checked["hostname"])
    except ValueError as error:
        raise BadArguments(f"credentials.hostname: {error}", ["credentials.hostname"]) from None
    return checked


def _preview(value: object) -> str:
    """Show what cannot be secret: a number, a blank; of all else say what it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a huge number"
    is_blank = isinstance(value, str) and not value.strip()
    return repr(value) if is_blank or isinstance(value, int | float) else kind_of(value)
