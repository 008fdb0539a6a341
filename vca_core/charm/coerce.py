"""Values for a charm's options: converted and checked for backends, and never shown (they may be passwords).

The orchestrator's values come as text more often than not, the backend's system wants types.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from vca_core import arguments
from vca_core.charm.fields import FALSE, INT64, TRUE, Field, whole_number_in
from vca_core.charm.model import Option
from vca_core.errors import BadArguments
from vca_core.plain import kind_of
from vca_core.suggestions import instead
from vca_core.written import text_for, texts_of

_MOST_HINTS = 10
"""For how many unknown names another one is suggested: to find it takes time."""

_MOST_TOLD = 20
"""How many problems are listed one by one."""

_WHOLE = re.compile(r"[-+]?[0-9]{1,19}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SECRET = re.compile(r"secret:\S*", re.IGNORECASE)

_EXPECTED = {
    "string": "text",
    "int": "a whole number of 64 bits",
    "float": "a finite number",
    "boolean": "true or false",
    "secret": "the URI of a secret (secret:…), or empty text",
}


def coerce(options: Mapping[str, Option], values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert values to the types of their options, and check them.

    - ``int``: whole numbers of 64 bits, ``4096.0`` and text like ``"4096"``.
    - ``float``: finite numbers and text like ``"0.5"``.
    - ``boolean``: true, false and the texts that Juju takes: ``true``, ``True``, ``TRUE``, ``t``, ``T``, ``1`` and
      their counterparts. Not ``yes``: Juju would refuse it.
    - ``string``: text; a number, true and false become what was written for them in YAML. Where that is not known, a
      number becomes its text, and true and false are refused.
    - ``secret``: text like ``secret:…``, or empty text for none.

    - None resets an option of any type: it has the charm's default again. An option that is left out keeps its value.

    Converting converted values again changes nothing.

    Args:
        options: the options of the charm, by name.
        values: by name of the option, as the caller gave them.

    Returns:
        The converted values, by name of the option; None means reset.

    Raises:
        BadArguments: there are options that the charm does not have or values that do not fit. The error names
            the first twenty (``config.<name>``), without their values.
    """
    converted: dict[str, Any] = {}
    problems: dict[str, str] = {}
    spelled = texts_of(values)
    for name, value in arguments.mapping(values, "config").items():
        option = options.get(name)
        if option is None:
            hint = instead(name, options) if len(problems) < _MOST_HINTS else ""
            problems[name] = f"config.{name}: there is no such option{hint}"
            continue
        try:
            written = text_for(spelled, (name,), value) if option.type == "string" else None
            converted[name] = None if value is None else _convert(option, value if written is None else written)
        except _Unfit:
            problems[name] = f"config.{name}: expected {_EXPECTED[option.type]}, got {_what(value)}"
    if problems:
        texts = list(problems.values())[:_MOST_TOLD]
        if len(problems) > len(texts):
            texts.append(f"and {len(problems) - len(texts)} more problems")
        raise BadArguments("; ".join(texts), [f"config.{name}" for name in problems], shows_values=False)
    return converted


def as_default(option: Option, field: Field) -> str | int | float | bool:
    """Take a charm's own default for a value of its option, as strictly as Juju: a number is not a default for a text.

    Raises:
        BadArguments: it does not fit; says where it stands.
    """
    if option.type == "string":
        return field.text()
    try:
        return _read_strictly(option, field.value)
    except _Unfit:
        raise field.expectation_error(f"{_EXPECTED[option.type]}, as the option is of type {option.type}") from None


def keep_fitting(options: Mapping[str, Option], values: Mapping[str, Any]) -> dict[str, Any]:
    """Say what becomes of options' values when a charm is replaced: what does not fit the new one's is dropped.

    Args:
        options: of the new charm, by name.
        values: those that are set, in their types.

    Returns:
        The values that stay, in their new types: Juju reads a text as a number or a boolean, and no number as a text.
    """
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if name in options:
            with suppress(_Unfit):
                kept[name] = _read_strictly(options[name], value)
    return kept


def _read_strictly(option: Option, value: Any) -> str | int | float | bool:
    """Take a value as Juju takes what a charm or itself has for it, rather than a caller's text."""
    match option.type, value:
        case "boolean", str() if value in TRUE + FALSE:
            return value in TRUE
        case "int", str() if (number := whole_number_in(value)) is not None:
            return number
        case ("string" | "secret", str()) | ("boolean", bool()) | ("int", int()) | ("float", int() | float()):
            return _convert(option, value)
    raise _Unfit


class _Unfit(Exception):
    """A value that does not fit; holds nothing of it."""


def _convert(option: Option, value: Any) -> str | int | float | bool:
    match option.type, value:
        case "string", str():
            return str(value)
        case "boolean", bool():
            return value
        case _, bool():
            pass  # Python takes it for a number
        case "string", int() | float():
            return _number_text(value)
        case "int", str() | int() | float():
            return _whole_number(value)
        case "float", str() | int() | float():
            return _finite(value)
        case "boolean", str() if value.strip() in TRUE + FALSE:
            return value.strip() in TRUE
        case "secret", str() if not value or _SECRET.fullmatch(value):
            return str(value)
    raise _Unfit


def _number_text(value: float) -> str:
    try:
        return str(value if isinstance(value, int) else _finite(value))
    except ValueError:  # a number of thousands of digits
        raise _Unfit from None


def _whole_number(value: str | float) -> int:
    if isinstance(value, str) and not _WHOLE.fullmatch(value.strip()):
        raise _Unfit
    try:
        whole = int(value)
    except (ValueError, OverflowError):  # no number, infinite
        raise _Unfit from None
    if isinstance(value, float) and whole != value:
        raise _Unfit
    if not -INT64 <= whole < INT64:
        raise _Unfit
    return whole


def _finite(value: str | float) -> float:
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        raise _Unfit
    try:
        number = float(value)
    except OverflowError:
        raise _Unfit from None
    if not math.isfinite(number):
        raise _Unfit
    return number


def _what(value: object) -> str:
    """What a value is, with no more said of it than its type."""
    if isinstance(value, float) and not math.isfinite(value):
        return "an infinite number or NaN"
    return "unparsable text" if isinstance(value, str) else kind_of(value)
