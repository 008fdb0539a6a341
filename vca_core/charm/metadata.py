"""What Juju wants ``metadata.yaml`` to be; it refuses a charm whose metadata is otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from vca_core.charm.fields import INT64, Field
from vca_core.charm.shapes import FLAG, NUMBER, TEXT, Shape, list_of, names_of, nothing, record, word

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*")
_SERIES = re.compile(r"[a-z]+([a-z0-9]+)?")
_COUNT = re.compile(r"[0-9]+(\+|-|-[0-9]+)?")
_NO_OCTAL = re.compile(r"\b0[0-9]*[89]")
"""A number that begins with 0 counts in eights."""
_SIZE = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([MGTPEZY](i?B)?)?")
_VERSION = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}(\.|-[a-z]+)[0-9]{1,9}(\.[0-9]{1,9})?")
_FEATURE = re.compile(r"[a-z][a-z0-9-]*?[a-z0-9]+(?:\s*(?:>=|<)\s*(?P<version>\S+))?")
_LOOSE_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}(-[a-z]+[0-9]{1,9}|\.[0-9]{1,9})?(\.[0-9]{1,9})?)?")
_TERM = re.compile(r"[a-z](-?[a-z0-9]+)+")
_PAYLOAD = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?")
_RESERVED_IDS = range(1000, 10_000)


def _count(field: Field) -> Iterator[str]:
    """How many storages: ``2``, ``1-3``, ``1+``."""
    if isinstance(field.value, str) and _COUNT.fullmatch(field.value) and not _NO_OCTAL.search(field.value):
        if int(re.findall("[0-9]+", field.value)[-1]) == 0 and not field.value.endswith(("+", "-")):
            yield field.expectation_error("at least 1").message
    elif isinstance(field.value, bool) or not isinstance(field.value, int) or not 1 <= field.value < INT64:
        yield field.expectation_error("a number from 1 on, or a range such as 0-2 or 1+").message


def _size(field: Field) -> Iterator[str]:
    if not (isinstance(field.value, str) and _SIZE.fullmatch(field.value)):
        yield field.expectation_error("a size such as 10G").message


def _devices(field: Field) -> Iterator[str]:
    yield from NUMBER(field)
    if str(field.value).startswith("-"):
        yield field.expectation_error("a number from 0 on").message


def _endpoint(field: Field) -> Iterator[str]:
    if not isinstance(field.value, str):
        yield from _ENDPOINT(field)


def _limit(field: Field) -> Iterator[str]:
    if field.value is not None:
        yield from NUMBER(field)


_ENDPOINT = record({"interface": TEXT}, {"limit": _limit, "scope": word("global", "container"), "optional": FLAG})
_STORAGE = record(
    {"type": word("block", "filesystem")},
    {
        "shared": FLAG,
        "read-only": FLAG,
        "multiple": record({"range": _count}, {}),
        "minimum-size": _size,
        "location": TEXT,
        "description": TEXT,
        "properties": list_of(word("transient")),
    },
)
_DEVICE = record({"type": TEXT}, {"description": TEXT, "countmin": _devices, "countmax": _devices})
_RESOURCE = record({}, {"type": TEXT, "filename": TEXT, "description": TEXT})
_MOUNT = record({}, {"storage": TEXT, "location": TEXT})
_CONTAINER = record({}, {"resource": TEXT, "mounts": list_of(_MOUNT), "uid": NUMBER, "gid": NUMBER})
_DEPLOYMENT = record(
    {},
    {
        "type": word("stateful", "stateless", "daemon"),
        "mode": word("operator", "workload"),
        "service": word("cluster", "loadbalancer", "external", "omit"),
        "min-version": TEXT,
    },
)
_METADATA: Mapping[str, Shape] = {
    "name": TEXT,
    "summary": TEXT,
    "description": TEXT,
    "peers": names_of(_endpoint),
    "provides": names_of(_endpoint),
    "requires": names_of(_endpoint),
    "extra-bindings": names_of(nothing),
    "revision": NUMBER,
    "format": NUMBER,
    "subordinate": FLAG,
    "categories": list_of(TEXT),
    "tags": list_of(TEXT),
    "series": list_of(TEXT),
    "storage": names_of(_STORAGE),
    "devices": names_of(_DEVICE),
    "deployment": _DEPLOYMENT,
    "payloads": names_of(record({"type": TEXT}, {})),
    "resources": names_of(_RESOURCE),
    "terms": list_of(TEXT),
    "min-juju-version": TEXT,
    "assumes": list_of(lambda _: iter(())),
    "containers": names_of(_CONTAINER),
    "charm-user": word("root", "sudoer", "non-root"),
}
_NEWER, _OLDER = ("containers", "assumes", "charm-user"), ("series", "deployment", "min-juju-version")


def problems_of_metadata(metadata: Mapping[str, Field], *, has_bases: bool) -> Iterator[str]:
    """Say what Juju would refuse of a charm's metadata.

    Args:
        metadata: what stands there, by key.
        has_bases: whether ``manifest.yaml`` says what the charm runs on.
    """
    wrong = [problem for key, shape in _METADATA.items() if key in metadata for problem in shape(metadata[key])]
    if wrong:  # what follows takes the shapes for granted
        yield from wrong
        return
    name = str(metadata["name"].value)
    if not _NAME.fullmatch(name):
        yield (
            metadata["name"]
            .error("expected lower-case letters, digits and dashes, and no number alone behind a dash")
            .message
        )
    yield from _of_format(metadata, has_bases=has_bases)
    yield from _of_endpoints(metadata, name)
    yield from _of_storage(metadata)
    yield from _of_containers(metadata)
    yield from _of_words(metadata)


def _of_format(metadata: Mapping[str, Field], *, has_bases: bool) -> Iterator[str]:
    older = [key for key in _OLDER if key in metadata]
    newer = [key for key in _NEWER if key in metadata]
    if older and newer:
        yield f"its metadata has {' and '.join(newer)} beside {' and '.join(older)}; Juju takes one or the other"
    deployment, series = metadata.get("deployment"), metadata.get("series")
    if deployment is not None and (series is None or series.value[:1] != ["kubernetes"]):
        yield deployment.error("is only for charms of the series kubernetes; take it out").message
    if has_bases and not (series is not None and series.value):
        for key in ("min-juju-version", "deployment"):
            if key in metadata:
                yield metadata[key].error("cannot stand beside bases; assumes says what a charm needs of Juju").message
    version = metadata.get("min-juju-version")
    if version is not None and not _VERSION.fullmatch(version.value):
        yield version.expectation_error("a version such as 3.6.0").message


def _of_endpoints(metadata: Mapping[str, Field], charm: str) -> Iterator[str]:
    is_subordinate = "subordinate" in metadata and metadata["subordinate"].flag(text=True)
    names: set[str] = set()
    reaches_principal = False
    for role in ("provides", "requires", "peers"):
        for name, field in _parts(metadata, role):
            names.add(name)
            given: Mapping[str, Any] = field.value if isinstance(field.value, dict) else {"interface": field.value}
            is_contained = role == "requires" and given.get("scope") == "container"
            reaches_principal |= is_contained
            if _is_reserved(charm, name) and not (is_subordinate and is_contained):
                yield field.error(
                    "expected a name of an endpoint that does not begin with juju, which is reserved"
                ).message
            if role != "requires" and _is_reserved(charm, given["interface"]):
                yield field.error("expected an interface that does not begin with juju, which is reserved").message
    if is_subordinate and not reaches_principal:
        yield "it is a subordinate, and has nothing in requires of scope container"
    bindings = metadata.get("extra-bindings")
    if bindings is not None and not bindings.value:
        yield bindings.error("is there, and empty; take it out").message
    if bindings is not None and "" in bindings.value:
        yield bindings.error("a binding has no name; take it out").message
    if bindings is not None and (both := sorted(names & bindings.value.keys())):
        yield bindings.error(f"{', '.join(both)} is an endpoint already; choose another name").message


def _is_reserved(charm: str, name: str) -> bool:
    return not charm.startswith("juju-") and (name == "juju" or name.startswith("juju-"))


def _of_storage(metadata: Mapping[str, Field]) -> Iterator[str]:
    for _, field in _parts(metadata, "storage"):
        if field.value["type"] == "block" and field.value.get("location"):
            yield field.error("storage of type block has no location; take it out").message
    for _, field in _parts(metadata, "devices"):
        least, most = (int(field.value.get(key, 1)) for key in ("countmin", "countmax"))
        if least > most:
            yield field.error(f"countmin: expected at most countmax, {most}, got {least}").message
        if not field.value["type"]:
            yield field.error("type: expected a kind of device such as gpu, got nothing").message
    for name, field in _parts(metadata, "resources"):
        if not name:
            yield field.error("has no name; give it one").message
        if field.value.get("type", "file") == "file" and "/" in field.value.get("filename", ""):
            yield field.error("filename: expected the name of a file, without its folder").message


def _of_containers(metadata: Mapping[str, Field]) -> Iterator[str]:
    storage = metadata["storage"].value if "storage" in metadata else {}
    for _, field in _parts(metadata, "containers"):
        for mount in field.get("mounts").items() if field.value.get("mounts") else ():  # type: ignore[union-attr]
            for key in ("storage", "location"):
                if not mount.value.get(key):
                    yield mount.error(f"expected {key}, got none").message
            if mount.value.get("storage") and mount.value["storage"] not in storage:
                yield mount.error(f"there is no storage {mount.value['storage']!r}; declare it").message
        for key in ("uid", "gid"):
            if key in field.value and int(field.value[key]) in _RESERVED_IDS:
                yield field.error(f"{key}: expected a number outside 1000 to 9999, which are reserved").message


def _of_words(metadata: Mapping[str, Field]) -> Iterator[str]:
    for field in metadata["series"].items() if "series" in metadata else ():
        if not _SERIES.fullmatch(field.value):
            yield field.expectation_error("a series such as jammy").message
    for field in metadata["terms"].items() if "terms" in metadata else ():
        if not _is_term(field.value):
            yield field.expectation_error("a term such as owner/name/1").message
    for name, field in _parts(metadata, "payloads"):
        if not _PAYLOAD.fullmatch(name) or not field.value["type"]:
            yield field.error("expected a name of letters and digits, and a type").message
    for field in metadata["assumes"].items() if "assumes" in metadata else ():
        yield from _of_assumption(field)


def _of_assumption(field: Field) -> Iterator[str]:
    if isinstance(field.value, Mapping) and len(field.value) == 1 and field.value.keys() <= {"any-of", "all-of"}:
        (below,) = field.mapping(empty=True).values()
        if not isinstance(below.value, list):
            yield below.expectation_error("a list").message
            return
        for one in below.items():
            yield from _of_assumption(one)
        return
    match = _FEATURE.fullmatch(field.value.strip()) if isinstance(field.value, str) else None
    if match is None or (match["version"] and not _LOOSE_VERSION.fullmatch(match["version"])):
        yield field.expectation_error("a feature such as k8s-api or juju >= 3.6, any-of or all-of").message


def _is_term(text: str) -> bool:
    words = text.split(":", 1)
    parts = words[-1].split("/")
    if len(parts) > 1 and parts[-1].isdigit():
        parts.pop()
    is_tenant = len(words) == 1 or words[0] in {"", "cs"} or _TERM.fullmatch(words[0])
    return bool(is_tenant and 1 <= len(parts) <= 2 and _TERM.fullmatch(parts[-1]))


def _parts(metadata: Mapping[str, Field], key: str) -> list[tuple[str, Field]]:
    return list(metadata[key].mapping(empty=True).items()) if key in metadata else []
