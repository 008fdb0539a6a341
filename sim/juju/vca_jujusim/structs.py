"""Documents that Juju unmarshals into structs of Go: what does not fit is refused with the texts of its reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vca_jujusim.checkers import go_value

Shape = Callable[[Any], None]
"""Looks at a value, and raises `Unfit`; nothing at all fits everywhere."""


class Unfit(Exception):
    """A value that cannot be unmarshalled."""

    def __init__(self, value: Any, kind: str) -> None:
        tag = _TAGS[type(value)]
        shown = tag if isinstance(value, list | dict) else f"{tag} `{_plain(value)}`"
        super().__init__(f"yaml: unmarshal errors: cannot unmarshal {shown} into {kind}")


_TAGS = {list: "!!seq", dict: "!!map", str: "!!str", bool: "!!bool", int: "!!int", float: "!!float"}


def text(kind: str = "string") -> Shape:
    """Every single value."""

    def check(value: Any) -> None:
        if isinstance(value, list | dict):
            raise Unfit(value, kind)

    return check


def flag(value: Any) -> None:
    """True or false."""
    if value is not None and not isinstance(value, bool):
        raise Unfit(value, "bool")


def map_of(item: Shape, kind: str) -> Shape:
    """A mapping of what is alike."""

    def check(value: Any) -> None:
        if value is not None and not isinstance(value, dict):
            raise Unfit(value, f"map[string]{kind}")
        for one in (value or {}).values():
            item(one)

    return check


def struct(fields: Mapping[str, Shape], kind: str) -> Shape:
    """A mapping with certain keys; others are ignored."""

    def check(value: Any) -> None:
        if value is not None and not isinstance(value, dict):
            raise Unfit(value, kind)
        for key, item in fields.items():
            item((value or {}).get(key))

    return check


METRICS = struct(
    {
        "metrics": map_of(
            struct({"type": text("charm.MetricType"), "description": text()}, "charm.Metric"), "charm.Metric"
        ),
        "plan": struct({"required": flag}, "charm.Plan"),
    },
    "charm.Metrics",
)
PROFILE = struct(
    {
        "config": map_of(text(), "string"),
        "description": text(),
        "devices": map_of(map_of(text(), "string"), "map[string]string"),
    },
    "charm.LXDProfile",
)
CONFIG = struct(
    {"options": map_of(struct({"type": text(), "description": text()}, "charm.Option"), "charm.Option")},
    "charm.Config",
)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else go_value(value)
