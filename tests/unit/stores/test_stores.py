"""What a file of SQLite survives, and which stores URLs name. What every store does is in the conformance kit."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vca_core.errors import BadArguments, StoreError
from vca_core.stores import MemoryStore, StatusStore, store_from_url
from vca_core.stores.base import Write
from vca_core.stores.refusals import is_refusal
from vca_core.stores.sqlite import SqliteStore
from vca_core.stores.sqlite_files import connect

IDS = st.sampled_from(["a", "b", 1, 1.0, 2])
PATHS = st.sampled_from(["a", "a.0", "a.b", "a.2.c", "b.1", "a.$", "", "_id"])
VALUES = st.sampled_from([None, True, 1, "text", [], [{"c": 1}], {}, {"b": 2}, "\ud800"])
FILTERS = st.dictionaries(st.sampled_from(["_id", "a", "a.b", "b"]), IDS | st.none() | st.just(True), max_size=2)
STEPS = st.lists(
    st.tuples(st.just("ensure"), st.fixed_dictionaries({"_id": IDS}, optional={"a": VALUES, "b": VALUES}))
    | st.tuples(st.just("set"), FILTERS, st.dictionaries(PATHS, VALUES, max_size=3))
    | st.tuples(st.sampled_from(["get", "find", "exists", "delete"]), FILTERS),
    max_size=12,
)


async def result_of(store: StatusStore, step: tuple[Any, ...]) -> Any:
    try:
        return await getattr(store, step[0])("t", *step[1:])
    except (BadArguments, StoreError) as error:
        return type(error), str(error)


@settings(max_examples=60)
@given(STEPS)
def test_a_file_and_memory_do_the_same(steps: list[tuple[Any, ...]]) -> None:
    async def compared() -> None:
        with tempfile.TemporaryDirectory() as folder:
            memory, file = MemoryStore(), SqliteStore(Path(folder, "s.db"))
            await file.open()
            try:
                for step in steps:
                    assert await result_of(memory, step) == await result_of(file, step), step
                assert await memory.find("t") == await file.find("t")
            finally:
                await file.close()

    asyncio.run(compared())


# A file of SQLite.


async def test_what_was_written_outlives_the_process_that_wrote_it(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from vca_core.stores.sqlite import SqliteStore

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    await store.open()
    await store.ensure("t", {"_id": "x", "list": []})
    for number in range(10**9):
        await store.set("t", {"_id": "x"}, {f"list.{number}": number, "last": number})
        print(number, flush=True)

asyncio.run(main())
"""
    path = tmp_path / "status.db"
    writer = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    numbers = [int(writer.stdout.readline()) for _ in range(20)]
    writer.send_signal(signal.SIGKILL)
    numbers += [int(line) for line in writer.stdout if line.endswith("\n")]
    writer.wait()
    writer.stdout.close()
    store = SqliteStore(path)
    await store.open()
    document = await store.get("t", {"_id": "x"})
    await store.close()
    assert document is not None
    assert document["list"] == list(range(document["last"] + 1))
    assert document["last"] - numbers[-1] in (0, 1)


async def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from vca_core.stores.sqlite import SqliteStore

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    await store.open()
    await store.ensure("t", {"_id": "x"})
    await asyncio.gather(*(store.set("t", {"_id": "x"}, {f"{sys.argv[2]}.{n}": n}) for n in range(25)))
    await store.close()

asyncio.run(main())
"""
    path = tmp_path / "status.db"
    commands = [[sys.executable, "-c", script, str(path), f"writer{number}"] for number in range(4)]
    writers = [await asyncio.create_subprocess_exec(*command) for command in commands]
    assert [await writer.wait() for writer in writers] == [0, 0, 0, 0]
    store = SqliteStore(path)
    await store.open()
    document = await store.get("t", {"_id": "x"})
    await store.close()
    assert document is not None
    assert {key: len(value) for key, value in document.items() if key != "_id"} == {f"writer{n}": 25 for n in range(4)}


async def test_closing_leaves_no_thread_and_no_task(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    store = SqliteStore(tmp_path / "status.db")
    await store.open()
    write = asyncio.create_task(store.ensure("t", {"_id": 1}))
    await asyncio.sleep(0)
    await store.close()
    await write
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert {thread for thread in threading.enumerate() if thread.is_alive()} <= before
    with pytest.raises(StoreError, match="not open"):
        await store.find("t")


def test_a_store_that_nobody_closed_does_not_keep_the_process(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from vca_core.stores.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
asyncio.run(store.open())
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "s.db")], check=True, timeout=500)


async def test_a_file_that_is_no_store_is_reported_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, not a database\n" * 50)
    with pytest.raises(StoreError, match="something else than a status store") as caught:
        await SqliteStore(path).open()
    assert not caught.value.retryable
    assert path.read_text().startswith("these are notes")


@pytest.mark.parametrize(("make", "kind"), [(Path.mkdir, "a folder"), (os.mkfifo, "a device or a pipe")])
async def test_what_is_no_file_is_no_store_either(tmp_path: Path, make: Callable[[Path], object], kind: str) -> None:
    path = tmp_path / "status.db"
    make(path)
    with pytest.raises(StoreError, match=f"status.db is {kind}; name a file") as caught:
        await SqliteStore(path).open()
    assert not caught.value.retryable
    assert [one.name for one in tmp_path.iterdir()] == ["status.db"]


async def test_a_file_that_cannot_be_connected_to_leaves_no_thread(tmp_path: Path) -> None:
    """It would tell an event loop that is closed by then."""
    before = threading.active_count()
    with pytest.raises(sqlite3.OperationalError):
        await connect(tmp_path / "absent" / "status.db", read_only=False)
    assert threading.active_count() == before


async def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "status.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="layout 99"):
        await SqliteStore(path).open()


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no folder .*absent"):
        await SqliteStore(tmp_path / "absent" / "s.db").open()


async def test_a_file_locked_for_long_is_a_retryable_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vca_core.stores.sqlite_files.BUSY", 0.05)
    store = SqliteStore(tmp_path / "status.db")
    await store.open()
    other = sqlite3.connect(tmp_path / "status.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as caught:
        await store.ensure("t", {"_id": 1})
    assert caught.value.retryable
    other.execute("ROLLBACK")
    other.close()
    assert await store.ensure("t", {"_id": 1})
    await store.close()


# URLs.


def test_urls_name_stores(tmp_path: Path) -> None:
    assert isinstance(store_from_url("memory:", tmp_path), MemoryStore)
    assert repr(store_from_url("sqlite:///status.db", tmp_path)) == f"<SqliteStore {tmp_path}/status.db>"
    assert repr(store_from_url("sqlite:///a%20b.db", tmp_path)) == f"<SqliteStore {tmp_path}/a b.db>"
    assert repr(store_from_url("sqlite:////var/x.db", tmp_path)) == "<SqliteStore /var/x.db>"
    url = "mongodb+srv://me:canary@host/osm?password=canary"
    assert repr(store_from_url(url, tmp_path)) == "<MongoStatusStore mongodb+srv://***@host/osm>"


@pytest.mark.parametrize(
    "url",
    ["", "memory:x", "sqlite:", "sqlite://status.db", "sqlite:///", "sqlite:///x/", "sqlite:///x?mode=ro",
     "mongodb://user:canary@host/", "mongodb+srv://user:canary@host/?w=1",
     "mongodb://user:canary@host/osm?w=0", "mongodb:///osm", "postgres://user:canary@host/", "status.db"],
)  # fmt: skip
def test_urls_that_name_none_are_refused_without_showing_them(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadArguments) as caught:
        store_from_url(url, tmp_path)
    assert caught.value.bad_args == ["store"]
    assert "canary" not in str(caught.value)


def test_documents_of_a_file_are_readable_with_sqlite_alone(tmp_path: Path) -> None:
    async def written() -> None:
        store = SqliteStore(tmp_path / "status.db")
        await store.open()
        await store.ensure("nsrs", {"_id": "ns1", "a": [1]})
        await store.close()

    asyncio.run(written())
    connection = sqlite3.connect(tmp_path / "status.db")
    [[collection, document]] = connection.execute("SELECT collection, document FROM documents").fetchall()
    connection.close()
    assert (collection, json.loads(document)) == ("nsrs", {"_id": "ns1", "a": [1]})


async def test_a_file_of_another_shape_is_refused_for_good(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "status.db") as connection:
        connection.execute("CREATE TABLE documents (something TEXT)")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    store = SqliteStore(tmp_path / "status.db")
    await store.open()
    with pytest.raises(StoreError, match="documents|no such column") as caught:
        await store.get("nsrs", {"_id": "ns"})
    assert not caught.value.retryable
    await store.close()


async def test_writes_that_wait_together_succeed_and_fail_apart(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "status.db")
    await store.open()
    await store.ensure("nsrs", {"_id": "ns", "name": "edge"})
    ends = await asyncio.gather(
        *(store.set("nsrs", {"_id": "ns"}, {f"field{number}": number}) for number in range(600)),
        store.set("nsrs", {"_id": "ns"}, {"name.below": 1}),
        store.set("nsrs", {"_id": "nobody"}, {"field": 1}),
        return_exceptions=True,
    )
    assert ends[:600] == [True] * 600
    assert isinstance(ends[600], StoreError)
    assert not ends[600].retryable
    assert ends[601] is False
    document = await store.get("nsrs", {"_id": "ns"})
    assert document == {"_id": "ns", "name": "edge", **{f"field{number}": number for number in range(600)}}
    await store.close()


async def test_a_batch_is_one_transaction_and_fails_apart(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "status.db")
    await store.open()
    for number in range(3):
        await store.ensure("nsrs", {"_id": number, "name": "edge"})
    with sqlite3.connect(tmp_path / "status.db") as before:
        [[version]] = before.execute("PRAGMA data_version")
        writes = [Write("nsrs", {"_id": number % 3}, {f"f{number}": number}) for number in range(600)]
        writes[1] = Write("nsrs", {"_id": 1}, {"name.below": 1})
        writes[2] = Write("nsrs", {"_id": "nobody"}, {"f": 1})
        writes[3] = Write("nsrs", {"$or": "x"}, {"f": 1})
        outcomes = await store.batch(writes)
        [[after]] = before.execute("PRAGMA data_version")
    before.close()
    assert after == version + 1, "one commit"
    assert [type(outcome) for outcome in outcomes[:4]] == [bool, StoreError, bool, BadArguments]
    assert outcomes[2] is False
    assert outcomes[4:] == [True] * 596
    assert await store.batch([]) == []
    await store.close()


async def test_a_batch_that_fails_for_now_is_not_done_by_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vca_core.stores.sqlite_files.BUSY", 0.05)
    store = SqliteStore(tmp_path / "status.db")
    await store.open()
    await store.ensure("nsrs", {"_id": 1})
    other = sqlite3.connect(tmp_path / "status.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writes = [Write("nsrs", {"_id": 1}, {"n": number}) for number in range(600)]
    outcomes = await store.batch(writes)
    assert all(isinstance(outcome, StoreError) and outcome.retryable for outcome in outcomes)
    other.execute("ROLLBACK")
    other.close()
    assert await store.get("nsrs", {"_id": 1}) == {"_id": 1}
    assert await store.batch(writes) == [True] * 600
    await store.close()


async def test_a_writer_that_is_cancelled_leaves_nobody_waiting(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "status.db")
    await store.open()
    await store.ensure("nsrs", {"_id": 1})
    writes = [asyncio.create_task(store.set("nsrs", {"_id": 1}, {"n": number})) for number in range(3)]
    await asyncio.sleep(0)
    [writer] = [task for task in asyncio.all_tasks() if task.get_name() == "status.db: write"]
    writer.cancel()
    for write in writes:
        with pytest.raises(StoreError, match="stopped while writing") as caught:
            await write
        assert caught.value.retryable
    assert await store.set("nsrs", {"_id": 1}, {"n": 4})
    await store.close()


@pytest.mark.parametrize("damage", ["[1, 2]", "no JSON", "3"])
async def test_a_damaged_row_is_reported_by_its_id_for_good(tmp_path: Path, damage: str) -> None:
    store = SqliteStore(tmp_path / "status.db")
    await store.open()
    await store.ensure("nsrs", {"_id": "ns", "name": "edge"})
    with sqlite3.connect(tmp_path / "status.db") as connection:
        connection.execute("UPDATE documents SET document = ?", (damage,))
    connection.close()
    for asked in (
        store.get("nsrs", {"_id": "ns"}),
        store.find("nsrs"),
        store.find("nsrs", {"name": "edge"}),
        store.set("nsrs", {"_id": "ns"}, {"name": "core"}),
    ):
        with pytest.raises(StoreError, match="str:ns.* is damaged") as caught:
            await asked
        assert not caught.value.retryable
        assert not is_refusal(caught.value), "what is written there is kept until the row is repaired"
    await store.close()
