"""Stores that other distributions bring: by the scheme of their URLs, with the entry points ``vca.stores``."""

from __future__ import annotations

from pathlib import Path

from vca_core._plugin_classes import PluginClasses, PluginInfo
from vca_core.errors import BadArguments
from vca_core.stores.base import StatusStore

OWN = ("memory:", "sqlite:///relative.db", "sqlite:////absolute/path.db", "mongodb://host/database")
"""What there is without a plugin."""

_PLUGINS = PluginClasses("vca.stores", "store", StatusStore, "from_url", "url")  # type: ignore[type-abstract]  # derived ones are made


def list_stores() -> list[PluginInfo]:
    """List the stores that plugins bring. Each is imported, on its own: a broken one is listed as broken."""
    return _PLUGINS.infos()


def make_store(scheme: str, url: str, folder: Path) -> StatusStore:
    """Make a store that a plugin brings; nothing is opened.

    Args:
        scheme: of the URL.
        url: the URL.
        folder: where relative paths start.

    Raises:
        BadArguments: no store has the scheme, or the store refuses the URL.
        PluginError: it is broken; says why.
    """
    entry = _PLUGINS.entry(scheme)
    if entry is None:
        there = [*OWN, *(f"{name}:" for name in _PLUGINS.names())]
        raise BadArguments(f"store: there is no kind of store {scheme!r}; there are {', '.join(there)}", ["store"])
    return _PLUGINS.make(entry, url, folder)
