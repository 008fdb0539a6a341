"""Where schemas stand in the schema of an action, and what of one says nothing to Juju."""

from __future__ import annotations

import math
from typing import Any

_NOTHING_IF_EMPTY = ("type", "items", "anyOf", "allOf", "oneOf", "required")
"""The keywords that say nothing to Juju with an empty list; draft 4 has none there, and charms do."""

_NOTHING_BUT_AS_TEXT = ("format", "id")
"""Those that say nothing to it with something else than text."""

_SCHEMAS = ("items", "additionalItems", "additionalProperties", "allOf", "anyOf", "oneOf", "not")
"""Those that hold a schema, or a list of some."""

SCHEMAS_BY_NAME = ("properties", "patternProperties", "definitions", "$defs", "dependencies", "dependentSchemas")
"""Those that hold schemas by names that the charm's author chose."""


def without_nothings(schema: Any) -> Any:
    """Leave out of a schema, at any depth, what says nothing to Juju, and would make it no JSON schema.

    Args:
        schema: plain data; what is no mapping is returned as it is.
    """
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if (key in _NOTHING_IF_EMPTY and value == []) or (key in _NOTHING_BUT_AS_TEXT and not _may_matter(value)):
            continue
        if key in SCHEMAS_BY_NAME and isinstance(value, dict):
            kept[key] = {name: without_nothings(below) for name, below in value.items()}
        elif key in _SCHEMAS and isinstance(value, list):
            kept[key] = [without_nothings(below) for below in value]
        else:
            kept[key] = without_nothings(value) if key in _SCHEMAS else value
    return kept


def _may_matter(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, float) and not math.isfinite(value))  # JSON has no such number
