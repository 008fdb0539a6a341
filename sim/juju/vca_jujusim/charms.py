"""Charm archives: unpacked within limits, and what a charm declares is enforced as Juju does."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema
import yaml

from vca_jujusim.problems import BAD_REQUEST, NOT_FOUND, Refusal
from vca_jujusim.world.entities import Base, Endpoint

MAX_FILES = 10_000
MAX_UNPACKED = 256 * 1024 * 1024
MAX_YAML = 1024 * 1024

SERIES = {"focal": "20.04", "jammy": "22.04", "noble": "24.04", "bionic": "18.04"}
_INT = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
TYPES = {"string", "int", "float", "boolean", "secret"}


@dataclass(slots=True)
class Charm:
    """A charm that a model, or the scripted store, has."""

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

    @property
    def is_subordinate(self) -> bool:
        """Whether it lives beside other charms."""
        return self.meta.get("subordinate") is True

    @property
    def is_proxy(self) -> bool:
        """Whether it reaches what it configures by ssh, and waits until it is told how."""
        return "ssh-hostname" in self.options

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

    def supports(self, base: Base) -> bool:
        """Whether it declares this base."""
        return any(base.matches(one) for one in self.bases)


def read_archive(data: bytes) -> Charm:
    """Unpack an archive.

    Raises:
        Refusal: it is not a zip file, too large, has paths that lead out of it, or its metadata, config, actions or
            manifest are missing or wrong.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_size(archive)
            names = [info.filename for info in archive.infolist()]
            if damaged := archive.testzip():
                raise _bad(f"zip: checksum error in {damaged}")
            documents = {name: _document(archive, name) for name in ("config.yaml", "actions.yaml", "manifest.yaml")}
            if "metadata.yaml" not in names:
                raise _bad('archive file "metadata.yaml" not found')
            meta = _document(archive, "metadata.yaml")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _bad("zip: not a valid zip file") from error
    return _charm(meta, documents, hashlib.sha256(data).hexdigest(), len(data), names)


def charm_from_documents(
    meta: Mapping[str, Any],
    *,
    config: Mapping[str, Any] | None = None,
    actions: Mapping[str, Any] | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> Charm:
    """A charm for the scripted store, from what would be in its files."""
    documents = {
        "config.yaml": dict(config or {}),
        "actions.yaml": dict(actions or {}),
        "manifest.yaml": dict(manifest or {}),
    }
    digest = hashlib.sha256(repr((meta, documents)).encode()).hexdigest()
    return _charm(dict(meta), documents, digest, 0, [])


def _charm(meta: dict[str, Any], docs: dict[str, dict[str, Any]], digest: str, size: int, files: list[str]) -> Charm:
    name = meta.get("name")
    if not isinstance(name, str) or not name:
        raise _bad("metadata: name: expected string, got nothing")
    options = docs["config.yaml"].get("options") or {}
    if not isinstance(options, dict):
        raise _bad("invalid config: options: expected map")
    for option, spec in options.items():
        if not isinstance(spec, dict) or spec.get("type", "string") not in TYPES:
            raise _bad(f'invalid config: option "{option}" has unknown type')
        if spec.get("default") is not None:
            try:
                spec["default"] = coerce(option, spec, spec["default"])
            except Refusal as refusal:
                raise _bad(f"invalid config default: {refusal.message}") from None
    actions = {key: _action(key, spec) for key, spec in docs["actions.yaml"].items()}
    return Charm(
        url="",
        name=name,
        meta=meta,
        options=options,
        actions=actions,
        bases=_bases(meta, docs["manifest.yaml"]),
        sha256=digest,
        size=size,
        files=files,
    )


def _bases(meta: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[Base]:
    found = [
        Base(str(one.get("name", "ubuntu")), str(one.get("channel", "")))
        for one in manifest.get("bases") or []
        if isinstance(one, dict)
    ]
    return found or [Base("ubuntu", f"{SERIES[one]}/stable") for one in meta.get("series") or [] if one in SERIES]


def _action(name: str, spec: Any) -> dict[str, Any]:
    """An action's schema, as Juju 3 makes it of what is declared: it takes more than that unless it says otherwise."""
    declared = dict(spec or {})
    schema = {
        "type": "object",
        "title": name,
        "description": declared.pop("description", "No description"),
        "properties": declared.pop("params", {}) or {},
    }
    for key in ("parallel", "execution-group"):
        declared.pop(key, None)
    schema |= declared
    try:
        jsonschema.Draft4Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise _bad(f'invalid params schema for action schema "{name}": {error.message}') from error
    return schema


def coerce(name: str, spec: Mapping[str, Any], value: Any) -> Any:
    """A value of an option, made of text where it is given as text.

    Raises:
        Refusal: it is of another type.
    """
    kind = spec.get("type", "string")
    text = value if isinstance(value, str) else None
    wrong = Refusal(f'option "{name}" expected {kind}, got {_quote(value)}')
    if kind == "string":
        if text is None:
            raise wrong
        return text
    if kind == "secret":
        if text is None or (text and not text.startswith("secret:")):
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
    problems = sorted(jsonschema.Draft4Validator(schema).iter_errors(params), key=str)
    if problems:
        where = ".".join(["(root)", *(str(part) for part in problems[0].absolute_path)])
        raise Refusal(f"validation failed: {where} : {problems[0].validator}: {_reason(problems[0])}")
    return _with_defaults(schema, params)


def _with_defaults(schema: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with the defaults of those that were not given, those within objects included."""
    full = dict(params)
    for name, spec in schema.get("properties", {}).items():
        if not isinstance(spec, dict):
            continue
        if name not in full and "default" in spec:
            full[name] = spec["default"]
        elif isinstance(spec.get("properties"), dict) and isinstance(full.get(name, {}), dict):
            below = _with_defaults(spec, full.get(name, {}))
            if below or name in full:
                full[name] = below
    return full


def _reason(error: jsonschema.ValidationError) -> str:
    """What is wrong, without the value."""
    match error.validator:
        case "required" | "additionalProperties":
            return str(error.message)
        case "type":
            return f"must be of type {error.validator_value}"
        case _:
            return f"must satisfy {error.validator_value}"


def _quote(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _check_size(archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    if len(infos) > MAX_FILES or sum(info.file_size for info in infos) > MAX_UNPACKED:
        raise _bad("archive is too large")
    for info in infos:
        if info.filename.startswith("/") or ".." in info.filename.split("/"):
            raise _bad(f'"{info.filename}" leads out of the archive')


class _TextKeys(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads keys as Go does: as text, also such as ``on`` and ``1``."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and not key.tag.endswith(":merge"):
                key.tag = "tag:yaml.org,2002:str"
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def _document(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    try:
        info = archive.getinfo(name)
    except KeyError:
        return {}
    if info.file_size > MAX_YAML:
        raise _bad(f"{name} is too large")
    try:
        found = yaml.load(archive.read(name), Loader=_TextKeys)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _bad(f"{name}: yaml: not valid") from error
    if found is not None and not isinstance(found, dict):
        raise _bad(f"{name}: expected map")
    return found or {}


def _bad(text: str) -> Refusal:
    return Refusal(text, BAD_REQUEST)
