"""``.charm`` files that one reader takes for one thing and the next for another: refused; those of tools are not."""

from __future__ import annotations

import base64
import io
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from vca_core.charm import read_charm
from vca_core.errors import BadArguments

METADATA = b"name: x\nsummary: s\ndescription: d\nseries: [jammy]\n"

OF_GO = """
UEsDBBQACAAIAAAAAAAAAAAAAAAAAAAAAAANAAAAbWV0YWRhdGEueWFtbMpLzE21UqjgKi7NzU0sqrRSKOZKSS1OLsosKMnMz7NSSOEqTi3KTC
22UojOSszNrYzlAgQAAP//UEsHCD1lb2g4AAAAMgAAAFBLAwQUAAAAAAAAAAAAAAAAAAAAAAAAAAAABgAAAGhvb2tzL1BLAwQUAAgICAAAAAAA
AAAAAAAAAAAAAAAACAAAAGhvb2tzL8OkUlbUT8rM0y/OAAQAAP//UEsHCKp40S8PAAAACQAAAFBLAwQUAAgACAAAAAAAAAAAAAAAAAAAAAAAAQ
AAAGzKTS1JTEksSdSrTMzNAQQAAP//UEsHCDIWQfUTAAAADQAAAFBLAQIUAxQACAAIAAAAAAA9ZW9oOAAAADIAAAANAAAAAAAAAAAAAACkgQAA
AABtZXRhZGF0YS55YW1sUEsBAhQAFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAYAAAAAAAAAAAAAAAAAcwAAAGhvb2tzL1BLAQIUAxQACAgIAAAAAA
CqeNEvDwAAAAkAAAAIAAAAAAAAAAAAAADtgZcAAABob29rcy/DpFBLAQIUAxQACAAIAAAAAAAyFkH1EwAAAA0AAAABAAAAAAAAAAAAAAD/odwA
AABsUEsFBgAAAAAEAAQA1AAAAB4BAAAFAGhlbGxv
"""
"""An archive of Go's, with descriptors behind the data, a folder, a symlink, a name in UTF-8 and a comment."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "x.charm"


class Stream(io.RawIOBase):
    """What can only be written to: sizes are then written behind the data."""

    def __init__(self) -> None:
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        self.content += bytes(data)
        return len(data)


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("is_large", [False, True])
def test_archives_of_python_are_read(place: Path, is_stream: bool, is_large: bool) -> None:
    file = Stream() if is_stream else io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("metadata.yaml", "w", force_zip64=is_large) as member:
            member.write(METADATA)
        archive.mkdir("hooks")
        archive.writestr("hooks/ä", "")
        archive.comment = b"of Python"
    place.write_bytes(file.content if isinstance(file, Stream) else file.getvalue())
    assert read_charm(place).name == "x"


def test_an_archive_that_was_added_to_is_read(place: Path) -> None:
    for name, content in (("metadata.yaml", METADATA), ("dispatch", b""), ("hooks/start", b"")):
        with zipfile.ZipFile(place, "a") as archive:
            archive.writestr(name, content)
    assert read_charm(place).name == "x"


def test_an_archive_of_go_is_read(place: Path) -> None:
    place.write_bytes(base64.b64decode(OF_GO))
    assert read_charm(place).name == "x"


ZIP = shutil.which("zip")


@pytest.mark.skipif(ZIP is None, reason="needs zip")
@pytest.mark.parametrize("options", [["-r"], ["-r", "-y"], ["-r", "-0"], ["-r", "-D", "-X"]])
def test_archives_of_zip_are_read(place: Path, tmp_path: Path, options: list[str]) -> None:
    assert ZIP is not None
    folder = tmp_path / "x"
    (folder / "hooks").mkdir(parents=True)
    (folder / "metadata.yaml").write_bytes(METADATA)
    (folder / "hooks" / "ä").touch()
    (folder / "link").symlink_to("metadata.yaml")
    subprocess.run([ZIP, "-q", *options, str(place), "."], cwd=folder, check=True)
    assert read_charm(place).name == "x"
    if not {"-0", "-y"} & {*options}:  # it packs no symlink into a pipe, and nothing unpacked
        piped = subprocess.run([ZIP, "-q", *options, "-", "."], cwd=folder, check=True, capture_output=True)
        place.write_bytes(piped.stdout)
        assert read_charm(place).name == "x"


@pytest.mark.skipif(ZIP is None, reason="needs zip")
def test_archives_with_zip64_ends_are_read_where_they_are_whole(place: Path, tmp_path: Path) -> None:
    """Where zip is asked for one, it makes an end for large archives, but into a pipe, where it leaves it out."""
    assert ZIP is not None
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "metadata.yaml").write_bytes(METADATA)
    subprocess.run([ZIP, "-q", "-fz", "-r", str(place), "."], cwd=folder, check=True)
    assert b"PK\6\6" in place.read_bytes()
    assert read_charm(place).name == "x"
    piped = subprocess.run([ZIP, "-q", "-fz", "-r", "-", "."], cwd=folder, check=True, capture_output=True)
    place.write_bytes(piped.stdout)
    with pytest.raises(BadArguments, match="leaves some numbers to a zip64 end, and there is none: .*pack it into a f"):
        read_charm(place)


def local(name: bytes, data: bytes, flags: int = 0, extra: bytes = b"") -> bytes:
    sizes = zlib.crc32(data), len(data), len(data)
    head = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, flags, 0, 0, 33, *sizes, len(name), len(extra))
    return head + name + extra + data


def central(
    name: bytes,
    data: bytes,
    at: int,
    *,
    flags: int = 0,
    extra: bytes = b"",
    system: int = 3,
    attributes: int = 0o100644 << 16,
) -> bytes:
    numbers = zlib.crc32(data), len(data), len(data), len(name), len(extra), 0, 0, 0, attributes, at
    return struct.pack("<4sBBHHHHHIIIHHHHHII", b"PK\1\2", 20, system, 20, flags, 0, 0, 33, *numbers) + name + extra


def end(count: int, length: int, at: int, comment: bytes = b"", *, here: int | None = None) -> bytes:
    counts = count if here is None else here, count
    return struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, *counts, length, at, len(comment)) + comment


def end64(count: int, length: int, at: int, *, more: bytes = b"", place: int | None = None, disks: int = 1) -> bytes:
    """A zip64 end and its locator, behind a directory of some length at some place."""
    head = struct.pack("<4sQHHII", b"PK\6\6", 44 + len(more), 45, 45, 0, 0)
    found = head + struct.pack("<QQQQ", count, count, length, at) + more
    return found + struct.pack("<4sIQI", b"PK\6\7", 0, at + length if place is None else place, disks)


def large_archive(
    first: bytes = b"", *, last: bytes | None = None, listed: bytes | None = None, **changes: object
) -> bytes:
    """An archive with a zip64 end that has all numbers of the usual one, and a member that has its place likewise."""
    directory = FIRST_LISTED + (SECOND_LARGE if listed is None else listed)
    place = len(FIRST + SECOND)
    made = first or end64(2, len(directory), place, **changes)  # type: ignore[arg-type]
    usual = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return FIRST + SECOND + directory + made + (usual if last is None else last)


def archive(locals_: bytes, directory: bytes, count: int = 2) -> bytes:
    return locals_ + directory + end(count, len(directory), len(locals_))


FIRST = local(b"metadata.yaml", METADATA)
SECOND = local(b"a", b"hello")
FIRST_LISTED = central(b"metadata.yaml", METADATA, 0)
LISTED = FIRST_LISTED + central(b"a", b"hello", len(FIRST))


def large(numbers: bytes, *, again: bool = False) -> bytes:
    """The second member, which leaves its place to a zip64 field."""
    extra = struct.pack("<HH", 1, len(numbers)) + numbers
    return central(b"a", b"hello", 0xFFFFFFFF, extra=extra * (1 + again))


SECOND_LARGE = large(struct.pack("<Q", len(FIRST)))
WITH_LARGE = FIRST + SECOND + FIRST_LISTED + SECOND_LARGE


def of_second(**changes: object) -> bytes:
    """An archive whose directory says something else of the second member."""
    return archive(
        FIRST + SECOND,
        FIRST_LISTED + central(b"a", b"hello", len(FIRST), **changes),  # type: ignore[arg-type]
    )


def field(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def hidden_by_a_short_directory() -> bytes:
    """Python takes the end of the directory, and Go its beginning."""
    hidden = central(b"a", b"hello", len(FIRST))
    return FIRST + SECOND + hidden + FIRST_LISTED + end(2, len(FIRST_LISTED), len(FIRST) + len(SECOND))


def test_an_archive_made_by_hand_is_read(place: Path) -> None:
    place.write_bytes(archive(FIRST + SECOND, LISTED))
    assert read_charm(place).name == "x"
    place.write_bytes(of_second(extra=field(0x7075, b"\1" + struct.pack("<I", zlib.crc32(b"a")) + b"a")))
    assert read_charm(place).name == "x"


def test_a_zip64_end_may_have_numbers_of_the_end(place: Path) -> None:
    place.write_bytes(large_archive())
    assert read_charm(place).name == "x"
    directory = FIRST_LISTED + SECOND_LARGE
    place.write_bytes(large_archive(last=end(2, len(directory), len(FIRST + SECOND))))
    assert read_charm(place).name == "x", "also where it only says them again"


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a short directory": (hidden_by_a_short_directory, "it does not reach to the end"),
    "bytes before all": (lambda: b"#!/bin/sh\n" + archive(FIRST + SECOND, LISTED), "it does not reach to the end"),
    "bytes before the first": (
        lambda: archive(b"junk" + SECOND, central(b"a", b"hello", 4), 1),
        "holds bytes before its first member",
    ),
    "bytes between": (
        lambda: archive(FIRST + b"junk" + SECOND, FIRST_LISTED + central(b"a", b"hello", len(FIRST) + 4)),
        "'metadata.yaml' is followed by bytes that belong to no member",
    ),
    "a member that is not listed": (
        lambda: archive(FIRST + SECOND, FIRST_LISTED, 1),
        "'metadata.yaml' is followed by bytes that belong to no member",
    ),
    "two members in one place": (
        lambda: archive(FIRST, FIRST_LISTED + central(b"metadata.yaml", METADATA, 0)),
        "'metadata.yaml' reaches into what follows it",
    ),
    "bytes behind all": (lambda: archive(FIRST + SECOND, LISTED) + b"junk", "its end says that 0 bytes follow, and 4"),
    "a second end": (
        lambda: archive(FIRST + SECOND, LISTED) + end(1, len(FIRST_LISTED), len(FIRST + SECOND)),
        "it does not reach to the end",
    ),
    "an end in the comment": (
        lambda: FIRST + SECOND + LISTED + end(2, len(LISTED), len(FIRST + SECOND), end(0, 0, 0) + b"more"),
        "its comment holds the mark of an end",
    ),
    "fewer members counted": (lambda: archive(FIRST + SECOND, LISTED, 1), "counts 1 members, and its directory has 2"),
    "more members counted": (lambda: archive(FIRST + SECOND, LISTED, 3), "counts 3 members, and its directory has 2"),
    "several parts": (
        lambda: FIRST + SECOND + LISTED + end(2, len(LISTED), len(FIRST + SECOND), here=1),
        "is one part of several",
    ),
    "something else in the directory": (
        lambda: archive(FIRST + SECOND, LISTED + b"junk"),
        "its directory holds something else than members",
    ),
    "another name": (
        lambda: archive(FIRST + local(b"b", b"hello"), LISTED),
        "'a' is named 'b' where it stands",
    ),
    "another flag": (
        lambda: archive(FIRST + local(b"a", b"hello", 0x800), LISTED),
        "'a' is packed otherwise than its directory says",
    ),
    "another content": (
        lambda: archive(FIRST + local(b"a", b"HELLO"), LISTED),
        "'a' has another size or checksum where it stands",
    ),
    "a length that leads elsewhere": (
        lambda: archive(FIRST + local(b"a", b"hello, hidden"), LISTED),
        "'a' has another size or checksum where it stands",
    ),
    "another size behind the data": (
        lambda: archive(
            FIRST + local(b"a", b"hello", 8) + b"PK\7\10" + struct.pack("<III", zlib.crc32(b"hello"), 5, 6),
            FIRST_LISTED + central(b"a", b"hello", len(FIRST), flags=8),
        ),
        "'a' is followed by bytes that belong to no member, or say another size",
    ),
    "a zip64 field with another place": (
        lambda: of_second(extra=field(1, struct.pack("<QQQ", 5, 5, 0))),
        "'a' has other sizes in its zip64 field",
    ),
    "a zip64 field with other sizes": (
        lambda: archive(FIRST + local(b"a", b"hello", extra=field(1, struct.pack("<QQ", 500, 500))), LISTED),
        "'a' has other sizes in its zip64 field",
    ),
    "another name in Unicode": (
        lambda: of_second(extra=field(0x7075, b"\1" + struct.pack("<I", zlib.crc32(b"a")) + b"dispatch")),
        "'a' has another name in its Unicode field",
    ),
    "a field that is cut": (
        lambda: of_second(extra=struct.pack("<HH", 0x5455, 100)),
        "'a' has a further field that is cut off",
    ),
    "a folder of DOS without a slash": (
        lambda: of_second(system=0, attributes=0x10),
        "'a' is a folder or a symlink by some of what is said of it",
    ),
    "a symlink of DOS": (
        lambda: of_second(system=0, attributes=0o120777 << 16),
        "'a' is a folder or a symlink by some of what is said of it",
    ),
    "no zip64 end": (
        lambda: FIRST + SECOND + LISTED + end(2, len(LISTED), 0xFFFFFFFF),
        "leaves some numbers to a zip64 end, and there is none",
    ),
    "a zip64 end that says otherwise": (
        lambda: large_archive(last=end(1, len(FIRST_LISTED), len(FIRST + SECOND))),
        "its end says 1 where its zip64 end says 2",
    ),
    "a zip64 end elsewhere": (
        lambda: large_archive(place=0),
        "its zip64 end is not just before its end",
    ),
    "a zip64 end of several parts": (lambda: large_archive(disks=2), "its zip64 end is not just before its end"),
    "a zip64 end with more in it": (lambda: large_archive(more=b"more"), "its zip64 end is not just before its end"),
    "a zip64 end of a cut file": (
        lambda: end64(0, 0, 0)[-20:] + end(0, 0, 0),
        "its zip64 end is not just before its end",
    ),
    "a zip64 end of another directory": (
        lambda: large_archive(end64(2, 7, len(FIRST + SECOND), place=len(WITH_LARGE))),
        "it does not reach to the end",
    ),
    "very many files": (
        lambda: large_archive(end64(2**40, len(FIRST_LISTED + SECOND_LARGE), len(FIRST + SECOND))),
        "holds more than 65534 files",
    ),
    "a very large directory": (
        lambda: large_archive(end64(2, 2**40, len(FIRST + SECOND), place=len(WITH_LARGE))),
        "its directory has more than 67106816 bytes",
    ),
    "a zip64 field that lacks the place": (
        lambda: large_archive(listed=large(b"")),
        "'a' leaves numbers to a zip64 field that does not fit",
    ),
    "a zip64 field that has more than is left to it": (
        lambda: large_archive(listed=large(struct.pack("<QQQ", 5, 5, len(FIRST)))),
        "'a' leaves numbers to a zip64 field that does not fit",
    ),
    "a zip64 field with a wrong place": (
        lambda: large_archive(listed=large(struct.pack("<Q", 2**63))),
        "'metadata.yaml' is followed by bytes that belong to no member",
    ),
    "two zip64 fields": (
        lambda: large_archive(listed=large(struct.pack("<Q", len(FIRST)), again=True)),
        "'a' has two zip64 fields",
    ),
    "a member that is nowhere": (
        lambda: archive(FIRST + SECOND, FIRST_LISTED + central(b"a", b"hello", 2**31)),
        "'metadata.yaml' is followed by bytes that belong to no member",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_readers_disagree_about_is_refused(place: Path, case: str) -> None:
    make, reason = CASES[case]
    place.write_bytes(make())
    with pytest.raises(BadArguments) as caught:
        read_charm(place)
    assert reason in caught.value.message
    assert caught.value.bad_args == ["artifact_path"]
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("made", [archive(FIRST + SECOND, LISTED), large_archive()], ids=["usual", "zip64"])
def test_members_stay_what_they_are_whichever_byte_changes(place: Path, made: bytes) -> None:
    """What is still taken, Python reads as before; what is neither name, size nor place may change."""
    content = bytearray(made)
    before = _seen(bytes(content))
    data = {*range(len(FIRST) - len(METADATA), len(FIRST)), *range(len(FIRST + SECOND) - 5, len(FIRST + SECOND))}
    for at in range(len(content)):
        if at in data:
            continue
        for changed in (0, 1, 8, 0xFF, content[at] ^ 0x20, content[at] ^ 1):
            place.write_bytes(content[:at] + bytes([changed]) + content[at + 1 :])
            try:
                read_charm(place)
            except BadArguments:
                continue
            assert _seen(place.read_bytes()) == before, at


def _seen(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        return [(member.filename, found.read(member)) for member in found.infolist()]
