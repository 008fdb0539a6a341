"""A store that is in use, examined in tables of its own: what else is in it is neither read nor changed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vca_core.errors import BadArguments
from vca_core.stores import Outcome, StatusStore, Write


class OwnTables(StatusStore):
    """A store whose tables have names that no other has.

    Args:
        make: makes an instance of the store, not opened.
        prefix: what the names begin with; None: something new.
        used: takes the names of the tables that are used; None: a set of its own.
    """

    def __init__(
        self, make: Callable[[], StatusStore], prefix: str | None = None, used: set[str] | None = None
    ) -> None:
        self._make = make
        self._store = make()
        self._prefix = prefix or f"vca_conformance_{secrets.token_hex(6)}_"
        self._used = set() if used is None else used

    def reopen(self) -> OwnTables:
        """Make another instance on the same tables."""
        return OwnTables(self._make, self._prefix, self._used)

    async def remove_tables(self) -> None:
        """Remove all tables that were used, also by other instances on them."""
        await self._store.open()
        try:
            for table in self._used:
                await self._store.drop(table)
        finally:
            await self._store.close()

    async def open(self) -> None:
        """See `StatusStore.open`."""
        await self._store.open()

    async def close(self) -> None:
        """See `StatusStore.close`."""
        await self._store.close()

    def check_table(self, table: str) -> None:
        """See `StatusStore.check_table`."""
        self._store.check_table(self._prefix + table)

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        """See `StatusStore.set`."""
        return await self._store.set(self._own(table), filter, update)

    @property
    def has_batch(self) -> bool:
        """See `StatusStore.has_batch`."""
        return self._store.has_batch

    async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `StatusStore.batch`."""
        return await self._store.batch([replace(write, table=self._own(write.table)) for write in writes])

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StatusStore.get`."""
        return await self._store.get(self._own(table), filter)

    async def exists(self, table: str, filter: Mapping[str, Any]) -> bool:
        """See `StatusStore.exists`."""
        return await self._store.exists(self._own(table), filter)

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """See `StatusStore.find`."""
        return await self._store.find(self._own(table), filter)

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        """See `StatusStore.ensure`."""
        return await self._store.ensure(self._own(table), document)

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        """See `StatusStore.delete`."""
        return await self._store.delete(self._own(table), filter)

    def _own(self, table: str) -> str:
        own = self._prefix + table
        try:
            self._store.check_table(own)
        except BadArguments:
            return own  # it can never be there
        self._used.add(own)  # some databases make a table for a write that matches nothing
        return own
