"""How a ``.charm`` file is laid out: so that there is one way only to read it.

It is uploaded as it is, and Juju reads it with another reader than we do. Where a ZIP file contradicts itself, readers
disagree about what is in it: one trusts its end, another looks for a directory, a third reads from the front. So the
end has to be at the very end, the directory just before it, and the members one behind the other before that, each said
to be the same in both places.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from vca_core.charm.members import MOST_MEMBERS
from vca_core.errors import BadArguments

_Refuse = Callable[[str], BadArguments]

_END = struct.Struct("<4sHHHHIIH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_LONGEST_COMMENT = 65_535
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")

_ENCRYPTED, _HAS_DESCRIPTOR, _IS_PATCH, _STRONG, _IS_UTF8, _MASKED = 0x1, 0x8, 0x20, 0x40, 0x800, 0x2000
_FLAGS = _ENCRYPTED | _HAS_DESCRIPTOR | _IS_PATCH | _STRONG | _IS_UTF8 | _MASKED
"""The flags that change how a member is read; the others say how hard it was packed."""

_LARGE = 0xFFFFFFFF
"""What stands for a number that is in a zip64 field, or in a zip64 end."""

_MANY = 0xFFFF
"""What stands for a count that is in a zip64 end."""

LONGEST_DIRECTORY = MOST_MEMBERS * 1024
"""How long the directory may be, in bytes: names take most of it."""

_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_SIZES = 2  # numbers of a zip64 field that are sizes
_LONGEST_DESCRIPTOR = 24
_STORED = 0
_OF_UNIX = (3, 19)
"""The systems whose archives have types and rights, of Unix and of macOS; Go looks at no other's."""

_DOS_FOLDER = 0x10


class _Listed(NamedTuple):
    """A member, as the directory has it."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    at: int

    @property
    def shown(self) -> str:
        return repr(self.name.decode("utf-8", "surrogateescape"))


def check_layout(file: IO[bytes], refuse: _Refuse) -> None:
    """Check that a ZIP file can be read in one way only.

    Args:
        file: the whole of it.
        refuse: makes the error of a reason.

    Raises:
        BadArguments: it is no ZIP file, has too many members, or may be read in several ways; says what is wrong.
    """
    start, length, count = _find_directory(file, refuse)
    file.seek(start)
    directory = file.read(length)
    members: list[_Listed] = []
    for member in _listed(directory, refuse):
        if len(members) >= MOST_MEMBERS:
            raise refuse(f"holds more than {MOST_MEMBERS} files; put less into it")
        members.append(member)
    if len(members) != count:
        raise refuse(f"its end counts {count} members, and its directory has {len(members)}; pack it anew")
    members.sort(key=lambda member: member.at)
    if (members[0].at if members else start) != 0:
        raise refuse("holds bytes before its first member; pack it anew")
    for member, following in zip(members, [*(member.at for member in members[1:]), start], strict=True):
        _check_local(file, member, following, refuse)
    file.seek(0)


def _find_directory(file: IO[bytes], refuse: _Refuse) -> tuple[int, int, int]:
    """Where the directory begins, how long that is, and how many members it has."""
    whole = file.seek(0, 2)
    first = max(0, whole - _LONGEST_COMMENT - _END.size - _LOCATOR.size - _END64.size)
    file.seek(first)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise refuse("expected a folder or a ZIP file, got neither")
    _, *disks, count, length, start, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise refuse(
            f"its end says that {comment} bytes follow, and {len(tail) - at - _END.size} do (or its comment holds the "
            "mark of an end); pack it anew"
        )
    end = first + at
    if tail[max(0, at - _LOCATOR.size) :].startswith(b"PK\6\7"):
        end, found = _read_end64(tail, at, first, refuse)
        usual, marks = (*disks, count, length, start), (*[_MANY] * 4, _LARGE, _LARGE)
        for here, there, mark in zip(usual, found, marks, strict=True):
            if here not in (there, mark):
                raise refuse(f"its end says {here} where its zip64 end says {there}; pack it anew")
        *disks, count, length, start = found
    elif _LARGE in (length, start):
        raise refuse(
            "its end leaves some numbers to a zip64 end, and there is none: programs that pack into a pipe write that, "
            "such as `zip -fz`; pack it into a file"
        )
    if disks != [0, 0, count]:
        raise refuse("is one part of several; pack it anew, in one")
    if count > MOST_MEMBERS:
        raise refuse(f"holds more than {MOST_MEMBERS} files; put less into it")
    if length > LONGEST_DIRECTORY:
        raise refuse(f"its directory has more than {LONGEST_DIRECTORY} bytes; put less into it, or shorten names")
    if start + length != end:
        raise refuse(
            f"its end says that its directory is {length} bytes from {start} on, but then it does not reach to the "
            f"end, at {end}; pack it anew"
        )
    return start, length, count


def _read_end64(tail: bytes, at: int, first: int, refuse: _Refuse) -> tuple[int, list[int]]:
    """Read the zip64 end, which stands before its locator, and that before the end.

    Args:
        tail: the end of the file.
        at: where the end stands in it.
        first: where it begins in the file.
        refuse: makes the error of a reason.

    Returns:
        Where it stands in the file; and what the end has, too: its disk, the directory's disk, members on this disk,
        members, the directory's length, and its place.
    """
    _, disk, place, disks = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)
    begin = at - _LOCATOR.size - _END64.size
    found = _END64.unpack_from(tail, begin) if begin >= 0 else (b"",)
    if (disk, place, disks) != (0, first + begin, 1) or found[:2] != (b"PK\6\6", _END64.size - 12):
        raise refuse("its zip64 end is not just before its end, or holds more than it needs; pack it anew")
    return first + begin, list(found[4:])


def _listed(directory: bytes, refuse: _Refuse) -> Iterator[_Listed]:
    at = 0
    while at < len(directory):
        if len(directory) - at < _CENTRAL.size or directory[at : at + 4] != b"PK\1\2":
            raise refuse("its directory holds something else than members; pack it anew")
        found = _CENTRAL.unpack_from(directory, at)
        _, made_by, _, flags, method, _, _, crc, packed, size, *lengths, disk, _, attributes, place = found
        names = at + _CENTRAL.size
        extra = names + lengths[0]
        at = extra + lengths[1] + lengths[2]
        if at > len(directory):
            raise refuse("its directory ends within a member; pack it anew")
        member = _Listed(directory[names:extra], flags, method, crc, packed, size, place)
        if disk:
            raise refuse(f"its member {member.shown} is in another part of several; pack it anew, in one")
        said = _check_extra(member, directory[extra : extra + lengths[1]], refuse)
        member = _with_large(member, said, refuse)
        if method == _STORED and member.packed != member.size:
            raise refuse(f"its member {member.shown} is not packed, and has two sizes; pack it anew")
        _check_type(member, made_by >> 8, attributes, refuse)
        yield member


def _with_large(member: _Listed, said: tuple[int, ...], refuse: _Refuse) -> _Listed:
    """Take what the usual fields leave to the zip64 field from there; what they do not, it may only say again.

    Args:
        member: as the usual fields have it.
        said: what the zip64 field has.
        refuse: makes the error of a reason.
    """
    usual = (member.size, member.packed, member.at)
    if _LARGE not in usual:
        if said != usual[: len(said)]:
            raise refuse(f"its member {member.shown} has other sizes in its zip64 field; pack it anew")
        return member
    if len(said) != usual.count(_LARGE):
        raise refuse(f"its member {member.shown} leaves numbers to a zip64 field that does not fit; pack it anew")
    left = iter(said)
    size, packed, at = (next(left) if number == _LARGE else number for number in usual)
    return member._replace(size=size, packed=packed, at=at)


def _check_type(member: _Listed, system: int, attributes: int, refuse: _Refuse) -> None:
    """What is a folder or symlink is one for those who look at Unix types, and for those who do not."""
    if system in _OF_UNIX:
        return
    kind, is_named_folder = stat.S_IFMT(attributes >> 16), member.name.endswith(b"/")
    is_folder = kind == stat.S_IFDIR or bool(attributes & _DOS_FOLDER)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (is_folder and not is_named_folder):
        raise refuse(
            f"its member {member.shown} is a folder or a symlink by some of what is said of it, and a file by the "
            "rest; pack it anew, on Unix"
        )


def _check_extra(member: _Listed, extra: bytes, refuse: _Refuse) -> tuple[int, ...]:
    """Look at further fields of a member, which may say again, and otherwise, what stands in the usual ones.

    Args:
        member: as the directory has it.
        extra: the fields.
        refuse: makes the error of a reason.

    Returns:
        The numbers in its zip64 field; none where there is none.

    Raises:
        BadArguments: a field is cut, there twice, or has another name.
    """
    at, found = 0, None
    while len(extra) - at >= 4:
        kind, length = struct.unpack_from("<HH", extra, at)
        content = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if at > len(extra):
            raise refuse(f"its member {member.shown} has a further field that is cut off; pack it anew")
        if kind == _ZIP64:
            if found is not None or length % 8:
                raise refuse(f"its member {member.shown} has two zip64 fields, or a part of one; pack it anew")
            found = struct.unpack(f"<{length // 8}Q", content)
        elif kind == _UNICODE_PATH and content[5:] != member.name:
            raise refuse(f"its member {member.shown} has another name in its Unicode field; pack it anew")
    return found or ()


def _check_local(file: IO[bytes], member: _Listed, following: int, refuse: _Refuse) -> None:
    """Check that what stands at a member's place is what the directory says, up to what follows it."""
    file.seek(member.at)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
        raise refuse(f"its member {member.shown} is not where its directory says; pack it anew")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
    name, extra = file.read(name_length), file.read(extra_length)
    if name != member.name:
        other = name.decode("utf-8", "surrogateescape")
        raise refuse(f"its member {member.shown} is named {other!r} where it stands; pack it anew")
    if flags & _FLAGS != member.flags & _FLAGS or method != member.method:
        raise refuse(f"its member {member.shown} is packed otherwise than its directory says; pack it anew")
    is_stream = bool(flags & _HAS_DESCRIPTOR)  # who packs a stream knows sizes and checksum only behind the data
    said = _check_extra(member, extra, refuse)
    expected = {(member.size, member.packed)[: len(said)], *([(0, 0)[: len(said)]] if is_stream else [])}
    if said not in expected:
        raise refuse(f"its member {member.shown} has other sizes in its zip64 field; pack it anew")
    has_sizes = len(said) == _SIZES
    for here, listed, is_size in ((crc, member.crc, False), (size, member.size, True), (packed, member.packed, True)):
        if not (here == listed or (is_stream and here == 0) or (is_size and has_sizes and here == _LARGE)):
            raise refuse(f"its member {member.shown} has another size or checksum where it stands; pack it anew")
    end = member.at + _LOCAL.size + name_length + extra_length + member.packed
    if end > following:
        raise refuse(f"its member {member.shown} reaches into what follows it; pack it anew")
    file.seek(end)
    between = file.read(min(following - end, _LONGEST_DESCRIPTOR + 1))
    if between not in (_descriptors(member) if is_stream else [b""]):
        raise refuse(
            f"its member {member.shown} is followed by bytes that belong to no member, or say another size or "
            "checksum; pack it anew"
        )


def _descriptors(member: _Listed) -> list[bytes]:
    """What may stand behind a member whose sizes were not known before it."""
    small = struct.pack("<III", member.crc, member.packed, member.size)
    large = struct.pack("<IQQ", member.crc, member.packed, member.size)
    return [sign + said for sign in (b"PK\7\10", b"") for said in (small, large)]
