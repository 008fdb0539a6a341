"""The connectors of a `Vca`: those of its config, and those that providers know."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

from vca_core import arguments
from vca_core._engine.shared import Shared
from vca_core.config import ConnectorConfig, load_definition
from vca_core.connector import Connector
from vca_core.errors import BadArguments, PluginError, StoreError, VcaError
from vca_core.plain import kind_of
from vca_core.providers import ConnectorProvider
from vca_core.suggestions import instead

_LOG = logging.getLogger("vca_core.connector")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")


class Connectors:
    """Connectors by name, each made when it is first asked for.

    Args:
        shared: what all of them share.
        providers: where those are looked up that the config does not have, in this order.

    Attributes:
        made: those that were asked for.
    """

    def __init__(self, shared: Shared, providers: Sequence[ConnectorProvider]) -> None:
        self._shared = shared
        self._providers = providers
        self.made: dict[str, Connector] = {}
        self._definitions: dict[str, ConnectorConfig] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def get(self, name: str | None) -> Connector:
        """Return one that the config has, or that was found before.

        Raises:
            BadArguments: there is no such connector, or its options are wrong.
            PluginError: its backend is broken.
        """
        config = self._shared.config
        if name is not None:
            arguments.name(name, "name")
        if (found := self.made.get(config.default or "" if name is None else name)) is not None:
            return found
        try:
            name = config.connector_name(name)
        except BadArguments as error:
            if not self._providers:
                raise
            there = ", ".join(provider.origin for provider in self._providers)
            raise BadArguments(
                f"{error.message}; `await vca.find_connector(...)` looks in {there}, too", error.bad_args
            ) from None
        connector = self.made[name] = Connector(self._shared, name)
        return connector

    async def find(self, name: str | None) -> Connector:
        """Look one up: in the config, then with the providers, as they know it now.

        Raises:
            BadArguments: no provider knows it, or its definition is wrong.
            PluginError: its backend or a provider is broken.
            VcaError: a provider could not be asked.
        """
        config = self._shared.config
        name = config.default if name is None else name
        if name is not None:
            arguments.name(name, "name")
        if name is None or name in config.connectors or not self._providers:
            return self.get(name)
        if _NAME.fullmatch(name) is None:
            raise BadArguments("connector: expected a name of at most 200 letters, digits, '-' and '_'", ["connector"])
        # One at a time for each name: a definition that was read earlier must not replace one that was read later.
        turn = self._turns.setdefault(name, asyncio.Lock())
        async with turn:
            return await self._take(name, await self._definition_of(name))

    async def _take(self, name: str, definition: ConnectorConfig) -> Connector:
        connector = self.made.get(name)
        if connector is None:
            connector = self.made[name] = Connector(self._shared, name, definition)
        elif definition == self._definitions[name]:
            return connector
        elif not await connector._redefine(definition):  # noqa: SLF001 - not for callers
            _LOG.info("%s: its definition has changed; it is taken when nothing runs on the connector", name)
            return connector
        self._definitions[name] = definition
        return connector

    async def _definition_of(self, name: str) -> ConnectorConfig:
        for provider in self._providers:
            values = await self._ask(provider, name)
            if values is not None:
                return load_definition(name, values, provider.origin)
        looked = ", ".join(["the config", *(provider.origin for provider in self._providers)])
        known = instead(name, self._shared.config.connectors)
        raise BadArguments(f"there is no connector {name!r} (looked in {looked}){known}", ["connector"])

    async def _ask(self, provider: ConnectorProvider, name: str) -> Mapping[str, Any] | None:
        limit = self._shared.config.timeouts.read
        failure: VcaError
        try:
            async with asyncio.timeout(limit):
                values = await provider.definition(name)
        except VcaError:
            raise
        except TimeoutError:
            failure = StoreError(f"connectors in {provider.origin}: no answer within {limit:g} s")
        except Exception as error:  # noqa: BLE001 - its text may show credentials
            failure = PluginError(f"connectors in {provider.origin}: the provider failed with {type(error).__name__}")
        else:
            if values is None or isinstance(values, Mapping):
                return values
            raise PluginError(f"connectors in {provider.origin}: the provider gave {kind_of(values)}, not a mapping")
        raise failure  # not in the `except`: it would keep what was raised

    async def close_providers(self, limit: float) -> list[str]:
        """Close the providers.

        Args:
            limit: seconds for each.

        Returns:
            The names of those that failed to close.
        """
        alive = []
        for provider in self._providers:
            try:
                async with asyncio.timeout(limit):
                    await provider.close()
            except Exception as error:  # noqa: BLE001 - the others are closed nevertheless
                _LOG.warning("connectors in %s: failed to close: %s", provider.origin, type(error).__qualname__)
                alive.append(f"connectors in {provider.origin}: failed to close")
        return alive
