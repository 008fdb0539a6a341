"""Metadata of charms, as github.com/juju/charm reads and checks it, with its texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil
from typing import Any

from vca_jujusim.checkers import (
    OMIT,
    Checker,
    Mismatch,
    anything,
    boolean,
    fields,
    go_value,
    integer,
    list_of,
    map_of,
    mismatch,
    nothing,
    one_of,
    string,
)
from vca_jujusim.go_yaml import OddKey

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*")
_SERIES = re.compile(r"[a-z]+([a-z0-9]+)?")
_COUNT = re.compile(r"([0-9]+)([+-]|-[0-9]+)?")
_SIZE = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([^0-9.].*)?")
_SUFFIX = re.compile(r"[MGTPEZY](i?B)?")
_VERSION = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}(\.|-[a-z]+)[0-9]{1,9}(\.[0-9]{1,9})?")
_LOOSE_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}((\.|-[a-z]+)[0-9]{1,9}(\.[0-9]{1,9})?)?)?")
_FEATURE = re.compile(r"[a-z][a-z0-9-]*?[a-z0-9]+")
_WITH_VERSION = re.compile(r"([a-z][a-z0-9-]*?[a-z0-9]+)\s*?(>=|<)\s*?(\S+)")
_TERM = re.compile(r"[a-z](-?[a-z0-9]+)+")
_PAYLOAD = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?")
_NEWER, _OLDER = {"containers", "assumes", "charm-user"}, {"series", "deployment", "min-juju-version"}


def _endpoint(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, str):
        return {"interface": value, "scope": "global", "optional": False}
    found: dict[str, Any] = _ENDPOINT(value, path)
    return found


def _count(value: Any, path: str) -> tuple[int, int]:
    unfit = Mismatch(f"{path.removeprefix('.')}: value {go_value(value)} does not match 'm', 'm-n', or 'm+'")
    if not isinstance(value, str) or value.isdigit():
        try:
            number = integer(value, path)
        except Mismatch:
            raise (unfit if isinstance(value, str) else mismatch(path, "", value)) from None
        if number <= 0:
            raise Mismatch(f"{path.removeprefix('.')}: invalid count {number}")
        return number, number
    match = _COUNT.fullmatch(value)
    if match is None:
        raise unfit
    return int(match[1]), -1 if len(match[2]) == 1 else int(match[2][1:])


def _size(value: Any, path: str) -> str:
    match = _SIZE.fullmatch(string(value, path))
    if match is None:
        raise Mismatch(f"expected a non-negative number, got {go_value(value)}")
    if match[2] and not _SUFFIX.fullmatch(match[2]):
        raise Mismatch(f"invalid multiplier suffix {go_value(match[2])}, expected one of MGTPEZY")
    return str(value)


def mebibytes(size: str) -> int:
    """A size in MiB, rounded up, as clients are told it.

    Args:
        size: a number and maybe a suffix, as charms have it.
    """
    match = _SIZE.fullmatch(size)
    if match is None:
        raise ValueError(size)
    power = "MGTPEZY".index(match[2][0]) if match[2] else 0
    return ceil(Fraction(match[1]) * (1 << 10 * power))


def _devices(value: Any, path: str) -> int:
    number = integer(value, path)
    if number < 0:
        raise Mismatch(f"invalid device count {number}")
    return number


def _limit(value: Any, path: str) -> int | None:
    try:
        return None if value is None else integer(value, path)
    except Mismatch:
        raise mismatch(path, "", value) from None


def _bindings(value: Any, path: str) -> dict[str, None]:
    if isinstance(value, dict) and "" in value:
        raise mismatch(path, "non-empty binding name", "")
    found: dict[str, None] = map_of(nothing)(value, path)
    return found


def _omit(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, OMIT)


_ENDPOINT = fields(
    {"interface": string, "limit": _limit, "scope": one_of("global", "container"), "optional": boolean},
    {"limit": None, "scope": "global", "optional": False},
)
_STORAGE = fields(
    {
        "type": one_of("block", "filesystem"),
        "shared": boolean,
        "read-only": boolean,
        "multiple": fields({"range": _count}, {}),
        "minimum-size": _size,
        "location": string,
        "description": string,
        "properties": list_of(one_of("transient")),
    },
    {
        "shared": False,
        "read-only": False,
        **_omit("multiple", "minimum-size", "location", "description", "properties"),
    },
)
_DEVICE = fields(
    {"type": string, "description": string, "countmin": _devices, "countmax": _devices},
    _omit("description", "countmin", "countmax"),
)
_RESOURCE = fields(
    {"type": string, "filename": string, "description": string}, {"type": "file", "filename": "", "description": ""}
)
_MOUNT = fields({"storage": string, "location": string}, _omit("storage", "location"))
_CONTAINER = fields(
    {"resource": string, "mounts": list_of(_MOUNT), "uid": integer, "gid": integer},
    _omit("resource", "mounts", "uid", "gid"),
)
_DEPLOYMENT = fields(
    {
        "type": one_of("stateful", "stateless", "daemon"),
        "mode": one_of("operator", "workload"),
        "service": one_of("cluster", "loadbalancer", "external", "omit"),
        "min-version": string,
    },
    {"mode": "workload", **_omit("type", "service", "min-version")},
)
_KNOWN: Mapping[str, Checker] = {
    "name": string,
    "summary": string,
    "description": string,
    "peers": map_of(_endpoint),
    "provides": map_of(_endpoint),
    "requires": map_of(_endpoint),
    "extra-bindings": _bindings,
    "revision": integer,
    "format": integer,
    "subordinate": boolean,
    "categories": list_of(string),
    "tags": list_of(string),
    "series": list_of(string),
    "storage": map_of(_STORAGE),
    "devices": map_of(_DEVICE),
    "deployment": _DEPLOYMENT,
    "payloads": map_of(fields({"type": string}, {})),
    "resources": map_of(_RESOURCE),
    "terms": list_of(string),
    "min-juju-version": string,
    "assumes": list_of(anything),
    "containers": map_of(_CONTAINER),
    "charm-user": string,
}
_METADATA = fields(_KNOWN, _omit(*(_KNOWN.keys() - {"name", "summary", "description"})))


class Invalid(Exception):
    """Metadata that Juju does not take."""


def read_metadata(raw: Any, *, has_bases: bool) -> dict[str, Any]:
    """Metadata in its types, checked.

    Args:
        raw: what stands in ``metadata.yaml``.
        has_bases: whether ``manifest.yaml`` has some.

    Raises:
        Invalid: it is otherwise than Juju takes it.
    """
    if raw is None:
        raise Invalid('name "" not valid')
    if isinstance(raw, dict):
        _check_format(raw)
    try:
        meta: dict[str, Any] = _METADATA(raw, "")
    except Mismatch as error:
        raise Invalid(f"metadata: {error}") from None
    for problems in (_find_unreadable, _find_wrong):
        if (problem := next(problems(meta, has_bases=has_bases), None)) is not None:
            raise Invalid(problem)
    return meta


def _check_format(given: Mapping[Any, Any]) -> None:
    keys = sorted(key for key in given if key in _NEWER | _OLDER and not isinstance(key, OddKey))
    if not keys:
        return
    first = _NEWER if keys[0] in _NEWER else _OLDER
    others = [key for key in keys if key not in first]
    if others:
        matched = '", "'.join(key for key in keys if key in first)
        mismatched = '", "'.join(others)
        raise Invalid(f'ambiguous metadata: keys "{mismatched}" cannot be used with "{matched}"')


def _find_unreadable(meta: Mapping[str, Any], *, has_bases: bool) -> Iterator[str]:  # noqa: ARG001 - as all of them
    """What Juju refuses while it reads."""
    series: list[str] = meta.get("series", [])
    if "deployment" in meta:
        if not series:
            yield "charm with deployment metadata must declare at least one series"
        if series[0] != "kubernetes":
            yield 'charms with deployment metadata only supported for "kubernetes"'
    version = meta.get("min-juju-version")
    if version is not None and not _VERSION.fullmatch(version):
        yield f"invalid min-juju-version: invalid version {go_value(version)}"
    for resource in meta.get("resources", {}).values():
        if resource["type"] not in {"file", "oci-image"}:
            yield f"unsupported resource type {go_value(resource['type'])}"
    yield from _of_containers(meta)
    user = meta.get("charm-user")
    if user not in {None, "root", "sudoer", "non-root"}:
        yield (f"parsing charm-user: invalid charm-user {go_value(user)} expected one of root, sudoer or non-root")
    for number, one in enumerate(meta.get("assumes", []), 1):
        problem = _of_assumption(one)
        if problem:
            yield f'parsing expression {number} in top level "assumes" block: {problem}'


def _of_containers(meta: Mapping[str, Any]) -> Iterator[str]:
    resources = meta.get("resources", {})
    for name, container in meta.get("containers", {}).items():
        resource = container.get("resource")
        if resource and resource not in resources:
            yield f"parsing containers: referenced resource {go_value(resource)} not found"
        if resource and resources[resource]["type"] != "oci-image":
            yield f"parsing containers: referenced resource {go_value(resource)} is not a oci-image"
        for mount in container.get("mounts", []):
            for key in ("storage", "location"):
                if not mount.get(key):
                    yield f"parsing containers: container {go_value(name)}: {key} must be specifed on mount"
            if mount["storage"] not in meta.get("storage", {}):
                yield f"parsing containers: container {go_value(name)}: storage {go_value(mount['storage'])} not valid"
        for key in ("uid", "gid"):
            if 1000 <= container.get(key, 0) < 10_000:
                doing = f"parsing containers: container {go_value(name)}"
                yield f"{doing} has invalid {key} {container[key]}: {key} cannot be in reserved range 1000-9999"


def _of_assumption(given: Any) -> str | None:
    if isinstance(given, str):
        text = given.strip()
        match = _WITH_VERSION.fullmatch(text)
        if _FEATURE.fullmatch(text) or (match is not None and _LOOSE_VERSION.fullmatch(match[3])):
            return None
        why = f": invalid version {go_value(match[3])}" if match is not None else ""
        return f"malformed feature expression {go_value(text)}{why}"
    if not isinstance(given, dict):
        return 'expected a feature, "any-of" or "all-of" expression'
    if len(given) != 1:
        return "malformed composite expression"
    ((kind, below),) = given.items()
    if kind not in {"any-of", "all-of"} or below is None:
        return 'malformed composite expression; expected an "any-of" or "all-of" block'
    if not isinstance(below, list):
        return f'malformed "{kind}" expression; expected a list of sub-expressions'
    problem = next(filter(None, map(_of_assumption, below)), None)
    return f'parsing "{kind}" expression: {problem}' if problem else None


def _find_wrong(meta: Mapping[str, Any], *, has_bases: bool) -> Iterator[str]:
    """What Juju refuses when it has read all of it."""
    charm = go_value(meta["name"])
    series: list[str] = meta.get("series", [])
    if has_bases and not series:
        for key in ("min-juju-version", "deployment"):
            if key in meta:
                yield f"{key} in metadata v2 not valid"
    elif "assumes" in meta:
        yield "assumes in metadata v1 not valid"
    elif meta.get("containers"):
        yield "containers without a manifest.yaml not valid"
    yield from _of_endpoints(meta)
    for one in series:
        if not _SERIES.fullmatch(one):
            yield f"charm {charm} declares invalid series: {go_value(one)}"
    for name, storage in meta.get("storage", {}).items():
        doing = f"charm {charm} storage {go_value(name)}"
        if storage.get("location") and storage["type"] != "filesystem":
            yield f'{doing}: location may not be specified for "type: {storage["type"]}"'
        most = storage.get("multiple", {"range": (1, 1)})["range"][1]
        if most == 0:
            yield f"{doing}: invalid maximum count {most}"
    for name, device in meta.get("devices", {}).items():
        doing = f"charm {charm} device {go_value(name)}"
        least, most = device.get("countmin", 1), device.get("countmax", 1)
        if not device["type"]:
            yield f"{doing}: type must be specified"
        if least > most:
            yield f"{doing}: maximum count {most} can not be smaller than minimum count {least}"
    for name, payload in meta.get("payloads", {}).items():
        if not _PAYLOAD.fullmatch(name):
            yield f"invalid payload class {go_value(name)}"
        if not payload["type"]:
            yield "payload class missing type"
    for name, resource in meta.get("resources", {}).items():
        if not name:
            yield "resource missing name"
        if resource["type"] == "file" and not resource["filename"]:
            yield "resource missing filename"
        if resource["type"] == "file" and "/" in resource["filename"]:
            yield f'filename cannot contain "/" (got {go_value(resource["filename"])})'
    for term in meta.get("terms", []):
        yield from _of_term(term)


def _of_endpoints(meta: Mapping[str, Any]) -> Iterator[str]:
    charm, is_subordinate = go_value(meta["name"]), meta.get("subordinate", False)
    names: set[str] = set()
    for role in ("provides", "requires", "peers"):
        for name, end in meta.get(role, {}).items():
            is_contained = is_subordinate and role == "requires" and end["scope"] == "container"
            if _is_reserved(meta["name"], name) and not is_contained:
                yield f"charm {charm} using a reserved relation name: {go_value(name)}"
            if role != "requires" and _is_reserved(meta["name"], end["interface"]):
                yield (
                    f"charm {charm} relation {go_value(name)} using a reserved interface: {go_value(end['interface'])}"
                )
            if name in names:
                yield f"charm {charm} using a duplicated relation name: {go_value(name)}"
            names.add(name)
    bindings = meta.get("extra-bindings")
    if bindings is not None and not bindings:
        yield f"charm {charm} has invalid extra bindings: extra bindings cannot be empty when specified"
    if bindings is not None and (both := sorted(names & bindings.keys())):
        shared = ", ".join(both)
        yield f"charm {charm} has invalid extra bindings: relation names ({shared}) cannot be used in extra bindings"
    if is_subordinate and not any(end["scope"] == "container" for end in meta.get("requires", {}).values()):
        yield f'subordinate charm {charm} lacks "requires" relation with container scope'


def is_valid_name(name: str) -> bool:
    """Whether a charm may be called so."""
    return _NAME.fullmatch(name) is not None


def _is_reserved(charm: str, name: str) -> bool:
    return not charm.startswith("juju-") and (name == "juju" or name.startswith("juju-"))


def _of_term(text: str) -> Iterator[str]:
    tenant, colon, rest = text.partition(":")
    parts = (rest if colon else text).split("/")
    if len(parts) > 3:
        yield f"unknown term id format {go_value(text)}"
    if len(parts) > 1 and parts[-1].isdigit():
        parts.pop()
    elif len(parts) == 3:
        yield f"invalid revision number {go_value(parts[-1])}"
    if colon and tenant not in {"", "cs"} and not _TERM.fullmatch(tenant):
        yield f"wrong term tenant format {go_value(tenant)}"
    if not _TERM.fullmatch(parts[-1]):
        yield f"wrong term name format {go_value(parts[-1])}"
