"""Reads of a file that wait together are made together: hundreds of them hold no write up."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from vca_core.errors import StoreError
from vca_core.stores.sqlite import SqliteStore

MANY = 500


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "status.db")
    await made.open()
    await made.ensure("t", {"_id": 1, "name": "one"})
    yield made
    await made.close()


async def test_hundreds_of_reads_hold_no_write_up(store: SqliteStore) -> None:
    ended: list[str] = []

    async def read() -> None:
        assert await store.get("t", {"_id": 1}) == {"_id": 1, "name": "one"}
        ended.append("read")

    async def write() -> None:
        await store.ensure("t", {"_id": 2})
        ended.append("write")

    await asyncio.gather(*(read() for _ in range(MANY)), write())
    assert len(ended) == MANY + 1
    assert ended.index("write") < MANY // 2


async def test_a_read_sees_what_was_written_before(store: SqliteStore) -> None:
    others = [asyncio.ensure_future(store.get("t", {"_id": 1})) for _ in range(MANY)]
    for number in range(20):
        abandoned = asyncio.ensure_future(store.set("t", {"_id": 1}, {"n": number}))
        await asyncio.sleep(0)
        abandoned.cancel()
        document = await store.get("t", {"_id": 1})
        assert document is not None
        assert document["n"] == number
    await asyncio.gather(*others)


async def test_reads_fail_apart(store: SqliteStore, tmp_path: Path) -> None:
    await store.ensure("damaged", {"_id": 1})
    with closing(sqlite3.connect(tmp_path / "status.db")) as file, file:
        file.execute("UPDATE documents SET document = '[1]' WHERE collection = 'damaged'")
    bad, good, given_up, other = (
        asyncio.ensure_future(store.find(table, {"name": "one"})) for table in ("damaged", "t", "t", "t")
    )
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(StoreError, match="is damaged"):
        await bad
    assert await good == await other == [{"_id": 1, "name": "one"}]


async def test_a_reader_that_is_cancelled_leaves_nobody_waiting(store: SqliteStore) -> None:
    reads = [asyncio.create_task(store.get("t", {"_id": 1})) for _ in range(MANY)]
    await asyncio.sleep(0)
    [reader] = [task for task in asyncio.all_tasks() if task.get_name() == "status.db: read"]
    reader.cancel()
    ends = await asyncio.gather(*reads, return_exceptions=True)
    assert {type(end) for end in ends} == {StoreError}
    assert len(set(map(id, ends))) == MANY, "each caller has its own"
    assert all(isinstance(end, StoreError) and end.retryable for end in ends)
    assert await store.get("t", {"_id": 1}) is not None
