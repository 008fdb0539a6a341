"""What Juju, or its client, refuses of a charm's documents, beside what makes them unreadable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vca_core.charm.bases import ARCHITECTURES, architecture_of
from vca_core.charm.documents import Documents
from vca_core.charm.fields import Field
from vca_core.charm.metadata import problems_of_metadata
from vca_core.charm.model import Action, Base, Charm
from vca_core.charm.shapes import list_of, problems_of_keys
from vca_core.errors import BadArguments

FURTHER_FILES = ("metrics.yaml", "lxd-profile.yaml", "revision")
"""What Juju reads of a charm, and nobody here."""

_NEVER_EMPTY = (
    *("description", "title", "required", "params", "parallel", "execution-group"),
    *("additionalProperties", "patternProperties", "minProperties", "maxProperties", "dependencies", "definitions"),
    *("allOf", "anyOf", "oneOf", "not"),
)
"""The keys of an action that hold something where they are there."""

_SYSTEMS = ("ubuntu", "centos", "windows", "osx", "opensuse", "genericlinux")
_RISKS = ("stable", "candidate", "beta", "edge")
_DEVICES = ("unix-char", "unix-block", "gpu", "usb")
_FORBIDDEN_CONFIG = ("boot", "limits", "migration")
_REVISION = re.compile(rb"\s*[-+]?[0-9]+")


def problems_of_documents(documents: Documents, charm: Charm, further: Mapping[str, bytes]) -> Iterator[str]:
    """Say what Juju would refuse.

    Args:
        documents: those of the charm.
        charm: what was read of them.
        further: the contents of its `FURTHER_FILES`.
    """
    yield from problems_of_metadata(documents.uploaded_metadata, has_bases=documents.has_bases)
    yield from _of_manifest(documents) if documents.bases is not None else _of_source(charm.bases)
    if charm.series and not charm.bases and "kubernetes" not in charm.series:
        yield f"Juju makes machines of none of its series: {', '.join(charm.series)}"
    config = documents.files.get("config.yaml")
    if config is not None and config.value is None and documents.config is None:
        yield "its config.yaml is empty; take it out, or write options: {}"
    if documents.actions is not None:
        for name, field in documents.actions.mapping(empty=True).items():
            yield from _of_action(field, charm.actions[name])
    for name, problems in (("metrics.yaml", _of_metrics), ("lxd-profile.yaml", _of_profile)):
        if name in further:
            yield from _of_file(name, further[name], problems)
    if "revision" in further and not _REVISION.match(further["revision"]):
        yield "its file revision has no number"


def _of_manifest(documents: Documents) -> Iterator[str]:
    for base in documents.bases.items() if documents.bases is not None else ():
        parts = base.mapping(empty=True)
        if (name := parts.get("name")) is not None and name.value not in _SYSTEMS:
            yield name.expectation_error(f"one of {', '.join(_SYSTEMS)}").message
        if (channel := parts.get("channel")) is not None and not _is_channel(str(channel.value)):
            yield channel.expectation_error("a channel such as 22.04 or 22.04/stable").message
        if (architectures := parts.get("architectures")) is not None:
            yield from list_of(_architecture)(architectures)


def _of_source(bases: Iterable[Base]) -> Iterator[str]:
    """Bases of ``charmcraft.yaml``, of which a manifest is made."""
    for base in bases:
        if base.name not in _SYSTEMS or not _is_channel(base.channel):
            yield f"it is for {base}, which Juju does not know"
        for architecture in base.architectures:
            if architecture not in {*ARCHITECTURES, "all"}:
                yield f"it is for {architecture}; Juju knows {', '.join(ARCHITECTURES)}"


def _architecture(field: Field) -> Iterator[str]:
    if not isinstance(field.value, str) or architecture_of(field.value) not in ARCHITECTURES:
        yield field.expectation_error(f"one of {', '.join(ARCHITECTURES)}").message


def _is_channel(text: str) -> bool:
    parts = text.split("/")
    if parts[0] in _RISKS:
        parts.insert(0, "latest")
    return len(parts) <= 3 and all(parts) and (len(parts) < 2 or parts[1] in _RISKS)


def _of_action(field: Field, action: Action) -> Iterator[str]:
    from vca_core.charm.schemas import problem_of_draft_4  # jsonschema is loaded for charms that have actions

    parts = field.mapping(empty=True)
    for key in _NEVER_EMPTY:
        if key in parts and parts[key].value is None:
            yield parts[key].error("is empty; take it out").message
    for name, param in parts["params"].mapping(empty=True).items() if "params" in parts else ():
        if param.value is None:
            yield param.error(f"is empty; write {name}: {{}}").message
    if (problem := problem_of_draft_4(action.validator)) is not None:
        yield field.error(f"its schema is not of draft 4, the one that Juju knows: {problem}").message
    yield from _of_keys(field, 0)


def _of_keys(field: Field, depth: int) -> Iterator[str]:
    """Keys below those of an action: Juju takes text there, and ``on`` is none."""
    if isinstance(field.value, Mapping):
        if depth:
            yield from problems_of_keys(field)
        for one in field.mapping(empty=True).values():
            yield from _of_keys(one, depth + 1)
    elif isinstance(field.value, list):
        for one in field.items():
            yield from _of_keys(one, depth + 1)


def _of_file(name: str, content: bytes, problems: Any) -> Iterator[str]:
    from vca_core.yaml_reader import parse  # YAML is loaded for those who read charms

    try:
        value = parse(name, content)
    except BadArguments as error:
        yield error.message
        return
    if value is not None:
        yield from problems(Field(name, value))


def _of_metrics(field: Field) -> Iterator[str]:
    for name, metric in _mapping_in(field, "metrics"):
        parts = metric.mapping() if isinstance(metric.value, Mapping) else {}
        if name.startswith("juju-"):
            if parts:
                yield metric.error("names that begin with juju are reserved for metrics of Juju").message
        elif "type" not in parts or parts["type"].value not in {"gauge", "absolute"} or "description" not in parts:
            yield metric.error("expected a type, gauge or absolute, and a description").message


def _of_profile(field: Field) -> Iterator[str]:
    for key, _ in _mapping_in(field, "config"):
        if key.startswith(_FORBIDDEN_CONFIG):
            yield field.error(f"config.{key} is not for charms").message
    for _, device in _mapping_in(field, "devices"):
        kind = device.get("type") if isinstance(device.value, Mapping) else None
        if kind is not None and kind.value not in _DEVICES:
            yield kind.expectation_error(f"one of {', '.join(_DEVICES)}").message


def _mapping_in(field: Field, key: str) -> list[tuple[str, Field]]:
    below = field.get(key) if isinstance(field.value, Mapping) else None
    return list(below.mapping(empty=True).items()) if below is not None and isinstance(below.value, Mapping) else []
