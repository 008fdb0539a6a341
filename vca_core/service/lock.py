"""One apply of a service at a time, on one machine: the kernel gives the lock back whatever ends a process."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from vca_core.config import VcaConfig
from vca_core.errors import StoreError
from vca_core.file_locks import close_lock_file, open_lock_file, try_lock
from vca_core.stores.urls import path_of

_BETWEEN = 0.2
"""Seconds between two tries; nothing announces that a file lock became free."""

_LONGEST_NAME = 100
"""Characters: names of files have an end, at 255 bytes mostly."""


def lock_file(config: VcaConfig, ns: str) -> Path | None:
    """The lock file of a service: beside the file of the status store; None: no other process can see the store."""
    store = path_of(config.store, config.folder)
    name = quote(ns, safe="")  # an id may have slashes in it
    if len(name) > _LONGEST_NAME:
        name = hashlib.sha256(ns.encode()).hexdigest()
    return None if store is None else store.with_name(f"{store.name}.{name}.lock")


@asynccontextmanager
async def service_lock(path: Path | None, on_wait: Callable[[str], None]) -> AsyncIterator[None]:
    """Hold a lock.

    Args:
        path: the lock file; it stays. None: no other process can see the store, and nothing is locked.
        on_wait: called once, if it is not free, with the number of the process that has it.

    Raises:
        StoreError: the file cannot be made.
    """
    if path is None:
        yield
        return
    try:
        descriptor = open_lock_file(path)
    except FileNotFoundError as error:  # as the store itself says: what is not mounted now may be so later
        raise StoreError(f"cannot make the lock file {path}: there is no folder {path.parent}; make it") from error
    except OSError as error:
        raise StoreError(
            f"cannot make the lock file {path}: {error.strerror}; let this user write to the folder, or name another "
            "store in the config",
            retryable=False,
        ) from error
    try:
        is_reported = False
        while not try_lock(descriptor):
            if not is_reported:
                on_wait(os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown")
                is_reported = True
            await asyncio.sleep(_BETWEEN)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        close_lock_file(descriptor)
