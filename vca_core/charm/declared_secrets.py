"""Finds what the schema of an action declares secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

_NAMES_BELOW = ("properties", "patternProperties", "dependentSchemas", "dependencies")
"""Keywords with schemas by name; only those of `properties` are the names of what is given."""

_SCHEMAS_BELOW = (
    "additionalItems", "additionalProperties", "allOf", "anyOf", "contains", "else", "if", "items", "oneOf",
    "prefixItems", "then", "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
"""Keywords with a schema, or a list of them, that goes by the name of what is around it."""


def secret_names_in(schema: Mapping[str, Any]) -> frozenset[str]:
    """Find the names under which a schema declares secrets, at any depth.

    What has no name of its own, such as an item of a list, goes by that of what it is in. So does what a pattern
    names, and what a reference within the schema (``$ref: "#/definitions/login"``) stands for.

    Args:
        schema: the JSON schema of an object.
    """
    found: set[str] = set()
    waiting: list[tuple[str | None, Any]] = [(None, schema)]
    seen: set[tuple[str | None, int]] = set()
    while waiting:
        name, one = waiting.pop()
        if (name, id(one)) in seen:  # an alias of YAML is one object in many places
            continue
        seen.add((name, id(one)))
        if isinstance(one, list):
            waiting += [(name, item) for item in one]
        elif isinstance(one, Mapping):
            if name is not None and (one.get("format") == "password" or one.get("writeOnly") is True):
                found.add(name)
            waiting += _below(name, one)
            if (target := _referred(schema, one.get("$ref"))) is not None:
                waiting.append((name, target))
    return frozenset(found)


def _referred(schema: Mapping[str, Any], reference: Any) -> Any:
    """What a reference within a schema stands for; None: it leads nowhere, or elsewhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found: Any = schema
    for part in filter(None, unquote(reference[1:]).split("/")):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, Mapping) and key in found:
            found = found[key]
        else:
            return None
    return found


def _below(name: str | None, schema: Mapping[str, Any]) -> Iterator[tuple[str | None, Any]]:
    for keyword in _SCHEMAS_BELOW:
        if isinstance(schema.get(keyword), Mapping | list):
            yield name, schema[keyword]
    for keyword in _NAMES_BELOW:
        if isinstance(parts := schema.get(keyword), Mapping):
            for key, part in parts.items():
                yield (str(key) if keyword == "properties" else name), part
