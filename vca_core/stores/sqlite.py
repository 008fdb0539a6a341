"""A status store in a file of SQLite: for one machine, several processes at once.

Filters and updates are the functions of `vca_core.stores.document`, called by SQLite in aiosqlite's thread: SQLite's
own ``json_set`` silently does nothing in half of the cases that matter here.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from vca_core.errors import StoreError, VcaError
from vca_core.private_files import make_private
from vca_core.stores.base import Outcome, StatusStore, Write
from vca_core.stores.document import apply_update, matches, new_document
from vca_core.stores.filesystems import shared_filesystem
from vca_core.stores.refusals import mark_no_refusal
from vca_core.stores.sqlite_files import (
    begin_transaction,
    connect,
    disconnect,
    is_disk_full,
    is_writable,
    switch_to_wal,
)
from vca_core.stores.sqlite_place import Place
from vca_core.stores.sqlite_reads import Query, Rows, SharedReads, fetch
from vca_core.stores.sqlite_statements import (
    OF_ID,
    Change,
    Result,
    Statement,
    Stored,
    group_statements,
    stored,
    update_statement,
    where_of,
)
from vca_core.tasks import OwnedTasks, Unshown

R = TypeVar("R")

_VERSION = 1
"""Of the file's layout, kept in its ``user_version``."""

_LAYOUT = """
CREATE TABLE IF NOT EXISTS documents (
    position INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    identity TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (collection, identity)
)
"""


_MOST_AT_ONCE = 500
"""How many writes share one transaction at most."""

_AT_A_TIME = 16
"""How many of those that wait for a transaction go on in one turn of the event loop: it has others to serve, too."""


@dataclass(frozen=True, slots=True)
class _Job:
    """Statements that are made in one transaction."""

    statements: Sequence[Statement]
    promise: asyncio.Future[Sequence[Result]]


class SqliteStore(StatusStore):
    """Documents in one table of a file.

    Each write is on the disk when its call returns. Writes that wait at the same time share one transaction, since
    it is the sync at its end that takes time; one that fails does not undo the others. A call that is cancelled leaves
    its write to end by itself: it is done as a whole or not at all, and before later ones.

    A file that this user may not write to, or that is on a full disk, can be read. One that is moved, deleted or
    replaced while it is open is neither read nor written until it is back.

    Args:
        path: the file; made when it is opened, its folder is not.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: aiosqlite.Connection | None = None
        self._place = Place(path, ())
        self._turn = asyncio.Lock()
        self._tasks = OwnedTasks(path.name)
        self._refusal: VcaError | None = None
        self._hindrance: sqlite3.Error | None = None
        self._waiting: list[_Job] = []
        self._taken: Sequence[_Job] = ()
        self._writer: asyncio.Task[None] | None = None
        self._reads = SharedReads(f"status store {path}", self._tasks, self._answer)

    def __repr__(self) -> str:
        return f"<SqliteStore {getattr(self, '_path', '?')}>"

    async def open(self) -> None:
        """See `StatusStore.open`."""
        self._turn = asyncio.Lock()
        await self._run_in_turn(self._open)

    async def close(self) -> None:
        """See `StatusStore.close`."""
        await self._run_in_turn(self._close)

    @property
    def has_late_writes(self) -> bool:
        """See `StatusStore.has_late_writes`: there is no server."""
        return False

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        """See `StatusStore.set`."""
        return await self._write(update_statement(table, filter, update)) > 0

    async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `StatusStore.batch`: all in one transaction; what fails for now fails for all of them."""
        outcomes: list[Outcome] = []
        statements: list[Statement] = []
        for number, write in enumerate(writes, start=1):
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)
            try:
                statements.append(update_statement(write.table, write.filter, write.update))
            except Exception as error:  # noqa: BLE001 - it is the outcome, of whatever the write is
                outcomes.append(error)
            else:
                outcomes.append(False)
        results = iter(await self._write_together(statements) if statements else ())
        for number, outcome in enumerate(outcomes):
            if outcome is False:
                result = next(results)
                outcomes[number] = result > 0 if isinstance(result, int) else result
        return outcomes

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StatusStore.get`."""
        where, values = where_of(table, filter)
        found = await self._read_documents(table, f"{where} ORDER BY position LIMIT 1", values)
        return found[0] if found else None

    async def exists(self, table: str, filter: Mapping[str, Any]) -> bool:
        """See `StatusStore.exists`."""
        where, values = where_of(table, filter)
        return await self._read("1", f"{where} LIMIT 1", values, bool)

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """See `StatusStore.find`."""
        where, values = ("collection = ?", [stored(table)]) if filter is None else where_of(table, filter)
        return await self._read_documents(table, f"{where} ORDER BY position", values)

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        """See `StatusStore.ensure`."""
        identity, copied = new_document(document)
        sql = "INSERT INTO documents (collection, identity, document) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        return await self._write((sql, (stored(table), stored(identity), json.dumps(copied)))) > 0

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        """See `StatusStore.delete`."""
        where, values = where_of(table, filter)
        return await self._write((f"DELETE FROM documents WHERE {where}", values))  # noqa: S608 - no values

    async def _read_documents(self, table: str, where: str, values: list[Stored]) -> list[dict[str, Any]]:
        return await self._read(
            "document, identity", where, values, lambda rows: [self._load(row[0], row[1], table) for row in rows]
        )

    async def _read(self, columns: str, where: str, values: list[Stored], make: Callable[[Rows], R]) -> R:
        sql = f"SELECT {columns} FROM documents WHERE {where}"  # noqa: S608 - no values
        return await self._reads.read(sql, values, make)

    async def _answer(self, queries: Sequence[Query]) -> Sequence[Any]:
        async with self._turn:
            try:
                await self._open_anew()
                connection = self._open_connection()
                run: Callable[..., Awaitable[Any]] = connection._execute  # noqa: SLF001 - as in `_make`
                results: Sequence[Any] = await run(self._fetch, connection, queries)
            except sqlite3.Error as error:
                return [self._failure_of(error) for _ in queries]
            except VcaError as error:
                return [error.duplicate() for _ in queries]
            return results

    def _fetch(self, wrapped: aiosqlite.Connection, queries: Sequence[Query]) -> Sequence[Any]:
        """Make reads, in the connection's thread."""
        self._place.check()
        return fetch(wrapped._conn, queries, self._failure_of)  # noqa: SLF001 - as in `_make`

    def _failure_of(self, error: sqlite3.Error) -> VcaError:
        failure = self._failure(error)
        failure.__cause__ = error
        return failure

    def _open_connection(self) -> aiosqlite.Connection:
        if self._connection is None:
            raise StoreError(f"{self._path} is not open")
        return self._connection

    async def _run_in_turn(self, work: Callable[[], Awaitable[R]]) -> R:
        """Do something at the connection, one thing at a time in the order of the calls; owned until it is done."""

        async def in_turn() -> Unshown[R]:
            async with self._turn:
                try:
                    return Unshown(await work())
                except sqlite3.Error as error:
                    raise self._failure(error) from error

        return (await asyncio.shield(self._tasks.spawn(in_turn(), "in turn", awaited=True))).get()

    def _failure(self, error: sqlite3.Error) -> VcaError:
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            return refusal
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF == sqlite3.SQLITE_READONLY:
            read_only = f"status store {self._path} can only be read: let this user write to it and to its folder"
            return mark_no_refusal(StoreError(read_only, retryable=False))
        retryable = isinstance(error, sqlite3.OperationalError) and (
            code is None or code & 0xFF != sqlite3.SQLITE_ERROR
        )
        hint = "" if retryable else ": it is damaged, or something else than a status store"
        failure = StoreError(f"status store {self._path}: {error}{hint}", retryable=retryable)
        return failure if isinstance(error, sqlite3.DataError) else mark_no_refusal(failure)

    async def _write(self, statement: Statement) -> int:
        """Make a write, together with those that wait already; give the number of rows that it concerned."""
        [result] = await self._write_together([statement])
        if isinstance(result, int):
            return result
        raise result

    async def _write_together(self, statements: Sequence[Statement]) -> Sequence[Result]:
        promise: asyncio.Future[Sequence[Result]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(statements, promise))
        self._start_writer()
        return await asyncio.shield(promise)

    def _start_writer(self) -> None:
        if self._waiting and self._writer is None:
            self._writer = self._tasks.spawn(self._write_all(), "write", awaited=True)
            self._writer.add_done_callback(self._end_writer)

    async def _write_all(self) -> None:
        while self._waiting:
            async with self._turn:
                self._taken = self._take_jobs()
                await self._make(self._taken)

    def _end_writer(self, writer: asyncio.Task[None]) -> None:
        self._writer = None
        if writer.cancelled() or writer.exception() is not None:  # as when the loop ends: no caller may wait for ever
            stopped = StoreError(f"status store {self._path}: stopped while writing", retryable=True)
            for job in (*self._taken, *self._waiting):
                if not job.promise.done():
                    job.promise.set_result([stopped] * len(job.statements))
            self._waiting = []
        self._start_writer()

    async def _make(self, jobs: Sequence[_Job]) -> None:
        statements = [statement for job in jobs for statement in job.statements]
        try:
            await self._open_anew()
            if self._hindrance is not None:
                raise self._hindrance
            # One way to the thread and back for all of them; it has no public door for a function of ours.
            connection = self._open_connection()
            run: Callable[..., Awaitable[Any]] = connection._execute  # noqa: SLF001 - as above
            results: Sequence[Result] = await run(self._transaction, connection, statements)
        except sqlite3.Error as error:
            results = [self._failure(error)] * len(statements)
        except VcaError as error:
            results = [error] * len(statements)
        position = 0
        for number, job in enumerate(jobs):
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)
            end = position + len(job.statements)
            if not job.promise.done():
                job.promise.set_result(results[position:end])
            position = end

    def _take_jobs(self) -> Sequence[_Job]:
        """Take the jobs that make the next transaction, none of them by half."""
        number = statements = 0
        for job in self._waiting:
            statements += len(job.statements)
            if number and statements > _MOST_AT_ONCE:
                break
            number += 1
        jobs, self._waiting = self._waiting[:number], self._waiting[number:]
        return jobs

    def _transaction(self, wrapped: aiosqlite.Connection, statements: Sequence[Statement]) -> Sequence[Result]:
        """Make statements in one transaction, in the connection's thread.

        Raises:
            sqlite3.Error: one failed that may succeed later; nothing was done.
            StoreError: the file is not at its path; what was done may be in a file elsewhere.
        """
        connection = wrapped._conn  # noqa: SLF001 - as above
        results: list[Result] = [0] * len(statements)
        self._place.check()
        begin_transaction(connection)
        try:
            for numbers in group_statements(statements):
                try:
                    self._execute(connection, statements, numbers, results)
                except sqlite3.Error as error:
                    failure = self._failure(error)
                    if failure.retryable or not connection.in_transaction:  # some errors end it, as a full disk
                        raise
                    for number in numbers:
                        results[number] = failure
                except Exception as error:  # noqa: BLE001 - one bad statement must not cost the others their transaction
                    unfit = StoreError(f"status store {self._path}: {type(error).__qualname__}", retryable=False)
                    for number in numbers:
                        results[number] = unfit
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._place.check()  # nothing counts as written that is not in the file at the path
        return results

    def _execute(
        self,
        connection: sqlite3.Connection,
        statements: Sequence[Statement],
        numbers: Sequence[int],
        results: list[Result],
    ) -> None:
        """Make one statement, or all changes of one document: it is read and written once, however large it is."""
        first = statements[numbers[0]]
        if not isinstance(first, Change):
            results[numbers[0]] = connection.execute(*first).rowcount
            return
        where = (first.table, first.identity)
        row = connection.execute(f"SELECT position, document FROM documents WHERE {OF_ID}", where).fetchone()  # noqa: S608 - no values
        if row is None:
            return
        document, is_changed = row[1], False
        for number in numbers:
            change = statements[number]
            try:
                if isinstance(document, str):
                    document = self._load(document, first.identity)
                changed = change.apply(document) if isinstance(change, Change) else None
            except VcaError as error:
                results[number] = error
            else:
                if changed is not None:
                    document, is_changed, results[number] = changed, True, 1
        if is_changed:
            connection.execute("UPDATE documents SET document = ? WHERE position = ?", (json.dumps(document), row[0]))

    async def _open(self) -> None:
        if self._connection is not None:
            return
        if not self._path.parent.is_dir():
            raise StoreError(f"status store {self._path}: there is no folder {self._path.parent}; make it")
        if self._path.exists() and not self._path.is_file():
            kind = "a folder" if self._path.is_dir() else "a device or a pipe"
            raise StoreError(f"status store {self._path} is {kind}; name a file", retryable=False)
        shared = shared_filesystem(self._path)  # reads no disk: the kernel's table
        if shared is not None:
            raise StoreError(
                f"status store {self._path} is on {shared}: SQLite needs locks and memory of one kernel and would lose "
                "writes there; use a local disk, or MongoDB for several machines",
                retryable=False,
            )
        make_private(self._path)
        read_only = not is_writable(self._path)
        try:
            self._connection = await self._connect(read_only=read_only)
        except sqlite3.OperationalError as error:
            if read_only or not is_disk_full(error, self._path):
                raise
            read_only = True
            self._connection = await self._connect(read_only=True)
            self._hindrance = error
        self._place = Place.of(self._path, read_only=read_only)

    async def _connect(self, *, read_only: bool) -> aiosqlite.Connection:
        connection = await connect(self._path, read_only=read_only)
        try:
            await self._set_up(connection, read_only=read_only)
        except BaseException:
            await disconnect(connection)
            raise
        return connection

    async def _open_anew(self) -> None:
        """Open it as usual, if it is only read since the disk was full: there may be room now."""
        if self._hindrance is not None:
            self._place.check()
            await self._close()
            await self._open()

    async def _set_up(self, connection: aiosqlite.Connection, *, read_only: bool) -> None:
        await connection.create_function("vca_matches", 3, self._matches, deterministic=True)
        await connection.create_function("vca_updated", 3, self._update, deterministic=True)
        [mode] = await connection.execute_fetchall("PRAGMA journal_mode")
        if mode[0] != "wal" and not read_only:
            await switch_to_wal(connection)
        await connection.execute("PRAGMA synchronous = FULL")
        [version] = await connection.execute_fetchall("PRAGMA user_version")
        if version[0] > _VERSION:
            raise StoreError(
                f"status store {self._path} has layout {version[0]}, this vca-core knows {_VERSION}: use a newer one",
                retryable=False,
            )
        if version[0] < _VERSION:
            await connection.execute(_LAYOUT)
            await connection.execute(f"PRAGMA user_version = {_VERSION}")

    async def _close(self) -> None:
        connection, self._connection, self._hindrance = self._connection, None, None
        if connection is not None:
            await disconnect(connection)

    def _update(self, document: str, changes: str, identity: Stored) -> str:
        return json.dumps(self._keep_error(lambda: apply_update(self._load(document, identity), json.loads(changes))))

    def _matches(self, document: str, filter: str, identity: Stored) -> bool:
        return self._keep_error(lambda: matches(self._load(document, identity), json.loads(filter)))

    def _keep_error(self, work: Callable[[], R]) -> R:
        """Keep what a function of ours raises: SQLite only says that one failed."""
        try:
            return work()
        except VcaError as error:
            self._refusal = error
            raise

    def _load(self, text: str, identity: Stored, table: str | None = None) -> dict[str, Any]:
        try:
            document = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            document = error
        if not isinstance(document, dict):
            name = identity if isinstance(identity, str) else ascii(identity)
            where = "" if table is None else f" of {table}"
            text = f"the document {name}{where} is damaged: it is not a JSON object; repair or delete its row"
            raise mark_no_refusal(StoreError(f"status store {self._path}: {text}", retryable=False))
        return document
