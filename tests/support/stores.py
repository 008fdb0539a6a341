"""Stores for tests of several processes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from vca_core.errors import StoreError
from vca_core.stores import MemoryStore


class View(MemoryStore):
    """What one process sees of a store that it shares: it alone may be cut off, or slow.

    Args:
        whole: the store.

    Attributes:
        writes_fail: whether it cannot write.
        reads_fail: whether it cannot read.
        gate: what its next write waits for; None: nothing.
    """

    def __init__(self, whole: MemoryStore) -> None:
        super().__init__()
        self._tables = whole._tables
        self.writes_fail = self.reads_fail = False
        self.gate: asyncio.Event | None = None

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        if self.gate is not None:
            gate, self.gate = self.gate, None
            await gate.wait()
        _check(self.writes_fail)
        return await super().set(table, filter, update)

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        _check(self.writes_fail)
        return await super().delete(table, filter)

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        _check(self.reads_fail)
        return await super().get(table, filter)

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        _check(self.reads_fail)
        return await super().find(table, filter)


def _check(fails: bool) -> None:
    if fails:
        raise StoreError("the network is gone")
