"""Opens a status store when it is first used, and again after a failure or a close."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from vca_core.errors import StoreError, VcaError
from vca_core.secrets import as_vca_error, scrub_cause
from vca_core.stores.base import Outcome, StatusStore, Write
from vca_core.stores.refusals import is_refusal, mark_no_refusal
from vca_core.tasks import is_own_failure

T = TypeVar("T")


class LazyStore(StatusStore):
    """A store that opens the one behind it when it is needed.

    So a store that is out of reach at the start costs what needs it, and nothing else; the next call tries again.

    A read that fails never counts as a refusal of the write that it is for, whatever the store behind says of it.

    Args:
        store: the store behind.
        check: called before each use; raises where it is not to be used, as in another event loop.
        scrub: takes the secrets of the store's URL out of a text. What the store raises becomes an error of the tree
            then, without them. None: the store takes care of that itself.
    """

    def __init__(
        self,
        store: StatusStore,
        check: Callable[[], object] = lambda: None,
        scrub: Callable[[str], str] | None = None,
    ) -> None:
        self._store = store
        self._check = check
        self._scrub = scrub
        self._is_open = False
        self._opening: asyncio.Lock | None = None

    async def open(self) -> None:
        """Open the store behind, if it is not open."""
        self._check()
        if self._is_open:
            return
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if not self._is_open:
                task = asyncio.current_task()
                try:
                    await self._store.open()
                except BaseException as error:  # noqa: BLE001 - raised below
                    failure = self._own(error, task)
                    if isinstance(failure, VcaError):
                        mark_no_refusal(failure)
                else:
                    self._is_open = True
                    return
                raise failure  # not in the `except`: it would keep what the store raised

    async def close(self) -> None:
        """Close the store behind, if it is open."""
        self._check()
        self._opening = None
        if not self._is_open:
            return None
        self._is_open = False
        task = asyncio.current_task()
        try:
            return await self._store.close()
        except BaseException as error:  # noqa: BLE001 - raised below
            failure = self._own(error, task)
        raise failure  # as in `open`

    def check_table(self, table: str) -> None:
        """See `StatusStore.check_table`; the store behind need not be open."""
        try:
            self._store.check_table(table)
        except Exception as error:  # noqa: BLE001 - raised below
            failure = self._own(error)
        else:
            return
        raise failure  # as in `open`

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        """See `StatusStore.set`."""
        return await self._write(lambda: self._store.set(table, filter, update))

    @property
    def has_batch(self) -> bool:
        """See `StatusStore.has_batch`."""
        return self._store.has_batch

    @property
    def has_late_writes(self) -> bool:
        """See `StatusStore.has_late_writes`."""
        return self._store.has_late_writes

    async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `StatusStore.batch`."""
        self._check()
        if not self._is_open:
            try:
                await self.open()
            except Exception as error:  # noqa: BLE001 - a store may raise anything
                return [error] * len(writes)
        task = asyncio.current_task()
        try:
            outcomes = await self._store.batch(writes)
        except BaseException as error:  # noqa: BLE001 - raised below
            failure = self._own(error, task)
        else:
            scrub = self._scrub
            if scrub is None or not isinstance(outcomes, list):  # who gathers batches says what is wrong with it
                return outcomes
            return [_as_own(outcome, scrub) if isinstance(outcome, BaseException) else outcome for outcome in outcomes]
        raise failure  # as in `open`

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StatusStore.get`."""
        return await self._read(lambda: self._store.get(table, filter))

    async def exists(self, table: str, filter: Mapping[str, Any]) -> bool:
        """See `StatusStore.exists`."""
        return await self._read(lambda: self._store.exists(table, filter))

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """See `StatusStore.find`."""
        return await self._read(lambda: self._store.find(table, filter))

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        """See `StatusStore.ensure`."""
        return await self._write(lambda: self._store.ensure(table, document))

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        """See `StatusStore.delete`."""
        return await self._write(lambda: self._store.delete(table, filter))

    async def drop(self, table: str) -> None:
        """See `StatusStore.drop`."""
        return await self._write(lambda: self._store.drop(table))

    async def _write(self, call: Callable[[], Awaitable[T]]) -> T:
        return await self._use(call, self._own)

    async def _read(self, call: Callable[[], Awaitable[T]]) -> T:
        return await self._use(call, self._own_of_read)

    async def _use(
        self, call: Callable[[], Awaitable[T]], own: Callable[[BaseException, asyncio.Task[Any] | None], Exception]
    ) -> T:
        """Call the store behind, which is open then; what it raises is made our own."""
        self._check()
        if not self._is_open:
            await self.open()
        task = asyncio.current_task()
        try:
            return await call()
        except BaseException as error:  # noqa: BLE001 - raised below
            failure = own(error, task)
        raise failure  # as in `open`

    def _own(self, error: BaseException, task: asyncio.Task[Any] | None = None) -> Exception:
        """What is raised in place of what the store behind raised.

        Args:
            error: what it raised.
            task: the task that awaited it; None: nothing was awaited.

        Raises:
            BaseException: the error itself, where it ends the task, or the store takes care of its errors itself.
        """
        if self._scrub is None and isinstance(error, Exception):
            return error
        if self._scrub is None or not is_own_failure(error, task):
            raise error
        return _as_own(error, self._scrub)

    def _own_of_read(self, error: BaseException, task: asyncio.Task[Any] | None) -> Exception:
        own = self._own(error, task)
        return mark_no_refusal(own) if isinstance(own, StoreError) else own


def _as_own(error: BaseException, scrub: Callable[[str], str]) -> Exception:
    """Make an error without secrets and without the foreign object of whatever a plugin's store raised."""
    if isinstance(error, VcaError):
        own = as_vca_error(error, scrub)
        return own if own.retryable or is_refusal(error) else mark_no_refusal(own)
    cause = scrub_cause(error, scrub)
    # One without a text says that the store did not answer in time.
    is_late = isinstance(error, TimeoutError) and not str(error)
    failure = TimeoutError() if is_late else StoreError(f"the status store failed with {cause.kind}: {cause.text}")
    failure.__cause__ = cause
    return failure
