"""Providers of connectors by name: our own, and those that others bring with the entry points ``vca.connectors``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vca_core._plugin_classes import PluginClasses, PluginInfo
from vca_core.errors import BadArguments, VcaError
from vca_core.providers.base import ConnectorProvider
from vca_core.secrets import SecretValues, as_vca_error, secrets_in

OWN = "mongodb"
"""The name of what there is without a plugin."""

_PLUGINS = PluginClasses("vca.connectors", "provider", ConnectorProvider, "from_options", "options")  # type: ignore[type-abstract]  # derived ones are made


def list_providers() -> list[PluginInfo]:
    """List the providers that plugins bring. Each is imported, on its own: a broken one is listed as broken."""
    return _PLUGINS.infos()


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
    entry = _PLUGINS.entry(name)
    if entry is None:
        raise BadArguments(
            f"connector_providers: there is no provider of connectors {name!r}; "
            f"there are {', '.join([OWN, *_PLUGINS.names()])}",
            ["connector_providers"],
        )
    try:
        return _PLUGINS.make(entry, options, folder)
    except VcaError as error:
        failure = as_vca_error(error, SecretValues(secrets_in(options)).scrub)
    raise failure  # not in the `except`: it would keep what the plugin raised
