"""YAML of charms, read as Juju reads it: with its own copy of an early version of Go's yaml.v2."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import yaml

_CORE = "tag:yaml.org,2002:"
_TRUE = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
_FALSE = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
_NULL = {"", "~", "null", "Null", "NULL"}
_ENDLESS = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FRACTION = re.compile(r"\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?")
_TAGS_OF_TEXTS = {f"{_CORE}{name}" for name in ("binary", "bool", "float", "int", "merge", "null", "str", "timestamp")}
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]+)?([eE][-+][0-9]+)?")


class OddKey(str):
    """A key that is text where a mapping has texts as keys, and something else where it takes keys as they come."""

    __slots__ = ()


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    def resolve(self, kind: type[yaml.Node], value: str, implicit: Any) -> str:
        if kind is yaml.ScalarNode and implicit[0]:
            return f"{_CORE}{_kind(value)}"
        tag: str = super().resolve(kind, value, implicit)
        return tag

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002
        if isinstance(node, yaml.MappingNode | yaml.SequenceNode):  # of these, no tag is looked at
            node.tag = f"{_CORE}{'map' if isinstance(node, yaml.MappingNode) else 'seq'}"
        elif node.tag not in {*_TAGS_OF_TEXTS, "!odd"}:
            node.tag = f"{_CORE}str"
        return super().construct_object(node, deep)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put what is merged in where it stands: what comes later counts."""
        entries: list[tuple[yaml.Node, yaml.Node]] = []
        for key, value in node.value:
            if key.tag != f"{_CORE}merge":
                entries.append((key, value))
                continue
            for one in reversed(value.value) if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(one, yaml.MappingNode):
                    raise yaml.YAMLError("yaml: map merge requires map or sequence of maps as the value")
                self.flatten_mapping(one)
                entries.extend(one.value)
        node.value = entries

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag in _TAGS_OF_TEXTS - {f"{_CORE}str", f"{_CORE}merge"}:
                key.tag = "!odd"
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found

    def integer(self, node: yaml.ScalarNode) -> int:
        number = _integer(node.value.replace("_", ""))
        if number is None:
            raise yaml.YAMLError("yaml: cannot decode a text as a !!int")
        return number

    def floating(self, node: yaml.ScalarNode) -> float:
        return float(re.sub(r"\.(?=inf|nan)", "", node.value.replace("_", "").lower()))

    def boolean(self, node: yaml.ScalarNode) -> bool:
        return node.value in _TRUE


def _kind(text: str) -> str:
    for kind, words in (("null", _NULL), ("bool", _TRUE | _FALSE), ("merge", {"<<"})):
        if text in words:
            return kind
    if _ENDLESS.fullmatch(text) or _FRACTION.fullmatch(text):
        return "float"
    if text[0] not in "+-0123456789":
        return "str"
    digits = text.replace("_", "")
    if _integer(digits) is not None:
        return "int"
    return "float" if _FLOAT.fullmatch(digits) and _is_float(digits) else "str"


def _integer(digits: str) -> int | None:
    """The number that Go makes of a text of any base, in 64 bits."""
    octal = re.fullmatch(r"([-+]?0)([0-7]+)", digits)
    try:
        number = int(f"{octal[1]}o{octal[2]}" if octal else digits, 0)
    except ValueError:
        return None
    return number if -(2**63) <= number < 2**64 else None


def _is_float(digits: str) -> bool:
    try:
        return math.isfinite(float(digits))
    except ValueError:
        return False


_Loader.add_constructor(f"{_CORE}int", _Loader.integer)
_Loader.add_constructor(f"{_CORE}float", _Loader.floating)
_Loader.add_constructor(f"{_CORE}bool", _Loader.boolean)
_Loader.add_constructor("!odd", lambda _, node: OddKey(node.value))


def read(content: bytes, joined: str | None = None) -> Any:
    """Read the first document of a text.

    Args:
        content: the text.
        joined: a key at its top that is read into a map of a structure: a second one adds to the first.

    Raises:
        yaml.YAMLError: it is not YAML.
        UnicodeDecodeError: it is not text.
    """
    if re.match(rb"(?:\xef\xbb\xbf)?(?:\s*#.*\n|\s*\n)*%YAML\s+(?!1\.1\s)", content):
        raise yaml.YAMLError("yaml: found incompatible YAML document")
    loader = _Loader(content)
    try:
        node = loader.get_node() if loader.check_node() else None
        if isinstance(node, yaml.MappingNode) and joined is not None:
            _join(loader, node, joined)
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _join(loader: _Loader, node: yaml.MappingNode, joined: str) -> None:
    loader.flatten_mapping(node)
    there = [value for key, value in node.value if key.value == joined]
    for first, second in itertools.pairwise(there):
        if isinstance(first, yaml.MappingNode) and isinstance(second, yaml.MappingNode):
            second.value = [*first.value, *second.value]
