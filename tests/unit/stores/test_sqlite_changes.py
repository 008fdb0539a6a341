"""Changes of one document that are made in one transaction: it is read and written once, in the order of the calls."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from vca_core.errors import StoreError
from vca_core.stores import Write
from vca_core.stores.sqlite import SqliteStore
from vca_core.stores.sqlite_statements import update_statement

ONE = {"_id": "1"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "status.db")
    await made.open()
    yield made
    await made.close()


async def test_a_document_is_read_once_for_all_its_changes(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.ensure("t", {**ONE, "vnfs": {}})
    read: list[str] = []
    load = SqliteStore._load

    def counted(self: SqliteStore, text: str, identity: str, table: str | None = None) -> dict[str, Any]:
        read.append(identity)
        return load(self, text, identity, table)

    monkeypatch.setattr(SqliteStore, "_load", counted)
    writes = [Write("t", {**ONE, f"vnfs.{number}": None}, {f"vnfs.{number}.status": "x"}) for number in range(300)]
    assert await store.batch(writes) == [True] * 300
    assert len(read) == 1
    document = await store.get("t", ONE)
    assert document is not None
    assert len(document["vnfs"]) == 300


async def test_each_change_sees_those_before_it(store: SqliteStore) -> None:
    for name in ("1", "2"):
        await store.ensure("t", {"_id": name, "n": 0})
    writes = [
        Write("t", {**ONE, "n": 0}, {"n": 1}),
        Write("t", {"_id": "2", "n": 1}, {"n": 2}),
        Write("t", {**ONE, "n": 0}, {"n": 7}),
        Write("t", {**ONE, "n": 1}, {"n.deep": 1}),
        Write("t", {**ONE, "n": 1}, {"n": 2, "list": (1, 2)}),
        Write("t", {"n": 2}, {"by": "another filter"}),
        Write("t", {**ONE, "by": "another filter"}, {"n": 3}),
        Write("t", {"_id": "3"}, {"n": 1}),
    ]
    outcomes = await store.batch(writes)
    assert isinstance(outcomes.pop(3), StoreError)
    assert outcomes == [True, False, False, True, True, True, False]
    assert await store.find("t") == [
        {"_id": "1", "n": 3, "list": [1, 2], "by": "another filter"},
        {"_id": "2", "n": 0},
    ]


async def test_a_document_that_is_too_deep_is_damaged(store: SqliteStore, tmp_path: Path) -> None:
    await store.ensure("t", {**ONE})
    with sqlite3.connect(tmp_path / "status.db") as file:
        file.execute("UPDATE documents SET document = ?", ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",))
    file.close()
    with pytest.raises(StoreError, match="is damaged"):
        await store.set("t", {**ONE}, {"n": 1})
    with pytest.raises(StoreError, match="is damaged"):
        await store.get("t", {**ONE})


async def test_a_statement_that_cannot_be_made_costs_others_nothing(store: SqliteStore) -> None:
    await store.ensure("t", {**ONE})
    half = ("UPDATE documents SET identity = ?", ("\ud800",))
    failed, made = await store._write_together([half, update_statement("t", ONE, {"n": 1})])
    assert isinstance(failed, StoreError)
    assert not failed.retryable
    assert made == 1
    assert await store.get("t", ONE) == {**ONE, "n": 1}


async def test_names_with_half_a_character_are_kept_apart(store: SqliteStore) -> None:
    for name in ("\ud800", "\\ud800", "\udc80"):
        assert await store.ensure("t\ud800", {"_id": name})
        assert await store.set("t\ud800", {"_id": name, "by": None}, {"by": name})
    assert await store.find("t\ud800") == [{"_id": name, "by": name} for name in ("\ud800", "\\ud800", "\udc80")]
    assert await store.find("t") == []
    assert await store.delete("t\ud800", {"_id": "\ud800"}) == 1
