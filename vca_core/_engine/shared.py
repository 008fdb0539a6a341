"""What all connectors of a `Vca` share."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vca_core._engine.locks import Locks
from vca_core._loading.extensions import Extensions
from vca_core._tracking.callbacks import OnUpdateDb, UpdateCallbacks
from vca_core._tracking.entry import Unwritten
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import Place
from vca_core._tracking.spill import Spill
from vca_core.artifacts import ArtifactRoot
from vca_core.config import VcaConfig
from vca_core.errors import VcaError
from vca_core.extensions import OperationFacts, StatusChange
from vca_core.naming import EeKey
from vca_core.secrets import LastingSecrets
from vca_core.ssh_keys import SshKeyPair
from vca_core.stores import StatusStore, store_from_url
from vca_core.stores.lazy import LazyStore
from vca_core.stores.plugins import scrub_of_plugin

_LOG = logging.getLogger(__name__)


class OwnLoop:
    """The event loop that a `Vca` belongs to: the first one that uses it, until it is released."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = os.getpid()

    def bind(self) -> asyncio.AbstractEventLoop:
        """Check that the running event loop is the one this belongs to, and return it.

        Raises:
            VcaError: it is another one, or this is a copy in a forked process.
        """
        loop = asyncio.get_running_loop()
        self.check_process()
        if self._loop is None or self._loop.is_closed():
            self._loop = loop
        elif self._loop is not loop:
            raise VcaError(
                "this Vca belongs to another event loop; make one for each loop, or disconnect it there first"
            )
        return loop

    def check_process(self) -> None:
        """Check that this is not a copy in a forked process.

        Raises:
            VcaError: it is.
        """
        if self._process != os.getpid():
            raise VcaError(f"this Vca belongs to process {self._process}, which forked this one; make one here")

    def let_go(self) -> None:
        """Release the loop: the next one that uses it becomes its own."""
        self._loop = None


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connectors of a `Vca` share; made once, handed down.

    Args:
        config: the checked config.
        store: the status store, opened when first used.
        outbox: what writes to it.
        locks: the locks of all EEs.
        extensions: what surrounds operations.
        artifacts: where charms are found.
        ssh_key: the key pair of machines.
        callbacks: calls ``on_update_db``; None: there is none.
        loop: the event loop that all of it belongs to.
        owner: names this `Vca` among all that use the store.
        spill: keeps outcomes that the store does not take in time; None: nothing does.
        actor: who calls; None: not given.
        secret_texts: what is secret wherever it appears.
        lasting: secret options of the EEs of all connectors: one may say what another was given.
        numbers: of its operations.
    """

    config: VcaConfig
    store: StatusStore
    outbox: Outbox
    locks: Locks
    extensions: Extensions
    artifacts: ArtifactRoot
    ssh_key: SshKeyPair
    callbacks: UpdateCallbacks | None
    loop: OwnLoop
    owner: str
    actor: str | None
    spill: Spill | None = None
    secret_texts: tuple[str, ...] = field(default=(), repr=False)
    lasting: LastingSecrets = field(default_factory=LastingSecrets, repr=False)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def make(
        cls,
        config: VcaConfig,
        on_update_db: OnUpdateDb | None,
        store: StatusStore | None,
        actor: str | None,
        secret_texts: Iterable[str] = (),
    ) -> Shared:
        """Make one from a config; connects to nothing.

        Args:
            config: the checked config.
            on_update_db: called after each stored status.
            store: the status store; None: the one that the config names.
            actor: who calls; None: not given.
            secret_texts: what is secret wherever it appears.
        """
        loop = OwnLoop()
        if store is None:
            opened_late = LazyStore(store_from_url(config.store, config.folder), scrub=scrub_of_plugin(config.store))
        else:
            opened_late = LazyStore(store)
        extensions = Extensions.load([(entry.name, entry.options) for entry in config.extensions])
        callbacks = None if on_update_db is None else UpdateCallbacks(on_update_db, config.timeouts.callback)

        def on_stored(
            key: EeKey,
            place: Place,
            fields: Mapping[str, Any],
            is_outcome: bool,  # noqa: FBT001 - called by the outbox only
            operation_id: str | None,
        ) -> None:
            if callbacks is not None:
                callbacks.call(place, fields, outcome=is_outcome)
            extensions.report_status(
                StatusChange(key.connector, place.table, place.query, place.path, fields, operation_id)
            )

        outbox = Outbox(
            opened_late,
            interval=config.status.interval,
            queue_limit=config.status.queue_limit,
            attempt_limit=config.timeouts.store_grace,
            on_stored=on_stored,
        )
        owner = secrets.token_hex(8)
        folder = config.spill_folder
        return cls(
            config=config,
            store=opened_late,
            outbox=outbox,
            locks=Locks(),
            extensions=extensions,
            artifacts=ArtifactRoot(config.artifacts_folder or config.folder),
            ssh_key=SshKeyPair(config.ssh_key_path),
            callbacks=callbacks,
            loop=loop,
            owner=owner,
            spill=None if folder is None else Spill(folder, owner, opened_late),
            actor=actor,
            secret_texts=tuple(secret_texts),
        )

    async def report_refusal(self, facts: OperationFacts, error: VcaError, limit: float) -> None:
        """Report a call that ended before it began: fill in where its error happened, and notify the extensions.

        Args:
            facts: what was asked for, as far as it was understood.
            error: what the caller gets.
            limit: seconds that it may take to open them. Those that do not open are logged, and learn nothing.
        """
        error.locate(backend=facts.backend or None, ee_id=facts.ee_id, operation=facts.operation, operation_id=facts.id)
        if not self.extensions.exist:
            return
        try:
            self.loop.bind()
        except VcaError as failure:
            _LOG.warning("%s was refused, and no extension learns of it: %s", facts.id, failure)
            return
        try:
            if not self.extensions.opening.is_open:
                await self.extensions.ensure_open(limit)
        except VcaError as failure:
            _LOG.warning("%s was refused, and extensions that are not open do not learn of it: %s", facts.id, failure)
        self.extensions.report_refused(facts, error)

    async def drain_callbacks(self, limit: float) -> None:
        """Wait for the callbacks that are queued, for at most `limit` seconds."""
        if self.callbacks is not None:
            await self.callbacks.wait(limit)

    async def close(self, limit: float, unwritten: list[Unwritten]) -> list[str]:
        """Drain the callbacks, end all tasks and close the store, each within a limit, whatever one of them raises.

        Args:
            limit: seconds for each step.
            unwritten: gets the statuses that are still queued and that no connector's disconnect has returned.

        Returns:
            The names of what still lives, or failed to end.
        """

        async def close_outbox(limit: float) -> list[str]:
            try:
                unwritten.extend(await self.outbox.drain(0.0))
            finally:
                alive.extend(await self.outbox.close(limit))
            return []

        alive: list[str] = []
        steps: dict[str, Callable[[float], Awaitable[list[str]]]] = {}
        if self.spill is not None:
            steps["the spill's last outcomes"] = self.spill.keep_last  # before the outbox gives them up
        steps["the outbox"] = close_outbox
        if self.callbacks is not None:
            steps["on_update_db"] = self.callbacks.drain
        steps["the extensions"] = self.extensions.close
        if self.spill is not None:
            steps["the spill"] = self.spill.close
        steps["the status store"] = self._close_store
        for name, step in steps.items():
            try:
                alive += await step(limit)
            except Exception as error:  # noqa: BLE001 - the other steps are taken nevertheless
                _LOG.warning("%s failed to close: %s", name, type(error).__qualname__)
                alive.append(f"{name}: failed to close")
        return alive

    async def _close_store(self, limit: float) -> list[str]:
        try:
            async with asyncio.timeout(limit):
                await self.store.close()
        except TimeoutError:
            return ["the status store"]
        except Exception as error:  # noqa: BLE001 - a store may raise anything; nothing of it lives on
            _LOG.warning("the status store failed to close: %s", type(error).__qualname__)
        return []


__all__ = ["OnUpdateDb", "OwnLoop", "Shared"]
