"""Providers of connectors: definitions that live elsewhere than in the config, looked up by name.

::

    base        what a provider is
    mongo       documents in a collection of a MongoDB database
    plugins     providers by name: our own, and those that other distributions bring
"""

from __future__ import annotations

from vca_core._plugin_classes import PluginInfo
from vca_core.providers.base import ConnectorProvider
from vca_core.providers.plugins import list_providers, make_provider

__all__ = ["ConnectorProvider", "PluginInfo", "list_providers", "make_provider"]
