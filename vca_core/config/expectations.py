"""What pydantic expects, in the words of all our errors: ``expected a mapping, got a list``."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

from vca_core.plain import kind_of

_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "enum": "{expected}",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "frozen_set_type": "a list",
    "greater_than": "a number greater than {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "iterable_type": "a list",
    "less_than": "a number less than {lt}",
    "less_than_equal": "a number of at most {le}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "mapping_type": "a mapping",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "multiple_of": "a multiple of {multiple_of}",
    "none_required": "nothing",
    "path_type": "a path",
    "set_type": "a list",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "string_type": "text",
    "too_long": "at most {max_length} entries",
    "too_short": "at least {min_length} entries",
    "tuple_type": "a list",
}
"""By pydantic's type of an error; its own text stands for the others."""

_OF_THE_KIND = ("greater", "less", "multiple", "string_pattern", "string_too", "too_", "enum", "literal")
"""How the types begin that say what is wrong with a value of the right kind."""


def expectation(detail: ErrorDetails) -> str | None:
    """Say what was expected: ``a mapping``.

    Args:
        detail: what pydantic says of one value.

    Returns:
        The words; None for an error that is described in words of its own.
    """
    words = _EXPECTED.get(detail["type"])
    if words is None:
        before, should_be, rest = detail["msg"].partition("Input should be ")
        return rest if should_be and not before else None
    bounds = detail.get("ctx", {})
    kind = detail["type"].removeprefix("string_")
    is_text = kind != detail["type"] or (kind.startswith("too_") and bounds.get("field_type") == "Value")  # a secret
    if bounds.get("min_length") == 1:
        return "text that is not empty" if is_text else "at least one entry"
    if is_text and kind in ("too_long", "too_short"):
        words = _EXPECTED[f"string_{kind}"]
    return words.format_map({name: _plain(value) for name, value in bounds.items()})


def is_of_another_kind(detail: ErrorDetails) -> bool:
    """Ask whether a value is not even of the kind that was expected, rather than wrong in itself or in its parts."""
    is_key = detail["loc"][-1:] == ("[key]",)
    return detail["type"] in _EXPECTED and not detail["type"].startswith(_OF_THE_KIND) and not is_key


def what_came(detail: ErrorDetails, *, may_show: bool) -> str:
    """Say what was given instead: its kind, or the value itself.

    Args:
        detail: what pydantic says of one value.
        may_show: whether the value may be shown.

    Returns:
        The words; empty if the kind is right and the value may not be shown.
    """
    given = detail["input"]
    if may_show and isinstance(given, str | int | float):
        return repr(given)
    if detail["type"].startswith(_OF_THE_KIND) and not isinstance(given, bool):
        return ""
    return kind_of(given)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
