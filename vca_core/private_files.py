"""Files that only their user may read: what is kept in them may be secret."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from pathlib import Path

MODE = 0o600
"""Read and write for the user, nothing for others."""

_OF_OTHERS = 0o077
_BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite puts beside a database, with the rights of the database."""

_LOG = logging.getLogger(__name__)


def make_private(path: str | os.PathLike[str]) -> None:
    """Make an empty private file, or take the rights of others from one that is there, and from what is beside it.

    Where that is refused, a warning says so. The code that opens the file reports one that cannot be made.

    Args:
        path: its place.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE))
    for ending in _BESIDE:
        _take_from_others(Path(f"{os.fspath(path)}{ending}"))


def _take_from_others(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode) or not mode & _OF_OTHERS:
        return
    try:
        path.chmod(stat.S_IMODE(mode) & ~_OF_OTHERS)
    except OSError as error:
        _LOG.warning(
            "other users may read %s, which may hold secrets, and its rights cannot be changed (%s); chmod 600 it",
            path,
            error.strerror,
        )
