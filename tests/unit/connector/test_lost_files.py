"""A file of SQLite that is moved, deleted or replaced while a store uses it: noticed, and nothing is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.backends import Plain
from support.making import MakeVca
from support.spilling import restart

from vca_core.errors import StoreError
from vca_core.stores.base import Write
from vca_core.stores.sqlite import SqliteStore
from vca_core.stores.sqlite_statements import Stored
from vca_core.vca import Vca

HOME = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}
ACTION = {"collection": "nsrs", "filter": {"_id": "op"}, "path": "at"}
LONG = 60.0


def files(path: Path) -> list[Path]:
    return [one for ending in ("", "-wal", "-shm") if (one := Path(f"{path}{ending}")).exists()]


def move(path: Path) -> None:
    path.rename(path.with_suffix(".old"))


def delete(path: Path) -> None:
    path.unlink()


def delete_all(path: Path) -> None:
    for one in files(path):
        one.unlink()


def delete_the_log(path: Path) -> None:
    Path(f"{path}-wal").unlink()


def replace_by_a_backup(path: Path) -> None:
    backup = path.with_suffix(".backup")
    with closing(sqlite3.connect(path)) as here, closing(sqlite3.connect(backup)) as there:
        here.backup(there)
    backup.replace(path)


def rename_the_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


ACTS = [
    (move, "its file was moved or deleted"),
    (delete, "its file was moved or deleted"),
    (delete_all, "its file was moved or deleted"),
    (delete_the_log, "its log status.db-wal was moved or deleted"),
    (replace_by_a_backup, "its file was replaced by another one"),
    (rename_the_folder, "its file was moved or deleted"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    return folder / "status.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(path)
    await made.open()
    await made.ensure("t", {"_id": "a", "n": 0})
    yield made
    await made.close()


@pytest.mark.parametrize(("act", "message"), ACTS)
async def test_a_file_that_is_gone_is_neither_written_nor_read(
    path: Path, store: SqliteStore, act: Callable[[Path], None], message: str
) -> None:
    act(path)
    for call in (
        store.set("t", {"_id": "a"}, {"n": 1}),
        store.ensure("t", {"_id": "b"}),
        store.delete("t", {"_id": "a"}),
        store.get("t", {"_id": "a"}),
        store.exists("t", {"_id": "a"}),
        store.find("t"),
    ):
        with pytest.raises(StoreError, match=message) as caught:
            await call
        assert caught.value.retryable, "it may come back"
        assert "put it back, or restart" in str(caught.value)
    outcomes = await store.batch([Write("t", {"_id": "a"}, {"n": 1}), Write("t", {"_id": "b"}, {"n": 1})])
    assert [message in str(outcome) for outcome in outcomes] == [True, True]


async def test_a_file_that_comes_back_is_written_again(path: Path, store: SqliteStore) -> None:
    elsewhere = path.with_suffix(".old")
    path.rename(elsewhere)
    with pytest.raises(StoreError):
        await store.set("t", {"_id": "a"}, {"n": 1})
    elsewhere.rename(path)
    assert await store.get("t", {"_id": "a"}) == {"_id": "a", "n": 0}
    assert await store.set("t", {"_id": "a"}, {"n": 2})
    other = SqliteStore(path)
    await other.open()
    assert await other.get("t", {"_id": "a"}) == {"_id": "a", "n": 2}
    await other.close()


async def test_what_takes_its_place_is_used_when_it_is_opened_anew(path: Path, store: SqliteStore) -> None:
    replace_by_a_backup(path)
    with pytest.raises(StoreError):
        await store.set("t", {"_id": "a"}, {"n": 1})
    await store.close()
    await store.open()
    assert await store.set("t", {"_id": "a"}, {"n": 2})


async def test_a_file_that_goes_while_it_is_written_is_not_written(path: Path) -> None:
    class Leaving(SqliteStore):
        def _load(self, text: str, identity: Stored, table: str | None = None) -> dict[str, Any]:
            move(path)  # in the middle of the transaction
            return super()._load(text, identity, table)

    store = Leaving(path)
    await store.open()
    await store.ensure("t", {"_id": "a", "n": 0})
    with pytest.raises(StoreError, match="moved or deleted"):
        await store.set("t", {"_id": "a"}, {"n": 1})
    await store.close()


async def operate_without_a_file(make_vca: MakeVca, path: Path, act: Callable[[Path], None], **status: str) -> Vca:
    vca = make_vca(Plain, store=SqliteStore(path), timeouts={"store_grace": 0.05}, status=status)
    for document in ({"_id": "ns", "vca": {}}, {"_id": "op"}):
        await vca.store.ensure("nsrs", document)
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    assert await vca.flush() == []
    act(path)
    await vca.connector().exec_primitive(ee_id, "anything", {}, ACTION)
    with pytest.raises(StoreError, match="moved or deleted while it was in use"):
        await vca.connector().create_execution_environment(".ns.vnf2", HOME)
    return vca


async def outcome_in(path: Path) -> Any:
    store = SqliteStore(path)
    await store.open()
    document = await store.get("nsrs", {"_id": "op"})
    await store.close()
    assert document is not None
    return document.get("at", {}).get("status")


async def test_outcomes_wait_for_a_file_that_was_moved_away(make_vca: MakeVca, path: Path) -> None:
    vca = await operate_without_a_file(make_vca, path, move)
    assert [one.path.path for one in await vca.flush(0.0)].count("at") > 0
    path.with_suffix(".old").rename(path)
    assert await vca.flush(LONG) == []
    assert await outcome_in(path) == "completed"


async def test_disconnect_returns_outcomes_whose_file_is_gone(make_vca: MakeVca, path: Path) -> None:
    vca = await operate_without_a_file(make_vca, path, delete)
    report = await vca.disconnect()
    [outcome] = [one for one in report.unwritten if one.path.path == "at" and one.fields["status"] == "completed"]
    assert "its file was moved or deleted" in outcome.reason
    assert report.alive == []


async def test_outcomes_whose_file_is_gone_are_spilled(make_vca: MakeVca, path: Path, tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    vca = await operate_without_a_file(make_vca, path, move, spill=str(spill))
    await vca.disconnect()
    path.with_suffix(".old").rename(path)
    assert await outcome_in(path) is None
    await restart(make_vca, SqliteStore(path), spill)
    assert await outcome_in(path) == "completed"
    assert list(spill.iterdir()) == []
