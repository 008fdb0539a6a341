"""Charms: what one declares is enforced as Juju does."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from vca_jujusim.checkers import Checker, Mismatch, boolean, go_value, integer, mismatch, string
from vca_jujusim.metadata import mebibytes
from vca_jujusim.patterns import Validator
from vca_jujusim.problems import NOT_FOUND, Refusal
from vca_jujusim.world.entities import Base, Endpoint

SERIES = {
    "trusty": "ubuntu@14.04",
    "xenial": "ubuntu@16.04",
    "bionic": "ubuntu@18.04",
    "focal": "ubuntu@20.04",
    "jammy": "ubuntu@22.04",
    "noble": "ubuntu@24.04",
    "centos7": "centos@7",
    "centos9": "centos@9",
}
_INT = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
TYPES = {"string", "int", "float", "boolean", "secret"}


@dataclass(slots=True)
class Charm:
    """A charm of a model or of the scripted store; there, with the revisions of resources that it was released with."""

    url: str
    name: str
    meta: dict[str, Any]
    options: dict[str, dict[str, Any]]
    actions: dict[str, dict[str, Any]]
    bases: list[Base]
    sha256: str
    revision: int = 0
    size: int = 0
    files: list[str] = field(default_factory=list)
    profile_problem: str = ""
    released: dict[str, int] = field(default_factory=dict)

    @property
    def is_subordinate(self) -> bool:
        """Whether it lives beside other charms."""
        return self.meta.get("subordinate") is True

    @property
    def is_proxy(self) -> bool:
        """Whether it reaches what it configures by ssh, and waits until it knows how."""
        return "ssh-hostname" in self.options

    @property
    def storage(self) -> dict[str, dict[str, Any]]:
        """What storage it declares, as Juju has read it: the same, in whichever words."""
        return {name: _storage(name, spec or {}) for name, spec in (self.meta.get("storage") or {}).items()}

    @property
    def devices(self) -> dict[str, dict[str, Any]]:
        """What devices it declares, as Juju has read them."""
        return {name: _device(name, spec) for name, spec in (self.meta.get("devices") or {}).items()}

    def endpoints(self, application: str) -> dict[str, Endpoint]:
        """The ends of relations it has, by name, with `juju-info`, which every charm has."""
        found = {
            "juju-info": Endpoint(application, "juju-info", "juju-info", "provider"),
        }
        for role, section in (("provider", "provides"), ("requirer", "requires"), ("peer", "peers")):
            for name, given in (self.meta.get(section) or {}).items():
                fields = given if isinstance(given, dict) else {"interface": given}
                found[name] = Endpoint(
                    application=application,
                    name=name,
                    interface=str(fields.get("interface", "")),
                    role=role,
                    scope=str(fields.get("scope", "global")),
                    limit=int(fields.get("limit") or 0),
                    optional=bool(fields.get("optional", False)),
                )
        return found

    def has_base(self, base: Base) -> bool:
        """Whether it declares this base."""
        return any(base.matches(one) for one in self.bases)


def _storage(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    least, most = (spec.get("multiple") or {}).get("range", (1, 1))
    return {
        "name": name,
        "description": str(spec.get("description", "")),
        "type": str(spec.get("type", "filesystem")),
        "shared": bool(spec.get("shared", False)),
        "read-only": bool(spec.get("read-only", False)),
        "count-min": least,
        "count-max": most,
        "minimum-size": mebibytes(str(spec["minimum-size"])) if "minimum-size" in spec else 0,
        "location": str(spec.get("location", "")),
        "properties": list(spec.get("properties") or []),
    }


def _device(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {  # the names of Juju's own fields: it gives them no others
        "Name": name,
        "Description": str(spec.get("description", "")),
        "Type": str(spec["type"]),
        "CountMin": int(spec.get("countmin", 1)),
        "CountMax": int(spec.get("countmax", 1)),
    }


def coerce(name: str, spec: Mapping[str, Any], value: Any) -> Any:
    """Read the value of an option, which may be given as text.

    Raises:
        Refusal: it is of another type.
    """
    kind = spec.get("type", "string")
    text = value if isinstance(value, str) else None
    wrong = Refusal(f'option "{name}" expected {kind}, got {go_value(value)}')
    if kind == "string":
        if text is None:
            raise wrong
        return text
    if kind == "secret":
        if text is None or (text and not text.lower().startswith("secret:")):
            raise wrong
        return text
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        if text in {"1", "t", "T", "true", "TRUE", "True"}:
            return True
        if text in {"0", "f", "F", "false", "FALSE", "False"}:
            return False
        raise wrong
    if text is not None:
        if not (_INT if kind == "int" else _FLOAT).fullmatch(text):
            raise wrong
        return int(text) if kind == "int" else float(text)
    if isinstance(value, bool) or not isinstance(value, int if kind == "int" else (int, float)):
        raise wrong
    return int(value) if kind == "int" else float(value)


def keep_settings(charm: Charm, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of an earlier charm that are valid for the options of this one, in their types."""
    kept = {}
    for name, value in settings.items():
        with contextlib.suppress(Mismatch):
            if name in charm.options:
                kept[name] = VALIDATORS[charm.options[name]["type"]](value, "")
    return kept


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise mismatch(path, "float", value)
    return float(value)


def _secret(value: Any, path: str) -> str:
    text = string(value, path)
    if text and not text.lower().startswith("secret:"):
        raise mismatch(path, "secret", value)
    return text


VALIDATORS: Mapping[str, Checker] = {
    "string": string,
    "int": integer,
    "float": _number,
    "boolean": boolean,
    "secret": _secret,
}
"""What takes a value for an option, by the option's type, where it is not text that a client sent."""


def check_options(charm: Charm, values: Mapping[str, Any]) -> dict[str, Any]:
    """Options to set, coerced; an empty text for a string is a value.

    Raises:
        Refusal: one is unknown or of another type.
    """
    unknown = sorted(values.keys() - charm.options.keys())
    if unknown:
        raise Refusal(f'unknown option "{unknown[0]}"')
    return {name: coerce(name, charm.options[name], value) for name, value in values.items() if value is not None}


def check_params(charm: Charm, unit: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of an action with the defaults it declares.

    Raises:
        Refusal: the charm has no such action, or the parameters do not fit.
    """
    schema = charm.actions.get(action)
    if schema is None:
        raise Refusal(f'action "{action}" not defined on unit "{unit}"', NOT_FOUND)
    problems = sorted(Validator(schema).iter_errors(params), key=str)
    if problems:
        where = ".".join(["(root)", *(str(part) for part in problems[0].absolute_path)])
        raise Refusal(f"validation failed: {where} : {problems[0].validator}: {_reason(problems[0])}")
    return _with_defaults(schema, params)


_PANIC = "schema error caused a panic: interface conversion: interface {} is nil, not map[string]interface {}"
"""What Juju says of an object into which it would fill defaults, where its schema has no properties."""


def _with_defaults(schema: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with the defaults of those that were not given, also within objects."""
    full = dict(params)
    for name, spec in schema.get("properties", {}).items():
        if not isinstance(spec, dict):
            continue
        if isinstance(full.get(name), dict):
            if not isinstance(spec.get("properties"), dict):
                raise Refusal(_PANIC)
            full[name] = _with_defaults(spec, full[name])
        elif name not in full and "default" in spec:
            full[name] = spec["default"]
        elif name not in full and isinstance(spec.get("properties"), dict):
            below = _with_defaults(spec, {})
            if below:
                full[name] = below
    return full


def _reason(error: jsonschema.ValidationError) -> str:
    """Return what is wrong, without the value."""
    match error.validator:
        case "required" | "additionalProperties":
            return str(error.message)
        case "type":
            return f"must be of type {error.validator_value}"
        case _:
            return f"must satisfy {error.validator_value}"
