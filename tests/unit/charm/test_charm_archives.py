"""``.charm`` files (and folders) that mean harm, or are broken: refused, and nothing of them is unpacked."""

from __future__ import annotations

import io
import os
import stat
import struct
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vca_core.charm import Charm, read_charm
from vca_core.charm.layout import LONGEST_DIRECTORY
from vca_core.charm.members import MOST_FOLDERS, MOST_MEMBERS, check_members
from vca_core.charm.members import Member as Found
from vca_core.charm.source import LARGEST_ARCHIVE, LARGEST_UNPACKED
from vca_core.errors import BadArguments
from vca_core.text_files import LARGEST_FILE

Member = tuple[str | zipfile.ZipInfo, str | bytes]
NAME: Member = ("metadata.yaml", "name: packed")


def pack(members: Iterable[Member], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w", method) as archive:
        warnings.simplefilter("ignore")  # of duplicate names
        for name, data in members:
            archive.writestr(name, data, method if isinstance(name, str) else None)
    return content.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "x.charm"


def refusal(place: Path, content: bytes) -> str:
    place.write_bytes(content)
    before = sorted(place.parent.iterdir())
    with pytest.raises(BadArguments) as caught:
        read_charm(place)
    assert caught.value.bad_args == ["artifact_path"]
    assert sorted(place.parent.iterdir()) == before
    return str(caught.value).removeprefix(f"{place}: ")


def test_what_is_packed_is_read_from_where_it_is(place: Path) -> None:
    place.write_bytes(pack([NAME, ("src/", ""), ("src/charm.py", "pass"), ("actions.yaml", "touch: {}")]))
    charm = read_charm(place)
    assert (charm.name, list(charm.actions)) == ("packed", ["touch"])
    assert list(place.parent.iterdir()) == [place]


def test_packing_without_compression_is_fine(place: Path) -> None:
    place.write_bytes(pack([NAME], zipfile.ZIP_STORED))
    assert read_charm(place) == Charm("packed")


def test_a_comment_at_the_end_is_fine(place: Path) -> None:
    place.write_bytes(pack([NAME]))
    with zipfile.ZipFile(place, "a") as archive:
        archive.comment = b"x" * 65_535
    assert read_charm(place) == Charm("packed")


def test_an_archive_without_any_of_the_files_is_no_charm(place: Path) -> None:
    assert refusal(place, pack([("sub/metadata.yaml", "name: deep")])).startswith(
        "is not a charm: expected a metadata.yaml"
    )


@pytest.mark.parametrize("name", ["../metadata.yaml", "a/../../b", "a/..", "..\\x", "a\\..\\x", "./../x"])
def test_members_that_climb_out_are_refused(place: Path, name: str) -> None:
    assert refusal(place, pack([NAME, (name, "")])) == f"its member {name!r} leads out of the charm; take it out"


@pytest.mark.parametrize("name", ["/etc/passwd", "//host/x", "\\x", "C:\\x", "c:x"])
def test_absolute_members_are_refused(place: Path, name: str) -> None:
    assert refusal(place, pack([NAME, (name, "")])) == f"its member {name!r} leads out of the charm; take it out"


@pytest.mark.parametrize("target", ["../x", "/etc/passwd", "a/../../x", "..\\x", "C:\\x"])
def test_symlinks_that_lead_out_are_refused(place: Path, target: str) -> None:
    message = refusal(place, pack([NAME, (link("hook"), target)]))
    assert message == "its member 'hook' is a symlink that leads out of the charm, or in circles; put the file there"


def test_symlinks_that_stay_inside_are_fine(place: Path) -> None:
    place.write_bytes(pack([NAME, (link("hooks/install"), "../src/charm.py"), (link("venv/a/b"), "./c/../d")]))
    assert read_charm(place) == Charm("packed")


def test_a_symlink_for_a_file_that_is_read_is_refused(place: Path) -> None:
    content = pack([("real.yaml", "name: real"), (link("metadata.yaml"), "real.yaml")])
    assert refusal(place, content) == "metadata.yaml is a symlink; pack the file itself"


def test_a_symlink_with_an_endless_target_is_refused(place: Path) -> None:
    assert refusal(place, pack([NAME, (link("hook"), "a/" * 5000)])) == "hook: expected at most 4096 bytes, got more"


def test_encrypted_members_are_refused(place: Path) -> None:
    content = bytearray(pack([NAME]))
    content[6] |= 1  # the flags of the member …
    content[content.index(b"PK\1\2") + 8] |= 1  # … and of its entry in the list
    assert (
        refusal(place, bytes(content)) == "its member 'metadata.yaml' is encrypted; pack the charm without a password"
    )


def test_a_file_that_is_there_twice_is_refused(place: Path) -> None:
    message = refusal(place, pack([NAME, ("metadata.yaml", "name: other")]))
    assert message.startswith("its member 'metadata.yaml' is there twice, or in upper and in lower case")


def test_a_large_file_is_refused(place: Path) -> None:
    text = os.urandom(LARGEST_FILE // 2 + 1).hex()
    assert (
        refusal(place, pack([("metadata.yaml", text)]))
        == f"metadata.yaml: expected at most {LARGEST_FILE} bytes, got more"
    )


def test_a_bomb_is_refused(place: Path) -> None:
    content = pack([NAME, ("zeros", bytes(32 * 1024**2))])
    assert len(content) < 100_000
    assert refusal(place, content) == "is packed more than 100 to 1, as only bombs are; pack it anew"


def test_a_small_file_may_be_packed_well(place: Path) -> None:
    place.write_bytes(pack([NAME, ("zeros", bytes(1024**2))]))
    assert read_charm(place) == Charm("packed")


def test_a_bomb_that_lies_about_its_size_does_not_go_off(place: Path) -> None:
    content = bytearray(pack([("metadata.yaml", "name: x\n#" + "x" * 8 * 1024**2)]))
    struct.pack_into("<I", content, 22, 100)  # where it stands …
    struct.pack_into("<I", content, content.index(b"PK\1\2") + 24, 100)  # … and in the list
    assert "expected a ZIP file, got one that cannot be used" in refusal(place, bytes(content))


def test_what_unpacks_to_too_much_is_refused(place: Path) -> None:
    content = bytearray(pack([NAME, ("a", "a"), ("b", "b")]))
    for mark, place_of_size in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = -1
        for _ in range(3):
            at = content.index(mark, at + 1)
            struct.pack_into("<I", content, at + place_of_size, 2**31)
    assert refusal(place, bytes(content)) == f"holds more than {LARGEST_UNPACKED} bytes when unpacked; put less into it"


def test_what_is_larger_than_any_charm_is_refused_unread(place: Path) -> None:
    place.write_bytes(b"")
    os.truncate(place, LARGEST_ARCHIVE + 1)  # sparse: takes no space
    with pytest.raises(BadArguments, match=f"expected at most {LARGEST_ARCHIVE} bytes"):
        read_charm(place)


def end(members: int, length: int, at: int) -> bytes:
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, members & 0xFFFF, members & 0xFFFF, length, at, 0)


def test_too_many_members_are_refused(place: Path) -> None:
    many = MOST_MEMBERS + 1
    assert refusal(place, end(many, 22, 0)) == f"holds more than {MOST_MEMBERS} files; put less into it"


def test_too_many_members_are_counted_whatever_the_end_says(place: Path) -> None:
    content = pack([("a", "")])
    members = content[content.index(b"PK\1\2") : content.index(b"PK\5\6")] * (MOST_MEMBERS + 1)
    assert (
        refusal(place, members + end(1, len(members), 0)) == f"holds more than {MOST_MEMBERS} files; put less into it"
    )


def test_a_list_of_members_that_is_too_long_is_refused_unread(place: Path) -> None:
    reason = refusal(place, end(1, 2**31, 0))
    assert reason == f"its directory has more than {LONGEST_DIRECTORY} bytes; put less into it, or shorten names"


def test_a_missing_extension_for_more_members_is_refused(place: Path) -> None:
    content = pack([NAME])
    at = content.rindex(b"PK\5\6")
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1)
    reason = refusal(place, content[:at] + locator + content[at:])
    assert reason == "its zip64 end is not just before its end, or holds more than it needs; pack it anew"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_cost_memory_are_refused(place: Path, method: int) -> None:
    message = refusal(place, pack([NAME], method))
    assert message == "its member 'metadata.yaml' is packed in another way than deflate; pack the charm anew"


@pytest.mark.parametrize("content", [b"", b"name: x", b"\x1f\x8b" + b"x" * 100, b"PK\5\6", b"PK\3\4" + b"x" * 100])
def test_what_is_no_zip_file_is_refused(place: Path, content: bytes) -> None:
    assert refusal(place, content) == "expected a folder or a ZIP file, got neither"


def test_a_member_that_was_changed_is_refused(place: Path) -> None:
    content = pack([NAME], zipfile.ZIP_STORED).replace(b"name: packed", b"name: picked")
    assert refusal(place, content).startswith("expected a ZIP file, got one that cannot be used: Bad CRC-32")


def test_a_file_that_was_cut_is_refused(place: Path) -> None:
    content = pack([NAME, ("hook", os.urandom(1000))])
    for length in range(0, len(content), 7):
        refusal(place, content[:length])


GOOD = pack([NAME, ("actions.yaml", "touch: {params: {a: {type: string}}}"), (link("hook"), "src"), ("src", "x" * 99)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_whatever_is_broken_it_is_read_or_refused(place: Path, changes: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for at, byte in changes:
        content[at] = byte
    place.write_bytes(content)
    try:
        charm = read_charm(place)
    except BadArguments as error:
        assert error.bad_args == ["artifact_path"]  # noqa: PT017 - both ways are fine
    else:
        assert charm.name == "packed"


@pytest.mark.parametrize("target", ["../outside.yaml", "/etc/hostname", "gone.yaml", "metadata.yaml", "sub"])
def test_symlinks_that_lead_out_of_a_charms_folder_are_refused(tmp_path: Path, target: str) -> None:
    folder = tmp_path / "x"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "outside.yaml").write_text("name: outside")
    (folder / "metadata.yaml").symlink_to(target)
    with pytest.raises(BadArguments, match=r"metadata\.yaml(: expected a file| is a| cannot)"):
        read_charm(folder)


def test_in_a_folder_files_that_are_none_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metadata.yaml")
    with pytest.raises(BadArguments, match=r"metadata\.yaml: expected a file"):
        read_charm(tmp_path)


def test_in_a_folder_a_large_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_bytes(b"#" * (LARGEST_FILE + 1))
    with pytest.raises(BadArguments, match=f"metadata\\.yaml: expected at most {LARGEST_FILE} bytes"):
        read_charm(tmp_path)


def test_what_is_absent_or_no_file_is_reported(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadArguments, match="got nothing"):
        read_charm(tmp_path / "absent")
    with pytest.raises(BadArguments, match="got neither"):
        read_charm(tmp_path / "pipe")


def test_folders_that_only_names_tell_of_are_counted() -> None:
    members = [Found(f"{number}/" + "a/" * 98 + "b") for number in range(MOST_FOLDERS // 99 + 1)]
    with pytest.raises(BadArguments, match=f"holds more than {MOST_FOLDERS} folders; put less into it"):
        check_members(members, BadArguments)
    check_members(members[:-1], BadArguments)
