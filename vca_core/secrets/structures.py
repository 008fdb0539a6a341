"""Objects and lists that are given as a text, in YAML or JSON: a charm that declares them reads them out of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from vca_core.plain import excess
from vca_core.text_files import LARGEST_FILE
from vca_core.written import Texts, Written, spell

_BEGINNINGS = ("[", "{")

_LONGEST_JSON = LARGEST_FILE // 2
"""Characters of a text that is read as JSON: no other thread goes on meanwhile."""


def is_structure(text: str) -> bool:
    """Whether a text looks like an object or a list and nothing else."""
    return text.lstrip()[:1] in _BEGINNINGS


def read_structures(text: str) -> Iterator[dict[str, Any] | list[Any]]:
    """Read the object or the list that a text stands for; nothing where it is neither.

    Args:
        text: any text.

    Yields:
        What it holds, in types, and once more as it was written where that differs: ``1.10``, ``yes``.
    """
    from vca_core.yaml_reader import read_yaml  # YAML is loaded for those who write it

    texts: Texts = {}
    found = read_yaml(text, texts=texts) if len(text) <= LARGEST_FILE else None
    if not isinstance(found, dict | list) and is_structure(text) and len(text) <= _LONGEST_JSON:
        with suppress(ValueError, RecursionError):  # more than YAML may hold here, or what only JSON allows
            found = json.loads(text)
            found = None if excess(found, len(text), len(text)) else found  # deeper than anything is looked into
    if isinstance(found, dict | list) and not _is_sentence(text, found):
        yield found
        if texts:
            yield spell(Written({"": found}, {("", *place): one for place, one in texts.items()}))[""]


def _is_sentence(text: str, found: dict[str, Any] | list[Any]) -> bool:
    """Whether it is rather a line for people, such as ``The password is: see below``."""
    is_line = not is_structure(text) and "\n" not in text.strip()
    return is_line and any(" " in str(key) for key in found)
