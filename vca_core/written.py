"""Values beside what was written for them: ``1.10`` is a number to YAML, and a text to a charm that declares text.

What reads YAML knows the text, and what checks values by a charm's declarations knows the type. In between, values are
plain data, as everybody takes them: the texts travel along with the mapping that holds them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Texts = dict[tuple[Any, ...], tuple[Any, str]]
"""What was written for values that are neither text nor nothing, by the keys and positions that lead to them; each with
its value, by which it is seen whether that is still the one that stands there."""


class Written(dict[str, Any]):
    """Values by name that were read from a file, and what was written for them.

    Args:
        values: plain data by name.
        texts: what was written for those in it.
    """

    __slots__ = ("texts",)

    def __init__(self, values: Mapping[str, Any], texts: Texts) -> None:
        super().__init__(values)
        self.texts = texts


def texts_of(values: object) -> Texts:
    """What was written for the values in a mapping; nothing is known of most."""
    return values.texts if isinstance(values, Written) else {}


def texts_below(texts: Texts, place: tuple[Any, ...]) -> Texts:
    """What was written for the values at and below a place, by what leads to them from there."""
    depth = len(place)
    return {at[depth:]: found for at, found in texts.items() if at[:depth] == place}


def keep_texts(made: Mapping[str, Any], values: object) -> dict[str, Any]:
    """Make a plain dictionary of values, which keeps what is known of how they were written."""
    texts = texts_of(values)
    return Written(made, texts) if texts else dict(made)


def text_for(texts: Texts, place: tuple[Any, ...], value: Any) -> str | None:
    """What was written for a value; None: that is not known, or the value is another one now."""
    known, text = texts.get(place, (None, None))
    return text if type(known) is type(value) and known == value else None


def spell(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values with what was written for them in place of those that JSON would write otherwise."""
    texts = texts_of(values)
    spelled: Mapping[str, Any] = _spell(values, texts, ()) if texts else values
    return spelled


def _spell(value: Any, texts: Texts, place: tuple[Any, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _spell(item, texts, (*place, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_spell(item, texts, (*place, at)) for at, item in enumerate(value)]
    text = text_for(texts, place, value)
    return value if text is None or text == json.dumps(value) else text
