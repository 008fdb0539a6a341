"""Digests of charms: the same for the same content, be it a folder or a ``.charm`` file.

What counts is what units get: names, files, which of them are programs, symlinks, and folders that are empty. How a
file was packed does not count, nor when, nor in which order. Of a folder it is what is uploaded: without what stays at
home, and with what is made for Juju.
"""

from __future__ import annotations

import hashlib
import json
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from vca_core.charm.cache import SETTLED
from vca_core.charm.contents import Stamp, check_entries, entries_of, marks_of, stamp_of
from vca_core.charm.members import parts_of
from vca_core.charm.reader import made_beside
from vca_core.charm.source import member_of, open_archive, open_member
from vca_core.errors import BadArguments

_CHUNK = 256 * 1024


class _Part(NamedTuple):
    """A file, folder or symlink of a charm: what counts of it."""

    name: str
    kind: str
    content: str


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
            kept = self.kept(path, before)
            if kept is not None:
                return kept
            now = time.time_ns()
            digest = _digest(_packed(path) if path.is_file() else _in_folder(path))
            newest = max((mark.changed for mark in marks_of(path)), default=0)
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

    def kept(self, path: Path, stamp: Stamp) -> str | None:
        """The digest that is kept of a charm whose files have a stamp; None: there is none. It reads no files.

        Args:
            path: the charm's folder or ``.charm`` file, absolute.
            stamp: as `stamp_of` gives it.
        """
        with self._lock:
            kept = self._kept.get(path)
        return kept[1] if kept is not None and kept[0] == stamp else None


def _digest(parts: Iterable[_Part]) -> str:
    every = sorted(parts)
    filled = {folder for part in every for folder in _folders_above(part.name)}
    digest = hashlib.sha256()
    for part in every:
        if part.kind != "folder" or part.name not in filled:
            digest.update(json.dumps(part).encode())
    return digest.hexdigest()


def _folders_above(name: str) -> Iterator[str]:
    while (name := name.rpartition("/")[0]) != "":
        yield name


def _in_folder(folder: Path) -> Iterator[_Part]:
    entries = list(entries_of(folder))
    check_entries(folder, entries)
    made = made_beside(folder)
    for entry in entries:
        mode = entry.status.st_mode
        if entry.name in made:
            continue
        if entry.target is not None:
            yield _Part(entry.name, "link", entry.target)
        elif stat.S_ISDIR(mode):
            yield _Part(entry.name, "folder", "")
        else:
            with entry.path.open("rb") as file:
                yield _Part(entry.name, _kind(mode), _sha256(file))
    for name, (mode, content) in made.items():
        yield _Part(name, _kind(mode), hashlib.sha256(content).hexdigest())


def _packed(path: Path) -> Iterator[_Part]:
    with path.open("rb") as packed, open_archive(path, packed) as archive:
        for info in archive.infolist():
            member = member_of(path, archive, info)
            name = "/".join(parts_of(member.name) or ())
            if member.target is not None:
                yield _Part(name, "link", member.target)
            elif stat.S_ISDIR(member.mode) or member.name.endswith("/"):
                yield _Part(name, "folder", "")
            else:
                with open_member(path, archive, info) as file:
                    yield _Part(name, _kind(member.mode), _sha256(file))


def _kind(mode: int) -> str:
    return "program" if mode & 0o111 else "file"


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
