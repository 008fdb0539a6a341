"""Checkers of values, with the texts of github.com/juju/schema, which Juju reads the metadata of charms with."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from vca_jujusim.go_yaml import OddKey

Checker = Callable[[Any, str], Any]
"""Takes a value and the path that leads to it; gives it back in its type."""

_TRUE, _FALSE = ("1", "t", "T", "true", "TRUE", "True"), ("0", "f", "F", "false", "FALSE", "False")
_NUMBER = re.compile(r"[-+]?(?:[1-9][0-9_]*|0|0x[0-9a-f_]+|0o?[0-7_]+|0b[01_]+)", re.IGNORECASE)


class Mismatch(Exception):
    """A value that is not as it has to be."""


def mismatch(path: str, wanted: str, got: Any) -> Mismatch:
    """Return what Juju says about such a value."""
    prefix = f"{path.removeprefix('.')}: " if path else ""
    if not wanted:
        return Mismatch(f"{prefix}unexpected value {go_value(got)}")
    shown = "nothing" if got is None else f"{_go_type(got)}({go_value(got)})"
    return Mismatch(f"{prefix}expected {wanted}, got {shown}")


def go_value(value: Any) -> str:
    """A value as Go shows it."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return _go_float(value)
        case list():
            return f"[]interface {{}}{{{', '.join(map(go_value, value))}}}"
        case dict():
            pairs = ", ".join(f"{go_value(key)}:{go_value(item)}" for key, item in value.items())
            return f"map[interface {{}}]interface {{}}{{{pairs}}}"
    return str(value)


def _go_float(value: float) -> str:
    """A floating-point number as Go shows it: in its shortest form, from a million on as a power of ten."""
    if not math.isfinite(value):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    number = Decimal(repr(value)).normalize()
    sign, digits, _ = number.as_tuple()
    power = number.adjusted()
    if -4 <= power < 6:
        return f"{number:f}"
    more = "".join(map(str, digits[1:]))
    return f"{'-' * sign}{digits[0]}{'.' * bool(more)}{more}e{power:+03d}"


def _go_type(value: Any) -> str:
    kinds = {bool: "bool", str: "string", int: "int", float: "float64", list: "[]interface {}"}
    return kinds.get(type(value), "map[interface {}]interface {}")


def string(value: Any, path: str) -> str:
    """Text."""
    if not isinstance(value, str):
        raise mismatch(path, "string", value)
    return value


def boolean(value: Any, path: str) -> bool:
    """True or false, also as text."""
    if isinstance(value, str) and value in _TRUE + _FALSE:
        return value in _TRUE
    if not isinstance(value, bool):
        raise mismatch(path, "bool", value)
    return value


def integer(value: Any, path: str) -> int:
    """A whole number, also as text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        octal = re.fullmatch(r"([-+]?0)([0-7_]+)", value)
        with contextlib.suppress(ValueError):  # two underscores, or one at the end
            number = int(f"{octal[1]}o{octal[2]}" if octal else value, 0)
            if -(2**63) <= number < 2**63:
                return number
    if isinstance(value, bool) or not isinstance(value, int):
        raise mismatch(path, "int", value)
    return value


def anything(value: Any, path: str) -> Any:  # noqa: ARG001 - as all of them
    """Whatever it is."""
    return value


def nothing(value: Any, path: str) -> None:
    """A key without a value."""
    if value is not None:
        raise mismatch(path, "empty value", value)


def one_of(*words: str) -> Checker:
    """One of some texts."""

    def check(value: Any, path: str) -> Any:
        if value not in words:
            raise mismatch(path, "", value)
        return value

    return check


def list_of(item: Checker) -> Checker:
    """A list of values of one kind."""

    def check(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise mismatch(path, "list", value)
        return [item(one, f"{path}[{number}]") for number, one in enumerate(value)]

    return check


def map_of(item: Checker) -> Checker:
    """A mapping with values of one kind."""

    def check(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise mismatch(path, "map", value)
        for key in value:
            if isinstance(key, OddKey):
                raise mismatch(path, "string", _value_of(key))
        return {key: item(one, f"{path}.{key}") for key, one in value.items()}

    return check


def fields(known: Mapping[str, Checker], defaults: Mapping[str, Any]) -> Checker:
    """A mapping with certain keys; those without a default have to be there, and others are left out.

    Args:
        known: what they hold.
        defaults: of those that may be missing; `OMIT`: it stays missing.
    """

    def check(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise mismatch(path, "map", value)
        if any(isinstance(key, OddKey) for key in value):
            raise mismatch(path, "map[string]", value)
        found = {}
        for key in sorted(known):
            if key in value or key not in defaults:
                found[key] = known[key](value.get(key), f"{path}.{key}")
            elif defaults[key] is not OMIT:
                found[key] = defaults[key]
        return found

    return check


OMIT = object()
"""The default of what may be missing."""


def _value_of(key: OddKey) -> Any:
    if key.lower() in {"y", "yes", "true", "on", "n", "no", "false", "off"}:
        return key.lower() in {"y", "yes", "true", "on"}
    return int(key) if key.isdigit() else str(key)
