"""The connectors of a `Vca`: those of its config, and those that providers know."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from vca_core import arguments
from vca_core._engine.shared import Shared
from vca_core.config import ConnectorConfig
from vca_core.connector import Connector
from vca_core.connector.definitions import Definitions
from vca_core.errors import BadArguments
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
        self._definitions = Definitions(providers, shared.config.timeouts.read, self._take)
        self._taken: dict[str, ConnectorConfig] = {}

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
            where = self._definitions.origins
            raise BadArguments(
                f"{error.message}; `await vca.find_connector(...)` looks in {where}, too", error.bad_args
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
        connector = await self._definitions.find(name)
        if connector is None:
            looked = f"the config, {self._definitions.origins}"
            known = instead(name, config.connectors)
            raise BadArguments(f"there is no connector {name!r} (looked in {looked}){known}", ["connector"])
        return connector

    async def _take(self, name: str, definition: ConnectorConfig) -> Connector:
        connector = self.made.get(name)
        if connector is None:
            connector = self.made[name] = Connector(self._shared, name, definition)
        elif definition == self._taken[name]:
            return connector
        elif not await connector._redefine(definition):  # noqa: SLF001 - not for callers
            _LOG.info("%s: its definition has changed; it is taken when nothing runs on the connector", name)
            return connector
        self._taken[name] = definition
        return connector

    async def close_providers(self, limit: float) -> list[str]:
        """Close the providers.

        Args:
            limit: seconds for each.

        Returns:
            The names of those that failed to close.
        """
        return await self._definitions.close(limit)
