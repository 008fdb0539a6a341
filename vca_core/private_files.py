"""Files that only their user may read: what is kept in them may be secret."""

from __future__ import annotations

import contextlib
import os

MODE = 0o600
"""Read and write for the user, nothing for others."""


def make_private(path: str | os.PathLike[str]) -> None:
    """Make an empty private file, if there is none; one that is there stays as it is.

    What SQLite puts beside a database has the rights of the database. The code that opens the file reports
    one that cannot be made.

    Args:
        path: its place.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE))
