"""A status store of SQLite on a full disk: it can be read, and is written to again as soon as there is room."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.full_disk import no_room

from vca_core.errors import StoreError
from vca_core.stores.sqlite import SqliteStore


async def test_a_store_on_a_full_disk_can_be_read(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "status.db")
    await store.open()
    await store.ensure("c", {"_id": "1", "a": 1})
    await store.close()
    with no_room():
        await store.open()
        assert await store.find("c") == [{"_id": "1", "a": 1}]
        with pytest.raises(StoreError) as refused:
            await store.set("c", {"_id": "1"}, {"a": 2})
        assert refused.value.retryable
        assert await store.get("c", {"_id": "1"}) == {"_id": "1", "a": 1}
    assert await store.set("c", {"_id": "1"}, {"a": 3}), "there is room again"
    assert await store.get("c", {"_id": "1"}) == {"_id": "1", "a": 3}
    await store.close()


async def test_a_new_store_on_a_full_disk_is_not_an_empty_one(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "status.db")
    with no_room(), pytest.raises(StoreError):
        await store.open()
    await store.open()
    assert await store.find("c") == []
    await store.close()
