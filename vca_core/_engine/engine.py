"""What runs behind a `Connector`: its backend's session, its book, its runner; how it is disconnected (design 4-8)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from vca_core import arguments
from vca_core._engine.locks import LockKey
from vca_core._engine.namespace_deletes import NamespaceDeletes
from vca_core._engine.operation import CREATES, DELETES, OUTCOME_IS_AGGREGATE, Body, RunningOperation, concerning
from vca_core._engine.runner import Runner
from vca_core._loading.backend_session import Session
from vca_core._tracking.environments import Page, StatusBook
from vca_core._tracking.outbox import Unwritten
from vca_core._tracking.place import StatusPath
from vca_core._tracking.records import COLLECTION, Registry
from vca_core.arguments import Seconds
from vca_core.errors import BadArguments, ConflictError, StoreError
from vca_core.extensions import OperationInfo
from vca_core.naming import EeId, Namespace
from vca_core.probe import Probe
from vca_core.status import DeploymentStatus, Entity
from vca_core.tasks import OwnedTasks

if TYPE_CHECKING:
    from vca_core.vca import Vca

P = ParamSpec("P")
R = TypeVar("R")

_REPORTS_TO_HOME = CREATES | DELETES | OUTCOME_IS_AGGREGATE
"""The operations that, without a ``db_dict``, write to the home of their EE."""

_DISCONNECTING = "the connector is being disconnected; try again when that is done"


@dataclass(frozen=True, slots=True)
class DisconnectReport:
    """What a disconnect could not bring to an end; empty when all went well.

    Args:
        unwritten: statuses that could not be stored.
        alive: names of hooks, tasks and callbacks that still run.
    """

    unwritten: Sequence[Unwritten] = ()
    alive: Sequence[str] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing is lost and nothing is left."""
        return not self.unwritten and not self.alive


class ConnectorRuntime:
    """What runs behind one connector.

    Args:
        vca: what it belongs to.
        name: its name in the config.
    """

    def __init__(self, vca: Vca, name: str) -> None:
        self._vca = vca
        self._name = name
        self.log = logging.getLogger("vca_core.connector")
        self.timeouts = vca.config.timeouts_of(name)
        config = vca.config.connectors[name]
        self.session = Session(name, config, vca.config.folder, vca.ssh_key, self._report)
        scrub = self.session.secrets.scrub
        self._tasks = OwnedTasks(name)
        self.registry = Registry(name, vca.store, vca.writer, self.timeouts.store_grace)
        self.book = StatusBook(name, vca.writer, scrub, self.registry, self._tasks.spawn)
        self._runner = Runner(vca.locks, self.book, scrub, self.timeouts.cleanup, self.timeouts.store_grace)
        self._deletes = NamespaceDeletes(self._runner, self._tasks.spawn, self.timeouts.cleanup)
        self._disconnecting: asyncio.Task[DisconnectReport] | None = None

    def observe(self, probe: Probe | None) -> None:
        """Let somebody look on, or nobody any more."""
        self.session.hooks.probe = self.book.probe = probe

    # Identities.

    def key(self, ee_id: EeId) -> LockKey:
        """The key of an EE."""
        return (self._name, ee_id.model, ee_id.application)

    def key_of(self, namespace: Namespace) -> LockKey:
        """The key that the EE of a namespace has, before it is there."""
        names = self.session.names
        model, application = names.model(namespace), names.application(namespace)
        EeId(model, application, "0")  # a backend's own rules may be wrong
        return (self._name, model, application)

    async def page(self, ee_id: EeId) -> Page:
        """What is known of an EE."""
        self.book.bind(self._vca.bind())
        return await self.book.opened(self.key(ee_id))

    async def remember(self, op: RunningOperation, ee_id: EeId) -> None:
        """Store the ee_id of an operation (`vca_core.backend.Operation.created`)."""
        key = op.keys[0]
        if op.home is None:
            raise AssertionError("an operation that creates has a home")
        await self.registry.remember(key, ee_id, op.home, new=op.ee_id is None)
        self.book.page(key).ee_id = ee_id

    def declare_secrets(self, ee_id: EeId, names: Iterable[str]) -> None:
        """Remember which options and parameters an EE's charm declares secret."""
        self.book.declare_secrets(self.key(ee_id), frozenset(names))

    def declared_secrets(self, ee_id: EeId) -> frozenset[str]:
        """The names of options and parameters that an EE's charm declares secret, as far as they are known here."""
        return self.book.secret_names(self.key(ee_id))

    # Operations.

    def operation(
        self,
        hook: str,
        *,
        total: Seconds = None,
        progress: Seconds = None,
        db_dict: Mapping[str, Any] | None = None,
        keys: Sequence[LockKey] = (),
        ee_id: EeId | None = None,
        model: str | None = None,
        namespace: Namespace | None = None,
        read: bool = False,
    ) -> RunningOperation:
        """Check what is common to all operations and make one; nothing is begun yet.

        Raises:
            NotSupported: the backend does not implement the hook.
            BadArguments: a time-out or the ``db_dict`` is wrong.
        """
        self.session.hooks.require(hook)
        timeouts = self.timeouts
        path = None if db_dict is None else StatusPath.parse(db_dict)
        total_limit = arguments.timeout(total, "total_timeout", timeouts.read if read else timeouts.total)
        progress_limit = arguments.timeout(progress, "progress_timeout", timeouts.progress)
        return RunningOperation(
            operation=hook,
            connector=self._name,
            backend=self.session.name,
            total=total_limit,
            cleanup=timeouts.cleanup,
            reporter=self.book.report_of,
            progress=None if read else progress_limit,
            keys=tuple(keys),
            model=model,
            namespace=namespace,
            ee_id=ee_id,
            paths=() if path is None else (path,),
            read=read,
        )

    async def run(self, op: RunningOperation, body: Body[R], secrets: Callable[[], Sequence[str]] = list) -> R:
        """Run an operation.

        Args:
            op: the operation.
            body: what it does, once it may.
            secrets: gives the values that no text may show while it runs; asked once what is known of its EE has been
                looked up.
        """

        async def prepare(op: RunningOperation) -> None:
            await self._prepare(op)
            self._hold(op, secrets())

        self._admit(op)
        return await self._runner.run(op, self._extended(op, body), None if op.read else prepare)

    async def delete_namespace(
        self, op: RunningOperation, body: Callable[[RunningOperation], Coroutine[Any, Any, None]]
    ) -> None:
        """Run the delete of a namespace, or join the one that is under way."""
        if op.model is None:
            raise AssertionError("a delete of a namespace has its model")
        self.book.bind(self._vca.bind())
        self._check_connected(op)
        if op.namespace is not None:
            await self._check_model(op, op.model, op.namespace)
        await self._deletes.delete(op, self._extended(op, body))

    async def call(
        self,
        op: RunningOperation,
        spec: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
        /,
        *_: P.args,
        **given: P.kwargs,
    ) -> R:
        """Call a hook within an operation, with the backend opened."""
        await self.session.opened(self.timeouts.total)
        op.hook_starts()
        return await self.session.hooks.call(spec, **given)  # type: ignore[call-arg]  # P.args is empty by the signature

    def _admit(self, op: RunningOperation) -> None:
        self.book.bind(self._vca.bind())
        self._check_connected(op)
        if op.read:
            return
        try:
            if op.model is not None:
                self._deletes.check(op.model)
            self._vca.writer.check_room()
        except ConflictError as error:
            op.locate(error)
            raise

    def _check_connected(self, op: RunningOperation) -> None:
        if self._disconnecting is not None:
            raise op.locate(ConflictError(_DISCONNECTING))

    def _hold(self, op: RunningOperation, secrets: Sequence[str]) -> None:
        if not secrets:
            return
        handle = self.session.secrets.add(secrets)
        op.at_end = lambda: self.session.secrets.remove(handle)

    def _extended(self, op: RunningOperation, body: Body[R]) -> Body[R]:
        extensions = self._vca.extensions
        if not extensions.surround:
            return body
        info = OperationInfo(
            id=op.id,
            operation=op.operation,
            connector=self._name,
            backend=self.session.name,
            namespace=None if op.namespace is None else str(op.namespace),
            ee_id=None if op.ee_id is None else str(op.ee_id),
        )

        async def extended(op: RunningOperation) -> R:
            async with extensions.around(info):
                return await body(op)

        return extended

    async def _prepare(self, op: RunningOperation) -> None:
        """Find out where an operation's statuses go, and make sure of its identity, holding its locks."""
        if op.home is not None and op.namespace is not None:
            await self.registry.claim(op.keys[0], op.namespace, op.home, own=op.home.table == COLLECTION)
            return
        for key in op.keys:
            if key[0] == self._name:
                page = await self.book.opened(key)
                if not op.paths and page.home is not None and op.operation in _REPORTS_TO_HOME:
                    op.paths = (page.home,)

    # What the backend reports between operations.

    def _report(
        self, ee_id: EeId, entity: Entity, native: str | None, detail: str, status: DeploymentStatus | None
    ) -> None:
        self.book.report(ee_id, entity, native, detail, status)

    # The end.

    async def disconnect(self) -> DisconnectReport:
        """Stop what runs, close the backend, wait for what is queued; concurrent calls share one run of it."""
        self.book.bind(self._vca.bind())
        if self._disconnecting is None:
            self._disconnecting = asyncio.get_running_loop().create_task(
                self._disconnect(), name=f"{self._name}: disconnect"
            )
        return await asyncio.shield(self._disconnecting)

    async def _disconnect(self) -> DisconnectReport:
        limits = self.timeouts
        try:
            running = concerning(self._runner.running)
            for op in running:
                op.stop(ConflictError(_DISCONNECTING))
            if running:
                ends = [op.finished for op in running]
                await asyncio.wait(ends, timeout=limits.cleanup + limits.store_grace)
            alive = await self.session.close(limits.cleanup)
            unwritten = await self._vca.writer.drain(limits.store_grace, self._name)
            await self._vca.drain_callbacks(limits.store_grace)
            alive += await self._tasks.cancel(limits.cleanup)
            alive += [f"straggler {op.id}" for op in self._runner.stragglers.values()]
            return DisconnectReport(unwritten, alive)
        finally:
            self._disconnecting = None
            self.book.bind(None)

    async def _check_model(self, op: RunningOperation, model: str, namespace: Namespace) -> None:
        """Refuse to delete a model that is known to be another NS's; a store that is down does not stop a delete."""
        try:
            await self.registry.check_model(model, namespace)
        except StoreError as error:
            self.log.warning("whose model %s is was not checked: %s", model, error)
        except BadArguments as error:
            op.locate(error)
            raise

    def forget_model(self, model: str) -> None:
        """Forget all EEs of a model that is gone."""
        self.book.forget_model(model)
        self.registry.forget_model(model)

    @contextlib.contextmanager
    def deleting(self, model: str) -> Iterator[None]:
        """While a model is being deleted, the homes of its EEs keep what stands there."""
        self.book.deleting(model, on=True)
        try:
            yield
        finally:
            self.book.deleting(model, on=False)
