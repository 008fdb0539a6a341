"""The keywords of JSON schema whose usual checks can take for ever: here each has a bound.

Patterns run in RE2, `uniqueItems` and `enum` compare in linear time, and every step of a check is counted.

This module loads jsonschema; `vca_core.charm.schemas` is what imports it first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from vca_core.charm.expressions import effort_of, is_found
from vca_core.errors import BadArguments

MOST_STEPS = 50_000
"""How many steps one check by a schema may take: keywords that are looked at, values that are compared."""

LARGEST_INTEGER = 2**53 - 1
"""Up to which floating-point numbers hold each integer."""

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]

_steps: ContextVar[list[int]] = ContextVar("vca_schema_steps")


@contextmanager
def count_steps(what: str, bad_args: list[str]) -> Iterator[None]:
    """Give what is checked within a new budget of steps.

    Args:
        what: how the error calls what is checked.
        bad_args: the arguments at fault where the budget does not do.

    Raises:
        BadArguments: the check needs more steps.
    """
    token = _steps.set([MOST_STEPS])
    try:
        yield
    except _TooMuch:
        raise BadArguments(
            f"{what}: to check it takes more than {MOST_STEPS} steps; make it smaller", bad_args
        ) from None
    finally:
        _steps.reset(token)


class _TooMuch(Exception):
    """The budget is spent."""


def spend(steps: int) -> None:
    """Take steps from the budget, where there is one."""
    left = _steps.get(None)
    if left is None:
        return
    left[0] -= steps
    if left[0] < 0:
        raise _TooMuch


def add_bounds(draft: Any) -> Any:
    """Make a validator class with bounds of one of jsonschema's."""
    own: dict[str, Keyword] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
        "enum": _enum,
        "const": _const,
        "multipleOf": _multiple_of,
        # Draft 4, which Juju goes by, does not know these two; to check them takes exponential time.
        "unevaluatedItems": _no_errors,
        "unevaluatedProperties": _no_errors,
    }
    known = draft.VALIDATORS
    return extend(
        draft,
        {  # type: ignore[no-untyped-call]  # its stubs have no types there
            name: _count_calls(own.get(name, keyword)) for name, keyword in known.items()
        },
        type_checker=draft.TYPE_CHECKER.redefine("integer", lambda _, value: is_whole_number(value)),
    )


def is_whole_number(value: object) -> bool:
    """Whether a value is an integer to Juju, which reads all numbers as floating-point ones: 7.0 is, 2**60 is not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= LARGEST_INTEGER and value == math.floor(value)


def _count_calls(keyword: Keyword) -> Keyword:
    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        # A text is read once more by each keyword, and shown in whole by the errors of some.
        spend(1 + len(instance) // 1000 if isinstance(instance, str) else 1)
        yield from keyword(validator, value, instance, schema) or ()

    return check


def _no_errors(_validator: Any, _value: Any, _instance: Any, _schema: Any) -> Iterator[ValidationError]:
    return iter(())


def _pattern(_validator: Any, pattern: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str):
        spend(effort_of(pattern, len(instance)))
        if not is_found(pattern, instance):
            yield ValidationError("expected a text that matches")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, Mapping):
        return
    for pattern, below in patterns.items():
        spend(len(instance) + effort_of(pattern, sum(map(len, instance))))
        for name, item in instance.items():
            if is_found(pattern, name):
                yield from validator.descend(item, below, path=name, schema_path=pattern)


def unknown_names(instance: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """The names in an object that its schema neither declares nor matches by a pattern."""
    declared, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    spend(len(instance) * (1 + len(patterns)))
    return [
        name for name in instance if name not in declared and not any(is_found(pattern, name) for pattern in patterns)
    ]


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, Mapping) or allowed is True:
        return
    unknown = unknown_names(instance, schema)
    if isinstance(allowed, Mapping):
        for name in unknown:
            yield from validator.descend(instance[name], allowed, path=name)
    elif unknown:
        yield ValidationError("unknown names")


def _unique_items(_validator: Any, unique: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list) and len({_freeze(item) for item in instance}) < len(instance):
        yield ValidationError("expected each item once")


def _enum(_validator: Any, values: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if values and _freeze(instance) not in {_freeze(value) for value in values}:  # an empty list is nothing to Juju
        yield ValidationError("expected one of the values")


def _const(_validator: Any, value: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if _freeze(instance) != _freeze(value):
        yield ValidationError("expected another value")


def _multiple_of(_validator: Any, factor: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """Divide as Juju does, by the numbers of machines: 0.3 is no multiple of 0.1 there."""
    if isinstance(instance, bool) or not isinstance(instance, int | float):
        return
    try:
        quotient = float(instance) / factor
    except OverflowError:
        quotient = math.inf
    if not is_whole_number(quotient):
        yield ValidationError("expected a multiple of it")


def _freeze(value: Any) -> Any:
    """What is equal for values that are equal in JSON. Numbers become texts, whose hashes cannot be chosen."""
    spend(1)
    if isinstance(value, bool) or value is None:
        return value, None
    if isinstance(value, int | float):
        return "number", hex(int(value)) if value == math.floor(value) else value.hex()  # type: ignore[union-attr]
    if isinstance(value, Mapping):
        return frozenset((name, _freeze(item)) for name, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(_freeze(item) for item in value)
    return value
