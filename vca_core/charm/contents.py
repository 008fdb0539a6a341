"""What of a charm is uploaded: its files, without those that ``.jujuignore`` keeps at home."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from vca_core.charm.cache import SETTLED
from vca_core.charm.ignoring import Ignored
from vca_core.charm.members import DEEPEST_FOLDER
from vca_core.errors import BadArguments

Stamp = tuple[object, ...]
"""What changes when a charm's files do."""


def entries_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """What of a charm's folder is uploaded, deeply, by name, in order.

    Raises:
        BadArguments: it is deeper than a charm may be.
        OSError: it cannot be read.
    """
    return _entries(folder, Ignored.of(folder), "")


def _entries(folder: Path, ignored: Ignored, under: str) -> Iterator[tuple[Path, str]]:
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        name = f"{under}{entry.name}"
        if ignored.has(name, is_folder=entry.is_dir(follow_symlinks=False)):
            continue
        yield Path(entry.path), name
        if entry.is_dir(follow_symlinks=False):
            if under.count("/") > DEEPEST_FOLDER:
                raise BadArguments(
                    f"artifact_path: {name[:100]!r}... is deeper than {DEEPEST_FOLDER} folders", ["artifact_path"]
                )
            yield from _entries(Path(entry.path), ignored, f"{name}/")


def stamp_of(path: Path) -> Stamp:
    """What changes when a charm's files do, without reading them."""
    return (str(path), *_marks(path))


def _marks(path: Path) -> Iterator[tuple[object, ...]]:
    for entry, name in [(path, "")] if path.is_file() else entries_of(path):
        status = entry.lstat()
        yield name, status.st_size, status.st_mtime_ns, status.st_mode, status.st_ino


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
            BadArguments: it cannot be read.
        """
        try:
            before = stamp_of(path)
            with self._lock:
                kept = self._kept.get(path)
            if kept is not None and kept[0] == before:
                return kept[1]
            now = time.time_ns()
            digest = _digest(path)
            newest = max((int(str(mark[2])) for mark in _marks(path)), default=0)
            if now - newest > SETTLED and stamp_of(path) == before:
                with self._lock:
                    self._kept[path] = before, digest
                    self._kept.move_to_end(path)
                    while len(self._kept) > self._size:
                        self._kept.popitem(last=False)
        except OSError as error:
            raise BadArguments(
                f"artifact_path: {path} cannot be read: {error.strerror or error}", ["artifact_path"]
            ) from error
        return digest


def _digest(path: Path) -> str:
    if path.is_file():
        return _sha256(path)
    digest = hashlib.sha256()
    for entry, name in entries_of(path):
        mode = entry.lstat().st_mode
        if stat.S_ISLNK(mode):
            kind, content = "link", str(entry.readlink())
        elif stat.S_ISREG(mode):
            kind, content = "program" if mode & 0o111 else "file", _sha256(entry)
        else:
            kind, content = "folder" if stat.S_ISDIR(mode) else "other", ""
        digest.update(json.dumps([name, kind, content]).encode())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
