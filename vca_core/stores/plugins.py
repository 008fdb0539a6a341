"""Stores that other distributions bring: by the scheme of their URLs, with the entry points ``vca.stores``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from vca_core._plugin_classes import PluginClasses, PluginInfo
from vca_core.errors import BadArguments, VcaError
from vca_core.secrets import SecretValues, as_vca_error, secrets_in
from vca_core.stores.base import StatusStore

OWN = ("memory:", "sqlite:///relative.db", "sqlite:////absolute/path.db", "mongodb://host/database")
"""What there is without a plugin."""

_OWN_SCHEMES = {"memory", "sqlite", "mongodb", "mongodb+srv"}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


def _problem_of_scheme(name: str) -> str | None:
    if name in _OWN_SCHEMES:
        return "the core has a store of its own for this scheme; give it another one"
    if _SCHEME.fullmatch(name) is None:
        return "no URL has this scheme: expected a small letter, then small letters, digits, +, - and ."
    return None


_PLUGINS = PluginClasses(
    "vca.stores",
    "store",
    StatusStore,  # type: ignore[type-abstract]  # derived ones are made
    "from_url",
    "url",
    _problem_of_scheme,
)


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
    try:
        return _PLUGINS.make(entry, url, folder)
    except VcaError as error:
        failure = as_vca_error(error, _scrub_of(url))
    raise failure  # not in the `except`: it would keep what the plugin raised


def scrub_of_plugin(url: str) -> Callable[[str], str] | None:
    """What takes the secrets of a store's URL out of what the store raises.

    Args:
        url: a URL that `vca_core.stores.store_from_url` takes.

    Returns:
        None: the store is one of the core's own, which show none.
    """
    return None if url.partition(":")[0] in _OWN_SCHEMES else _scrub_of(url)


def _scrub_of(url: str) -> Callable[[str], str]:
    return SecretValues([url, *secrets_in({"url": url})]).scrub
