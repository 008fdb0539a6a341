"""YAML of charms, read as Juju reads it: with Go's yaml.v2."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml

_CORE = "tag:yaml.org,2002:"


class OddKey(str):
    """A key that is text where a mapping has texts as keys, and something else where it takes keys as they come."""

    __slots__ = ()


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag not in {f"{_CORE}str", f"{_CORE}merge"}:
                key.tag = "!odd"
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found

    def integer(self, node: yaml.ScalarNode) -> int | float:
        digits = node.value.replace("_", "")
        octal = re.fullmatch(r"([-+]?0)([0-7]+)", digits)
        try:
            number = int(f"{octal[1]}o{octal[2]}" if octal else digits, 0)
        except ValueError:
            return float(digits)
        return number if -(2**63) <= number < 2**63 else float(number)

    def floating(self, node: yaml.ScalarNode) -> float:
        return float(re.sub(r"\.(?=inf|nan)", "", node.value.replace("_", "").lower()))

    def boolean(self, node: yaml.ScalarNode) -> bool:
        return str(node.value).lower() in {"y", "yes", "true", "on"}


_INT = r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"[yYnN]|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", list("yYnNtTfFoO")),
    ("int", _INT, list("-+0123456789")),
    ("float", _FLOAT, list("-+0123456789.")),
    ("merge", "<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"{_CORE}{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)
_Loader.add_constructor(f"{_CORE}int", _Loader.integer)
_Loader.add_constructor(f"{_CORE}float", _Loader.floating)
_Loader.add_constructor(f"{_CORE}bool", _Loader.boolean)
_Loader.add_constructor("!odd", lambda _, node: OddKey(node.value))


def read(content: bytes) -> Any:
    """Read the first document of a text.

    Raises:
        yaml.YAMLError: it is not YAML.
        UnicodeDecodeError: it is not text.
    """
    if re.match(rb"(?:\xef\xbb\xbf)?(?:\s*#.*\n|\s*\n)*%YAML\s+(?!1\.1\s)", content):
        raise yaml.YAMLError("yaml: found incompatible YAML document")
    return next(yaml.load_all(content, Loader=_Loader), None)
