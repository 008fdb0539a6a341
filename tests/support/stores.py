"""Stores for tests of several processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.making import MakeVca

from vca_core.errors import StoreError
from vca_core.stores import MemoryStore, StatusStore
from vca_core.stores.mongo import MongoStatusStore
from vca_core.stores.sqlite import SqliteStore
from vca_core.vca import Vca


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


@pytest.fixture(params=["sqlite", "mongodb"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], StatusStore]:
    """Makes stores on one database, as processes do that share it; on each kind of database that they can share."""
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "shared.db")
    url = request.getfixturevalue("mongo_url")
    return lambda: MongoStatusStore(url)


@pytest.fixture
async def shared_store(make_store: Callable[[], StatusStore]) -> AsyncIterator[StatusStore]:
    """The test's own store on that database."""
    store = make_store()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def make_process(make_vca: MakeVca, make_store: Callable[[], StatusStore]) -> MakeVca:
    """Makes a `Vca` as one of several processes has it: with a store of its own on the shared database."""

    def make(*backends: type, **given: Any) -> Vca:
        return make_vca(*backends, store=make_store(), **given)

    return make
