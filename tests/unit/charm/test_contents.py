"""What of a charm is uploaded, and its digest: that of the content, wherever and however old it is."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from vca_core import BadArguments
from vca_core.artifacts import ArtifactRoot
from vca_core.charm.contents import LARGEST_FOLDER, check_contents, entries_of
from vca_core.charm.digests import Digests
from vca_core.charm.members import DEEPEST_FOLDER

LONG_AGO = 1_000_000_000


@pytest.fixture
def charm(tmp_path: Path) -> Path:
    folder = tmp_path / "charm"
    (folder / "hooks").mkdir(parents=True)
    (folder / "metadata.yaml").write_text("name: x")
    (folder / "hooks" / "install").write_text("#!/bin/sh")
    (folder / ".jujuignore").write_text("*.log")
    (folder / "link").symlink_to("metadata.yaml")
    settle(folder)
    return folder


def settle(folder: Path) -> None:
    """Let a charm be old enough to be kept."""
    for place in (folder, *folder.rglob("*")):
        os.utime(place, (LONG_AGO, LONG_AGO), follow_symlinks=False)


def test_the_same_content_has_the_same_digest_elsewhere(charm: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(charm, tmp_path / "other", symlinks=True))
    os.utime(other / "metadata.yaml", (1, 1))
    (other / "debug.log").write_text("stays at home")
    assert Digests().of(charm) == Digests().of(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda charm: (charm / "metadata.yaml").write_text("name: z"),
        lambda charm: (charm / "hooks" / "start").touch(),
        lambda charm: (charm / "hooks" / "install").unlink(),
        lambda charm: (charm / "hooks" / "install").chmod(0o755),
        lambda charm: (charm / "hooks" / "install").rename(charm / "hooks" / "start"),
        lambda charm: (charm / "empty").mkdir(),
        lambda charm: ((charm / "link").unlink(), (charm / "link").symlink_to("hooks/install")),
        lambda charm: ((charm / "link").unlink(), (charm / "link").write_text("metadata.yaml")),
        lambda charm: (charm / ".jujuignore").write_text("hooks"),
    ],
)
def test_other_content_has_another_digest(charm: Path, change: Callable[[Path], object]) -> None:
    digests = Digests()
    before = digests.of(charm)
    change(charm)
    assert digests.of(charm) != before


def test_what_does_not_change_is_read_once(charm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = Digests(size=1)
    first = digests.of(charm)
    monkeypatch.delattr(hashlib, "file_digest")
    assert digests.of(charm) == first


async def test_of_a_file_what_is_in_it_counts_and_of_charmhub_nothing(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with zipfile.ZipFile(tmp_path / f"{name}.charm", "w") as archive:
            archive.writestr("metadata.yaml", f"name: {name}")
    root = ArtifactRoot(tmp_path)
    assert await root.find("a.charm").digest() != await root.find("b.charm").digest()
    assert await root.find("ch:router").digest() is None


def test_what_is_no_charm_has_no_digest(tmp_path: Path) -> None:
    (tmp_path / "a.charm").write_bytes(b"a")
    with pytest.raises(BadArguments, match="a.charm: expected a folder or a ZIP file, got neither"):
        Digests().of(tmp_path / "a.charm")


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArguments, match="artifact_path: .* cannot be read"):
        Digests().of(tmp_path / "none")
    deep = tmp_path
    for _ in range(DEEPEST_FOLDER + 5):
        deep /= "a"
    deep.mkdir(parents=True)
    with pytest.raises(BadArguments, match="is deeper than"):
        list(entries_of(tmp_path))


@pytest.mark.parametrize(
    "name", [b"caf\xe9\n", b"a\nb", b"a\x01b", b"c:x", b"\xef\xbb\xbfx", "\u202ex".encode(), b"deep/a\tb"]
)
def test_names_that_are_not_the_same_everywhere_are_refused(charm: Path, name: bytes) -> None:
    place = os.path.join(os.fsencode(charm), name)  # noqa: PTH118 - bytes
    os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120 - bytes
    os.close(os.open(place, os.O_CREAT))
    for check in (check_contents, Digests().of):
        with pytest.raises(BadArguments, match="artifact_path: .*its member"):
            check(charm)
    (charm / ".jujuignore").write_text("*\n!metadata.yaml\n")
    check_contents(charm)


def test_a_symlink_to_such_a_name_is_refused_too(charm: Path) -> None:
    (charm / "odd").symlink_to("a\tb")
    with pytest.raises(BadArguments, match="its member 'odd' is a symlink to a name that cannot be printed"):
        check_contents(charm)


def test_names_and_targets_that_are_not_utf8_are_taken(charm: Path) -> None:
    before = Digests().of(charm)
    os.mkdir(os.fsencode(charm) + b"/caf\xe9")  # noqa: PTH102 - bytes
    os.symlink(b"caf\xe9", os.path.join(os.fsencode(charm), b"odd"))  # noqa: PTH118, PTH211 - bytes
    check_contents(charm)
    assert Digests().of(charm) != before


async def test_a_folder_that_is_too_large_is_not_read(charm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (charm / "sparse").open("wb") as file:
        file.truncate(LARGEST_FOLDER)
    monkeypatch.delattr(hashlib, "file_digest")
    artifact = ArtifactRoot(charm.parent).find("charm")
    for use in (artifact.read, artifact.digest):
        with pytest.raises(
            BadArguments, match=f"holds more than {LARGEST_FOLDER} bytes, with 'sparse'; put less into it"
        ):
            await use()
    (charm / ".jujuignore").write_text("sparse\n")
    assert (await artifact.read()).name == "x"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (place := tmp_path / "x.charm").open("wb") as file:
        file.truncate(LARGEST_FOLDER + 1)
    monkeypatch.delattr(hashlib, "file_digest")
    with pytest.raises(BadArguments, match=f"expected at most {LARGEST_FOLDER} bytes, got more"):
        Digests().of(place)


@pytest.mark.parametrize("name", ["ü.txt", " a ", "x" * 250, "...", "a,b"])
def test_other_names_are_taken(charm: Path, name: str) -> None:
    (charm / name).touch()
    check_contents(charm)


async def test_a_charm_is_refused_by_the_first_who_reads_it(charm: Path) -> None:
    (charm / "a\nb").touch()
    with pytest.raises(BadArguments, match="artifact_path: .*its member 'a.*' has characters in its name"):
        await ArtifactRoot(charm.parent).find("charm").read()  # as for a create
    (charm / "a\nb").unlink()
    assert (await ArtifactRoot(charm.parent).find("charm").read()).name == "x"


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1777])
def test_rights_that_are_not_packed_are_no_matter(charm: Path, mode: int) -> None:
    before = Digests().of(charm)
    (charm / "hooks").chmod(mode)
    check_contents(charm)
    assert Digests().of(charm) == before


def test_folders_that_differ_in_case_only_are_refused(charm: Path) -> None:
    (charm / "Hooks").mkdir()
    with pytest.raises(BadArguments, match="is there twice, or in upper and in lower case"):
        check_contents(charm)
