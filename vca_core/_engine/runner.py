"""Runs one operation: its locks, its deadlines, its cancellation, its outcome.

The hook runs in a task of its own; the caller's task watches it. So a hook that ignores its cancellation costs the
caller ``cleanup_timeout`` and no more: it becomes a straggler, owned and logged here, and its EE stays locked until
it ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from vca_core._engine.answers import aside_if_heavy, check_listing
from vca_core._engine.locks import Locks
from vca_core._engine.operation import RunningOperation
from vca_core._engine.recall import Recall
from vca_core._engine.request import Call, Request
from vca_core._loading.backend_session import BackendSession
from vca_core._loading.extensions import Extensions
from vca_core._tracking.tracker import Tracker
from vca_core.config import Timeouts
from vca_core.errors import BackendError, BadArguments, VcaError, VcaTimeoutError
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId, Namespace
from vca_core.secrets import (
    LastingSecrets,
    SecretValues,
    add_reason,
    as_vca_error,
    excess_of_secrets,
    is_secret_name,
    secret_strings,
)
from vca_core.status import EntityState
from vca_core.tasks import compute_in_thread, end_of, settle

_LOG = logging.getLogger(__name__)

R = TypeVar("R")


@dataclass(frozen=True, slots=True, repr=False)  # asyncio's debug mode prints the results of tasks
class _Returned(Generic[R]):
    value: R


@dataclass(frozen=True, slots=True, repr=False)
class _Raised:
    error: VcaError


class Runner:
    """Runs the operations of one connector.

    Args:
        session: the connector's backend.
        locks: the locks of all EEs.
        tracker: follows operations and writes their outcomes.
        extensions: what surrounds operations.
        limits: the connector's time-outs.
        lasting: keeps the secret options of EEs.
        recall: reads those back that another process set.

    Attributes:
        running: the operations that are not over for their callers.
        stragglers: hooks that still run although their operation is over.
    """

    def __init__(
        self,
        session: BackendSession,
        locks: Locks,
        tracker: Tracker,
        extensions: Extensions,
        limits: Timeouts,
        lasting: LastingSecrets,
        recall: Recall,
    ) -> None:
        self._session = session
        self._locks = locks
        self._tracker = tracker
        self._extensions = extensions
        self._limits = limits
        self._lasting = lasting
        self._recall = recall
        self.running: set[RunningOperation] = set()
        self.stragglers: dict[asyncio.Task[Any], RunningOperation] = {}

    async def run(self, op: RunningOperation, request: Request[R], declared: frozenset[str] = frozenset()) -> R:
        """Run an operation to its end, with its outcome stored or safely queued.

        Args:
            op: the operation.
            request: what is asked for.
            declared: the options and parameters that its charm declares secret.

        Returns:
            The request's answer.

        Raises:
            VcaTimeoutError: a limit was hit.
            ConflictError: stopped by a delete or a disconnect.
            VcaError: the hook failed, or its answer is not what is expected.
            asyncio.CancelledError: the caller was cancelled; the operation has been cancelled, with its outcome queued.
        """
        self.running.add(op)
        task: asyncio.Task[_Returned[R] | _Raised] | None = None
        locked = False
        try:
            locked = await self._locks.acquire(op.trail.keys, op.total_at, op.interrupt)
            if not locked:
                raise op.locate(
                    op.stopped or op.timeout_error(waiting="another operation on the same execution environment runs")
                )
            if not request.call.traits.reads:
                await self._prepare(op, request, declared)
            # Before the task is made: what reports between here and its first step is this operation's already.
            marked = self._tracker.begin(op.trail)
            op.has_begun = True
            task = asyncio.get_running_loop().create_task(self._run_hook(op, request, marked), name=op.id)
            return await self._supervise(op, task)
        finally:
            op.trail.end()
            self.running.discard(op)
            if task is not None and not task.done():
                self._keep(op, task)
            else:
                if locked:
                    self._locks.release(op.trail.keys)
                if op.at_end is not None:
                    op.at_end()
            if not op.finished.done():
                op.finished.set_result(None)

    async def _prepare(self, op: RunningOperation, request: Request[Any], declared: frozenset[str]) -> None:
        """Find out what the operation concerns. If this raises, it never began, and no outcome is written."""
        if (left := op.remaining()) <= 0:
            raise op.locate(op.timeout_error())
        try:
            await self._tracker.prepare(op.trail, declared, left)
        except VcaError as error:
            op.locate(error)
            raise
        if op.stopped is not None:
            raise op.locate(op.stopped)
        await self._hide_secrets(op, request)

    async def _hide_secrets(self, op: RunningOperation, request: Request[Any]) -> None:
        confidential = request.confidential
        if confidential.is_empty:
            return
        try:
            async with asyncio.timeout_at(op.total_at):
                found = await confidential.find(op.trail.secret_names, self._session.secret_texts)
        except BadArguments as error:
            op.locate(error)
            raise
        except TimeoutError:
            raise op.locate(op.timeout_error(waiting="its secrets are looked for")) from None
        if not found:
            return
        handle = self._session.secrets.add_forms([form for secrets in found.values() for form in secrets.forms])
        op.at_end = lambda: self._session.secrets.remove(handle)
        texts = self._session.secret_texts
        by_text = {name for name, one in found.items() if one.texts & texts and name and not is_secret_name(name)}
        self._tracker.declare_secrets(op.trail, frozenset(by_text))
        if confidential.lasting:
            found.pop("", None)
            self._lasting.keep(request.keys[0], found)

    async def _supervise(self, op: RunningOperation, task: asyncio.Task[_Returned[R] | _Raised]) -> R:
        cancelled: asyncio.CancelledError | None = None
        failure: VcaError | None = None
        try:
            failure = await self._watch(op, task)
        except asyncio.CancelledError as error:
            cancelled = error
        if not task.done():
            task.cancel()
            cancelled = await settle(task, self._limits.cleanup) or cancelled
            if isinstance(failure, VcaTimeoutError):
                failure = add_reason(failure, end_of(task), self._scrub_own(op))
        result: _Returned[R] | None = None
        if failure is None and cancelled is None:
            ended = self._ending_of(op, task)
            if isinstance(ended, _Raised):
                failure = ended.error
            else:
                result = ended
        outcome: BaseException | None = cancelled or failure
        stored = [promise for promise in self._tracker.end(op.trail, outcome) if not promise.done()]
        if stored:
            written = stored[0] if len(stored) == 1 else asyncio.gather(*stored)
            cancelled = await settle(written, self._limits.store_grace) or cancelled
            if not written.done():
                keeping = asyncio.ensure_future(self._tracker.keep_safe(op.trail, self._limits.cleanup))
                cancelled = await settle(keeping, float("inf")) or cancelled
        if cancelled is not None:
            raise cancelled
        if failure is not None:
            raise op.locate(failure)
        if result is None:
            raise AssertionError("an operation ends with a result or an error")
        return result.value

    async def _watch(self, op: RunningOperation, task: asyncio.Task[Any]) -> VcaError | None:
        """Wait for the hook, a limit or a stop; return what ended the operation before its hook did, if anything."""
        loop = asyncio.get_running_loop()
        task.add_done_callback(op.wake)
        while not task.done():
            if op.stopped is not None:
                return op.stopped
            left = op.seconds_left(loop.time())
            if left <= 0:
                return op.timeout_error()
            if op.interrupt.done():
                op.interrupt = loop.create_future()
            timer = loop.call_later(left, op.wake)
            try:
                await op.interrupt
            finally:
                timer.cancel()
        return None

    async def _run_hook(
        self, op: RunningOperation, request: Request[R], marked: Sequence[asyncio.Future[None]]
    ) -> _Returned[R] | _Raised:
        """Do what is asked for, once the operation's places say that it runs.

        Whatever is raised is kept as an error of the tree, with the secrets taken out. Only the interpreter's own ways
        to end a program and a cancellation go through.
        """
        try:
            for promise in marked:
                await promise
            if op.facts is None:
                return _Returned(await self._call_hook(op, request))
            async with self._extensions.around(op.facts):
                return _Returned(await self._call_hook(op, request))
        except (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a hook may raise anything
            return _Raised(as_vca_error(error, self._scrub_own(op), await self._scrub_of_foreign(request)))

    def _scrub_own(self, op: RunningOperation) -> Callable[[str], str]:
        """Return what takes secrets out of the core's own texts: the names of what the operation concerns stay."""
        return partial(self._session.secrets.scrub_own, spared=[*op.trail.names, self._session.name])

    async def _scrub_of_foreign(self, request: Request[Any]) -> Callable[[str], str]:
        """Return what takes everything that the caller gave out of a text: a foreign error may show any of it."""
        secrets, values = self._session.secrets, request.confidential.values
        if not values:
            return secrets.scrub_foreign

        def find() -> Callable[[str], str]:
            texts = list(secret_strings(values))
            if excess_of_secrets(texts) is not None:  # to look for all that in a text would take seconds
                return lambda _: "(not shown: too much was given to be sure that none of it is in there)"
            return SecretValues(texts, secrets).scrub_foreign

        return await compute_in_thread(find)

    async def _call_hook(self, op: RunningOperation, request: Request[R]) -> R:
        if not self._session.opening.is_open:
            await self._session.ensure_open(self._limits.total)
        if not self._are_secrets_known(op):
            await self._recall.recall_concerned(op.trail, request)
        if not op.trail.is_informed:
            await self._learn(op)
        if request.recalls and request.namespace is not None:
            await self._recall_namespace(op, request.namespace)
        op.touch()
        if request.before is not None:
            await self._try_before(op, request.before)
        given = await self._call(op, request.call)
        if op.trail.unfound is not None:
            raise self._tracker.leftover_error(op.trail)
        answer = await aside_if_heavy(given, lambda: request.answer(given, op))
        if op.trail.traits.is_aggregate:
            await self._look(op)
        if request.speaks_of is not None:
            spoken_of = request.speaks_of(answer)
            await (self._recall.recall_everything() if spoken_of is None else self._recall.recall(spoken_of))
        return answer

    def _are_secrets_known(self, op: RunningOperation) -> bool:
        """Whether no secrets have to be read back: this `Vca` operated last on all of the EEs, and knows them."""
        concerned, owner = self._tracker.environments_of(op.trail), self._recall.owner
        known = [one for one in concerned if self._lasting.known.get(one.key) == owner == one.operator]
        return len(known) == len(op.trail.keys)

    async def _recall_namespace(self, op: RunningOperation, namespace: Namespace) -> None:
        model = self._session.names.model(namespace)
        unkept = await self._listing(op, namespace) if self._recall.is_new(model) else None
        await self._recall.recall_namespace(model, unkept or ())

    async def _call(self, op: RunningOperation, call: Call[Any]) -> Any:
        if call.traits.reads:
            return await self._session.hooks.call(call.spec, **call.arguments)
        await op.held()
        op.trail.is_called = True
        return await self._session.hooks.call(call.spec, op=op, **call.arguments)

    async def _try_before(self, op: RunningOperation, call: Call[Any]) -> None:
        op.trail.muted = True
        try:
            await self._call(op, call)
        except VcaTimeoutError:
            raise
        except VcaError as error:
            _LOG.debug("%s: the call before it failed, which is taken for done: %s", op.id, error)
        op.trail.muted = False

    async def _learn(self, op: RunningOperation) -> None:
        """List each EE that may not be fully known, such as one that another process operated on."""
        for key, ee_id, namespace in self._tracker.unknown_ees(op.trail):
            found = await self._listing(op, namespace)
            if found is not None:
                states = found.get(ee_id)
                self._tracker.learn(key, None if states is None else await self.without_secrets(states))

    async def _look(self, op: RunningOperation) -> None:
        """List the EE before an outcome that is an aggregate, if it is not fully known."""
        if self._tracker.is_known(op.trail) or op.trail.ee_id is None:
            return
        found = await self._listing(op, self._tracker.namespace_of(op.trail))
        if found and op.trail.ee_id in found:
            self._tracker.take_listing(op.trail, await self.without_secrets(found[op.trail.ee_id]))

    async def without_secrets(self, states: Sequence[EntityState]) -> Sequence[EntityState]:
        """Take the secrets out of what a listing says of an EE: a thousand units may each say a lot."""
        return await aside_if_heavy(states, lambda: self._tracker.scrub_states(states))

    async def _listing(
        self, op: RunningOperation, namespace: Namespace | None
    ) -> Mapping[EeId, Sequence[EntityState]] | None:
        """Return what the backend lists in a namespace; None: it cannot list, or does not answer now."""
        hooks, spec = self._session.hooks, BackendHooks.list_execution_environments
        if not hooks.has_hook(spec.__name__):
            return None
        try:
            async with asyncio.timeout(self._limits.read):
                listed = check_listing(await hooks.call(spec, namespace=namespace))
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            return None  # the hook's own
        except Exception as error:  # noqa: BLE001 - a hook may raise anything; the operation does without
            own = as_vca_error(error, self._scrub_own(op), self._session.secrets.scrub_foreign)
            _LOG.warning("%s: its entities could not be listed: %s", op.id, own)
            return None
        return {record.ee_id: record.entities for record in listed}

    def _ending_of(self, op: RunningOperation, task: asyncio.Task[_Returned[R] | _Raised]) -> _Returned[R] | _Raised:
        if task.cancelled():
            return _Raised(BackendError(f"{op.trail.operation} ended with a CancelledError without a cancellation"))
        raised = task.exception()
        if isinstance(raised, GeneratorExit):
            # The hook raised it itself: code that closes a coroutine asks for no result, so this task's is unknown.
            return _Raised(as_vca_error(raised, self._scrub_own(op), self._session.secrets.scrub_foreign))
        return task.result()

    def _keep(self, op: RunningOperation, task: asyncio.Task[Any]) -> None:
        """Keep a hook that did not end in time, until it ends."""
        _LOG.warning(
            "%s did not end within %g s of its cancellation; its locks stay held until it does",
            op.id,
            self._limits.cleanup,
        )
        self.stragglers[task] = op
        task.add_done_callback(self._release_straggler)

    def _release_straggler(self, task: asyncio.Task[Any]) -> None:
        op = self.stragglers.pop(task)
        self._locks.release(op.trail.keys)
        if op.at_end is not None:
            op.at_end()
        how = (
            "cancelled" if task.cancelled() or task.exception() is not None else type(task.result()).__name__.strip("_")
        )
        _LOG.warning("%s has ended at last (%s); its locks are free", op.id, how.lower())
