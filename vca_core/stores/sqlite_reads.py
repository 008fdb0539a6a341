"""Reads of a file of SQLite that wait at the same time are made together.

Each way to the connection's thread and back takes longer than most reads, and on a busy machine far longer. What is
written goes there, too: if each read went alone, it would wait for hundreds of them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from vca_core.errors import StoreError, VcaError
from vca_core.stores.sqlite_statements import Stored
from vca_core.tasks import OwnedTasks, Unshown

R = TypeVar("R")

Rows = list[sqlite3.Row]

_MOST = 50
"""How many reads are made together at most: what is to be written waits for them."""

_AT_A_TIME = 16
"""How many of their callers go on in one turn of the event loop: it has others to serve, too."""


@dataclass(frozen=True, slots=True)
class Query:
    """A read.

    Args:
        sql: the statement.
        values: its values.
        make: makes of the rows what is wanted, in the connection's thread: a document may be large.
        promise: gets that.
    """

    sql: str
    values: Sequence[Stored]
    make: Callable[[Rows], Any]
    promise: asyncio.Future[Unshown[Any]]


class SharedReads:
    """Makes the reads of a store.

    Args:
        name: the store, for errors.
        tasks: owns the task that makes them.
        answer: makes some, in the store's turn; gives what is made of the rows of each, or what it failed with.
    """

    def __init__(
        self, name: str, tasks: OwnedTasks, answer: Callable[[Sequence[Query]], Awaitable[Sequence[Any]]]
    ) -> None:
        self._name = name
        self._tasks = tasks
        self._answer = answer
        self._waiting: list[Query] = []
        self._asked: Sequence[Query] = ()
        self._reader: asyncio.Task[None] | None = None

    async def read(self, sql: str, values: Sequence[Stored], make: Callable[[Rows], R]) -> R:
        """Make a read, together with those that wait already, and behind what was written before.

        Args:
            sql: the statement.
            values: its values.
            make: makes of the rows what is wanted, in the connection's thread.
        """
        promise: asyncio.Future[Unshown[R]] = asyncio.get_running_loop().create_future()
        self._waiting.append(Query(sql, values, make, promise))
        self._start()
        return (await promise).get()

    def _start(self) -> None:
        if self._waiting and self._reader is None:
            self._reader = self._tasks.spawn(self._read_all(), "read", awaited=True)
            self._reader.add_done_callback(self._end)

    async def _read_all(self) -> None:
        while self._waiting:
            # Chosen before their turn comes: so they pass nothing that is written, and nothing passes them.
            self._asked, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            results = await self._answer(self._asked)
            for number, (query, result) in enumerate(zip(self._asked, results, strict=True), start=1):
                if query.promise.done():  # its caller no longer waits
                    continue
                if isinstance(result, Exception):
                    query.promise.set_exception(result)
                else:
                    query.promise.set_result(Unshown(result))
                if number % _AT_A_TIME == 0:
                    await asyncio.sleep(0)

    def _end(self, reader: asyncio.Task[None]) -> None:
        self._reader = None
        if reader.cancelled() or reader.exception() is not None:  # as when the loop ends: no caller may wait for ever
            stopped = StoreError(f"{self._name}: stopped while reading", retryable=True)
            for query in (*self._asked, *self._waiting):
                if not query.promise.done():
                    query.promise.set_exception(stopped.duplicate())
            self._waiting = []
        self._start()


def fetch(
    connection: sqlite3.Connection, queries: Sequence[Query], failure_of: Callable[[sqlite3.Error], Exception]
) -> Sequence[Any]:
    """Make reads, in the connection's thread; one that fails costs the others nothing."""
    results: list[Any] = []
    for query in queries:
        try:
            rows = [] if query.promise.done() else connection.execute(query.sql, query.values).fetchall()
            results.append(query.make(rows))
        except sqlite3.Error as error:
            results.append(failure_of(error))
        except VcaError as error:
            results.append(error)
    return results
