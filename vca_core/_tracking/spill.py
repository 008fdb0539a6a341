"""Outcomes that the status store did not take in time, kept in a file, so that they outlive this process.

Each `Vca` has a file of its own, and holds a lock on it while it lives. A `Vca` that starts later takes the files whose
lock is free and writes what they hold, unless something newer was written since.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vca_core._tracking.entry import Entry, Written
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import default_home
from vca_core._tracking.removals import Removal
from vca_core._tracking.spilled import SpilledOutcome, SpilledRemoval, UnclearError, read_spilled
from vca_core._tracking.trail import Trail
from vca_core.errors import BadArguments, StoreError, VcaError
from vca_core.file_locks import close_lock_file, open_lock_file, try_lock
from vca_core.naming import EeKey
from vca_core.stores import StatusStore
from vca_core.stores.filesystems import shared_filesystem, virtual_filesystem
from vca_core.stores.refusals import is_refusal
from vca_core.tasks import OwnedTasks, compute_in_thread, in_thread

if TYPE_CHECKING:
    from vca_core.stores.sqlite import SqliteStore

_LOG = logging.getLogger(__name__)

_TABLE = "outcomes"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
"""Seconds between attempts at a store that fails."""

_LEAST_FOR_LAST = 5.0
"""Seconds that a disk has at least for what is kept last: however short a store's are, outcomes would be lost."""


def problem_of_folder(folder: Path) -> str | None:
    """Look whether outcomes can be kept in a folder, which may still have to be made.

    Returns:
        What is wrong with it, and what to do; None: nothing.
    """
    there = folder if os.path.lexists(folder) else folder.parent
    if there != folder and not there.is_dir():
        return f"expected a folder in one that exists; make {there}"
    if not there.is_dir():
        return f"expected a folder, and {folder} is none; name another one"
    if (shared := shared_filesystem(folder)) is not None:
        return f"expected a folder on a local disk, and {folder} is on {shared}, where SQLite would lose outcomes"
    if (virtual := virtual_filesystem(folder)) is not None:
        return f"expected a folder that keeps files, and {folder} is the kernel's ({virtual}); name another one"
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return f"expected a folder that this user may write to; let it write to {there}, or name another one"
    return None


class Spill:
    """The files of outcomes in a folder, which is created so that only this user can read it.

    Args:
        folder: where they are.
        name: of this `Vca`'s own file; no other has it.
        store: where outcomes that other processes left are written.
    """

    def __init__(self, folder: Path, name: str, store: StatusStore) -> None:
        self._store = store
        self._folder = folder
        self._name = name
        self._file: SqliteStore | None = None
        self._lock: int | None = None
        self._opening = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._forgetting = OwnedTasks("spill")
        self._unkept: list[tuple[Trail, Outbox]] = []
        self._retrying: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    async def keep_outcomes(self, trail: Trail, outbox: Outbox, limit: float) -> None:
        """Keep the outcomes of an operation that the store did not take in time; they are on the disk at the end.

        If the file cannot be written, as on a full disk, that is logged: the outcomes are less safe, but no operation
        fails. It is tried again until it can, or the store has them.

        Args:
            trail: the operation.
            outbox: has them.
            limit: seconds that a disk may take for it.
        """
        try:
            async with asyncio.timeout(limit):
                await self._keep_unkept()
                await self._keep_all(trail, outbox)
        except (TimeoutError, VcaError) as error:
            _LOG.warning("%s: its outcome is kept in this process only: %s", trail.id, _reason_of(error))
            self._unkept.append((trail, outbox))
            if self._retrying is None or self._retrying.done():
                self._retrying = asyncio.get_running_loop().create_task(self._retry(), name="keep outcomes in a file")

    async def _retry(self) -> None:
        pause = _FIRST_PAUSE
        while self._unkept:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                await self._keep_unkept()
            except VcaError as error:
                _LOG.debug("outcomes are kept in this process only: %s", error)

    async def _keep_unkept(self) -> None:
        """Keep what the file did not take before, oldest first.

        Raises:
            VcaError: it cannot be written yet.
        """
        while self._unkept:
            one = self._unkept[0]
            await self._keep_all(*one)
            if one in self._unkept:  # else somebody else was as quick
                self._unkept.remove(one)

    async def keep_last(self, limit: float) -> list[str]:
        """Try for the last time to keep what the file did not take, before the outbox gives it up.

        Args:
            limit: seconds for it.

        Returns:
            The names of tasks that still live.
        """
        retrying, self._retrying = self._retrying, None
        if retrying is not None:
            retrying.cancel()
            await asyncio.wait((retrying,), timeout=limit)
            if not retrying.done():
                return [retrying.get_name()]
        try:
            async with asyncio.timeout(max(limit, _LEAST_FOR_LAST)):
                await self._keep_unkept()
        except (TimeoutError, VcaError) as error:
            _LOG.warning("the outcomes of %d operations are in no file: %s", len(self._unkept), _reason_of(error))
        self._unkept.clear()
        return []

    async def _keep_all(self, trail: Trail, outbox: Outbox) -> None:
        generations = trail.generations | {record.key: record.generation for record in trail.doomed}
        removals = [removal for removal in trail.removals if not removal.ended.done()]
        removed = {removal.key for removal in removals}
        for key in {trail.lane, *generations}:
            for outcome in outbox.unsafe_outcomes(key):
                place = outcome.place
                if place is None or outcome.operation_id != trail.id:
                    continue  # another operation keeps its own
                if key in removed and place == default_home(key):
                    continue  # it goes with its record
                ee_id = str(trail.ee_id) if key == trail.lane and trail.ee_id is not None else None
                times, generation = _times_before(trail, outbox, key, outcome), generations.get(key)
                left = SpilledOutcome(key, place, outcome.fields, generation, times, ee_id, trail.has_failed)
                await self._keep(outcome, left)
        for removal in removals:
            ee_id = None if removal.ee_id is None else str(removal.ee_id)
            await self._keep(removal, SpilledRemoval(removal.key, removal.generation, ee_id))

    async def _keep(self, kept: Entry | Removal, spilled: SpilledOutcome | SpilledRemoval) -> None:
        file = await self._ensure_open()
        if kept.is_safe or (kept.is_gone if isinstance(kept, Entry) else kept.ended.done()):
            return
        number = next(self._numbers)
        kept.is_safe = True
        try:
            await file.ensure(_TABLE, spilled.document(number))
        except BaseException:
            kept.is_safe = False
            raise

        def forget(stored: asyncio.Future[Written | None]) -> None:
            if not stored.cancelled() and stored.result() is not None:  # None: the outbox was closed before
                self._forgetting.spawn(file.delete(_TABLE, {"_id": number}), "forget")

        ended = kept.promise() if isinstance(kept, Entry) else kept.ended
        ended.add_done_callback(forget)

    async def start(self) -> None:
        """Begin to write what ended processes left behind, unless that has begun.

        Raises:
            BadArguments: outcomes cannot be kept in the folder. In an outage it would be too late to learn that.
        """
        while self._writing is None:
            name = self._name
            problem = await compute_in_thread(lambda: problem_of_folder(self._folder))  # a disk may not answer
            if problem is not None:
                raise BadArguments(f"status.spill: {problem}", ["status.spill"])
            if name == self._name:  # else it was closed meanwhile
                self._start_writing()

    def _start_writing(self) -> None:
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_left(), name="write what was left")

    async def wait_written(self, limit: float) -> None:
        """Wait for at most `limit` seconds until what others left is written, if that has begun."""
        if self._writing is not None:
            await asyncio.wait((self._writing,), timeout=limit)

    async def _write_left(self) -> None:
        """Write what was left, trying again until the store takes it."""
        pause = _FIRST_PAUSE
        left = await in_thread(self._other_names)
        while left := [name for name in left if not await self._write_file(name)]:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _write_file(self, name: str) -> bool:
        """Write what is in one file; return whether that is over: it is written, in use elsewhere, or useless."""
        try:
            async with self._take(name) as file:
                return file is None or await self._write_all(name, file)
        except (VcaError, OSError) as error:
            _LOG.warning("outcomes in %s are not stored: %s", self._path(name), error)
            return not (isinstance(error, VcaError) and error.retryable)

    async def _write_all(self, name: str, file: SqliteStore) -> bool:
        """Write what is in a file, as far as the store takes it; return whether another attempt soon would be useless.

        An outcome leaves the file only if it is stored, is superseded by a later status, or can never be stored.
        """
        for document in await file.find(_TABLE):
            left: object = "an outcome"
            try:
                left = spilled = read_spilled(document)
                written = await spilled.put(self._store)
            except UnclearError as error:
                _LOG.warning("an outcome stays in %s until it is known where it goes: %s", self._path(name), error)
                continue
            except Exception as error:  # noqa: BLE001 - a store may raise anything
                if not is_refusal(error):
                    _LOG.warning("outcomes in %s are not stored: %s", self._path(name), error)
                    return False
                _LOG.warning("%s, which an earlier process left, cannot be stored: %s", left, error)
            else:
                if written is not Written.STORED:
                    why = "its document is gone" if written is Written.NO_DOCUMENT else "later statuses stand there"
                    _LOG.warning("%s, which an earlier process left, is not stored: %s", left, why)
            await file.delete(_TABLE, {"_id": document["_id"]})
        return True

    async def close(self, limit: float) -> list[str]:
        """Close the file, and remove it if nothing is left in it.

        Args:
            limit: seconds for what is under way.

        Returns:
            The names of tasks that still live.
        """
        writing, self._writing = self._writing, None
        alive: list[str] = []
        if writing is not None:
            writing.cancel()
            await asyncio.wait((writing,), timeout=limit)
            alive += [] if writing.done() else [writing.get_name()]
        try:
            async with asyncio.timeout(limit):
                while await self._forgetting.wait(limit):
                    pass
        except TimeoutError:
            alive += await self._forgetting.cancel(limit)
        # The next use may be in another loop, and takes what is left in this file.
        self._opening = asyncio.Lock()
        name, self._name = self._name, f"{self._name.partition('-')[0]}-{next(self._numbers)}"
        file, self._file = self._file, None
        lock, self._lock = self._lock, None
        if lock is not None:
            try:
                if file is not None:
                    await self._close_file(name, file)
                else:  # it was never opened, so there is nothing in it
                    await in_thread(lambda: self._remove(name))
            finally:
                close_lock_file(lock)
        return alive

    async def _ensure_open(self) -> SqliteStore:
        async with self._opening:
            if self._file is None:
                from vca_core.stores.sqlite import SqliteStore  # aiosqlite is for those who use it

                if self._lock is None:  # else it is locked since an attempt that failed, as on a full disk
                    await in_thread(self._make)
                file = SqliteStore(self._path(self._name))
                try:
                    await file.open()
                except BaseException:
                    await file.close()
                    raise
                self._file = file
            return self._file

    @asynccontextmanager
    async def _take(self, name: str) -> AsyncIterator[SqliteStore | None]:
        """Take a file whose lock is free; None if the lock is held, or the file is gone."""
        lock = await in_thread(lambda: _lock(self._path(name, ".lock")))
        if lock is None:
            yield None
            return
        try:
            if not await in_thread(self._path(name).exists):
                await in_thread(lambda: self._path(name, ".lock").unlink(missing_ok=True))
                yield None
                return
            from vca_core.stores.sqlite import SqliteStore  # as above

            file = SqliteStore(self._path(name))
            await file.open()
            try:
                yield file
            finally:
                await self._close_file(name, file)
        finally:
            close_lock_file(lock)

    async def _close_file(self, name: str, file: SqliteStore) -> None:
        try:
            is_empty = not await file.find(_TABLE)
        finally:
            await file.close()
        if is_empty:
            await in_thread(lambda: self._remove(name))

    def _make(self) -> None:
        """Make and lock the file. The lock is noted here: who waits for this may be cancelled meanwhile."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._lock = _lock(self._path(self._name, ".lock"), make=True)
            if self._lock is not None:
                os.close(os.open(self._path(self._name), os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise StoreError(f"status.spill: {self._folder} cannot be written: {error.strerror}") from error
        if self._lock is None:
            raise StoreError(f"status.spill: another process has {self._path(self._name)}", retryable=False)

    def _remove(self, name: str) -> None:
        for suffix in (".db", ".db-wal", ".db-shm", ".lock"):
            self._path(name, suffix).unlink(missing_ok=True)

    def _other_names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.lock") if path.stem != self._name)

    def _path(self, name: str, suffix: str = ".db") -> Path:
        return self._folder / f"{name}{suffix}"


def _reason_of(error: TimeoutError | VcaError) -> str:
    return str(error) if isinstance(error, VcaError) else "the disk did not take it in time"


def _times_before(trail: Trail, outbox: Outbox, key: EeKey, outcome: Entry) -> list[str] | None:
    """The times of the statuses that an outcome follows; None: nothing of its operation is known to be there."""
    footprint = None if outcome.place is None else trail.footprints.get(outcome.place)
    if footprint is None or not footprint.is_sure or outcome.operation_id != trail.id:
        return None
    return [*footprint.times, *outbox.times_before(key, outcome)]


def _lock(path: Path, *, make: bool = False) -> int | None:
    """Lock a file; None: another process has it, or it is gone."""
    try:
        descriptor = open_lock_file(path, make=make)
    except FileNotFoundError:
        return None
    if try_lock(descriptor):
        return descriptor
    close_lock_file(descriptor)
    return None
