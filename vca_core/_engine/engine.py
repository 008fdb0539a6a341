"""What runs behind a `Connector`: its backend, what is known of its EEs, what runs there; how it is disconnected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from vca_core import arguments
from vca_core._engine.facts import facts_of, facts_of_call
from vca_core._engine.namespace_deletes import NamespaceDeletes
from vca_core._engine.operation import RunningOperation, operations_in
from vca_core._engine.pacer import Pacer
from vca_core._engine.recall import Recall
from vca_core._engine.report import DisconnectReport
from vca_core._engine.request import Request, run_id
from vca_core._engine.runner import Runner
from vca_core._engine.shared import Shared
from vca_core._loading.backend_session import BackendSession
from vca_core._schema import NewerRecordError
from vca_core._tracking.claims import Claims
from vca_core._tracking.entry import Unwritten
from vca_core._tracking.environments import Environments
from vca_core._tracking.place import Place
from vca_core._tracking.records import EeRecords
from vca_core._tracking.tracker import Tracker
from vca_core._tracking.trail import Trail
from vca_core.artifacts import Artifact
from vca_core.config import ConnectorConfig
from vca_core.description import Description
from vca_core.errors import ConflictError, StoreError, VcaError
from vca_core.extensions import OperationFacts
from vca_core.naming import EeId, EeKey, Namespace
from vca_core.probe import Probe
from vca_core.status import EntityState
from vca_core.tasks import OwnedTasks
from vca_core.traits import Scope

_LOG = logging.getLogger("vca_core.connector")

R = TypeVar("R")

_AT_A_TIME = 16
"""How many operations begin in one turn of the event loop."""

_DISCONNECTING = "the connector is being disconnected; try again when that is done"


class Engine:
    """Runs what one connector is asked for.

    Args:
        shared: what all connectors of its `Vca` share.
        name: the connector's name.
        definition: its backend, with options and limits.

    Attributes:
        session: its backend.
        shared: what all connectors share.
    """

    def __init__(self, shared: Shared, name: str, definition: ConnectorConfig) -> None:
        self.shared = shared
        self._name = name
        self._limits = limits = shared.config.timeouts_with(definition)
        self._tasks = OwnedTasks(name)
        self._pacer = Pacer(_AT_A_TIME)
        self._disconnecting: asyncio.Task[DisconnectReport] | None = None
        self._is_retired = False
        self.session = BackendSession(
            name,
            definition,
            shared.config.folder,
            shared.ssh_key,
            self._report,
            shared.lasting.values,
            shared.secret_texts,
        )
        scrub = self.session.secrets.scrub_foreign
        records = EeRecords(name, shared.owner, shared.outbox, limits.store_grace)
        self._claims = Claims(name, shared.owner, shared.outbox, limits.store_grace)
        self.environments = Environments(name, shared.outbox, records, scrub, shared.lasting.forget)
        self._tracker = Tracker(
            self.environments,
            records,
            self._claims,
            shared.outbox,
            self.session.secrets.scrub_own,
            self._tasks.spawn,
            shared.spill,
        )
        self._recall = Recall(name, shared.owner, self.session, self._tracker, shared.lasting, limits.read)
        self._runner = Runner(
            self.session, shared.locks, self._tracker, shared.extensions, limits, shared.lasting, self._recall
        )
        self._deletes = NamespaceDeletes(self._runner, self._tracker, self._tasks.spawn, limits.cleanup)

    def observe(self, probe: Probe | None) -> None:
        """Attach a probe; None detaches it."""
        self.session.hooks.probe = self.environments.probe = probe

    @property
    def stragglers(self) -> list[str]:
        """The ids of operations that are over for their callers, but whose hooks still run."""
        return [op.id for op in self._runner.stragglers.values()]

    def key_of(self, namespace: Namespace) -> EeKey:
        """The key that the EE of a namespace has, before it is there."""
        names = self.session.names
        model, application = names.model(namespace), names.application(namespace)
        EeId(model, application, "0")  # a backend's own rules may be wrong
        return EeKey(self._name, model, application)

    async def open_backend(self) -> None:
        """Open the backend for an operation of another connector, unless it is open.

        Raises:
            ConflictError: the connector is being disconnected.
            VcaError: it could not be opened.
        """
        self._bind()
        try:
            if self._disconnecting is not None or self._is_retired:
                raise ConflictError(_DISCONNECTING)
            await self.session.ensure_open(self._limits.total)
        except VcaError as error:
            error.locate(backend=self.session.name)
            raise

    # Operations.

    async def wait_turn(self) -> None:
        """Wait, where many operations begin at the same moment; before anything is done for them.

        Raises:
            ConflictError: the connector is disconnected meanwhile.
            VcaError: the `Vca` belongs to another event loop.
        """
        self._bind()
        await self._pacer.wait_turn()

    async def run(self, request: Request[R]) -> R:
        """Run an operation.

        Args:
            request: what is asked for.

        Returns:
            The request's answer.

        Raises:
            VcaError: it could not be begun, or failed; `Runner.run` says how.
        """
        run = run_id(request.call.hook, self.shared.owner, next(self.shared.numbers))
        # For extensions only: without them, the time is saved.
        facts = self._facts(request, run) if self.shared.extensions.exist else None
        try:
            op = self._operation(request, run, facts)
        except VcaError as error:
            await self._refuse(facts or self._facts(request, run), error)
            raise
        if not self.shared.extensions.opening.is_open:
            await self._open_extensions(op)
        try:
            return await self._run(op, request)
        except VcaError as error:
            op.locate(error)
            if facts is not None and not op.has_begun:
                await self._refuse(facts, error)
            raise

    async def _run(self, op: RunningOperation, request: Request[R]) -> R:
        await self._start_spill(op)
        self._admit(op)
        if request.call.traits.removes is Scope.NAMESPACE:
            await self._check_model(op)
            await self._deletes.delete(op, request)
            return request.answer(None, op)
        declared = frozenset() if request.artifact is None else await self._declared_secrets(op, request.artifact)
        return await self._runner.run(op, request, declared)

    async def refuse_call(self, operation: str, given: Mapping[str, Any], error: VcaError) -> None:
        """Report a call whose arguments were refused before it became a request.

        Args:
            operation: the hook that it asks for.
            given: its arguments.
            error: what the caller gets.
        """
        run = run_id(operation, self.shared.owner, next(self.shared.numbers))
        facts = facts_of_call(operation, given, run, self._name, self.session.name, self.shared.actor)
        await self._refuse(facts, error)

    async def _refuse(self, facts: OperationFacts, error: VcaError) -> None:
        await self.shared.report_refusal(facts, error, self._limits.total)

    async def _open_extensions(self, op: RunningOperation) -> None:
        """Open the extensions before the first operation, within what it may take in all.

        Raises:
            VcaError: one could not be opened.
        """
        self._bind()
        try:
            async with asyncio.timeout_at(op.total_at):
                await self.shared.extensions.ensure_open(self._limits.total)
        except (VcaError, TimeoutError) as error:
            failure = error if isinstance(error, VcaError) else op.timeout_error(waiting="the extensions are opened")
        else:
            return
        op.locate(failure)
        if op.facts is not None:
            self.shared.extensions.report_refused(op.facts, failure)  # to those that are open
        raise failure

    def _facts(self, request: Request[Any], run: str) -> OperationFacts:
        return facts_of(request, run, self._name, self.session.name, self.shared.actor)

    async def _remember(self, facts: OperationFacts | None, trail: Trail, ee_id: EeId) -> None:
        is_new = trail.ee_id is None
        if is_new:
            self.shared.lasting.note(trail.keys[0], self.shared.owner)  # no other process configured it
        await self._tracker.remember(trail, ee_id)
        if is_new and facts is not None:
            self.shared.extensions.report_created(facts, str(ee_id))

    def _operation(self, request: Request[Any], run: str, facts: OperationFacts | None) -> RunningOperation:
        """Check what is common to all operations; nothing is begun yet.

        Raises:
            NotSupported: the backend does not implement the hook.
            BadArguments: a time-out or the ``db_dict`` is wrong.
        """
        hook, traits, limits = request.call.hook, request.call.traits, self._limits
        self.session.hooks.require(hook)
        check_table = self.shared.store.check_table
        place = None if request.db_dict is None else Place.parse(request.db_dict, check_table=check_table)
        total = arguments.timeout(request.total, "total_timeout", limits.read if traits.reads else limits.total)
        progress = arguments.timeout(request.progress, "progress_timeout", limits.progress)
        trail = Trail(
            id=run,
            operation=hook,
            traits=traits,
            connector=self._name,
            keys=request.keys,
            model=request.model,
            namespace=request.namespace,
            ee_id=request.ee_id,
            places=() if place is None else (place,),
            host=request.host,
        )
        return RunningOperation(
            trail=trail,
            backend=self.session.name,
            facts=facts,
            total=total,
            cleanup=limits.cleanup,
            reporter=self.environments.report_of,
            remember=partial(self._remember, facts),
            progress=None if traits.reads else progress,
        )

    def _admit(self, op: RunningOperation) -> None:
        """Refuse what cannot be begun now.

        Raises:
            ConflictError: the connector is being disconnected, the namespace deleted, or the queue full.
        """
        self._bind()
        trail, outbox = op.trail, self.shared.outbox
        if self._disconnecting is not None or self._is_retired:
            raise ConflictError(_DISCONNECTING)
        if trail.traits.reads or trail.traits.removes is Scope.NAMESPACE:
            return
        if trail.model in self._deletes.under_way:
            self._deletes.check(trail.model)
        if outbox.waiting >= outbox.queue_limit:
            outbox.check_room()

    def _bind(self) -> None:
        """Check that the running event loop is the one that the `Vca` belongs to.

        Raises:
            VcaError: it is another one.
        """
        if asyncio.get_running_loop() is not self.environments.loop:
            self.environments.loop = self.shared.loop.bind()

    async def _start_spill(self, op: RunningOperation) -> None:
        """Begin to write what ended processes left behind, unless that has begun.

        Raises:
            BadArguments: outcomes cannot be kept in the spill folder.
            VcaTimeoutError: its disk did not answer in the time that the operation has.
        """
        if self.shared.spill is not None:
            try:
                async with asyncio.timeout_at(op.total_at):
                    await self.shared.spill.start()
            except TimeoutError:
                raise op.timeout_error(waiting="the spill folder is looked at") from None

    async def _declared_secrets(self, op: RunningOperation, artifact: Artifact) -> frozenset[str]:
        """Read the charm before anything is begun.

        Returns:
            The options and parameters that it declares secret.

        Raises:
            BadArguments: it is malformed; says in which file and key.
            VcaTimeoutError: that took longer than the operation may.
        """
        if artifact.path is None:
            return frozenset()
        try:
            async with asyncio.timeout_at(op.total_at):
                charm = await artifact.read()
        except TimeoutError:
            raise op.timeout_error(waiting="the charm is read") from None
        return frozenset() if op.trail.traits.claims else charm.secret_names

    async def refresh(self, ee_id: EeId, states: Sequence[EntityState]) -> None:
        """Bring an EE's home up to date with a listing, and wait until that is written.

        Args:
            ee_id: which one.
            states: what the listing says; empty: it does not name the EE.
        """
        self._bind()
        states = await self._runner.without_secrets(states)
        await self._tracker.standing.refresh(ee_id, states, self._limits.store_grace)

    async def take_secrets(self, described: Description) -> frozenset[str]:
        """Know the secret options in a description, so that no text shows them.

        Args:
            described: the checked description of an EE.

        Returns:
            The names of the options and parameters that are known to be secret.

        Raises:
            StoreError: the store does not answer; another process may have learned of some.
        """
        key = EeKey.of(self._name, described.ee_id)
        names = await self.environments.secret_names(key)
        await self._recall.take(key, described, names)
        return names

    async def _check_model(self, op: RunningOperation) -> None:
        """Refuse to delete a model that is known to be another NS's; a store that is down does not stop a delete."""
        trail = op.trail
        if trail.model is None or trail.namespace is None:
            raise AssertionError("a delete of a namespace has its namespace and its model")
        try:
            await self._claims.check_model(trail.model, trail.namespace, op.remaining())
        except NewerRecordError:
            raise
        except StoreError as error:
            _LOG.warning("the owner of model %s was not checked: %s", trail.model, error)
        if op.remaining() <= 0:  # nothing that runs there is stopped for it
            raise op.timeout_error(waiting="the store is asked whose the namespace is")

    def _report(self, *report: Any) -> None:
        self.environments.report(*report)

    # The end.

    async def disconnect(self) -> DisconnectReport:
        """Stop what runs, close the backend, wait for what is queued; concurrent calls share one run of it."""
        self.shared.loop.bind()
        if self._disconnecting is None:
            self._disconnecting = asyncio.get_running_loop().create_task(
                self._disconnect(), name=f"{self._name}: disconnect"
            )
        return await asyncio.shield(self._disconnecting)

    async def retire(self) -> bool:
        """Close the backend for good, unless something runs; what is queued for the store stays queued.

        Returns:
            Whether that was done. If not, or if this is cancelled, it stays in use.
        """
        self._bind()
        is_busy = self._runner.running or self.stragglers or self._deletes.under_way or len(self._pacer)
        if is_busy or self._disconnecting is not None:
            return False
        self._is_retired = True
        try:
            self._disconnecting = asyncio.get_running_loop().create_task(
                self._disconnect(drain=False), name=f"{self._name}: retire"
            )
            report = await asyncio.shield(self._disconnecting)
        except BaseException:
            self._is_retired = False
            raise
        if report.alive:
            _LOG.warning("%s: its earlier backend left behind: %s", self._name, ", ".join(report.alive))
        return True

    async def _disconnect(self, *, drain: bool = True) -> DisconnectReport:
        limits = self._limits
        unwritten: list[Unwritten] = []
        alive: list[str] = []

        async def store_queued(limit: float) -> list[str]:
            unwritten.extend(await self.shared.outbox.drain(limit, self._name))
            await self.shared.drain_callbacks(limit)
            return []

        steps: list[tuple[Callable[[float], Awaitable[list[str]]], float]] = [
            (self._stop_all, limits.cleanup + limits.store_grace),
            (self.session.close, limits.cleanup),
            *([(store_queued, limits.store_grace)] if drain else []),
            (self._tasks.cancel, limits.cleanup),
        ]
        try:
            for step, limit in steps:
                try:
                    alive += await step(limit)
                except Exception as error:  # noqa: BLE001 - the other steps are taken nevertheless
                    _LOG.error("%s: a step of disconnecting failed: %s", self._name, type(error).__qualname__)
                    alive.append(f"{self._name}: a step of disconnecting failed with {type(error).__qualname__}")
            alive += [f"straggler {straggler}" for straggler in self.stragglers]
            return DisconnectReport(unwritten, alive)
        finally:
            self._disconnecting = None
            self.environments.unwatch()
            self.environments.loop = None

    async def _stop_all(self, limit: float) -> list[str]:
        self._pacer.refuse(lambda: ConflictError(_DISCONNECTING, backend=self.session.name))
        running = operations_in(self._runner.running)
        for op in running:
            op.stop(ConflictError(_DISCONNECTING))
        if running:
            await asyncio.wait([op.finished for op in running], timeout=limit)
        return []
