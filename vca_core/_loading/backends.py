"""Backends by name: found, checked and listed; a broken one does no harm to others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

from vca_core._entry_points import UNREADABLE, Entry, entry_named, find_entries
from vca_core._loading.plugin_class import implementations, make_manager, problems_of_hooks, problems_of_model
from vca_core.backend import SUPPORTED_API_VERSIONS, NoOptions
from vca_core.errors import BadArguments, PluginError
from vca_core.hookspecs import HOOKS, LIFECYCLE_HOOKS, OPERATIONS_WITH_OPTIONS, BackendHooks
from vca_core.naming import CHARM_NAMES, NameRules

GROUP = "vca.backends"
"""The entry points' group; an entry's name is the backend's name in a config."""

_OWN = {"fake": "vca-fake", "juju-machine": "vca-juju-machine", "juju-k8s": "vca-juju-k8s"}
"""The distributions of this project's backends."""


@dataclass(frozen=True, slots=True)
class LoadedBackend:
    """A backend's class, imported and checked.

    Args:
        name: its name in a config.
        cls: the class.
        distribution: what provides it.
        version: of the distribution.
        api_version: the version of the plugin API it was made for.
        capabilities: the hooks it implements, `open` and `close` left out.
    """

    name: str
    cls: type
    distribution: str
    version: str
    api_version: int
    capabilities: frozenset[str]


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """One line of the list of installed backends.

    Args:
        name: its name in a config; ``?`` where a distribution's entry points cannot be read.
        distribution: what provides it.
        version: of the distribution.
        ok: whether it can be used.
        reason: why not; empty when it can.
        api_version: the version of the plugin API it was made for, where that is known.
        capabilities: the hooks it implements.
    """

    name: str
    distribution: str
    version: str
    ok: bool
    reason: str = ""
    api_version: int | None = None
    capabilities: frozenset[str] = frozenset()


def load_backend(name: str) -> LoadedBackend:
    """Import and check one backend; no other one is imported.

    Args:
        name: its name in a config.

    Raises:
        BadArguments: no backend of that name is installed; says which are, and what to install.
        PluginError: it is broken, made for another version of the API, or brought by several distributions; says why.
    """
    return _load(entry_named(find_entries(GROUP), name, "backend", _OWN.get(name, "")))


def list_backends() -> list[BackendInfo]:
    """List the installed backends. Each is imported, on its own: a broken one is listed as broken."""
    entries = find_entries(GROUP)
    return [_info(entry, entries) for entry in entries]


def register(backend: object, name: str) -> pluggy.PluginManager:
    """Make the plugin manager of one connector, with its backend as the only plugin."""
    return make_manager(BackendHooks, backend, name)


def _info(entry: Entry, entries: list[Entry]) -> BackendInfo:
    if entry.name == UNREADABLE:
        return BackendInfo(entry.name, entry.distribution, entry.version, ok=False, reason=entry.value)
    try:
        loaded = _load(entry_named(entries, entry.name, "backend"))
    except (PluginError, BadArguments) as error:
        return BackendInfo(entry.name, entry.distribution, entry.version, ok=False, reason=error.message)
    return BackendInfo(
        entry.name,
        entry.distribution,
        entry.version,
        ok=True,
        api_version=loaded.api_version,
        capabilities=loaded.capabilities,
    )


def _load(entry: Entry) -> LoadedBackend:
    cls = entry.load()
    if not isinstance(cls, type):
        raise PluginError(f"backend {entry} is broken: {entry.value} is not a class but of type {type(cls).__name__}")
    version = getattr(cls, "api_version", None)
    if isinstance(version, int) and not isinstance(version, bool) and version not in SUPPORTED_API_VERSIONS:
        oldest, newest = min(SUPPORTED_API_VERSIONS), max(SUPPORTED_API_VERSIONS)
        spoken = str(newest) if oldest == newest else f"{oldest} to {newest}"
        remedy = "upgrade vca-core" if version > newest else "upgrade the plugin"
        raise PluginError(
            f"backend {entry} was made for version {version} of the plugin API; this vca-core speaks {spoken}: {remedy}"
        )
    problems = list(_problems(cls, version))
    if problems:
        raise PluginError(f"backend {entry} is broken: {'; '.join(problems)}")
    capabilities = frozenset(implementations(cls)) - LIFECYCLE_HOOKS
    return LoadedBackend(entry.name, cls, entry.distribution, entry.version, int(version or 0), capabilities)


def _problems(cls: type, version: object) -> Iterator[str]:
    if not isinstance(version, int) or isinstance(version, bool):
        yield "it declares no api_version; write `api_version = 1` into the class"
    specs: dict[str, Any] = {name: getattr(BackendHooks, name) for name in HOOKS}
    yield from problems_of_hooks(cls, specs, HOOKS)
    yield from problems_of_model(getattr(cls, "Options", NoOptions), "Options")
    models = getattr(cls, "operation_options", {})
    if not isinstance(models, Mapping):
        yield "operation_options is not a mapping of hooks to models"
        return
    for hook, model in models.items():
        if hook not in OPERATIONS_WITH_OPTIONS:
            yield f"operation_options has {hook!r}, which takes none; {', '.join(sorted(OPERATIONS_WITH_OPTIONS))} do"
        yield from problems_of_model(model, f"operation_options[{hook!r}]")
    if not isinstance(getattr(cls, "names", CHARM_NAMES), NameRules):
        yield "names is not a vca_core.naming.NameRules"
