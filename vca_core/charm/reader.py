"""Reading a charm: ``metadata.yaml`` and its fellows, ``charmcraft.yaml``, or both (the mixed layout).

A file of its own (``actions.yaml``) counts before the same key of ``charmcraft.yaml``: it is what Juju reads.
What the ``extensions`` of ``charmcraft.yaml`` or the layers of a reactive charm add comes with packing: the source
does not have it. Unknown keys are nobody's fault; keys that are read have to be what they should be.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from vca_core.charm import bases
from vca_core.charm.actions import read_actions
from vca_core.charm.coerce import as_default
from vca_core.charm.fields import Field
from vca_core.charm.model import (
    Action,
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
from vca_core.charm.source import read_files
from vca_core.errors import BadArguments

FILES = ("metadata.yaml", "charmcraft.yaml", "actions.yaml", "config.yaml", "manifest.yaml")
"""What is read of a charm: all that its `Charm` depends on."""

_TYPES: tuple[OptionType, ...] = ("string", "int", "float", "boolean", "secret")
_ROLES: tuple[Role, ...] = ("requires", "provides", "peers")


def read_charm(path: Path) -> Charm:
    """Read a charm. It reads files, so in an event loop: ``await asyncio.to_thread(read_charm, path)``.

    Args:
        path: the charm's folder or ``.charm`` file. Of the latter nothing is unpacked to disk.

    Returns:
        What the charm says of itself.

    Raises:
        BadArguments: it is not a charm, cannot be read, is dangerous (bombs, paths and symlinks that lead out of it) or
            malformed; says the file, the key, or line and column, and what was expected.
    """
    from vca_core.text_files import LARGEST_FILE
    from vca_core.yaml_reader import parse  # YAML is loaded for those who read charms

    contents = read_files(path, FILES, LARGEST_FILE)
    if "metadata.yaml" not in contents and "charmcraft.yaml" not in contents:
        raise BadArguments(f"{path}: is not a charm: it has no metadata.yaml and no charmcraft.yaml", ["artifact_path"])
    try:
        return _Files({name: Field(name, parse(name, content)) for name, content in contents.items()}).charm()
    except BadArguments as error:
        raise BadArguments(f"{path}: {error.message}", error.bad_args) from error.__cause__


class _Files:
    """The files of a charm, and what they say together."""

    def __init__(self, files: dict[str, Field]) -> None:
        self._files = files
        self._missing = files.get("metadata.yaml") or files["charmcraft.yaml"]

    def _find(self, key: str, own: str = "metadata.yaml") -> Field | None:
        """Look up a key where it may stand: in a file of its own, then in charmcraft.yaml."""
        for name in (own, "charmcraft.yaml"):
            found = self._files[name].get(key) if name in self._files else None
            if found is not None:
                return found
        return None

    def charm(self) -> Charm:
        if (kind := self._find("type")) is not None and kind.value == "bundle":
            raise kind.error("this is a bundle of charms; name one of its charms")
        name = self._find("name")
        if name is None:
            raise self._missing.error("name is missing")
        summary, description = self._find("summary"), self._find("description")
        subordinate = self._find("subordinate")
        assumes = self._find("assumes")
        series = self._find("series")
        words = tuple(item.name() for item in series.items()) if series else ()
        resources = self._resources()
        return Charm(
            name=name.name(),
            summary=summary.text() if summary else "",
            description=description.text() if description else "",
            subordinate=subordinate.flag() if subordinate else False,
            actions=self._actions_of(name.value),
            options=self._options(),
            endpoints=self._endpoints(),
            bases=self._bases(words),
            series=words,
            resources=resources,
            containers=self._containers(resources),
            assumes=tuple(item.value for item in assumes.items()) if assumes else (),
        )

    def _actions_of(self, charm: str) -> dict[str, Action]:
        own = self._files.get("actions.yaml")
        actions = own if own is not None and own.value is not None else self._find("actions", "charmcraft.yaml")
        return read_actions(actions, charm) if actions is not None else {}

    def _options(self) -> dict[str, Option]:
        own = self._files.get("config.yaml")
        config = own if own is not None and own.value is not None else self._find("config", "charmcraft.yaml")
        if config is None:
            return {}
        if "options" not in config.mapping(empty=True):
            raise config.error("options is missing; a charm's options stand below it")
        options = config.get("options")
        return {name: _option(name, field) for name, field in options.mapping().items()} if options else {}

    def _endpoints(self) -> dict[str, Endpoint]:
        endpoints: dict[str, Endpoint] = {}
        for role in _ROLES:
            for name, field in (declared.mapping() if (declared := self._find(role)) else {}).items():
                if name in endpoints:
                    raise field.error(f"there is an endpoint of that name in {endpoints[name].role}, too; rename one")
                endpoints[name] = _endpoint(name, role, field)
        return endpoints

    def _bases(self, series: tuple[str, ...]) -> tuple[Base, ...]:
        if (manifest := self._find("bases", "manifest.yaml")) is not None and manifest.file == "manifest.yaml":
            return bases.of_manifest(manifest)
        if (platforms := self._find("platforms", "charmcraft.yaml")) is not None:
            return bases.of_platforms(self._find("base", "charmcraft.yaml"), platforms)
        if (declared := self._find("bases", "charmcraft.yaml")) is not None:
            return bases.of_bases(declared)
        return bases.of_series(series)

    def _resources(self) -> dict[str, Resource]:
        declared = self._find("resources")
        return {name: _resource(name, field) for name, field in declared.mapping().items()} if declared else {}

    def _containers(self, resources: dict[str, Resource]) -> dict[str, Container]:
        declared = self._find("containers")
        if declared is None:
            return {}
        images = [name for name, resource in resources.items() if resource.type == "oci-image"]
        return {name: _container(name, field, images) for name, field in declared.mapping(empty=True).items()}


def _option(name: str, field: Field) -> Option:
    parts = field.mapping()
    description = parts.get("description")
    kind = parts["type"].one_of(_TYPES) if "type" in parts else "string"
    option = Option(name, kind, None, description.text() if description else "")
    if "default" not in parts:
        return option
    return Option(name, kind, as_default(option, parts["default"]), option.description)


def _endpoint(name: str, role: Role, field: Field) -> Endpoint:
    if isinstance(field.value, str):  # the short form, `db: mysql`
        return Endpoint(name, role, field.name())
    parts = field.mapping()
    if "interface" not in parts:
        raise field.error("interface is missing; say what is spoken there")
    limit, scope, optional = parts.get("limit"), parts.get("scope"), parts.get("optional")
    return Endpoint(
        name,
        role,
        parts["interface"].name(),
        limit=limit.whole_number() if limit else None,
        scope=scope.one_of(("global", "container")) if scope else "global",
        optional=optional.flag() if optional else None,
    )


def _resource(name: str, field: Field) -> Resource:
    parts = field.mapping()
    kind: Literal["file", "oci-image"] = parts["type"].one_of(("file", "oci-image")) if "type" in parts else "file"
    filename, description = parts.get("filename"), parts.get("description")
    if kind == "file" and filename is None:
        raise field.error("filename is missing; a resource of type file has one")
    return Resource(name, kind, filename.name() if filename else "", description.text() if description else "")


def _container(name: str, field: Field, images: list[str]) -> Container:
    parts = field.mapping()
    resource, mounts = parts.get("resource"), parts.get("mounts")
    if resource is not None and resource.name() not in images:
        raise resource.error(f"there is no resource {resource.value!r} of type oci-image")
    return Container(
        name,
        resource.name() if resource else None,
        tuple(_mount(mount) for mount in mounts.items()) if mounts else (),
    )


def _mount(field: Field) -> Mount:
    parts = field.mapping()
    if "storage" not in parts:
        raise field.error("storage is missing; say which one is mounted")
    location = parts.get("location")
    return Mount(parts["storage"].name(), location.text() if location else "")
