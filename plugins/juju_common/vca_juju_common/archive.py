"""A charm as one file: rendered from its folder, the same bytes for the same content."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from vca_core.charm.contents import Entry, check_entries, check_size, entries_of
from vca_core.charm.members import MOST_MEMBERS
from vca_core.charm.reader import render_beside
from vca_core.errors import BadArguments

UPLOAD_LIMIT = 1024**3
"""How many bytes of a charm are uploaded, if the options say nothing else."""

_REMEDY = "upload_limit says how many may be"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_IN_MEMORY = 4 * 1024 * 1024
_CHUNK = 256 * 1024
_IS_UTF8 = 0x800


@dataclass(frozen=True)
class Archive:
    """A rendered charm, in a spooled temporary file that is gone when it is closed.

    Args:
        file: its bytes.
        size: how many.
        digest: SHA-256 of them, in hexadecimal.
    """

    file: IO[bytes]
    size: int
    digest: str

    def close(self) -> None:
        """Give it up; nothing is left on disk."""
        self.file.close()


def render(path: Path, limit: int = UPLOAD_LIMIT) -> Archive:
    """Make a charm's archive. It reads all its files: in coroutines, in a thread.

    Names are in order and times are fixed, so that the same content gives the same digest wherever it is. The
    execute bits of files and symlinks within the charm are kept.

    Args:
        path: a charm's folder, or an archive, which is taken as it is.
        limit: how many bytes may be uploaded; what a folder holds is counted before it is packed.

    Raises:
        BadArguments: it cannot be rendered: built charms only, within the limit, and of what it may hold
            (`vca_core.charm.members`). `vca_core.charm.ignoring` knows what is left out.
    """
    try:
        if path.is_file():
            _check_archive(path, limit)
            return _finish(path.open("rb"))
        file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the archive owns it
        try:
            _write(path, file, limit)
        except BaseException:
            file.close()
            raise
        return _finish(file)
    except OSError as error:
        raise _unreadable(path, error) from error


def _write(folder: Path, file: IO[bytes], limit: int) -> None:
    found = _collect_entries(folder, limit)
    beside = render_beside(folder)
    entries = [entry for entry in found if entry.name not in beside]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in entries:
            mode = entry.status.st_mode
            if entry.target is not None:
                _put(archive, entry.name, stat.S_IFLNK | 0o777, os.fsencode(entry.target))
            elif stat.S_ISDIR(mode):
                _put(archive, f"{entry.name}/", stat.S_IFDIR | 0o755, b"")
            else:
                _copy(archive, entry.name, stat.S_IFREG | (0o755 if mode & 0o111 else 0o644), entry.path)
        for name, (mode, content) in sorted(beside.items()):
            _put(archive, name, stat.S_IFREG | mode, content)


def check_limit(path: Path, limit: int) -> None:
    """Refuse a charm of which more than the limit would be uploaded. It looks at sizes: in coroutines, in a thread.

    Args:
        path: a charm's folder or archive.
        limit: how many bytes may be uploaded.

    Raises:
        BadArguments: it has more, or cannot be looked at.
    """
    try:
        if path.is_file():
            _check_archive(path, limit)
        else:
            for _ in check_size(path, entries_of(path), limit, _REMEDY):
                pass
    except OSError as error:
        raise _unreadable(path, error) from error


def _check_archive(path: Path, limit: int) -> None:
    if path.stat().st_size > limit:
        raise _refusal(f"{path} has more than {limit} bytes; {_REMEDY} uploaded")


def _collect_entries(folder: Path, limit: int) -> list[Entry]:
    """All that is in a folder, if it may be uploaded."""
    found: list[Entry] = []
    for entry in check_size(folder, entries_of(folder), limit, _REMEDY):
        found.append(entry)
        if len(found) > MOST_MEMBERS:
            raise _refusal(f"{folder} holds more than {MOST_MEMBERS} files; put less into it")
    check_entries(folder, found)
    return found


def _unreadable(path: Path, error: OSError) -> BadArguments:
    return _refusal(f"{path} cannot be read: {error}")


def _refusal(reason: str) -> BadArguments:
    return BadArguments(f"artifact_path: {reason}", ["artifact_path"])


class _Info(zipfile.ZipInfo):
    """A member whose name may be any bytes, as files have them; zipfile itself takes characters only."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's name
        name = os.fsencode(self.filename)
        try:
            name.decode()
        except UnicodeDecodeError:
            return name, self.flag_bits
        return name, self.flag_bits | (0 if name.isascii() else _IS_UTF8)


def _info(name: str, mode: int) -> zipfile.ZipInfo:
    info = _Info(name, _EPOCH)
    info.create_system = 3  # Unix: what the modes mean
    info.external_attr = (mode << 16) | (0x10 if stat.S_ISDIR(mode) else 0)
    info.compress_type = zipfile.ZIP_STORED if stat.S_ISDIR(mode) else zipfile.ZIP_DEFLATED
    return info


def _put(archive: zipfile.ZipFile, name: str, mode: int, content: bytes) -> None:
    archive.writestr(_info(name, mode), content)


def _copy(archive: zipfile.ZipFile, name: str, mode: int, source: Path) -> None:
    with (
        source.open("rb") as read,
        archive.open(_info(name, mode), "w", force_zip64=source.stat().st_size > 2**31) as into,
    ):
        while chunk := read.read(_CHUNK):
            into.write(chunk)


def _finish(file: IO[bytes]) -> Archive:
    file.seek(0)
    digest = hashlib.sha256()
    size = 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return Archive(file, size, digest.hexdigest())
