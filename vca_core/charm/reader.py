"""Reading a charm: what its documents say, whichever files they are written in.

A file of its own (``actions.yaml``) counts before the same key of ``charmcraft.yaml``: it is what Juju reads.
What the ``extensions`` of ``charmcraft.yaml`` or the layers of a reactive charm add comes with packing: the source
does not have it. Unknown keys are ignored; keys that are read have to be right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from vca_core.charm import bases
from vca_core.charm.actions import read_actions
from vca_core.charm.admission import problems_of_documents
from vca_core.charm.coerce import as_default
from vca_core.charm.documents import CHARMCRAFT, JUJU_FILES, Documents
from vca_core.charm.fields import Field
from vca_core.charm.further import FURTHER_FILES, problems_of_profile
from vca_core.charm.ignoring import IGNORE_FILE
from vca_core.charm.model import (
    Base,
    Charm,
    Container,
    Endpoint,
    Mount,
    Option,
    OptionType,
    Resource,
    Role,
)
from vca_core.charm.packing import files_to_make, obstacles
from vca_core.charm.source import PROGRAMS, Found, read_files
from vca_core.charm.storage import read_devices, read_storage
from vca_core.errors import BadArguments
from vca_core.refusals import not_installable

FILES = (*JUJU_FILES, CHARMCRAFT)
"""What is read of a charm."""

BUNDLE = "bundle.yaml"
"""What a bundle of charms has."""

LOOKED_AT = (*FILES, *FURTHER_FILES, BUNDLE, IGNORE_FILE, *PROGRAMS)
"""All that its `Charm` depends on."""

_IS_BUNDLE = "this is a bundle of charms; name one of its charms"

_TYPES: tuple[OptionType, ...] = ("string", "int", "float", "boolean", "secret")
_ROLES: tuple[Role, ...] = ("requires", "provides", "peers")


def read_charm(path: Path) -> Charm:
    """Read a charm. It reads files, so in an event loop: ``await asyncio.to_thread(read_charm, path)``.

    Args:
        path: the charm's folder or ``.charm`` file. Of the latter nothing is unpacked to disk.

    Returns:
        What the charm says about itself.

    Raises:
        BadArguments: it is not a charm, cannot be read, is dangerous (bombs, paths and symlinks that lead out of it) or
            malformed; says the file, the key, or line and column, and what was expected.
    """
    return _read(path).charm


def render_beside(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Make what Juju needs of a charm's folder beside, or instead of, the files that are there.

    Args:
        folder: the charm's.

    Returns:
        Mode and content by name.

    Raises:
        BadArguments: it cannot be read, or not be installed as it is.
    """
    read = _read(folder)
    if read.charm.obstacles:
        raise not_installable(read.charm.name, read.charm.obstacles)
    return _made(read)


def made_beside(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Make the same, also of what cannot be installed.

    Raises:
        BadArguments: it cannot be read.
    """
    return _made(_read(folder))


def _made(read: _Reading) -> dict[str, tuple[int, bytes]]:
    return files_to_make(read.found, read.documents, read.charm.bases)


class _Reading(NamedTuple):
    found: Found
    documents: Documents
    charm: Charm


def _read(path: Path) -> _Reading:
    from vca_core.text_files import LARGEST_FILE
    from vca_core.yaml_reader import parse  # YAML is loaded for those who read charms

    found = read_files(path, (*FILES, *FURTHER_FILES, BUNDLE), LARGEST_FILE)
    if not found.contents.keys() & {"metadata.yaml", CHARMCRAFT}:
        if BUNDLE in found.contents:
            raise BadArguments(f"{path}: {_IS_BUNDLE}", ["artifact_path"])
        raise BadArguments(
            f"{path}: is not a charm: expected a metadata.yaml or a charmcraft.yaml, got neither", ["artifact_path"]
        )
    try:
        files = {name: Field(name, parse(name, found.contents[name])) for name in FILES if name in found.contents}
        documents = Documents(files, is_packed=found.is_packed)
        charm = _charm(documents)
        further = {
            name: found.contents[name] for name in FURTHER_FILES if name in found.contents.keys() - found.ignored
        }
        reasons = [
            *obstacles(found, documents, says_bases=bool(charm.bases or charm.series)),
            *problems_of_documents(documents, charm, further),
        ]
        profile_problems = tuple(problems_of_profile(further))
        return _Reading(found, documents, replace(charm, obstacles=tuple(reasons), profile_problems=profile_problems))
    except BadArguments as error:
        raise BadArguments(f"{path}: {error.message}", error.bad_args) from error.__cause__


def _charm(documents: Documents) -> Charm:
    find = documents.metadata.get
    kind = find("type") or documents.source_field("type")
    if kind is not None and kind.value == "bundle":
        raise kind.error(_IS_BUNDLE)
    name = find("name")
    if name is None:
        raise (documents.files.get("metadata.yaml") or documents.files[CHARMCRAFT]).error("expected a name, got none")
    summary, description = find("summary"), find("description")
    subordinate, assumes, series = find("subordinate"), find("assumes"), find("series")
    oldest = find("min-juju-version")
    words = tuple(item.name() for item in series.items()) if series else ()
    declared = find("resources")
    resources = {key: _resource(key, field) for key, field in declared.mapping().items()} if declared else {}
    return Charm(
        name=name.name(),
        summary=summary.text() if summary else "",
        description=description.text() if description else "",
        subordinate=subordinate.flag(text=True) if subordinate else False,
        actions=read_actions(documents.actions, name.value) if documents.actions is not None else {},
        options=_options(documents.config),
        endpoints=_endpoints(documents.metadata),
        bases=_bases(documents, words),
        series=words,
        resources=resources,
        containers=_containers(find("containers"), resources),
        storage=read_storage(find("storage")),
        devices=read_devices(find("devices")),
        assumes=tuple(item.value for item in assumes.items()) if assumes else (),
        min_juju_version=oldest.value if oldest is not None and isinstance(oldest.value, str) else "",
    )


def _options(config: Field | None) -> dict[str, Option]:
    if config is None or config.value is None:
        return {}
    if "options" not in config.mapping(empty=True):
        raise config.error("expected options, below which a charm's options stand, got none")
    options = config.get("options")
    return {str(name): _option(str(name), field) for name, field in options.mapping().items()} if options else {}


def _endpoints(metadata: Mapping[str, Field]) -> dict[str, Endpoint]:
    endpoints: dict[str, Endpoint] = {}
    for role in _ROLES:
        for name, field in (declared.mapping() if (declared := metadata.get(role)) else {}).items():
            if name in endpoints:
                raise field.error(f"there is an endpoint of that name in {endpoints[name].role}, too; rename one")
            endpoints[name] = _endpoint(name, role, field)
    return endpoints


def _bases(documents: Documents, series: tuple[str, ...]) -> tuple[Base, ...]:
    if documents.bases is not None:
        return bases.from_manifest(documents.bases)
    if (platforms := documents.source_field("platforms")) is not None:
        return bases.from_platforms(documents.source_field("base"), platforms)
    if (declared := documents.source_field("bases")) is not None:
        return bases.from_bases(declared)
    return bases.from_series(series)


def _containers(declared: Field | None, resources: Mapping[str, Resource]) -> dict[str, Container]:
    if declared is None:
        return {}
    images = [name for name, resource in resources.items() if resource.type == "oci-image"]
    return {name: _container(name, field, images) for name, field in declared.mapping(empty=True).items()}


def _option(name: str, field: Field) -> Option:
    parts = field.mapping()
    description, declared = parts.get("description"), parts.get("type")
    kind = declared.one_of(_TYPES) if declared is not None and declared.value != "" else "string"
    option = Option(name, kind, None, description.words() if description else "")
    if "default" not in parts:
        return option
    return Option(name, kind, as_default(option, parts["default"]), option.description)


def _endpoint(name: str, role: Role, field: Field) -> Endpoint:
    if isinstance(field.value, str):  # the short form, `db: mysql`
        return Endpoint(name, role, field.value)
    parts = field.mapping()
    if "interface" not in parts:
        raise field.error("expected an interface, got none")
    limit, scope, optional = parts.get("limit"), parts.get("scope"), parts.get("optional")
    return Endpoint(
        name,
        role,
        parts["interface"].text(),
        limit=(limit.whole_number(text=True) or None) if limit else None,  # to Juju, 0 means no limit
        scope=scope.one_of(("global", "container")) if scope else "global",
        optional=optional.flag(text=True) if optional else None,
    )


def _resource(name: str, field: Field) -> Resource:
    parts = field.mapping()
    kind: Literal["file", "oci-image"] = parts["type"].one_of(("file", "oci-image")) if "type" in parts else "file"
    filename, description, upstream = (parts.get(key) for key in ("filename", "description", "upstream-source"))
    if kind == "file" and filename is None:
        raise field.error("expected a filename, as resources of type file have one, got none")
    named = "" if filename is None else filename.name() if kind == "file" else filename.text()
    source = upstream.text() if upstream and kind == "oci-image" else ""
    return Resource(name, kind, named, description.text() if description else "", source)


def _container(name: str, field: Field, images: list[str]) -> Container:
    parts = field.mapping()
    resource, mounts = parts.get("resource"), parts.get("mounts")
    if resource is not None and resource.name() not in images:
        raise resource.error(f"there is no resource {resource.value!r} of type oci-image; declare it")
    return Container(
        name,
        resource.name() if resource else None,
        tuple(_mount(mount) for mount in mounts.items()) if mounts else (),
    )


def _mount(field: Field) -> Mount:
    parts = field.mapping()
    if "storage" not in parts:
        raise field.error("expected the storage that is mounted, got none")
    location = parts.get("location")
    return Mount(parts["storage"].name(), location.text() if location else "")
