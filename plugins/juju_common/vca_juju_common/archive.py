"""A charm as one file: rendered from its folder, the same bytes for the same content."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from vca_core.errors import BadArguments
from vca_juju_common.sources import is_source, render_beside

_EPOCH = (1980, 1, 1, 0, 0, 0)
_IN_MEMORY = 4 * 1024 * 1024
_LEFT_OUT = frozenset({".git", ".bzr", ".hg", ".svn", "__pycache__", ".tox", ".venv", ".mypy_cache", ".ruff_cache"})
_CHUNK = 256 * 1024


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


def render(path: Path) -> Archive:
    """Make a charm's archive. It reads all its files: in coroutines, in a thread.

    Names are in order and times are fixed, so that the same content gives the same digest wherever it is. The
    execute bits of files and symlinks within the charm are kept.

    Args:
        path: a charm's folder, or an archive, which is taken as it is.

    Raises:
        BadArguments: it cannot be rendered: built charms only, and no symlinks that lead out.
    """
    try:
        if path.is_file():
            return _finish(path.open("rb"))
        file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the archive owns it
        try:
            _write(path, file)
        except BaseException:
            file.close()
            raise
        return _finish(file)
    except OSError as error:
        raise BadArguments(f"artifact_path: {path} cannot be read: {error}", ["artifact_path"]) from error


def stamp(path: Path) -> tuple[object, ...]:
    """What changes when a charm's files do, without reading them."""
    entries = [(path, "")] if path.is_file() else list(_entries(path))
    told = []
    for entry, name in entries:
        status = entry.lstat()
        told.append((name, status.st_size, status.st_mtime_ns, status.st_mode, status.st_ino))
    return (str(path), *told)


def _entries(folder: Path, under: str = "") -> Iterator[tuple[Path, str]]:
    """What is in a folder, deeply, by name."""
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name in _LEFT_OUT:
            continue
        name = f"{under}{entry.name}"
        yield Path(entry.path), name
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path), f"{name}/")


def _write(folder: Path, file: IO[bytes]) -> None:
    root = folder.resolve()
    beside = render_beside(folder) if is_source(folder) else {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, name in _entries(folder):
            mode = entry.lstat().st_mode
            if stat.S_ISLNK(mode):
                target = entry.readlink()
                if not (entry.parent / target).resolve().is_relative_to(root):
                    raise BadArguments(f"artifact_path: the symlink {name} leads out of the charm", ["artifact_path"])
                _put(archive, name, stat.S_IFLNK | 0o777, str(target).encode())
            elif stat.S_ISDIR(mode):
                _put(archive, f"{name}/", stat.S_IFDIR | 0o755, b"")
            elif stat.S_ISREG(mode):
                _copy(archive, name, stat.S_IFREG | (0o755 if mode & 0o111 else 0o644), entry)
            else:
                raise BadArguments(f"artifact_path: {name} is neither a file nor a folder", ["artifact_path"])
        for name, (mode, content) in sorted(beside.items()):
            _put(archive, name, stat.S_IFREG | mode, content)


def _info(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
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
