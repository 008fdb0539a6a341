"""What is known of each execution environment, and what of it is written where (design 5).

A report goes two ways: to the paths of the operation that runs on the EE, as an event; and into the EE's aggregate,
which stands at its home. While an operation's own path *is* the home, its events stand there until its outcome.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from vca_core._engine.locks import LockKey
from vca_core._engine.operation import CREATES, DELETES, OUTCOME_IS_AGGREGATE, RunningOperation
from vca_core._tracking.outbox import StatusWriter
from vca_core._tracking.place import StatusPath, status_fields
from vca_core._tracking.records import Registry, own_home
from vca_core.errors import BackendError, VcaError
from vca_core.naming import EeId
from vca_core.probe import Probe
from vca_core.status import DeploymentStatus, Entity, EntityState, aggregate

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Page:
    """What is known of one EE."""

    ee_id: EeId | None = None
    home: StatusPath | None = None
    states: dict[Entity, EntityState] = field(default_factory=dict)
    operation: RunningOperation | None = None
    failure_stands: bool = False
    looked_up: bool = False
    at_home: tuple[object, ...] | None = None
    secret_names: frozenset[str] = frozenset()


class StatusBook:
    """The pages of one connector.

    Args:
        connector: its name.
        writer: writes statuses.
        scrub: takes secrets out of a text.
        registry: keeps what outlives this process.
        spawn: starts a task that the connector owns.

    Attributes:
        probe: looks on; None: nobody does.
    """

    def __init__(
        self,
        connector: str,
        writer: StatusWriter,
        scrub: Callable[[str], str],
        registry: Registry,
        spawn: Callable[[Coroutine[Any, Any, Any], str], asyncio.Task[Any]],
    ) -> None:
        self._connector = connector
        self._writer = writer
        self._scrub = scrub
        self._registry = registry
        self._spawn = spawn
        self._pages: dict[LockKey, Page] = {}
        self._deleting: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.probe: Probe | None = None

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Say which event loop reports have to come from; None: the next one that is bound."""
        self._loop = loop

    def page(self, key: LockKey) -> Page:
        """The page of an EE, a new one if there is none."""
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = Page()
        return page

    async def opened(self, key: LockKey) -> Page:
        """The page of an EE, with its home looked up in the store if this process does not know it.

        A store that does not answer costs the home's statuses, not the operation: it is logged.
        """
        page = self.page(key)
        if not page.looked_up and page.home is None:
            try:
                record = await self._registry.look_up(key)
            except VcaError as error:
                _LOG.warning("the home of %s is not known: %s", "/".join(key), error)
                return page
            page.looked_up = True
            if record is not None and page.home is None:
                page.home = record.home
                page.ee_id = page.ee_id or record.ee_id
                page.secret_names |= record.secret_names
        return page

    def forget(self, key: LockKey) -> None:
        """Forget an EE that is gone."""
        page = self._pages.pop(key, None)
        if page is not None and page.operation is not None:
            page.home = None

    def declare_secrets(self, key: LockKey, names: frozenset[str]) -> None:
        """Remember what an EE's charm declares secret, for later processes, too."""
        page = self.page(key)
        if not names <= page.secret_names:
            page.secret_names |= names
            self._registry.declare(key, page.home or own_home(key), page.secret_names)

    def secret_names(self, key: LockKey) -> frozenset[str]:
        """What an EE's charm declares secret, as far as it is known."""
        page = self._pages.get(key)
        return frozenset() if page is None else page.secret_names

    def deleting(self, model: str, *, on: bool) -> None:
        """While a model is being deleted, what stands at the homes of its EEs stays."""
        if on:
            self._deleting.add(model)
            return
        self._deleting.discard(model)
        for key, page in self._pages.items():
            if key[1] == model and page.states:
                self.write_home(key, page)

    def forget_model(self, model: str) -> None:
        """Forget all EEs of a model that is gone."""
        for key in [key for key in self._pages if key[1] == model]:
            self.forget(key)

    # What is reported.

    def report(
        self, ee_id: EeId, entity: Entity, native: str | None, detail: str, status: DeploymentStatus | None
    ) -> None:
        """Take a report on an EE (`vca_core.backend.Host.report`)."""
        self._check_thread()
        key = (self._connector, ee_id.model, ee_id.application)
        if self.probe is not None:
            self.probe.reported(None, key[1:], entity, native, detail, status)
        page = self._pages.get(key)
        if page is None:
            page = self.page(key)
            page.ee_id = ee_id
            self._spawn(self._meet(key), f"look up {ee_id}")
        elif page.ee_id is not None and page.ee_id != ee_id:
            return  # of an earlier EE by this name (D27)
        self._take(key, page, page.operation, entity, native, detail, status)

    def report_of(
        self,
        op: RunningOperation,
        entity: Entity,
        native: str | None,
        detail: str,
        status: DeploymentStatus | None,
    ) -> None:
        """Take a report of an operation (`vca_core.backend.Operation.report`)."""
        self._check_thread()
        key = op.keys[0] if op.keys else (self._connector, op.model or "", "")
        if self.probe is not None:
            self.probe.reported(op.id, key[1:], entity, native, detail, status)
        page = self._pages.get(key) if op.keys else None
        if page is None:
            if not op.ended:
                self._take(key, Page(), op, entity, native, detail, status)
            return
        if op.ended and page.operation is not op and op.ee_id != page.ee_id:
            return  # a straggler of an EE that is gone
        self._take(key, page, None if op.ended else op, entity, native, detail, status)

    def _check_thread(self) -> None:
        try:
            running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is None or running is not self._loop:
            raise BackendError(
                "report() is for the event loop's thread; elsewhere use loop.call_soon_threadsafe(report, ...)"
            )

    def _take(
        self,
        key: LockKey,
        page: Page,
        op: RunningOperation | None,
        entity: Entity,
        native: str | None,
        detail: str,
        status: DeploymentStatus | None,
    ) -> None:
        states = page.states
        if entity.kind == "action":
            if op is None:
                return  # the operation that ran it is over
            states = op.actions
        before = states.get(entity)
        if native is None:
            if before is None:
                return
            state = EntityState(entity, "", self._scrub(detail) or "gone", DeploymentStatus.UNKNOWN)
            del states[entity]
        else:
            state = EntityState(entity, self._scrub(native), self._scrub(detail), status)
            if before == state:
                return
            states[entity] = state
        if op is not None:
            if before is None or native is None or (before.native, before.detail) != (state.native, state.detail):
                op.touch()
            if not op.muted:
                op.last = state
                if entity.kind == "action":
                    op.last_action = state
                fields = status_fields(state.meaning, state.detail, state.native, entity.kind)
                for path in op.paths:
                    self._writer.event(self._connector, path, fields)
        if entity.kind != "action":
            self.write_home(key, page)

    def write_home(self, key: LockKey, page: Page) -> None:
        """Write the aggregate to the EE's home, unless something else has to stand there."""
        home = page.home
        if home is None or page.failure_stands or key[1] in self._deleting:
            return
        op = page.operation
        if op is not None and (home in op.paths or op.operation in DELETES):
            return
        worst = aggregate(page.states.values())
        if worst is None:
            content: tuple[object, ...] = (DeploymentStatus.UNKNOWN, "nothing of it is present any more", "", "machine")
        else:
            content = (worst.meaning, worst.detail, worst.native, worst.entity.kind)
        if content != page.at_home:
            page.at_home = content
            self._writer.event(self._connector, home, status_fields(*content))  # type: ignore[arg-type]  # by construction

    async def _meet(self, key: LockKey) -> None:
        """Find the home of an EE that reports before anything was asked of it here."""
        page = await self.opened(key)
        if page.looked_up and page.home is None and page.operation is None:
            self._pages.pop(key, None)  # not ours
        else:
            self.write_home(key, page)

    # What operations leave.

    def begin(self, op: RunningOperation) -> None:
        """An operation has its lock: a failure that stood at the EE's home has served."""
        for key in op.keys:
            if key[0] != self._connector:
                continue
            page = self.page(key)
            page.operation = op
            page.failure_stands = False
            if op.home is not None:
                page.home = op.home
                page.at_home = None
            if op.home is None and page.states:
                self.write_home(key, page)

    def end(self, op: RunningOperation, failure: BaseException | None) -> list[asyncio.Future[None]]:
        """Write the outcome of an operation to its paths, the last there and once (D42).

        Args:
            op: the operation.
            failure: why it failed; None: it did not.

        Returns:
            Futures that are done when it is stored.
        """
        op.ended = True
        page = self._pages.get(op.keys[0]) if op.keys else None
        fields = self._outcome(op, page, failure)
        stored = [self._writer.outcome(self._connector, path, fields) for path in op.paths]
        for key in op.keys:
            other = self._pages.get(key)
            if other is None or other.operation is not op:
                continue
            other.operation = None
            if other.home is not None and other.home in op.paths:
                other.failure_stands = failure is not None
                other.at_home = None
                if failure is None and op.operation in CREATES | OUTCOME_IS_AGGREGATE:
                    other.at_home = tuple(
                        fields[name] for name in ("status", "detailed-status", "VCA-status", "entity-type")
                    )
            else:
                self.write_home(key, other)
        if failure is None and op.operation in DELETES and op.keys:
            key = op.keys[0]
            home = page.home if page is not None and page.home is not None else own_home(key)
            self.forget(key)
            self._registry.forget(key, home)
        return stored

    def _outcome(self, op: RunningOperation, page: Page | None, failure: BaseException | None) -> dict[str, Any]:
        last = op.last_action or op.last
        kind = last.entity.kind if last else "operation"
        native = last.native if last else ""
        if failure is not None:
            if isinstance(failure, asyncio.CancelledError):
                text = "cancelled"
            else:
                text = self._scrub(failure.message if isinstance(failure, VcaError) else str(failure))
            return status_fields(DeploymentStatus.FAILED, text, native or "failed", kind)
        worst = aggregate(page.states.values()) if page is not None and op.operation in OUTCOME_IS_AGGREGATE else None
        if worst is not None:
            return status_fields(worst.meaning, worst.detail, worst.native, worst.entity.kind)
        detail = last.detail if last and last.native else ""
        return status_fields(DeploymentStatus.COMPLETED, detail, native or "completed", kind)
