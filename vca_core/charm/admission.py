"""What Juju, or its client, refuses of a charm's documents, beside what makes them unreadable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vca_core.charm.bases import ARCHITECTURES, OLDER_ARCHITECTURES, architecture_of, series_in
from vca_core.charm.documents import Documents
from vca_core.charm.fields import Field
from vca_core.charm.further import problems_of_further_files
from vca_core.charm.metadata import problems_of_metadata
from vca_core.charm.model import Action, Base, Charm
from vca_core.charm.shapes import list_of, problems_of_kept_keys, problems_of_keys

_NEVER_EMPTY = (
    *("description", "title", "required", "params", "parallel", "execution-group"),
    *("additionalProperties", "patternProperties", "minProperties", "maxProperties", "dependencies", "definitions"),
    *("allOf", "anyOf", "oneOf", "not", "type", "enum", "pattern", "properties", "items", "additionalItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
)
"""The keys of an action that hold something where they are there."""

_SYSTEMS = ("ubuntu", "centos", "windows", "osx", "opensuse", "genericlinux")
_RISKS = ("stable", "candidate", "beta", "edge")
_IN_MANIFESTS = (*ARCHITECTURES, *OLDER_ARCHITECTURES)


def problems_of_documents(documents: Documents, charm: Charm, further: Mapping[str, bytes]) -> Iterator[str]:
    """Say what Juju would refuse.

    Args:
        documents: those of the charm.
        charm: what was read of them.
        further: the contents of what `problems_of_further_files` looks at.
    """
    metadata = documents.files.get("metadata.yaml")
    if metadata is not None and isinstance(metadata.value, Mapping):
        yield from problems_of_keys(metadata)
    yield from problems_of_metadata(documents.uploaded_metadata, has_bases=documents.has_bases)
    yield from _of_manifest(documents) if documents.bases is not None else _of_source(charm.bases)
    yield from _of_bases(charm.bases)
    if documents.is_without_bases:
        yield "its manifest.yaml has no bases; take it out, or write what the charm runs on"
    elif charm.series and not charm.bases and "kubernetes" not in charm.series:
        yield f"Juju makes machines of none of its series: {', '.join(charm.series)}"
    config = documents.files.get("config.yaml")
    if config is not None and config.value is None and documents.config is None:
        yield "its config.yaml is empty; take it out, or write options: {}"
    if documents.actions is not None:
        for name, field in documents.actions.mapping(empty=True).items():
            yield from _of_action(field, charm.actions[name])
    yield from problems_of_further_files(further)


def _of_manifest(documents: Documents) -> Iterator[str]:
    for base in documents.bases.items() if documents.bases is not None else ():
        yield from problems_of_keys(base)
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
            if architecture not in {*_IN_MANIFESTS, "all"}:
                yield f"it is for {architecture}; Juju knows {', '.join(ARCHITECTURES)}: name one of those, or none"


def _of_bases(bases: Iterable[Base]) -> Iterator[str]:
    """What Juju reads, and makes no machine of."""
    every = [one.architectures for one in bases]
    named = {one for several in every for one in several}
    if every and all(every) and not named - {*OLDER_ARCHITECTURES}:
        known = ", ".join(ARCHITECTURES)
        yield f"it is for {', '.join(sorted(named))} only, and Juju makes machines of {known}: build it for one"
    for base in bases:
        if (meant := series_in(base.channel)) is not None:
            yield f"it is for {base}, which names a series; write {meant}"


def _architecture(field: Field) -> Iterator[str]:
    if not isinstance(field.value, str) or architecture_of(field.value) not in _IN_MANIFESTS:
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
        yield field.error(f"expected a schema of draft 4, the one that Juju knows: {problem}").message
    yield from _of_keys(field, 0)


def _of_keys(field: Field, depth: int, *, is_in_list: bool = False) -> Iterator[str]:
    """Keys below those of an action: Juju takes text there, and ``on`` is none."""
    if isinstance(field.value, Mapping):
        if depth:
            yield from problems_of_keys(field)
        yield from problems_of_kept_keys(field, is_in_list=is_in_list)
        for one in field.mapping(empty=True).values():
            yield from _of_keys(one, depth + 1, is_in_list=is_in_list)
    elif isinstance(field.value, list):
        for one in field.items():
            yield from _of_keys(one, depth + 1, is_in_list=True)
