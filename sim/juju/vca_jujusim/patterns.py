"""Regular expressions as Go has them, which Juju checks parameters by: RE2's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import re2
from jsonschema.validators import extend

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 64 * 1024**2  # Go needs less for sets of letters

_ESCAPED = re.compile(r"\\Q.*?(?:\\E|\Z)|\\(.)", re.DOTALL)


def is_pattern(text: str) -> bool:
    """Whether Go takes it for a regular expression: all that RE2 takes but one escape, of half a character."""
    if "C" in _ESCAPED.findall(text):
        return False
    try:
        re2.compile(text, _OPTIONS)
    except (re2.error, UnicodeError):
        return False
    return True


def _is_found(pattern: str, text: str) -> bool:
    return re2.search(pattern, text, _OPTIONS) is not None


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, str) and not _is_found(pattern, value):
        yield jsonschema.ValidationError("does not match")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, _schema: Any
) -> Iterator[jsonschema.ValidationError]:
    for pattern, below in patterns.items() if isinstance(value, dict) else ():
        for name in value:
            if _is_found(pattern, name):
                yield from validator.descend(value[name], below, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, allowed: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[jsonschema.ValidationError]:
    for name in value if isinstance(value, dict) else ():
        if name in schema.get("properties", {}) or any(
            _is_found(one, name) for one in schema.get("patternProperties", {})
        ):
            continue
        if isinstance(allowed, dict):
            yield from validator.descend(value[name], allowed, path=name)
        elif not allowed:
            yield jsonschema.ValidationError(f"Additional property {name} is not allowed")


def _multiple_of(_validator: Any, factor: Any, value: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, int | float) and not isinstance(value, bool) and not _is_integer(None, float(value) / factor):
        yield jsonschema.ValidationError(f"must be a multiple of {factor}")


def _unless_empty(keyword: str) -> Any:
    """What a keyword checks, but with an empty list nothing."""
    check: Any = jsonschema.Draft4Validator.VALIDATORS[keyword]

    def unless_empty(validator: Any, known: Any, value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
        if known != []:
            yield from check(validator, known, value, schema) or ()

    return unless_empty


def _is_integer(_checker: object, value: object) -> bool:
    """Whether Go's JSON schemas take a value for an integer; to Go, each number of JSON is a float64."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**53 and float(value).is_integer()


Validator: Any = extend(
    jsonschema.Draft4Validator,
    {  # type: ignore[no-untyped-call]  # its stubs have no types there
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "multipleOf": _multiple_of,
        **{keyword: _unless_empty(keyword) for keyword in ("type", "enum", "anyOf", "oneOf", "items")},
    },
    type_checker=jsonschema.Draft4Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)
"""Checks parameters by a schema of draft 4."""
