"""Opens a status store when it is first used, and again after a failure or a close."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vca_core.errors import StoreError, VcaError
from vca_core.stores.base import Outcome, StatusStore, Write
from vca_core.stores.refusals import mark_no_refusal


class LazyStore(StatusStore):
    """A store that opens the one behind it when it is needed.

    So a store that is out of reach at the start costs what needs it, and nothing else; the next call tries again.

    A read that fails never counts as a refusal of the write that it is for, whatever the store behind says of it.

    Args:
        store: the store behind.
        check: called before each use; raises where it is not to be used, as in another event loop.
    """

    def __init__(self, store: StatusStore, check: Callable[[], object] = lambda: None) -> None:
        self._store = store
        self._check = check
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
                try:
                    await self._store.open()
                except VcaError as error:
                    mark_no_refusal(error)
                    raise
                self._is_open = True

    async def close(self) -> None:
        """Close the store behind, if it is open."""
        self._check()
        self._opening = None
        if self._is_open:
            self._is_open = False
            await self._store.close()

    def check_table(self, table: str) -> None:
        """See `StatusStore.check_table`; the store behind need not be open."""
        self._store.check_table(table)

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        """See `StatusStore.set`."""
        self._check()
        if not self._is_open:
            await self.open()
        return await self._store.set(table, filter, update)

    @property
    def has_batch(self) -> bool:
        """See `StatusStore.has_batch`."""
        return self._store.has_batch

    async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `StatusStore.batch`."""
        self._check()
        if not self._is_open:
            try:
                await self.open()
            except Exception as error:  # noqa: BLE001 - a store may raise anything
                return [error] * len(writes)
        return await self._store.batch(writes)

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StatusStore.get`."""
        self._check()
        if not self._is_open:
            await self.open()
        try:
            return await self._store.get(table, filter)
        except StoreError as error:
            mark_no_refusal(error)
            raise

    async def exists(self, table: str, filter: Mapping[str, Any]) -> bool:
        """See `StatusStore.exists`."""
        self._check()
        if not self._is_open:
            await self.open()
        try:
            return await self._store.exists(table, filter)
        except StoreError as error:
            mark_no_refusal(error)
            raise

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """See `StatusStore.find`."""
        self._check()
        if not self._is_open:
            await self.open()
        try:
            return await self._store.find(table, filter)
        except StoreError as error:
            mark_no_refusal(error)
            raise

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        """See `StatusStore.ensure`."""
        self._check()
        if not self._is_open:
            await self.open()
        return await self._store.ensure(table, document)

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        """See `StatusStore.delete`."""
        self._check()
        if not self._is_open:
            await self.open()
        return await self._store.delete(table, filter)

    async def drop(self, table: str) -> None:
        """See `StatusStore.drop`."""
        self._check()
        if not self._is_open:
            await self.open()
        await self._store.drop(table)
