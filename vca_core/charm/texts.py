"""Parameters in the types that an action's schema asks for: LCM's values and those of a command line are texts.

They are converted as options are: ``"7"`` becomes a whole number, ``"true"`` a boolean, YAML an object or a list,
``7.0`` a whole number, and a number text. Where text is declared, or nothing, a text stays as it is; and where text is
declared, what YAML made a number or a truth value of is text again, as it was written: ``1.10``, ``007``, ``yes``.

What is asked for is found in ``type``, in ``allOf``, and in what all branches of ``anyOf`` and ``oneOf`` allow that may
apply to the value; for what is within objects, also in ``patternProperties``. The other keywords are for the check.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from vca_core.charm.fields import FALSE, TRUE
from vca_core.text_files import LARGEST_FILE
from vca_core.written import Texts, text_for

_WHOLE = re.compile(r"[-+]?[0-9]{1,19}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_STRUCTURES: dict[str, type] = {"array": list, "object": dict}
_EVERY = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def convert_texts(schema: Any, value: Any, texts: Texts, place: tuple[Any, ...] = ()) -> Any:
    """Give a value the type that a schema asks for, where it says one; what does not fit is left to the check.

    Args:
        schema: a JSON schema.
        value: plain data; tuples count as lists.
        texts: what was written for the values.
        place: where this one stands, to them.
    """
    types = _types(schema)
    if isinstance(value, str) and "string" not in types:
        texts = {}
        value, place = _convert_text(types, value, texts), ()
    else:
        value = _convert(types, value, text_for(texts, place, value))
    if isinstance(value, Mapping):
        return {
            name: convert_texts(_all_of(_of_name(schema, value, name)), item, texts, (*place, name))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            convert_texts(_all_of(_of_place(schema, value, at)), item, texts, (*place, at))
            for at, item in enumerate(value)
        ]
    return value


def _types(schema: Any) -> frozenset[str]:
    """The types that a schema allows."""
    from vca_core.charm.keywords import spend  # jsonschema is loaded for those who run actions

    spend(1)
    if not isinstance(schema, Mapping):
        return _EVERY
    declared = schema.get("type")
    kinds = [declared] if isinstance(declared, str) else declared if isinstance(declared, list) else _EVERY
    allowed = frozenset(kinds) | ({"integer"} if "number" in kinds else set())
    for part in _list(schema.get("allOf")):
        allowed &= _types(part)
    for keyword in ("anyOf", "oneOf"):
        branches = _list(schema.get(keyword))
        if branches:
            allowed &= frozenset().union(*map(_types, branches))
    return allowed


def _convert(types: frozenset[str], value: Any, written: str | None) -> Any:
    match value:
        case tuple():
            return list(value)
        case bool() if written is not None and "string" in types and not types & {"boolean", "integer", "number"}:
            return written
        case bool():
            pass  # Python takes it for a number
        case float() if "number" not in types and "integer" in types and value.is_integer():
            return int(value)
        case int() | float() if not types & {"integer", "number"} and "string" in types:
            return written or (str(value) if math.isfinite(value) else value)
    return value


def _convert_text(types: frozenset[str], text: str, texts: Texts) -> Any:
    stripped = text.strip()
    if types & {"integer", "number"} and _WHOLE.fullmatch(stripped):
        return int(stripped)
    if "number" in types and _NUMBER.fullmatch(stripped):
        number = float(stripped)
        return number if math.isfinite(number) else text
    if "boolean" in types and stripped in TRUE + FALSE:
        return stripped in TRUE
    structures = tuple(kind for name, kind in _STRUCTURES.items() if name in types)
    found = _read_yaml(text, texts) if structures else None
    return found if isinstance(found, structures) else text


def _read_yaml(text: str, texts: Texts) -> Any:
    from vca_core.yaml_reader import read_yaml  # YAML is loaded for those who write it

    return read_yaml(text, texts=texts) if len(text) <= LARGEST_FILE else None


def _of_name(schema: Any, value: Mapping[str, Any], name: str) -> Iterator[Any]:
    """The schemas of a member of an object."""
    if not isinstance(schema, Mapping):
        return
    declared, patterns = schema.get("properties"), schema.get("patternProperties")
    is_declared = isinstance(declared, Mapping) and name in declared
    if is_declared:
        yield declared[name]  # type: ignore[index]
    matching = [below for pattern, below in patterns.items() if _is_found(pattern, name)] if patterns else []
    yield from matching
    if not is_declared and not matching:
        yield schema.get("additionalProperties")
    yield from _of_parts(schema, value, lambda part: _of_name(part, value, name))


def _of_place(schema: Any, value: list[Any], at: int) -> Iterator[Any]:
    """The schemas of an item of a list."""
    if not isinstance(schema, Mapping):
        return
    items = schema.get("items")
    if not isinstance(items, list):
        yield items
    elif at < len(items):
        yield items[at]
    yield from _of_parts(schema, value, lambda part: _of_place(part, value, at))


def _of_parts(schema: Mapping[str, Any], value: Any, find: Any) -> Iterator[Any]:
    """What the schemas that are put together in one say of a part of a value."""
    kind = "object" if isinstance(value, Mapping) else "array"
    for part in _list(schema.get("allOf")):
        yield _all_of(find(part))
    for keyword in ("anyOf", "oneOf"):
        branches = [part for part in _list(schema.get(keyword)) if kind in _types(part)]
        if branches:
            yield {"anyOf": [_all_of(find(part)) for part in branches]}


def _all_of(schemas: Iterator[Any]) -> dict[str, Any]:
    return {"allOf": [one for one in schemas if isinstance(one, Mapping)]}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_found(pattern: str, name: str) -> bool:
    from vca_core.charm.expressions import is_found  # RE2 is loaded for those who have patterns
    from vca_core.charm.keywords import spend

    spend(1)
    return is_found(pattern, name)
