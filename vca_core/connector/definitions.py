"""Looks connectors up with providers: one look for all who ask for the same one at the same time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vca_core.config import ConnectorConfig, load_definition
from vca_core.connector import Connector
from vca_core.errors import ConflictError, PluginError, StoreError, VcaError
from vca_core.plain import kind_of
from vca_core.providers import ConnectorProvider
from vca_core.tasks import OwnedTasks, Unshown, is_own_failure

_LOG = logging.getLogger("vca_core.connector")


Take = Callable[[str, ConnectorConfig], Awaitable[Connector]]
"""Has a connector go on with its definition, as it is now, and gives it."""

_Task = asyncio.Task[Unshown[Connector | VcaError | None]]


@dataclass(slots=True, eq=False)
class _Look:
    """One look at one connector.

    Attributes:
        callers: how many wait for it.
        asked: the provider that is being asked; None: none is, yet or any more.
        over: set when it has ended, or was given up.
    """

    callers: int = 0
    asked: ConnectorProvider | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Definitions:
    """The definitions that providers have, as they are now.

    Args:
        providers: where they are looked up, in this order.
        limit: seconds that each caller waits.
        take: what is done with a definition.
    """

    def __init__(self, providers: Sequence[ConnectorProvider], limit: float, take: Take) -> None:
        self._providers = providers
        self._limit = limit
        self._take = take
        self._tasks = OwnedTasks("find_connector")
        self._under_way: dict[str, _Look] = {}
        self._next: dict[str, tuple[_Look, _Task]] = {}

    @property
    def origins(self) -> str:
        """Where the definitions come from."""
        return ", ".join(map(_origin_of, self._providers))

    async def find(self, name: str) -> Connector | None:
        """Look a connector up, together with all who wait for the same look.

        A look that has begun is not joined: whoever calls now may know of a change that it has missed. Those of one
        name are made one after the other, so that no definition is replaced by one that was read earlier.

        Args:
            name: the connector's.

        Returns:
            The connector; None: no provider knows it.

        Raises:
            BadArguments: its definition is wrong.
            ConflictError: the providers are being closed.
            PluginError: its backend or a provider is broken.
            StoreError: it took too long.
            VcaError: a provider could not look.
        """
        look, task = self._next.get(name) or self._begin(name)
        look.callers += 1
        try:
            await asyncio.wait((task,), timeout=self._limit)
        finally:
            look.callers -= 1
            if not look.callers and not task.done():
                task.cancel()
                self._end(name, look)
        if not task.done():
            where = self.origins if look.asked is None else _origin_of(look.asked)
            raise StoreError(f"connectors in {where}: no answer within {self._limit:g} s")
        if task.cancelled():
            raise ConflictError("the Vca is being disconnected; try again when that is done")
        found = task.result().get()
        if isinstance(found, VcaError):
            raise found.duplicate()
        return found

    def _begin(self, name: str) -> tuple[_Look, _Task]:
        look = _Look()
        task = self._tasks.spawn(self._look_up(name, look, self._under_way.get(name)), name, awaited=True)
        self._next[name] = (look, task)
        return look, task

    async def _look_up(self, name: str, look: _Look, before: _Look | None) -> Unshown[Connector | VcaError | None]:
        try:
            if before is not None:
                await before.over.wait()
            del self._next[name]
            self._under_way[name] = look
            definition = await self._definition(name, look)
            # A provider that did not stop when it was given up: there may have been later looks.
            is_late = look.over.is_set()
            return Unshown(None if definition is None or is_late else await self._take(name, definition))
        except VcaError as error:
            return Unshown(error)
        finally:
            self._end(name, look)

    def _end(self, name: str, look: _Look) -> None:
        """Let the next look begin."""
        look.over.set()
        if self._under_way.get(name) is look:
            del self._under_way[name]
        if name in self._next and self._next[name][0] is look:
            del self._next[name]

    async def _definition(self, name: str, look: _Look) -> ConnectorConfig | None:
        for provider in self._providers:
            look.asked = provider
            values = await _ask(provider, name)
            if values is not None:
                look.asked = None
                return _load(name, values, provider)
        return None

    async def close(self, limit: float) -> list[str]:
        """End the looks that are under way, and close the providers.

        Args:
            limit: seconds for each.

        Returns:
            The names of what still lives, or failed to close.
        """
        alive = await self._tasks.cancel(limit)
        for provider in self._providers:
            task = asyncio.current_task()
            try:
                async with asyncio.timeout(limit):
                    await provider.close()
            except BaseException as error:
                if not is_own_failure(error, task):
                    raise
                origin = _origin_of(provider)
                _LOG.warning("connectors in %s: failed to close: %s", origin, type(error).__qualname__)
                alive.append(f"connectors in {origin}: failed to close")
        return alive


async def _ask(provider: ConnectorProvider, name: str) -> Mapping[str, Any] | None:
    failure: VcaError
    task = asyncio.current_task()
    try:
        values = await provider.definition(name)
    except VcaError:
        raise
    except TimeoutError:
        failure = StoreError(f"connectors in {_origin_of(provider)}: no answer in time")
    except BaseException as error:
        if not is_own_failure(error, task):
            raise
        failure = PluginError(f"connectors in {_origin_of(provider)}: the provider failed with {type(error).__name__}")
    else:
        if values is None or isinstance(values, Mapping):
            return values
        raise PluginError(f"connectors in {_origin_of(provider)}: the provider gave {kind_of(values)}, not a mapping")
    raise failure  # not in the `except`: it would keep what was raised


def _load(name: str, values: Mapping[str, Any], provider: ConnectorProvider) -> ConnectorConfig:
    try:
        return load_definition(name, values, _origin_of(provider))
    except VcaError:
        raise
    except Exception as error:  # noqa: BLE001 - mappings of a plugin may raise anything
        kind = type(error).__name__
    raise PluginError(f"connectors in {_origin_of(provider)}: reading what the provider gave failed with {kind}")


def _origin_of(provider: ConnectorProvider) -> str:
    try:
        origin: object = provider.origin
    except Exception:  # noqa: BLE001 - a plugin may raise anything; the error that it is for says more
        origin = None
    return origin if isinstance(origin, str) else type(provider).__qualname__
