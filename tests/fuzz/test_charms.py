"""Charms of hostile authors, as archives and as folders: refused with the member's name, and nothing is made."""

from __future__ import annotations

import os
import stat
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from vca_core.charm import read_charm
from vca_core.charm.members import LONGEST_TARGETS, _Links
from vca_core.errors import BadArguments
from vca_juju_common.archive import render

pytestmark = pytest.mark.timeout(60)

FILE, LINK, FOLDER = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755


def member(name: str, mode: int = FILE) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def test_a_name_with_a_nul_is_refused_as_it_stands(tmp_path: Path) -> None:
    """Python's reader cuts a name there, and Go's does not."""
    place = tmp_path / "x.charm"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr(member("metadata.yaml"), "name: x")
        archive.writestr(member("hooks/installX.sh"), "")
    place.write_bytes(place.read_bytes().replace(b"installX.sh", b"install\0.sh"))
    with pytest.raises(BadArguments, match=r"'hooks/install\\x00.sh' has characters in its name"):
        read_charm(place)


def refusal(folder: Path, members: Iterable[tuple[str, int, str]]) -> str:
    place = folder / "x.charm"
    with warnings.catch_warnings(), zipfile.ZipFile(place, "w") as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        archive.writestr(member("metadata.yaml"), "name: x")
        for name, mode, content in members:
            archive.writestr(member(name, mode), content)
    with pytest.raises(BadArguments) as caught:
        read_charm(place)
    assert caught.value.message.isprintable()
    return caught.value.message


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("d/a", LINK, ".."), ("d/b", LINK, "a/../OUT")], "'d/b' is a symlink that leads out"),
        ([("a", LINK, "b"), ("b", LINK, "../x")], "is a symlink that leads out"),
        ([("a", LINK, "b"), ("b", LINK, "a")], "in circles"),
        ([("a", LINK, "a")], "in circles"),
        ([(f"l{i}", LINK, f"l{i + 1}/l{i + 1}") for i in range(60)], "in circles"),
        ([("d", LINK, "e"), ("d/x", FILE, "")], "'d/x' stands behind the symlink 'd'"),
        ([("a", FILE, ""), ("A", FILE, "")], "'A' is there twice, or in upper and in lower case"),
        ([("a", FILE, ""), ("./a", FILE, "")], "'./a' is there twice"),
        ([("a", FILE, ""), ("a/", stat.S_IFDIR | 0o755, "")], "'a/' is there twice"),
        ([("a", FILE, ""), ("a/b", FILE, "")], "'a/b' stands in 'a', which is a file"),
        ([("a/b", FILE, ""), ("a", FILE, "")], "'a/b' stands in 'a', which is a file"),
        ([("d/a/b", FILE, ""), ("D/a/c", FILE, "")], "'d/a' and 'D/a' differ only in upper and lower case"),
        ([("lib/", FOLDER, ""), ("Lib/x", FILE, "")], "'Lib' and 'lib' differ only in upper and lower case"),
        ([("A", FILE, ""), ("a/b", FILE, "")], "'a' and 'A' differ only in upper and lower case"),
        ([("L", LINK, "src"), ("l/x", FILE, "")], "'l' and 'L' differ only in upper and lower case"),
        (
            [("\xe4", FILE, ""), ("a\u0308", FILE, "")],
            "is there twice, or in upper and in lower case, or with its accents",
        ),
        ([("\xe4/x", FILE, ""), ("a\u0308/y", FILE, "")], "or in how accents are written; rename one"),
        ([("\xc4", FILE, ""), ("a\u0308", FILE, "")], "is there twice"),
        ([("ä" * 128, FILE, "")], "has more than 255 bytes between two slashes"),
        ([("a", LINK, "")], "'a' is a symlink without a target"),
        ([("a/", FILE, "")], "'a/' is named like a folder and is not one"),
        ([("a/", LINK, "b")], "'a/' is named like a folder and is not one"),
        ([("d/", stat.S_IFDIR | 0o4755, "")], "'d/' has rights that nothing in a charm has"),
        ([("d/", stat.S_IFDIR | 0o1777, "")], "'d/' has rights that nothing in a charm has"),
        ([("f", stat.S_IFREG | 0o1644, "")], "'f' has rights that nothing in a charm has"),
        ([("dev", stat.S_IFBLK | 0o644, "")], "'dev' is neither a file nor a folder"),
        ([("dev", stat.S_IFCHR | 0o644, "")], "'dev' is neither a file nor a folder"),
        ([("pipe", stat.S_IFIFO | 0o644, "")], "'pipe' is neither a file nor a folder"),
        ([("run", stat.S_IFREG | 0o4755, "")], "'run' would run with the rights of another user"),
        ([("run", stat.S_IFREG | 0o2755, "")], "'run' would run with the rights of another user"),
        ([("a\x1b[2Jb", FILE, "")], r"'a\x1b[2Jb' has characters in its name that cannot be printed"),
        ([("\u202egnp.exe", FILE, "")], r"'\u202egnp.exe' has characters in its name that cannot be printed"),
        ([("a/" * 101 + "b", FILE, "")], "deeper than 100 folders"),
    ],
)
def test_an_archive_is_refused_with_its_members_name(
    tmp_path: Path, members: list[tuple[str, int, str]], message: str
) -> None:
    assert message in refusal(tmp_path, members)


def test_symlinks_within_a_charm_are_taken(tmp_path: Path) -> None:
    place = tmp_path / "x.charm"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr(member("metadata.yaml"), "name: x")
        for name, target in (("hooks/a", "../src/b"), ("src/b", "c"), ("src/c", "absent"), ("lib", "src/../src")):
            archive.writestr(member(name, LINK), target)
    assert read_charm(place).name == "x"


def test_chains_of_symlinks_are_followed_once() -> None:
    """Each leads through folders that are not there, and on to the next: together they are long, and each is short."""
    targets: dict[tuple[str, ...], list[str] | None] = {("dispatch",): ["src"]}
    for number in range(4_000):
        end = "dispatch" if number % 30 == 29 else f"l{number + 1}"
        targets[f"l{number}",] = [*["x", ".."] * 30, end]
    links = _Links(targets)
    assert all(links.is_inside(place) for place in targets)
    assert links.steps == sum(len(target) for target in targets.values() if target is not None)


def test_symlinks_through_more_than_linux_follows_are_refused() -> None:
    """In whichever order they are looked at."""
    targets: dict[tuple[str, ...], list[str] | None] = {(f"l{number}",): [f"l{number + 1}"] for number in range(41)}
    assert [_Links(targets).is_inside((f"l{number}",)) for number in (0, 1, 2)] == [False, True, True]
    backwards = _Links(targets)
    assert [backwards.is_inside((f"l{number}",)) for number in reversed(range(41))] == [True] * 40 + [False]


def test_symlinks_with_long_targets_are_refused_together(tmp_path: Path) -> None:
    target = "x/../" * 800
    few = [(f"l{number}", LINK, f"{target}{number}") for number in range(LONGEST_TARGETS // 4_000 + 1)]
    assert f"the targets of its symlinks have more than {LONGEST_TARGETS} characters" in refusal(tmp_path, few)


def test_symlinks_that_lead_deeper_than_any_member_are_refused(tmp_path: Path) -> None:
    assert "'a' is a symlink that leads" in refusal(tmp_path, [("a", LINK, "x/" * 200 + "../" * 200 + "b")])


@pytest.fixture
def charm(tmp_path: Path) -> Path:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "metadata.yaml").write_text("name: x\nsummary: s\ndescription: d\nseries: [jammy]\n")
    (folder / "dispatch").touch()
    return folder


def refusal_of_folder(folder: Path, limit: int = 10**6) -> str:
    with pytest.raises(BadArguments) as caught:
        render(folder, limit)
    assert caught.value.message.isprintable()
    return caught.value.message


def test_a_folder_is_refused_with_its_members_name(charm: Path) -> None:
    (charm / "loop").symlink_to("loop")
    assert "'loop' is a symlink that leads out of the charm, or in circles" in refusal_of_folder(charm)
    (charm / "loop").unlink()
    (charm / "d").mkdir()
    (charm / "d" / "a").symlink_to("..")
    (charm / "d" / "b").symlink_to("a/../OUT")
    assert "'d/b' is a symlink that leads out" in refusal_of_folder(charm)
    (charm / "d" / "b").unlink()
    (charm / "X").touch()
    (charm / "x").touch()
    assert "is there twice, or in upper and in lower case" in refusal_of_folder(charm)


def test_of_a_name_that_is_not_utf8_the_rest_has_to_be_printable(charm: Path) -> None:
    Path(os.fsdecode(os.fsencode(charm) + b"/\xff")).touch()
    render(charm).close()
    Path(os.fsdecode(os.fsencode(charm) + b"/\xff\n")).touch()
    assert r"'\udcff\n' has characters in its name that cannot be printed" in refusal_of_folder(charm)


def test_what_is_uploaded_has_a_limit_before_it_is_packed(charm: Path, tmp_path: Path) -> None:
    with (charm / "sparse").open("wb") as file:
        file.truncate(3 * 1024**3)
    assert "with 'sparse'; upload_limit says how many may be" in refusal_of_folder(charm, 1024**3)
    os.truncate(charm / "sparse", 1000)
    assert "holds more than 1000 bytes" in refusal_of_folder(charm, 1000)
    render(charm, 10_000).close()
    (packed := tmp_path / "x.charm").write_bytes(b"x" * 1001)
    assert "has more than 1000 bytes" in refusal_of_folder(packed, 1000)


def test_folders_have_a_depth(charm: Path) -> None:
    here = charm
    for _ in range(110):
        here = here / "a"
    here.mkdir(parents=True)
    assert "deeper than 100 folders" in refusal_of_folder(charm)
