"""Charm archives: unpacked within limits, and refused as Juju refuses them, with its texts."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import yaml

from vca_jujusim import go_yaml
from vca_jujusim.charms import SERIES, TYPES, VALIDATORS, Charm
from vca_jujusim.checkers import Mismatch, fields, go_value, list_of, string
from vca_jujusim.go_yaml import OddKey
from vca_jujusim.metadata import Invalid, is_valid_name, read_metadata
from vca_jujusim.patterns import is_pattern
from vca_jujusim.problems import BAD_REQUEST, Refusal
from vca_jujusim.structs import CONFIG, METRICS, PROFILE, Shape, Unfit
from vca_jujusim.world.entities import Base

MAX_FILES = 10_000
MAX_UNPACKED = 256 * 1024 * 1024
MAX_YAML = 1024 * 1024

_FILES = ("metadata.yaml", "manifest.yaml", "config.yaml", "metrics.yaml", "actions.yaml", "lxd-profile.yaml")
_LENGTHS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_SYSTEMS = ("ubuntu", "centos", "windows", "osx", "opensuse", "genericlinux")
_RISKS = ("stable", "candidate", "beta", "edge")
_ARCHITECTURES = re.compile(
    r"amd64|x86_64|i?[3-9]86|arm$|armv|aarch64|ppc64|s390x|riscv64|risc$|risc-[vV]64|^(?:arm64|armhf)$"
)
"""What Juju finds in a name of an architecture that it knows."""

_BASE = fields(
    {"name": string, "channel": string, "architectures": list_of(string)},
    {"name": "", "channel": "", "architectures": []},
)
_ACTION = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_OF_ACTIONS: Mapping[str, tuple[type, str]] = {
    "description": (str, "a string"),
    "title": (str, "a string"),
    "required": (list, "a YAML list"),
    "parallel": (bool, "a bool"),
    "execution-group": (str, "a string"),
}


def read_archive(data: bytes) -> Charm:
    """Unpack an archive.

    Raises:
        Refusal: it is not a zip file, too large, has paths that lead out of it, or its files are missing or wrong.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_size(archive)
            names = [info.filename for info in archive.infolist()]
            if damaged := archive.testzip():
                raise _bad(f"zip: checksum error in {damaged}")
            if "metadata.yaml" not in names:
                raise _bad('archive file "metadata.yaml" not found')
            documents = {name: _document(archive, name) for name in _FILES if name in names}
            revision = archive.read("revision") if "revision" in names else b"0"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _bad("zip: not a valid zip file") from error
    found = re.match(rb"\s*([-+]?[0-9]{1,99})(?![0-9])", revision)
    if found is None or not -(2**63) <= int(found[1]) < 2**63:
        raise _bad("invalid revision file")
    return _charm(documents, hashlib.sha256(data).hexdigest(), len(data), names)


def charm_from_documents(
    meta: Mapping[str, Any],
    *,
    config: Mapping[str, Any] | None = None,
    actions: Mapping[str, Any] | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> Charm:
    """A charm for the scripted store, from what would be in its files."""
    given = {"config.yaml": config, "actions.yaml": actions, "manifest.yaml": manifest}
    documents: dict[str, Any] = {"metadata.yaml": {"summary": "", "description": "", **meta}}
    documents |= {name: dict(content) for name, content in given.items() if content}
    return _charm(documents, hashlib.sha256(repr(documents).encode()).hexdigest(), 0, [])


def _charm(documents: Mapping[str, Any], digest: str, size: int, names: list[str]) -> Charm:
    manifest = documents.get("manifest.yaml")
    bases = [] if manifest is None else _bases(manifest)
    try:
        meta = read_metadata(documents["metadata.yaml"], has_bases=bool(bases))
    except Invalid as error:
        raise _bad(str(error)) from None
    options = _options(documents["config.yaml"]) if "config.yaml" in documents else {}
    _check_metrics(documents.get("metrics.yaml"))
    actions = _actions(documents.get("actions.yaml"), meta["name"])
    if not is_valid_name(meta["name"]):
        raise _bad(f"name {go_value(meta['name'])} not valid")
    of_series = [Base(*f"{SERIES[one]}/stable".split("@")) for one in meta.get("series", []) if one in SERIES]
    return Charm(
        url="",
        name=meta["name"],
        meta=meta,
        options=options,
        actions=actions,
        bases=of_series if manifest is None else bases,
        sha256=digest,
        size=size,
        files=names,
        profile_problem=_problem_of_profile(documents.get("lxd-profile.yaml")),
    )


def _bases(manifest: Any) -> list[Base]:
    doing = 'parsing "manifest.yaml" file: manifest'
    if not isinstance(manifest, dict):
        raise _bad(f"{doing}: yaml: unmarshal errors: cannot unmarshal into map")
    try:
        bases = list_of(_BASE)(manifest.get("bases"), "")
    except Mismatch as error:
        raise _bad(f"{doing}: coerce: {error}") from None
    for base in bases:
        problem = _problem_of_base(base)
        if problem:
            raise _bad(f"{doing}: {problem}")
    return [Base(base["name"], base["channel"]) for base in bases]


def _problem_of_base(base: Mapping[str, Any]) -> str:
    name, channel = base["name"], base["channel"]
    parts = channel.split("/")
    if parts[0] in _RISKS:
        parts.insert(0, "latest")
    if len(parts) > 3:
        return (
            f"parsing channel {go_value(channel)}: channel is malformed and has too many components {go_value(channel)}"
        )
    if channel and len(parts) > 1 and parts[1] not in _RISKS:
        return f"parsing channel {go_value(channel)}: risk in channel {go_value(channel)} not valid"
    if channel and not parts[0]:
        return f"parsing channel {go_value(channel)}: track in channel {go_value(channel)} not valid"
    if not name:
        return "base without name not valid"
    if name not in _SYSTEMS:
        return f"os {go_value(name)} not valid"
    if not channel:
        return "channel not valid"
    for one in base["architectures"]:
        if not _ARCHITECTURES.search(one.strip()):
            return f"architecture {go_value(one)} not valid"
    return ""


def _options(config: Any) -> dict[str, dict[str, Any]]:
    if config is None or (isinstance(config, dict) and "options" not in config):
        raise _bad("invalid config: empty configuration")
    _check_struct(CONFIG, config)
    specs: dict[str, dict[str, Any] | None] = config["options"] or {}
    return {str(name): _option(str(name), spec or {}) for name, spec in specs.items()}


def _option(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    option = {**spec, "type": spec.get("type") or "string"}
    if option["type"] not in TYPES:
        raise _bad(f'invalid config: option "{name}" has unknown type {go_value(str(option["type"]))}')
    default = option.get("default")
    if default is None or (default == "" and option["type"] in {"string", "secret"}):
        return option
    try:
        option["default"] = VALIDATORS[option["type"]](default, "")
    except Mismatch:
        raise _bad(
            f'invalid config default: option "{name}" expected {option["type"]}, got {go_value(default)}'
        ) from None
    return option


def _check_metrics(document: Any) -> None:
    _check_struct(METRICS, document)
    for name, metric in ((document or {}).get("metrics") or {}).items():
        declared = metric or {}
        kind, description = ("" if declared.get(key) is None else declared[key] for key in ("type", "description"))
        if name.startswith("juju"):
            if kind != "" or description != "":
                raise _bad(
                    f'metric "{name}" is using a prefix reserved for built-in metrics: it should not have type or '
                    "description specification"
                )
        elif kind not in {"gauge", "absolute"}:
            raise _bad(f'invalid metrics declaration: metric "{name}" has unknown type {go_value(str(kind))}')
        elif description == "":
            raise _bad(f'invalid metrics declaration: metric "{name}" lacks description')


def _problem_of_profile(profile: Any) -> str:
    """Why Juju does not deploy a charm with such a profile, unless it is forced."""
    _check_struct(PROFILE, profile, "failed to unmarshall lxd-profile.yaml: ")
    given = profile or {}
    for device in (given.get("devices") or {}).values():
        kind = (device or {}).get("type", "gpu")
        if kind not in {"unix-char", "unix-block", "gpu", "usb"}:
            return f"invalid lxd-profile.yaml: contains device type {go_value('' if kind is None else str(kind))}"
    for key in given.get("config") or {}:
        if key.startswith(("boot", "limits", "migration")):
            return f"invalid lxd-profile.yaml: contains config value {go_value(str(key))}"
    return ""


def _check_struct(shape: Shape, document: Any, doing: str = "") -> None:
    try:
        shape(document)
    except Unfit as error:
        raise _bad(f"{doing}{error}") from None


def _actions(document: Any, charm: str) -> dict[str, dict[str, Any]]:
    if document is None:
        return {}
    if not isinstance(document, dict) or not all(isinstance(one, dict | None) for one in document.values()):
        raise _bad("yaml: unmarshal errors: cannot unmarshal into map[string]interface {}")
    return {str(name): _action(str(name), spec or {}, charm) for name, spec in document.items()}


def _action(name: str, spec: Mapping[str, Any], charm: str) -> dict[str, Any]:
    """An action's schema, as Juju 3 makes it of what is declared: it takes more than that unless it says otherwise."""
    if not _ACTION.fullmatch(name):
        raise _bad(f"bad action name {name}")
    if not charm.startswith("juju-") and (name == "juju" or name.startswith("juju-")):
        why = '"juju" is a reserved name' if name == "juju" else 'the "juju-" prefix is reserved'
        raise _bad(f"cannot use action name {name}: {why}")
    for key, (kind, wanted) in _OF_ACTIONS.items():
        if not isinstance(spec.get(key, kind()), kind):
            raise _bad(f'value for schema key "{key}" must be {wanted}')
    _check_keys({key: value for key, value in spec.items() if key not in _OF_ACTIONS}, is_action=True)
    if "params" in spec and not isinstance(spec["params"], dict):
        raise _bad("params failed to parse as a map")
    schema = {"type": "object", "title": name, "description": "No description", "properties": {}}
    schema |= {key: value for key, value in spec.items() if key not in {"parallel", "execution-group", "params"}}
    if "params" in spec:
        schema["properties"] = spec["params"]
    plain: dict[str, Any] = _as_json(schema)
    errors = jsonschema.Draft4Validator(jsonschema.Draft4Validator.META_SCHEMA).iter_errors(_without_nothings(plain))
    problem = next((error.message for error in errors), None)
    problem = problem or next(
        (f"{key} must be of an integer" for key, value in _lengths(plain) if abs(value) >= 2**53), None
    )
    problem = problem or next(_crossed(plain), None)
    if problem is None and not all(map(is_pattern, _patterns(plain))):
        problem = "pattern must be a valid regex"
    if problem is not None:
        raise _bad(f"invalid params schema for action schema {name}: {problem}")
    return plain


def _as_json(value: Any) -> Any:
    """The same with numbers as JSON has them: 2.0 is 2."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _without_nothings(value: Any) -> Any:
    """A schema without what says nothing to Juju: an empty list, a format or an id that is no text."""
    if isinstance(value, list):
        return [_without_nothings(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_nothings(one)
        for key, one in value.items()
        if one != [] and (key not in {"format", "id"} or isinstance(one, str | dict))
    }


def _lengths(schema: Any) -> Iterator[tuple[str, float]]:
    for key, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key in _LENGTHS and isinstance(value, int | float):
            yield key, value
        elif isinstance(value, dict | list):
            yield from _lengths(value)


_BY_NAME = ("properties", "patternProperties", "definitions", "dependencies")
"""What holds schemas by names that may be words of schemas, too."""


def _crossed(schema: Any) -> Iterator[str]:
    """Bounds that leave nothing between them."""
    if isinstance(schema, dict):
        for least, most in (("minimum", "maximum"), ("minLength", "maxLength"), ("minProperties", "maxProperties")):
            given = [schema[key] for key in (least, most) if isinstance(schema.get(key), int | float)]
            if len(given) == 2 and given[0] > given[1]:
                yield f"{least} cannot be greater than {most}"
    for key, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key in _BY_NAME and isinstance(value, dict):
            yield from _crossed(list(value.values()))
        elif key not in {"default", "enum"} and isinstance(value, dict | list):
            yield from _crossed(value)


def _patterns(schema: Any) -> Iterator[str]:
    for key, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key == "pattern" and isinstance(value, str):
            yield value
        elif key == "patternProperties" and isinstance(value, dict):
            yield from value
        elif isinstance(value, dict | list):
            yield from _patterns(value)


def _check_keys(value: Any, *, is_action: bool = False) -> None:
    """Refuse what Juju cleanses schemas of: references, and keys that are not text, below those of an action."""
    if isinstance(value, list):
        for one in value:
            _check_keys(one)
    if not isinstance(value, dict):
        return
    for key, one in value.items():
        if isinstance(key, OddKey) and not is_action:
            raise _bad("map keyed with non-string value")
        if key in {"$ref", "$schema"} and not is_action:
            raise _bad(f'schema key "{key}" not compatible with this version of juju')
        _check_keys(one)


def _check_size(archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    if len(infos) > MAX_FILES or sum(info.file_size for info in infos) > MAX_UNPACKED:
        raise _bad("archive is too large")
    for info in infos:
        if info.filename.startswith("/") or ".." in info.filename.split("/"):
            raise _bad(f'"{info.filename}" leads out of the archive')


def _document(archive: zipfile.ZipFile, name: str) -> Any:
    info = archive.getinfo(name)
    if info.file_size > MAX_YAML:
        raise _bad(f"{name} is too large")
    try:
        return go_yaml.read(archive.read(name), "options" if name == "config.yaml" else None)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _bad(f"{name}: yaml: not valid") from error


def _bad(text: str) -> Refusal:
    return Refusal(text, BAD_REQUEST)
