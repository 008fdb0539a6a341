"""The framework's front door: connectors by name, from a config."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from vca_core import arguments
from vca_core._engine.facts import facts_of_call, request_context
from vca_core._engine.report import DisconnectReport, Unwritten
from vca_core._engine.request import run_id
from vca_core._engine.shared import OnUpdateDb, Shared
from vca_core.arguments import Seconds
from vca_core.config import VcaConfig, load_config
from vca_core.connector import Connector, relate
from vca_core.connector.base import drop_frames
from vca_core.connector.provided import Connectors
from vca_core.connector.relations import End, RelationSpec
from vca_core.errors import BadArguments
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId
from vca_core.plain import kind_of
from vca_core.providers import ConnectorProvider, make_provider
from vca_core.stores import StatusStore
from vca_core.stores.lazy import LazyStore
from vca_core.tasks import settle

_LOG = logging.getLogger(__name__)


class Vca:
    """Connectors by name, with one store, one folder of artifacts, one ssh key pair.

    Constructing connects to nothing and needs no event loop. One `Vca` belongs to one event loop at a time: the first
    that uses it, until `disconnect`.

    Args:
        config: the checked config.
        on_update_db: called after each stored status: ``on_update_db(table, filter, path, update_dict)``.
        store: the status store; None: the one that the config names.
        actor: who calls, for extensions: a user or a program; None: not given.
        secrets: texts that appear in no status, error or log line, whatever parameter they come in by.
        providers: where `find_connector` looks up connectors after the config's own providers; closed by `disconnect`.

    Raises:
        BadArguments: `actor` or one of `providers` cannot be one, or a provider of the config refuses its options.
        PluginError: a provider of the config is broken.

    Attributes:
        store: the status store, opened when first used.
        ssh_key: the key pair whose public part goes into machines.
    """

    def __init__(
        self,
        config: VcaConfig,
        *,
        on_update_db: OnUpdateDb | None = None,
        store: StatusStore | None = None,
        actor: str | None = None,
        secrets: Iterable[str] = (),
        providers: Sequence[ConnectorProvider] = (),
    ) -> None:
        checked = None if actor is None else arguments.label(actor, "actor")
        if on_update_db is not None and not callable(on_update_db):
            raise BadArguments(f"on_update_db: expected a function, got {kind_of(on_update_db)}", ["on_update_db"])
        if store is not None and not isinstance(store, StatusStore):
            raise BadArguments(f"store: expected a StatusStore, got {kind_of(store)}", ["store"])
        self._shared = Shared.make(config, on_update_db, store, checked, arguments.texts(secrets, "secrets"))
        self.config = config
        self.store: StatusStore = LazyStore(self._shared.store, self._shared.loop.bind)
        self.ssh_key = self._shared.ssh_key
        named = [make_provider(entry.name, entry.options, config.folder) for entry in config.connector_providers]
        self._connectors = Connectors(self._shared, [*named, *_check_providers(providers)])
        self._disconnecting: asyncio.Task[DisconnectReport] | None = None

    @classmethod
    def from_config(
        cls,
        config: str | os.PathLike[str] | Mapping[str, Any] | VcaConfig,
        *,
        on_update_db: OnUpdateDb | None = None,
        store: StatusStore | None = None,
        environ: Mapping[str, str] | None = None,
        actor: str | None = None,
        secrets: Iterable[str] = (),
        providers: Sequence[ConnectorProvider] = (),
    ) -> Self:
        """Make one from a config.

        Args:
            config: path of a YAML or TOML file, or a mapping, or a checked `VcaConfig`.
            on_update_db: called after each stored status: ``on_update_db(table, filter, path, update_dict)``.
            store: the status store; None: the one that the config names.
            environ: where overrides (``VCA_STORE``, ``VCA_CONNECTORS__EDGE__OPTIONS__LATENCY``) come from; None:
                ``os.environ``.
            actor: who calls, for extensions: a user or a program; None: not given.
            secrets: texts that appear in no status, error or log line, whatever parameter they come in by.
            providers: where `find_connector` looks up connectors after the config's own providers.

        Raises:
            BadArguments: the config is wrong; says where, by line.
            PluginError: an extension, a store or a provider that it names is broken.
        """
        environment = os.environ if environ is None else environ
        if not isinstance(environment, Mapping):
            raise BadArguments(f"environ: expected a mapping, got {kind_of(environ)}", ["environ"])
        loaded = load_config(config, environment, providers=bool(providers))
        return cls(loaded, on_update_db=on_update_db, store=store, actor=actor, secrets=secrets, providers=providers)

    def __repr__(self) -> str:
        config = getattr(self, "config", None)  # it may be asked for while it is being made
        return f"<Vca with connectors {', '.join(config.connectors) if config else '?'}>"

    def connector(self, name: str | None = None) -> Connector:
        """Get a connector that the config has, or that `find_connector` found; its plugin is imported now.

        Nothing is connected to.

        Args:
            name: its name; None: the default one.

        Raises:
            BadArguments: there is no connector of that name, or its options are wrong.
            PluginError: its backend is broken.
        """
        return self._connectors.get(name)

    async def find_connector(self, name: str | None = None) -> Connector:
        """Find a connector in the config or else with the providers, as it is defined now.

        If a definition has changed, the same connector goes on with the new one, and its earlier backend is closed.
        While an operation runs on it, it stays as it is, and the next call of this checks again.

        Each caller waits for at most ``timeouts.read``; those who ask for one name at the same time share one look.

        Args:
            name: its name; None: the default one.

        Raises:
            BadArguments: no provider knows the name (it says where it was looked for), or the definition is wrong.
            ConflictError: this is being disconnected.
            PluginError: the backend or a provider is broken.
            StoreError: a provider's database cannot be read; retryable if it is out of reach.
        """
        self._shared.loop.bind()
        return await self._connectors.find(name)

    def request(self, request_id: str) -> AbstractContextManager[None]:
        """Mark calls made within the block, and in tasks started within it, as part of a request of your own.

        Extensions see its id, so that an audit or a trace can be joined with yours::

            with vca.request("lcm-op-17"):
                await connector.exec_primitive(ee_id, "touch", {"filename": "/tmp/x"})

        Args:
            request_id: any text that names it.

        Raises:
            BadArguments: it is not such a text.
        """
        return request_context(arguments.label(request_id, "request_id"))

    @drop_frames
    async def add_relation(
        self,
        end_1: tuple[Connector, str | EeId, str],
        end_2: tuple[Connector, str | EeId, str],
        *,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
    ) -> None:
        """Relate execution environments of two connectors, if the first one's backend can.

        Args:
            end_1: connector, ee_id and endpoint.
            end_2: connector, ee_id and endpoint.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.

        Raises:
            NotSupported: the first one's backend cannot reach the second one.
        """
        await self._relate(BackendHooks.add_relation, end_1, end_2, progress_timeout, total_timeout)

    @drop_frames
    async def remove_relation(
        self,
        end_1: tuple[Connector, str | EeId, str],
        end_2: tuple[Connector, str | EeId, str],
        *,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
    ) -> None:
        """Remove a relation of execution environments of two connectors; see `add_relation`."""
        await self._relate(BackendHooks.remove_relation, end_1, end_2, progress_timeout, total_timeout)

    async def _relate(self, spec: RelationSpec, end_1: End, end_2: End, progress: Seconds, total: Seconds) -> None:
        try:
            self._check_ends(end_1, end_2)
        except BadArguments as error:
            await self._report_refusal(spec.__name__, error, end_1, end_2)
            raise
        await relate(spec, end_1, end_2, progress, total)

    async def _report_refusal(self, operation: str, error: BadArguments, *ends: object) -> None:
        """Report a call with an end that is not one, so that no connector can do it."""
        given: dict[str, Any] = {}
        connectors: list[Connector | None] = [None, None]
        for number, end in enumerate(ends):
            if isinstance(end, tuple) and len(end) == 3:
                given[f"ee_id_{number + 1}"] = end[1]
                connectors[number] = end[0] if isinstance(end[0], Connector) else None
        first, second = connectors
        if second is not None:
            given["connector_2"] = second.name
        if first is not None and self._is_own(first):
            await first._engine.refuse_call(operation, given, error)  # noqa: SLF001 - connectors are made here
            return
        run = run_id(operation, self._shared.owner, next(self._shared.numbers))
        facts = facts_of_call(operation, given, run, "", "", self._shared.actor)
        await self._shared.report_refusal(facts, error, self.config.timeouts.total)

    def _is_own(self, connector: Connector) -> bool:
        return self._connectors.made.get(connector.name) is connector

    def _check_ends(self, *ends: object) -> None:
        for number, end in enumerate(ends, start=1):  # callers need no type checker
            argument, got = f"end_{number}", kind_of(end)
            if isinstance(end, tuple):
                got = f"one of {len(end)} entries" if len(end) != 3 else f"{kind_of(end[0])} for the connector"
            if not isinstance(end, tuple) or len(end) != 3 or not isinstance(end[0], Connector):
                raise BadArguments(f"{argument}: expected a tuple (connector, ee_id, endpoint), got {got}", [argument])
            if not self._is_own(end[0]):
                raise BadArguments(f"{argument}: {end[0]!r} belongs to another Vca; take one of this Vca", [argument])

    async def flush(self, limit: float | None = None) -> list[Unwritten]:
        """Wait until every status that is queued is stored and its callback has run.

        Args:
            limit: seconds to wait at most; None: the config's ``store_grace``.

        Returns:
            The statuses that could not be stored; they stay queued.
        """
        self._shared.loop.bind()
        seconds = arguments.timeout(limit, "limit", self.config.timeouts.store_grace)
        if self._shared.spill is not None:
            await self._shared.spill.wait_written(seconds)
        unwritten = await self._shared.outbox.drain(seconds, once=False)
        await self._shared.drain_callbacks(seconds)
        return unwritten

    async def get_public_key(self) -> str:
        """Return the public key to inject into machines; see `Connector.get_public_key`."""
        self._shared.loop.bind()
        return await self.ssh_key.public_key()

    def get_public_key_blocking(self) -> str:
        """Return the public key, as `get_public_key` does, to callers without an event loop.

        It blocks: a key that is made takes a second or two.

        Raises:
            VcaError: an event loop runs in this thread: use `get_public_key` there. Or this is a copy in a forked
                process.
        """
        self._shared.loop.check_process()
        return self.ssh_key.public_key_blocking()

    async def __aenter__(self) -> Self:
        self._shared.loop.bind()
        if self._shared.spill is not None:
            await self._shared.spill.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()

    async def disconnect(self) -> DisconnectReport:
        """Disconnect all connectors, drain the store and the callbacks within limits, close the store.

        It may be used again afterwards: the next operation connects anew, also in another event loop. A cancellation is
        held back until it is done; its steps have limits. Concurrent calls share one run.

        Returns:
            What could not be written, and what is still running.
        """
        loop = self._shared.loop.bind()
        if self._disconnecting is None:
            self._disconnecting = loop.create_task(self._disconnect(), name="disconnect")
        task = self._disconnecting
        cancelled = await settle(task, float("inf"))
        if cancelled is not None:
            raise cancelled
        return task.result()

    async def _disconnect(self) -> DisconnectReport:
        grace = self.config.timeouts.store_grace
        unwritten: list[Unwritten] = []
        alive: list[str] = []
        try:
            connectors = list(self._connectors.made.values())
            ends = await asyncio.gather(*(connector.disconnect() for connector in connectors), return_exceptions=True)
            for connector, end in zip(connectors, ends, strict=True):
                if isinstance(end, DisconnectReport):
                    unwritten += end.unwritten
                    alive += end.alive
                else:
                    _LOG.error("%r could not be disconnected: %s", connector, type(end).__qualname__)
                    alive.append(f"{connector.name}: disconnecting failed with {type(end).__qualname__}")
            alive += await self._connectors.close_providers(grace)
            alive += await self._shared.close(grace, unwritten)
            self._shared.lasting.withdraw()
            return DisconnectReport(unwritten, alive)
        finally:
            self._disconnecting = None
            self._shared.loop.let_go()


def _check_providers(providers: Sequence[ConnectorProvider]) -> Sequence[ConnectorProvider]:
    for number, provider in enumerate(providers):
        if not isinstance(provider, ConnectorProvider):
            raise BadArguments(
                f"providers[{number}]: expected a ConnectorProvider, got {kind_of(provider)}", ["providers"]
            )
    return providers
