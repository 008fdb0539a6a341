"""What of a charm is uploaded: its files, without those that ``.jujuignore`` keeps at home."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from vca_core.charm.cache import SETTLED
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
    _check(path, lambda _: True)


def check_contents_before_packing(path: Path) -> None:
    """Refuse a charm that holds what may not be in one, but for names that are not UTF-8.

    Those are a slip of who copied the files, and an EE may be made for the charm while they are renamed: it is the
    installation that refuses them, before it makes anything.

    Raises:
        BadArguments: it does, or cannot be read.
    """
    _check(path, _is_utf8)


def _check(path: Path, counts: Callable[[Entry], bool]) -> None:
    try:
        if path.is_dir():
            check_entries(path, filter(counts, entries_of(path)))
    except OSError as error:
        raise _refusal(f"{path} cannot be read: {error.strerror or error}") from error


def _is_utf8(entry: Entry) -> bool:
    try:
        f"{entry.name}{entry.target}".encode()
    except UnicodeEncodeError:
        return False
    return True


def stamp_of(path: Path) -> Stamp:
    """What changes when a charm's files do, without reading them."""
    return (str(path), *_marks(path))


class _Mark(NamedTuple):
    name: str
    changed: int
    size: int
    mode: int
    inode: int


def _marks(path: Path) -> Iterator[_Mark]:
    files = [("", path.lstat())] if path.is_file() else ((one.name, one.status) for one in entries_of(path))
    for name, status in files:
        yield _Mark(name, status.st_mtime_ns, status.st_size, status.st_mode, status.st_ino)


class Digests:
    """Digests of charms, kept for as long as their files do not change. Threads may share it.

    Args:
        size: how many are kept; the one that was not asked for the longest gives way.
    """

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[Path, tuple[Stamp, str]] = OrderedDict()

    def of(self, path: Path) -> str:
        """The digest of what is uploaded of a charm: the same content has the same one, wherever and however old it is.

        It reads files: in coroutines, in a thread.

        Args:
            path: the charm's folder or ``.charm`` file, absolute.

        Raises:
            BadArguments: it cannot be read, or holds what may not be in a charm.
        """
        try:
            before = stamp_of(path)
            with self._lock:
                kept = self._kept.get(path)
            if kept is not None and kept[0] == before:
                return kept[1]
            now = time.time_ns()
            digest = _digest(path)
            newest = max((mark.changed for mark in _marks(path)), default=0)
            if now - newest > SETTLED and stamp_of(path) == before:
                with self._lock:
                    self._kept[path] = before, digest
                    self._kept.move_to_end(path)
                    while len(self._kept) > self._size:
                        self._kept.popitem(last=False)
        except OSError as error:
            raise _refusal(f"{path} cannot be read: {error.strerror or error}") from error
        return digest


def _digest(path: Path) -> str:
    if path.is_file():
        if path.stat().st_size > LARGEST_FOLDER:
            raise _refusal(f"{path} has more than {LARGEST_FOLDER} bytes; make it smaller")
        return _sha256(path)
    digest = hashlib.sha256()
    entries = list(entries_of(path))
    check_entries(path, entries)
    for entry in entries:
        mode = entry.status.st_mode
        if entry.target is not None:
            kind, content = "link", entry.target
        elif stat.S_ISREG(mode):
            kind, content = "program" if mode & 0o111 else "file", _sha256(entry.path)
        else:
            kind, content = "folder", ""
        digest.update(json.dumps([entry.name, kind, content]).encode())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refusal(reason: str) -> BadArguments:
    return BadArguments(f"artifact_path: {reason}", ["artifact_path"])
