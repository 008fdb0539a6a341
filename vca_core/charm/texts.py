"""Parameters given as text, in the types that an action's schema asks for: LCM's values and those of a command line.

The texts are those that options take: ``"7"`` for a whole number, ``"true"`` for a boolean, YAML for objects and lists.
Where text is declared, or nothing, a text stays as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from vca_core.charm.fields import FALSE, TRUE
from vca_core.text_files import LARGEST_FILE

_WHOLE = re.compile(r"[-+]?[0-9]{1,19}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_KINDS: dict[str, type] = {"array": list, "object": dict}


def convert_texts(schema: Any, value: Any) -> Any:
    """Give a value the type that a schema asks for, where its text says one; what does not fit is left to the check.

    Args:
        schema: a JSON schema.
        value: plain data; tuples count as lists.
    """
    known = schema if isinstance(schema, Mapping) else {}
    if isinstance(value, str):
        kinds = known.get("type")
        wanted = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
        value = value if not wanted or "string" in wanted else _convert_text(wanted, value)
    if isinstance(value, Mapping):
        declared, others = known.get("properties"), known.get("additionalProperties")
        of_name = declared if isinstance(declared, Mapping) else {}
        return {name: convert_texts(of_name.get(name, others), item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        items = known.get("items")
        if isinstance(items, list):
            return [convert_texts(items[at] if at < len(items) else None, item) for at, item in enumerate(value)]
        return [convert_texts(items, item) for item in value]
    return value


def _convert_text(kinds: Iterable[Any], text: str) -> Any:
    stripped = text.strip()
    for kind in kinds:
        if kind == "integer" and _WHOLE.fullmatch(stripped):
            return int(stripped)
        if kind == "number" and _NUMBER.fullmatch(stripped):
            number = int(stripped) if _WHOLE.fullmatch(stripped) else float(stripped)
            return number if math.isfinite(number) else text
        if kind == "boolean" and stripped in TRUE + FALSE:
            return stripped in TRUE
        if kind in _KINDS and isinstance(found := _convert_yaml(text), _KINDS[kind]):
            return found
    return text


def _convert_yaml(text: str) -> Any:
    from vca_core.yaml_reader import read_yaml  # YAML is loaded for those who write it

    return read_yaml(text) if len(text) <= LARGEST_FILE else None
