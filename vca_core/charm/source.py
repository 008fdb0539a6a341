"""Where a charm's files are read from: a folder, or a ``.charm`` file, out of which nothing is ever unpacked."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from vca_core.charm.ignoring import Ignored
from vca_core.charm.layout import check_layout
from vca_core.charm.members import MOST_MEMBERS, Member, check_members
from vca_core.errors import BadArguments

LARGEST_ARCHIVE = 1024**3
"""How large a ``.charm`` file may be, in bytes."""

LARGEST_UNPACKED = 4 * 1024**3
"""How large what is in it may be, in bytes."""

HIGHEST_RATIO = 100
"""How much smaller packing may have made it; counts from `RATIO_COUNTS_FROM` on. Program text reaches 10, logs 30."""

RATIO_COUNTS_FROM = 16 * 1024**2
"""How large the unpacked content has to be, in bytes, before the ratio says anything."""

LONGEST_LINK = 4096
"""How long the target of a symlink may be, in bytes."""

_IS_UTF8 = 0x800
"""The flag of a member whose name is UTF-8; of others the bytes count, which zipfile reads in an older encoding."""

_OLD_ENCODING = "cp437"

PROGRAMS = ("dispatch", "hooks", "src", "src/charm.py")
"""Where the programs of a charm are: what `Found` depends on beside the files that are read."""


class Found(NamedTuple):
    """What was found of a charm.

    Args:
        contents: of the files that were asked for, by name.
        is_packed: whether it is a ``.charm`` file.
        has_program: whether it has what Juju starts: ``dispatch``, or something in ``hooks``.
        has_sources: whether it has ``src/charm.py``.
        ignored: the files that were asked for and are left out when the charm is uploaded.
    """

    contents: Mapping[str, bytes]
    is_packed: bool
    has_program: bool
    has_sources: bool
    ignored: frozenset[str] = frozenset()


def read_files(path: Path, names: Sequence[str], limit: int) -> Found:
    """Read some files of a charm.

    Args:
        path: a folder or a ``.charm`` file.
        names: of files at its top.
        limit: how many bytes a file may have.

    Raises:
        BadArguments: it is neither, cannot be read, is dangerous, or a file is too large.
    """
    try:
        if path.is_dir():
            return _find_in_folder(path, names, limit)
        if not path.is_file():
            raise _refusal(
                path,
                "expected a folder or a .charm file, got neither"
                if path.exists()
                else "expected a folder or a .charm file, got nothing",
            )
        with path.open("rb") as file, open_archive(path, file) as archive:
            return _find_in_archive(path, archive, names, limit)
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror or error}") from error


def _find_in_folder(folder: Path, names: Sequence[str], limit: int) -> Found:
    ignored = Ignored.of(folder)

    def is_packed_along(name: str) -> bool:
        return not ignored.has(name, is_folder=False)

    contents = {name: content for name in names if (content := _read_from_folder(folder, name, limit)) is not None}
    hooks = folder / "hooks"
    has_hooks = (
        hooks.is_dir()
        and not ignored.has("hooks", is_folder=not hooks.is_symlink())
        and any(is_packed_along(f"hooks/{hook.name}") for hook in hooks.iterdir())
    )
    return Found(
        contents,
        is_packed=False,
        has_program=has_hooks or ((folder / "dispatch").is_file() and is_packed_along("dispatch")),
        has_sources=(folder / "src" / "charm.py").is_file() and is_packed_along("src/charm.py"),
        ignored=frozenset(name for name in contents if not is_packed_along(name)),
    )


def _find_in_archive(path: Path, archive: zipfile.ZipFile, names: Sequence[str], limit: int) -> Found:
    there = archive.namelist()
    return Found(
        {name: content for name in names if (content := _read_from_archive(path, archive, name, limit)) is not None},
        is_packed=True,
        has_program="dispatch" in there or any(name.startswith("hooks/") and name != "hooks/" for name in there),
        has_sources="src/charm.py" in there,
    )


def _read_from_folder(folder: Path, name: str, limit: int) -> bytes | None:
    place = folder / name
    try:
        target = place.resolve(strict=True)
    except FileNotFoundError as error:
        if place.is_symlink():
            raise _refusal(folder, f"{name} is a symlink to nothing; put the file itself there") from error
        return None
    except (OSError, RuntimeError) as error:  # RuntimeError: how Python 3.11 and 3.12 report a loop of symlinks
        raise _refusal(folder, f"{name} cannot be followed to a file: {error}") from error
    if not target.is_relative_to(folder.resolve()):
        raise _refusal(folder, f"{name} is a symlink that leads out of the charm; put the file itself there")
    if not target.is_file():
        raise _refusal(folder, f"{name}: expected a file")
    with target.open("rb") as file:
        return _read_limited(file, folder, name, limit)


@contextmanager
def open_archive(path: Path, file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Open a ``.charm`` file for as long as something is read of it, if it holds what may be in a charm.

    Args:
        path: where it is.
        file: the same, open.

    Raises:
        BadArguments: it is broken or dangerous, or what is read of it is.
    """
    if file.seek(0, 2) > LARGEST_ARCHIVE:
        raise _refusal(path, f"expected at most {LARGEST_ARCHIVE} bytes, got more")
    check_layout(file, lambda reason: _refusal(path, reason))  # before zipfile reads the list of members whole
    try:
        with zipfile.ZipFile(file) as archive:
            _check_members(path, archive)
            yield archive
    # What zipfile raises for broken and for unusual files; ValueError and struct.error escape from its parsing.
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise _refusal(path, f"expected a ZIP file, got one that cannot be used: {error}") from error


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise _refusal(path, f"holds more than {MOST_MEMBERS} files; put less into it")
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if unpacked > LARGEST_UNPACKED:
        raise _refusal(path, f"holds more than {LARGEST_UNPACKED} bytes when unpacked; put less into it")
    if unpacked > RATIO_COUNTS_FROM and unpacked > HIGHEST_RATIO * max(packed, 1):
        raise _refusal(path, f"is packed more than {HIGHEST_RATIO} to 1, as only bombs are; pack it anew")
    for member in members:
        if "\0" in member.orig_filename:  # zipfile cuts the name there, others do not
            name = member.orig_filename
            raise _refusal(path, f"its member {name!a} has characters in its name that cannot be printed; rename it")
        if member.flag_bits & 1:
            raise _refusal(path, f"its member {member.filename!r} is encrypted; pack the charm without a password")
    check_members((member_of(path, archive, member) for member in members), lambda reason: _refusal(path, reason))


def member_of(path: Path, archive: zipfile.ZipFile, packed: zipfile.ZipInfo) -> Member:
    """What a file, folder or symlink of a ``.charm`` file will be where it is unpacked."""
    name, target = packed.filename, None
    if not packed.flag_bits & _IS_UTF8:
        name = os.fsdecode(name.encode(_OLD_ENCODING))
    if _is_link(packed):
        target = os.fsdecode(_read_member(path, archive, packed, LONGEST_LINK))
    return Member(name, packed.external_attr >> 16, target)


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _read_from_archive(path: Path, archive: zipfile.ZipFile, name: str, limit: int) -> bytes | None:
    members = [member for member in archive.infolist() if member.filename == name]
    if not members:
        return None
    if _is_link(members[0]):
        raise _refusal(path, f"{name} is a symlink; pack the file itself")
    return _read_member(path, archive, members[0], limit)


def _read_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    with open_member(path, archive, member) as file:
        return _read_limited(file, path, member.filename, limit)


def open_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """Open what is in a ``.charm`` file.

    Raises:
        BadArguments: it is packed in a way that Juju does not know.
    """
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The others may ask for gigabytes of memory before they give a byte.
        raise _refusal(
            path, f"its member {member.filename!r} is packed in another way than deflate; pack the charm anew"
        )
    return archive.open(member)


def _read_limited(file: IO[bytes], path: Path, name: str, limit: int) -> bytes:
    content = file.read(limit + 1)
    if len(content) > limit:
        raise _refusal(path, f"{name}: expected at most {limit} bytes, got more")
    return content


def _refusal(path: Path, reason: str) -> BadArguments:
    return BadArguments(f"{path}: {reason}", ["artifact_path"])
