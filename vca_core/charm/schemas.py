"""JSON schemas of actions: what a charm may write, and what checks by it.

This module loads jsonschema; it is loaded when the first action is read or run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft4Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match
from jsonschema.protocols import Validator
from referencing import Registry

from vca_core.charm.expressions import effort_to_compile
from vca_core.charm.keywords import LARGEST_INTEGER, add_bounds, count_steps, spend
from vca_core.charm.schema_places import SCHEMAS_BY_NAME
from vca_core.errors import BadArguments
from vca_core.plain import DEEPEST, LARGEST_NUMBER

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

_IDS = ("id", "$id")
"""How a schema is called by those that refer to it."""

_LENGTHS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")

_BOUNDS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minProperties", "maxProperties"))
"""What leaves nothing between them if they are the wrong way round; Juju looks at these, and not at those of lists."""

_VALUES = ("default", "enum")
"""What holds values, and no schemas, whatever their keys are called."""

_DRAFTS = (add_bounds(Draft4Validator), add_bounds(Draft202012Validator))


def validator(schema: Mapping[str, Any], place: str) -> Validator:
    """Make what checks parameters by a schema.

    Juju goes by draft 4; what only draft 2020-12 knows (``exclusiveMinimum: 5``) is taken, too.

    Args:
        schema: of all parameters of an action.
        place: how errors call it: ``actions.yaml: touch``.

    Raises:
        BadArguments: it is not a valid JSON schema, or too large to be checked; says which key and why.
    """
    with count_steps(place, ["artifact_path"]):
        return _validator(schema, place)


def problem_of_draft_4(made: Validator) -> str | None:
    """Say what keeps a schema from being of draft 4, where it is of a later one; empty lists are nothing to Juju."""
    if isinstance(made, _DRAFTS[0]):
        return None
    errors = Draft4Validator(Draft4Validator.META_SCHEMA, registry=Registry()).iter_errors(made.schema)
    return next((error.message for error in errors if error.validator != "minItems"), None)


def _validator(schema: Mapping[str, Any], place: str) -> Validator:
    bounds: dict[tuple[str, ...], dict[str, Any]] = {}
    values: tuple[str, ...] | None = None
    for path, value, is_name in _walk(schema, (), names=False):
        if path[-1] in _REFERENCES:
            way_out = "write it out" if path[-1] != "$schema" else "leave it out: Juju goes by draft 4 whatever it says"
            way_out = "give the parameter another name" if is_name else way_out
            raise _wrong(place, path, f"a schema cannot refer to another one; {way_out}")
        if is_name:
            continue
        for pattern in _patterns(path[-1], value):
            try:
                effort = effort_to_compile(pattern)
            except BadArguments as error:
                raise _wrong(place, path, error.message) from error
            spend(effort)
        if isinstance(value, float) and not math.isfinite(value):
            raise _wrong(place, path, "expected a finite number")
        if path[-1] in _IDS and isinstance(value, str) and not _is_url(value):
            raise _wrong(place, path, f"expected a URL, got {value[:60]!r}; leave it out: nothing can refer to it")
        if path[-1] in _LENGTHS and isinstance(value, int | float) and abs(value) > LARGEST_INTEGER:
            raise _wrong(place, path, f"expected a whole number up to {LARGEST_INTEGER}")
        if values is None or path[: len(values)] != values:
            bounds.setdefault(path[:-1], {})[path[-1]] = value
            values = path if path[-1] in _VALUES else None
    _check_bounds(place, bounds)
    problems: list[SchemaError] = []
    for draft in _DRAFTS:
        problem = best_match(draft(draft.META_SCHEMA, registry=Registry()).iter_errors(schema))
        if problem is None:
            # An empty registry: nothing is ever fetched.
            made: Validator = draft(schema, registry=Registry())
            return made
        problems.append(SchemaError(problem.message, path=problem.absolute_path, instance=problem.instance))
    path = tuple(map(str, problems[0].path))
    if path[-1:] == ("type",):
        given = problems[0].instance
        meant = "".join(f": did you mean {name!r}?" for name, others in _TYPES.items() if given in others)
        raise _wrong(place, path, f"expected one of the types {', '.join(_TYPES)}, got {given!r}{meant}")
    raise _wrong(place, path, f"expected a valid JSON schema: {problems[0].message}")


def _is_url(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        return False
    return True


def _check_bounds(place: str, schemas: Mapping[tuple[str, ...], Mapping[str, Any]]) -> None:
    for path, keys in schemas.items():
        for least, most in _BOUNDS:
            given = [keys[key] for key in (least, most) if isinstance(keys.get(key), int | float)]
            if len(given) == 2 and given[0] > given[1]:
                raise _wrong(place, (*path, least), f"expected at most {given[1]}, which is its {most}, got {given[0]}")


def _walk(value: Any, path: tuple[str, ...], *, names: bool) -> Iterator[tuple[tuple[str, ...], Any, bool]]:
    """The keys of a schema at any depth, their values, and whether they are names of parameters."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        at = (*path, str(key))
        spend(1)
        if len(at) > 2 * DEEPEST:
            raise BadArguments(
                f"artifact_path: expected a schema of at most {2 * DEEPEST} levels, got a deeper one", ["artifact_path"]
            )
        if isinstance(item, int) and abs(item) >= LARGEST_NUMBER:
            raise BadArguments(
                "artifact_path: expected a schema whose numbers have at most 300 digits, got a longer one",
                ["artifact_path"],
            )
        yield at, item, names
        yield from _walk(item, at, names=not names and key in SCHEMAS_BY_NAME)


def _patterns(key: str, value: Any) -> list[str]:
    """The regular expressions that a key of a schema holds; what is of another kind is left to the meta-schema."""
    if key == "pattern" and isinstance(value, str):
        return [value]
    return list(value) if key == "patternProperties" and isinstance(value, Mapping) else []


def _wrong(place: str, path: tuple[str, ...], reason: str) -> BadArguments:
    # The schema's "properties" are what a charm's file calls "params".
    names = ("params", *path[1:]) if path[:1] == ("properties",) else path
    return BadArguments(f"{'.'.join((place, *names))}: {reason}", ["artifact_path"])
