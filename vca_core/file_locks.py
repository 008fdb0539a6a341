"""Locks on files, one process at a time: the kernel gives them back whatever ends a process.

A forked process gets copies of all descriptors, and so of the locks, which it would hold for as long as it lives: it
closes them first. One that is about to become another program closes them with that, a moment later; so a lock is given
back before its file is closed, and copies hold none.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from vca_core.private_files import MODE

_open: set[int] = set()
"""The descriptors of lock files that this process opened itself."""


def open_lock_file(path: Path, *, make: bool = True) -> int:
    """Open a lock file, which nobody else may read.

    Args:
        path: its place.
        make: whether to make it if it is not there.

    Returns:
        Its descriptor, for the other functions.

    Raises:
        OSError: it cannot be opened, or is not there.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if make else 0), MODE)
    _open.add(descriptor)
    return descriptor


def try_lock(descriptor: int) -> bool:
    """Lock a file, unless another process, or another descriptor, has the lock; return whether it is locked now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def wait_lock(descriptor: int) -> None:
    """Lock a file; this blocks for as long as another process, or another descriptor, has the lock."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def close_lock_file(descriptor: int) -> None:
    """Close a lock file, and give its lock back; in a forked process it is closed already."""
    if descriptor in _open:
        _open.discard(descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _close_copies() -> None:
    while _open:
        os.close(_open.pop())


os.register_at_fork(after_in_child=_close_copies)
