"""The framework's front door: connectors by name, from a config."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from vca_core.arguments import Seconds
from vca_core.artifacts import ArtifactRoot
from vca_core.callbacks import Callbacks, OnUpdateDb
from vca_core.config import VcaConfig, load_config
from vca_core.connector import Connector
from vca_core.connector_runtime import DisconnectReport
from vca_core.errors import BadArguments, VcaError
from vca_core.extensions import Extensions, StatusChange
from vca_core.locks import Locks
from vca_core.naming import EeId
from vca_core.ssh_keys import SshKeyPair
from vca_core.status_path import StatusPath
from vca_core.status_writer import StatusWriter
from vca_core.stores import StatusStore, store_from_url
from vca_core.stores.lazy import LazyStore
from vca_core.tasks import settle

_LOG = logging.getLogger(__name__)


class Vca:
    """Connectors by name, with one store, one folder of artifacts, one ssh key pair.

    Constructing connects to nothing and needs no event loop. One `Vca` belongs to one event loop at a time: the first
    that uses it, until `disconnect`.

    Args:
        config: the checked config.
        on_update_db: called after each stored status: ``on_update_db(table, filter, path, update_dict)`` (S22).
        store: the status store; None: the one that the config names.

    Attributes:
        store: the status store, opened when first used.
        ssh_key: the key pair whose public part goes into machines.
    """

    def __init__(
        self, config: VcaConfig, *, on_update_db: OnUpdateDb | None = None, store: StatusStore | None = None
    ) -> None:
        self.config = config
        self.store: StatusStore = LazyStore(store or store_from_url(config.store, config.folder))
        self.artifacts = ArtifactRoot(config.artifacts_folder or config.folder)
        self.ssh_key = SshKeyPair(config.ssh_key_path)
        self.locks = Locks()
        self.extensions = Extensions.load([(entry.name, entry.options) for entry in config.extensions])
        self.writer = StatusWriter(
            self.store,
            interval=config.status.interval,
            queue_limit=config.status.queue_limit,
            attempt_limit=config.timeouts.store_grace,
            on_stored=self._stored,
        )
        self._callbacks = None if on_update_db is None else Callbacks(on_update_db, config.timeouts.callback)
        self._connectors: dict[str, Connector] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._disconnecting: asyncio.Task[DisconnectReport] | None = None

    @classmethod
    def from_config(
        cls,
        config: str | os.PathLike[str] | Mapping[str, Any] | VcaConfig,
        *,
        on_update_db: OnUpdateDb | None = None,
        store: StatusStore | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Make one from a config.

        Args:
            config: path of a YAML or TOML file, or a mapping, or a checked `VcaConfig`.
            on_update_db: called after each stored status: ``on_update_db(table, filter, path, update_dict)`` (S22).
            store: the status store; None: the one that the config names.
            environ: where overrides (``VCA_STORE``, ``VCA_CONNECTORS__EDGE__OPTIONS__LATENCY``) come from; None:
                ``os.environ``.

        Raises:
            BadArguments: the config is wrong; says where, by line.
        """
        environment = os.environ if environ is None else environ
        return cls(load_config(config, environment), on_update_db=on_update_db, store=store)

    def __repr__(self) -> str:
        return f"<Vca with connectors {', '.join(self.config.connectors)}>"

    def connector(self, name: str | None = None) -> Connector:
        """Get a connector; its plugin is imported now, nothing is connected to.

        Args:
            name: its name in the config; None: the default one.

        Raises:
            BadArguments: there is none by that name, or its options are wrong.
            PluginError: its backend is broken.
        """
        name = self.config.connector_name(name)
        connector = self._connectors.get(name)
        if connector is None:
            connector = self._connectors[name] = Connector(self, name)
        return connector

    async def add_relation(
        self,
        end_1: tuple[Connector, str | EeId, str],
        end_2: tuple[Connector, str | EeId, str],
        *,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
    ) -> None:
        """Relate execution environments of two connectors, where the first one's backend can.

        Args:
            end_1: connector, ee_id and endpoint.
            end_2: connector, ee_id and endpoint.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.

        Raises:
            NotSupported: the first one's backend cannot reach the second one.
        """
        await self._relate("add_relation", end_1, end_2, progress_timeout, total_timeout)

    async def remove_relation(
        self,
        end_1: tuple[Connector, str | EeId, str],
        end_2: tuple[Connector, str | EeId, str],
        *,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
    ) -> None:
        """Remove a relation of execution environments of two connectors; see `add_relation`."""
        await self._relate("remove_relation", end_1, end_2, progress_timeout, total_timeout)

    async def _relate(
        self,
        hook: str,
        end_1: tuple[Connector, str | EeId, str],
        end_2: tuple[Connector, str | EeId, str],
        progress: Seconds,
        total: Seconds,
    ) -> None:
        ends = []
        for number, end in enumerate((end_1, end_2), start=1):
            given: object = end  # callers need no type checker
            if not isinstance(given, tuple) or len(given) != 3 or not isinstance(given[0], Connector):
                raise BadArguments(f"end_{number} is a tuple (connector, ee_id, endpoint)", [f"end_{number}"])
            connector, ee_id, endpoint = end
            if self._connectors.get(connector.name) is not connector:
                raise BadArguments(f"end_{number}: {connector!r} is of another Vca", [f"end_{number}"])
            ends.append(connector.relation_end(ee_id, endpoint, str(number)))
        await end_1[0].relate(hook, ends[0], ends[1], progress, total)

    async def get_public_key(self) -> str:
        """Tell the public key to inject into machines (S15); see `Connector.get_public_key`."""
        return await self.ssh_key.public_key()

    async def __aenter__(self) -> Self:
        self.bind()
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
            What could not be written, and what still lives.
        """
        loop = self.bind()
        if self._disconnecting is None:
            self._disconnecting = loop.create_task(self._disconnect(), name="disconnect")
        task = self._disconnecting
        cancelled = await settle(task, float("inf"))
        if cancelled is not None:
            raise cancelled
        return task.result()

    async def _disconnect(self) -> DisconnectReport:
        try:
            return await self._disconnect_all()
        finally:
            self._disconnecting = None
            self._loop = None

    async def _disconnect_all(self) -> DisconnectReport:
        grace = self.config.timeouts.store_grace
        reports = await asyncio.gather(*(connector.disconnect() for connector in self._connectors.values()))
        unwritten = [status for report in reports for status in report.unwritten]
        alive = [name for report in reports for name in report.alive]
        unwritten += await self.writer.drain(grace)
        alive += await self.writer.close(grace)
        if self._callbacks is not None:
            alive += await self._callbacks.drain(grace)
        alive += await self._close_store(grace)
        return DisconnectReport(unwritten, alive)

    async def _close_store(self, limit: float) -> list[str]:
        try:
            async with asyncio.timeout(limit):
                await self.store.close()
        except TimeoutError:
            return ["the status store"]
        except Exception as error:  # noqa: BLE001 - a store may raise anything; the rest is disconnected all the same
            _LOG.warning("the status store failed to close: %s", type(error).__qualname__)
        return []

    async def drain_callbacks(self, limit: float) -> None:
        """Wait for the callbacks that are queued, for at most `limit` seconds."""
        if self._callbacks is not None:
            await self._callbacks.wait(limit)

    def bind(self) -> asyncio.AbstractEventLoop:
        """Check that the running event loop is the one this belongs to, and return it.

        Raises:
            VcaError: it is another one.
        """
        loop = asyncio.get_running_loop()
        if self._loop is None or self._loop.is_closed():
            self._loop = loop
        elif self._loop is not loop:
            raise VcaError(
                "this Vca belongs to another event loop; make one for each loop, or disconnect it there first"
            )
        return loop

    def _stored(self, origin: str, path: StatusPath, fields: Mapping[str, Any], outcome: bool) -> None:  # noqa: FBT001 - called by the writer only
        if self._callbacks is not None:
            self._callbacks.call(path, fields, outcome=outcome)
        self.extensions.status_changed(StatusChange(origin, path.table, path.query, path.path, fields))
