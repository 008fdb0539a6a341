"""What the batch that every store has does by default, and around a store that does not open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core.errors import StoreError
from vca_core.stores import MemoryStore, Write
from vca_core.stores.lazy import LazyStore

LATE = StoreError("not now")


class Moody(MemoryStore):
    """A store that fails once for the document `a`, and does not open at first."""

    fails = True
    opens = False

    async def open(self) -> None:
        if not self.opens:
            raise LATE

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        if self.fails and filter.get("_id") == "a":
            self.fails = False
            raise LATE
        return await super().set(table, filter, update)


async def test_nothing_passes_a_write_that_may_succeed_later() -> None:
    store = Moody()
    for name in ("a", "b"):
        await store.ensure("t", {"_id": name, "n": 0})
    a, b = {"_id": "a"}, {"_id": "b"}
    unknown = {"n": 0}
    queries: list[Mapping[str, Any]] = [a, a, b, unknown, b]
    writes = [Write("t", query, {"n": number}) for number, query in enumerate(queries, 1)]
    assert await store.batch(writes) == [LATE, LATE, True, LATE, True]
    assert await store.find("t") == [{"_id": "a", "n": 0}, {"_id": "b", "n": 5}]


async def test_a_batch_opens_the_store_or_fails_write_by_write() -> None:
    store = Moody()
    await store.ensure("t", {"_id": "b"})
    lazy, writes = LazyStore(store), [Write("t", {"_id": "b"}, {"n": 1}), Write("t", {"_id": "c"}, {"n": 1})]
    assert await lazy.batch(writes) == [LATE, LATE]
    store.opens = True
    assert await lazy.batch(writes) == [True, False]
