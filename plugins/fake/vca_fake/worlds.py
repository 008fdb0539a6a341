"""Where the fake's models are kept: in this process, or in a file that several processes share."""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from vca_core.errors import VcaConnectionError
from vca_core.private_files import make_private
from vca_core.tasks import in_thread
from vca_fake.rows import LAYOUT, read_model, read_models, write_model
from vca_fake.world import Model

R = TypeVar("R")

_BUSY = 10.0
"""Seconds that a process waits for another one's change."""

_FOR_NOW = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}
"""What SQLite says of a file that may do later; all else stays as it is until somebody changes it."""


class Worlds(ABC):
    """All models. They outlive the connection to them, as a real system's do."""

    @abstractmethod
    async def change(self, model: str, work: Callable[[Model], R]) -> R:
        """Read a model, and change it, under its lock.

        Args:
            model: its name; one that is not there is empty, and made if it is not empty afterwards.
            work: what to do with it; it must not wait. If it raises, nothing is changed.
        """

    @abstractmethod
    async def models(self) -> list[Model]:
        """All models, as they are now."""

    async def open(self) -> None:  # noqa: B027 - what is in memory has nothing to open
        """Make sure that it can be used."""

    async def close(self) -> None:  # noqa: B027 - as above
        """Leave it."""


class MemoryWorlds(Worlds):
    """Models in this process. What `work` changes before it raises stays changed: it has to check first."""

    def __init__(self) -> None:
        self._models: dict[str, Model] = {}

    async def change(self, model: str, work: Callable[[Model], R]) -> R:
        """See `Worlds.change`."""
        found = self._models.get(model) or Model(model)
        result = work(found)
        if found.deleted:
            self._models.pop(model, None)
        elif found.machines_so_far or found.applications:
            self._models[model] = found
        return result

    async def models(self) -> list[Model]:
        """See `Worlds.models`."""
        return list(self._models.values())


class FileWorlds(Worlds):
    """Models in a SQLite file. Each change is one transaction, in a thread.

    Args:
        path: the file, made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.Lock()

    async def open(self) -> None:
        """See `Worlds.open`."""
        await in_thread(lambda: self._do(lambda connection: [connection.execute(table) for table in LAYOUT]))

    async def close(self) -> None:
        """See `Worlds.close`."""

        def close() -> None:
            with self._turn:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None

        await in_thread(close)

    async def change(self, model: str, work: Callable[[Model], R]) -> R:
        """See `Worlds.change`."""
        return await in_thread(lambda: self._do(lambda connection: _change(connection, model, work)))

    async def models(self) -> list[Model]:
        """See `Worlds.models`."""
        return await in_thread(lambda: self._do(read_models))

    def _do(self, work: Callable[[sqlite3.Connection], R]) -> R:
        with self._turn:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                with _transaction(self._connection):
                    return work(self._connection)
            except sqlite3.Error as error:
                raise VcaConnectionError(
                    f"the fake's state {self._path} cannot be used: {error}; is it a file of the fake, in a folder "
                    "that this user may write to?",
                    str(self._path),
                    retryable=getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _FOR_NOW,
                ) from error

    def _connect(self) -> sqlite3.Connection:
        make_private(self._path)
        connection = sqlite3.connect(self._path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # after some errors SQLite has ended it itself
            connection.execute("ROLLBACK")
        raise


def _change(connection: sqlite3.Connection, name: str, work: Callable[[Model], R]) -> R:
    model, before = read_model(connection, name)
    result = work(model)
    write_model(connection, model, before)
    return result
