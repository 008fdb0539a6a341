"""Stores that other distributions bring: by the scheme of their URLs, with the entry points ``vca.stores``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vca_core._entry_points import UNREADABLE, Entry, entry_named, find_entries
from vca_core.errors import BadArguments, PluginError
from vca_core.stores.base import StatusStore

GROUP = "vca.stores"
"""The entry points' group; an entry's name is the scheme of the URLs that its class takes."""

OWN = ("memory:", "sqlite:///relative.db", "sqlite:////absolute/path.db", "mongodb://host/database")
"""What there is without a plugin."""


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """One kind of store that a plugin brings.

    Args:
        scheme: of its URLs; ``?`` where a distribution's entry points cannot be read.
        distribution: what brings it.
        version: of the distribution.
        ok: whether it can be used.
        reason: why not; empty when it can.
    """

    scheme: str
    distribution: str
    version: str
    ok: bool
    reason: str = ""


def list_stores() -> list[StoreInfo]:
    """List the stores that plugins bring. Each is imported, on its own: a broken one is listed as broken."""
    entries = find_entries(GROUP)
    return [_info(entry, entries) for entry in entries]


def make_store(scheme: str, url: str, folder: Path) -> StatusStore:
    """Make a store that a plugin brings; nothing is opened.

    Args:
        scheme: of the URL.
        url: the URL.
        folder: where relative paths start.

    Raises:
        BadArguments: there is none for the scheme, or it refuses the URL.
        PluginError: it is broken; says why.
    """
    entries = find_entries(GROUP)
    if scheme not in {entry.name for entry in entries}:
        there = [*OWN, *(f"{entry.name}:" for entry in entries if entry.name != UNREADABLE)]
        raise BadArguments(f"store: there is no kind of store {scheme!r}; there are {', '.join(there)}", ["store"])
    entry = entry_named(entries, scheme, "store")
    store = _store_class(entry).from_url(url, folder)
    if not isinstance(store, StatusStore):
        raise PluginError(f"store {entry} is broken: from_url gave a {type(store).__name__}, not a StatusStore")
    return store


def _info(entry: Entry, entries: list[Entry]) -> StoreInfo:
    reason = entry.value if entry.name == UNREADABLE else ""
    if not reason:
        try:
            _store_class(entry_named(entries, entry.name, "store"))
        except PluginError as error:
            reason = error.message
    return StoreInfo(entry.name, entry.distribution, entry.version, ok=not reason, reason=reason)


def _store_class(entry: Entry) -> Any:
    cls = entry.load()
    if not isinstance(cls, type) or not issubclass(cls, StatusStore):
        raise PluginError(f"store {entry} is broken: {entry.value} is not a class derived from StatusStore")
    if not callable(getattr(cls, "from_url", None)):
        raise PluginError(f"store {entry} is broken: it needs a class method `from_url(url, folder)`")
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        raise PluginError(f"store {entry} is broken: it does not implement {', '.join(missing)}")
    return cls
