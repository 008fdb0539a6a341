"""What of a charm is uploaded: its files, without those that ``.jujuignore`` keeps at home."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from vca_core.charm.ignoring import Ignored
from vca_core.charm.members import DEEPEST_FOLDER, Member, check_members
from vca_core.charm.source import LARGEST_ARCHIVE
from vca_core.errors import BadArguments

_NOT_PACKED = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
"""Rights of a folder's files that do not come into the archive."""

LARGEST_FOLDER = LARGEST_ARCHIVE
"""How many bytes may be in a charm's folder: as many as a ``.charm`` file may have."""

Stamp = tuple[object, ...]
"""What changes when a charm's files do."""


class Entry(NamedTuple):
    """A file, folder or symlink of a charm's folder.

    Args:
        path: where it is.
        name: its path in the charm.
        status: what the file system says of it.
        target: of a symlink, where it leads; None for all else.
    """

    path: Path
    name: str
    status: os.stat_result
    target: str | None


def entries_of(folder: Path) -> Iterator[Entry]:
    """What of a charm's folder is uploaded, deeply, by name, in order.

    Raises:
        BadArguments: it is deeper than a charm may be.
        OSError: it cannot be read.
    """
    return _entries(folder, Ignored.of(folder), "")


def _entries(folder: Path, ignored: Ignored, under: str) -> Iterator[Entry]:
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        name, is_folder = f"{under}{entry.name}", entry.is_dir(follow_symlinks=False)
        if ignored.has(name, is_folder=is_folder):
            continue
        path = Path(entry.path)
        yield Entry(path, name, entry.stat(follow_symlinks=False), str(path.readlink()) if entry.is_symlink() else None)
        if is_folder:
            if under.count("/") > DEEPEST_FOLDER:
                raise _refusal(f"{name[:100]!r}... is deeper than {DEEPEST_FOLDER} folders; nest them less")
            yield from _entries(path, ignored, f"{name}/")


def check_size(folder: Path, entries: Iterable[Entry], limit: int, remedy: str) -> Iterator[Entry]:
    """Pass on what is in a charm's folder for as long as it is not too much; nothing is read for that.

    Args:
        folder: the charm's.
        entries: what is in it, as `entries_of` gives it.
        limit: how many bytes it may have.
        remedy: how the error goes on.

    Raises:
        BadArguments: it has more; names the first file that is too much.
    """
    size = 0
    for entry in entries:
        size += entry.status.st_size if stat.S_ISREG(entry.status.st_mode) else 0
        if size > limit:
            raise _refusal(f"{folder} holds more than {limit} bytes, with {entry.name!r}; {remedy}")
        yield entry


def check_entries(folder: Path, entries: Iterable[Entry]) -> None:
    """Refuse a charm's folder that holds what may not be in a charm.

    Args:
        folder: the charm's.
        entries: what is in it, as `entries_of` gives it.

    Raises:
        BadArguments: it does; says what (`vca_core.charm.members`).
    """
    few = check_size(folder, entries, LARGEST_FOLDER, "put less into it")
    members = (Member(entry.name, entry.status.st_mode & ~_NOT_PACKED, entry.target) for entry in few)
    check_members(members, lambda reason: _refusal(f"{folder}: {reason}"))


def check_contents(path: Path) -> None:
    """Refuse a charm that holds what may not be in one; an archive was looked at when it was read.

    Raises:
        BadArguments: it does, or cannot be read.
    """
    try:
        if path.is_dir():
            check_entries(path, entries_of(path))
    except OSError as error:
        raise _refusal(f"{path} cannot be read: {error.strerror or error}") from error


def stamp_of(path: Path) -> Stamp:
    """What changes when a charm's files do, without reading them."""
    return (str(path), *marks_of(path))


def size_in(stamp: Stamp) -> int:
    """How many bytes the files of a charm have together that has this stamp."""
    marks = (mark for mark in stamp if isinstance(mark, Mark))
    return sum(mark.size for mark in marks if stat.S_ISREG(mark.mode))


class Mark(NamedTuple):
    """What changes when a file, folder or symlink does.

    Args:
        name: its path in the charm; empty for the charm's own file.
        changed: when it was changed last, in nanoseconds.
        size: how many bytes.
        mode: type and rights.
        inode: which one it is.
    """

    name: str
    changed: int
    size: int
    mode: int
    inode: int


def marks_of(path: Path) -> Iterator[Mark]:
    """What changes when a charm's files do, file by file."""
    files = [("", path.lstat())] if path.is_file() else ((one.name, one.status) for one in entries_of(path))
    for name, status in files:
        yield Mark(name, status.st_mtime_ns, status.st_size, status.st_mode, status.st_ino)


def _refusal(reason: str) -> BadArguments:
    return BadArguments(f"artifact_path: {reason}", ["artifact_path"])
