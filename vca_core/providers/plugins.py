"""Providers of connectors by name: our own, and those that others bring with the entry points ``vca.connectors``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vca_core._entry_points import UNREADABLE, Entry, entry_named, find_entries
from vca_core.errors import BadArguments, PluginError
from vca_core.providers.base import ConnectorProvider

GROUP = "vca.connectors"
"""The entry points' group; an entry's name is the provider's name in a config."""

OWN = "mongodb"
"""The name of what there is without a plugin."""


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """One provider of connectors that a plugin brings.

    Args:
        name: its name in a config; ``?`` where a distribution's entry points cannot be read.
        distribution: what brings it.
        version: of the distribution.
        ok: whether it can be used.
        reason: why not; empty when it can.
    """

    name: str
    distribution: str
    version: str
    ok: bool
    reason: str = ""


def list_providers() -> list[ProviderInfo]:
    """List the providers that plugins bring. Each is imported, on its own: a broken one is listed as broken."""
    entries = find_entries(GROUP)
    return [_info(entry, entries) for entry in entries]


def make_provider(name: str, options: Mapping[str, Any], folder: Path) -> ConnectorProvider:
    """Make a provider by its name; nothing is connected to.

    Args:
        name: as a config names it.
        options: for it.
        folder: where relative paths start.

    Raises:
        BadArguments: there is none of that name, or it refuses its options.
        PluginError: it is broken; says why.
    """
    if name == OWN:
        from vca_core.providers.mongo import MongoConnectors  # for those who use it

        return MongoConnectors.from_options(options, folder)
    entries = find_entries(GROUP)
    if name not in {entry.name for entry in entries}:
        there = [OWN, *(entry.name for entry in entries if entry.name != UNREADABLE)]
        raise BadArguments(
            f"connector_providers: there is no provider of connectors {name!r}; there are {', '.join(there)}",
            ["connector_providers"],
        )
    entry = entry_named(entries, name, "provider")
    cls = _provider_class(entry)
    try:
        provider = cls.from_options(options, folder)
    except (BadArguments, PluginError):
        raise
    except Exception as error:  # noqa: BLE001 - it may raise anything, with a secret in it
        kind = type(error).__name__
    else:
        if isinstance(provider, ConnectorProvider):
            return provider
        raise PluginError(
            f"provider {entry} is broken: from_options gave a {type(provider).__name__}, not a ConnectorProvider"
        )
    raise PluginError(f"provider {entry} is broken: from_options failed with {kind}")


def _info(entry: Entry, entries: list[Entry]) -> ProviderInfo:
    reason = entry.value if entry.name == UNREADABLE else ""
    if not reason:
        try:
            _provider_class(entry_named(entries, entry.name, "provider"))
        except PluginError as error:
            reason = error.message
    return ProviderInfo(entry.name, entry.distribution, entry.version, ok=not reason, reason=reason)


def _provider_class(entry: Entry) -> Any:
    cls = entry.load()
    if not isinstance(cls, type) or not issubclass(cls, ConnectorProvider):
        raise PluginError(f"provider {entry} is broken: {entry.value} is not a class derived from ConnectorProvider")
    if cls.from_options.__func__ is ConnectorProvider.from_options.__func__:  # type: ignore[attr-defined]  # of classmethods
        raise PluginError(f"provider {entry} is broken: it needs a class method `from_options(options, folder)`")
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        raise PluginError(f"provider {entry} is broken: it does not implement {', '.join(missing)}")
    return cls
