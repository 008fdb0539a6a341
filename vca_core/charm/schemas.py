"""JSON schemas of actions: what a charm may write, and what checks by it.

This module loads jsonschema; it is loaded when the first action is read or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match
from jsonschema.protocols import Validator
from referencing import Registry

from vca_core.errors import BadArguments

_TYPES = {
    "array": ("list",),
    "boolean": ("bool",),
    "integer": ("int",),
    "null": ("none", "nil"),
    "number": ("float", "double"),
    "object": ("dict", "map", "mapping"),
    "string": ("str", "text"),
}
"""The types of JSON schema, and how programmers tend to call them."""

_REFERENCES = ("$ref", "$schema", "$dynamicRef", "$recursiveRef")
"""What Juju refuses, too: a schema that is not complete in itself."""


def validator(schema: Mapping[str, Any], place: str) -> Validator:
    """Make what checks parameters by a schema.

    Juju goes by draft 4; what only draft 2020-12 knows (``exclusiveMinimum: 5``) is taken, too.

    Args:
        schema: of all parameters of an action.
        place: how errors call it: ``actions.yaml: touch``.

    Raises:
        BadArguments: it is no valid JSON schema; says which key and why.
    """
    for path, value in _walk(schema, ()):
        if path[-1] in _REFERENCES and not _is_name(path):
            raise _wrong(place, path, "a schema cannot refer to another one; write it out")
        for pattern in [] if _is_name(path) else _patterns(path[-1], value):
            try:
                re.compile(pattern)
            except (re.error, OverflowError) as error:
                raise _wrong(place, path, f"{pattern!r} is no regular expression: {error}") from error
    problems: list[SchemaError] = []
    for draft in (Draft4Validator, Draft202012Validator):
        problem = best_match(draft(draft.META_SCHEMA, registry=Registry()).iter_errors(schema))
        if problem is None:
            # An empty registry: nothing is ever fetched.
            return draft(schema, registry=Registry())
        problems.append(SchemaError(problem.message, path=problem.absolute_path, instance=problem.instance))
    path = tuple(map(str, problems[0].path))
    if path[-1:] == ("type",):
        given = problems[0].instance
        meant = "".join(f": did you mean {name!r}?" for name, others in _TYPES.items() if given in others)
        raise _wrong(place, path, f"{given!r} is none of the types {', '.join(_TYPES)}{meant}")
    raise _wrong(place, path, f"is no valid JSON schema: {problems[0].message}")


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        at = (*path, str(key))
        yield at, item
        yield from _walk(item, at)


def _patterns(key: str, value: Any) -> list[str]:
    """The regular expressions that a key of a schema holds; what is of another kind is left to the meta-schema."""
    if key == "pattern" and isinstance(value, str):
        return [value]
    return list(value) if key == "patternProperties" and isinstance(value, Mapping) else []


def _is_name(path: tuple[str, ...]) -> bool:
    """Whether the last key is not the schema's but a parameter's, named like one of the schema's."""
    above = 0
    for key in reversed(path[:-1]):
        if key not in ("properties", "patternProperties", "definitions"):
            break
        above += 1
    return above % 2 == 1


def _wrong(place: str, path: tuple[str, ...], reason: str) -> BadArguments:
    # The schema's "properties" are what a charm's file calls "params".
    names = ("params", *path[1:]) if path[:1] == ("properties",) else path
    return BadArguments(f"{'.'.join((place, *names))}: {reason}", ["artifact_path"])
