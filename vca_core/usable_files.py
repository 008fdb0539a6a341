"""Whether files and folders that a config names can be used: they are looked at, and nothing is made or changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_SQLITE = b"SQLite format 3\0"
"""What a database of SQLite begins with; one without a table is empty."""


def problem_of_database(path: Path) -> str | None:
    """Look whether a file can be used as a database of SQLite, or be made as one.

    Args:
        path: the file, there or not.

    Returns:
        What is wrong with it, and what to do; None: nothing.
    """
    if not os.path.isdir(path.parent):  # noqa: PTH112 - that of a path raises where a name is too long
        return f"there is no folder {path.parent}; make it, or name another one"
    if os.path.isdir(path):  # noqa: PTH112 - as above
        return f"{path} is a folder; name a file"
    if not os.path.lexists(path):
        return None if os.access(path.parent, os.W_OK | os.X_OK) else f"{path} cannot be made: {_rights(path.parent)}"
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            beginning = file.read(len(_SQLITE)) if is_file else b""
    except (OSError, ValueError) as error:
        return f"{path} cannot be read: {error.strerror if isinstance(error, OSError) else 'no file has this name'}"
    if not is_file or beginning not in (b"", _SQLITE):
        return f"{path} is no database of SQLite; name another file"
    return None


def problem_of_new_folder(path: Path) -> str | None:
    """Look whether files can be put into a folder, which may still have to be made with those that it lies in.

    Args:
        path: the folder, there or not.

    Returns:
        What is wrong with it, and what to do; None: nothing.
    """
    there = next(one for one in (path, *path.parents) if os.path.lexists(one) or one == one.parent)
    if not os.path.isdir(there):  # noqa: PTH112 - that of a path raises where a name is too long
        return f"expected a folder, and {there} is none; name another one"
    return None if os.access(there, os.W_OK | os.X_OK) else _rights(there)


def _rights(folder: Path) -> str:
    return f"expected a folder that this user may write to; let it write to {folder}, or name another one"


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe without a writer would be waited for
