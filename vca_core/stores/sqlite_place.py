"""Whether the file that a status store has open is still the one at its path.

SQLite does not notice that a file was moved, deleted or replaced: it goes on with the one that it has open. What is
written then is in a file that nobody will look at, and in the end in none.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vca_core.errors import StoreError

_Identity = tuple[int, int] | None
"""The device and the number of a file; None: there is none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is that is open.

    Args:
        path: its path.
        files: the files that were there when it was opened, by path: the database, and its log if it has one.
    """

    path: Path
    files: tuple[tuple[Path, _Identity], ...]

    @classmethod
    def of(cls, path: Path, *, read_only: bool) -> Place:
        """Look at a database that was opened just now.

        Args:
            path: its path.
            read_only: whether it is only read; others write and remove its log then.
        """
        log = path.with_name(f"{path.name}-wal")
        files = [path] if read_only or _identity(log) is None else [path, log]
        return cls(path, tuple((file, _identity(file)) for file in files))

    def check(self) -> None:
        """Check that they are still there; any thread may do it.

        Raises:
            StoreError: one was moved, deleted or replaced. It is retryable: the file may come back.
        """
        for file, identity in self.files:
            found = _identity(file)
            if found is None or found != identity:
                what = "moved or deleted" if found is None else "replaced by another one"
                which = "its file" if file == self.path else f"its log {file.name}"
                raise StoreError(
                    f"status store {self.path}: {which} was {what} while it was in use, and nothing is read or written "
                    "until it is back: put it back, or restart the programs that use it"
                )


def _identity(path: Path) -> _Identity:
    try:
        found = os.stat(path)  # noqa: PTH116 - for each write: half the time of Path.stat
    except OSError:
        return None
    return found.st_dev, found.st_ino
