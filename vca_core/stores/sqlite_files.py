"""How a file of SQLite is opened, for reading and writing or for reading only, and how its transactions begin."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

import aiosqlite

BUSY = 5.0
"""Seconds that SQLite waits for another process to end its transaction."""

_LOOK = 0.004
"""Seconds between two looks, at most, whether another process has ended its transaction."""

_CANNOT_WRITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
"""What it says where the files that it has beside its own cannot be made."""


async def connect(path: Path, *, read_only: bool) -> aiosqlite.Connection:
    """Connect to a file; nothing is read of it yet.

    Args:
        path: the file.
        read_only: whether it is only read.
    """
    target = _read_only_uri(path) if read_only else path
    connecting = aiosqlite.connect(target, timeout=BUSY, isolation_level=None, uri=read_only)
    # Nothing is lost with it: what was committed is on the disk. As aiosqlite has it, the thread of a store that
    # nobody closed keeps the whole process from ending.
    connecting._thread.daemon = True  # noqa: SLF001 - there is no other way
    try:
        return await connecting
    except BaseException:
        # It ends now; after the loop was closed, it would complain.
        connecting._thread.join()  # noqa: SLF001 - as above
        raise


async def disconnect(connection: aiosqlite.Connection) -> None:
    """Close a connection, with its thread."""
    await connection.close()
    # It has nothing left to do; without this it could be seen alive for a moment longer.
    connection._thread.join()  # noqa: SLF001 - as above


def is_disk_full(error: sqlite3.Error, path: Path) -> bool:
    """Whether a file that is there can be read all the same: on a full disk, SQLite cannot make those beside it."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _CANNOT_WRITE and path.exists() and path.stat().st_size > 0


def is_writable(path: Path) -> bool:
    """Whether a file can be written to, or made: SQLite makes others beside it, so its folder counts, too."""
    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def _read_only_uri(path: Path) -> str:
    """Name a file so that SQLite only reads it.

    SQLite reads what writers left in the log beside it. If there is no log, it cannot make one; it
    is then promised that nothing changes meanwhile.
    """
    log = path.with_name(f"{path.name}-wal")
    unchanging = "" if log.exists() and log.stat().st_size else "&immutable=1"
    return f"file:{quote(str(path))}?mode=ro{unchanging}"


async def switch_to_wal(connection: aiosqlite.Connection) -> None:
    """Readers and a writer at once. While another process switches, SQLite refuses at once instead of waiting."""
    loop = asyncio.get_running_loop()
    end = loop.time() + BUSY
    while True:
        try:
            await connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if loop.time() > end:
                raise
            await asyncio.sleep(0.02)
        else:
            return


def begin_transaction(connection: sqlite3.Connection) -> None:
    """Begin a transaction, when no other process writes.

    SQLite's own waiting looks ever more rarely, up to 100 ms apart: processes that write without pause go before it
    again and again. This one looks often, and after pauses of any length, so that each has its turn.

    Raises:
        sqlite3.OperationalError: another one writes all the time.
    """
    end = time.monotonic() + BUSY
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
                time.sleep(random.uniform(0.0, _LOOK))  # noqa: S311 - nothing secret
            else:
                return
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY * 1000)}")
