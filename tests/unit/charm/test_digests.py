"""Digests of charms as folders and as files: the same for what would be the same on a unit."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from vca_core.charm.digests import Digests
from vca_core.errors import BadArguments
from vca_juju_common.archive import render

SOURCE = """\
name: new
type: charm
summary: s
description: d
base: ubuntu@22.04
platforms: {amd64: }
config: {options: {mtu: {type: int, default: 1500}}}
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A charm as Juju reads it."""
    folder = tmp_path / "old"
    (folder / "hooks").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "metadata.yaml").write_text("name: old\nsummary: s\ndescription: d\nseries: [jammy]\n")
    (folder / "hooks" / "install").write_text("#!/bin/sh\n")
    (folder / "hooks" / "install").chmod(0o755)
    (folder / "hooks" / "start").symlink_to("install")
    with open(os.fsencode(folder) + b"/caf\xe9", "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"x")
    return folder


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A charm of which Juju's files are made."""
    folder = tmp_path / "new"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "charm.py").touch()
    (folder / "charmcraft.yaml").write_text(SOURCE)
    return folder


def pack(folder: Path) -> Path:
    """Pack a charm as it would be uploaded."""
    packed = folder.with_suffix(".charm")
    archive = render(folder)
    packed.write_bytes(archive.file.read())
    archive.close()
    return packed


def repack(packed: Path, change: Callable[[zipfile.ZipInfo, bytes], tuple[zipfile.ZipInfo, bytes] | None]) -> None:
    """Pack what is in an archive anew, the last file first; None leaves a file out."""
    with zipfile.ZipFile(packed) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(packed, "w") as archive:
        for info, content in reversed(members):
            if (changed := change(info, content)) is not None:
                archive.writestr(*changed)


@pytest.mark.parametrize("charm", ["old", "new"])
def test_a_folder_and_what_is_packed_of_it_are_one_charm(charm: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(charm)
    assert Digests().of(pack(folder)) == Digests().of(folder)


def test_how_a_charm_was_packed_does_not_count(new: Path) -> None:
    packed = pack(new)

    def change(info: zipfile.ZipInfo, content: bytes) -> tuple[zipfile.ZipInfo, bytes] | None:
        if info.is_dir():
            return None
        again = zipfile.ZipInfo(f"./{info.filename}", (2024, 5, 6, 7, 8, 10))
        again.external_attr, again.compress_type = info.external_attr, zipfile.ZIP_STORED
        return again, content

    repack(packed, change)
    assert Digests().of(packed) == Digests().of(new)


def _empty_folder(info: zipfile.ZipInfo, content: bytes) -> tuple[zipfile.ZipInfo, bytes] | None:
    return None if info.filename == "empty/" else (info, content)


def _rights(info: zipfile.ZipInfo, content: bytes) -> tuple[zipfile.ZipInfo, bytes]:
    if info.filename == "hooks/install":
        info.external_attr = 0o100644 << 16
    return info, content


def _content(info: zipfile.ZipInfo, content: bytes) -> tuple[zipfile.ZipInfo, bytes]:
    return info, b"other" if info.filename == "hooks/install" else content


def _target(info: zipfile.ZipInfo, content: bytes) -> tuple[zipfile.ZipInfo, bytes]:
    return info, b"../metadata.yaml" if info.filename == "hooks/start" else content


@pytest.mark.parametrize("change", [_empty_folder, _rights, _content, _target])
def test_what_would_be_something_else_on_a_unit_counts(
    old: Path, change: Callable[[zipfile.ZipInfo, bytes], tuple[zipfile.ZipInfo, bytes] | None]
) -> None:
    os.remove(os.fsencode(old) + b"/caf\xe9")  # noqa: PTH107 - bytes; zipfile would write it as other bytes
    packed = pack(old)
    repack(packed, change)
    assert Digests().of(packed) != Digests().of(old)


def test_what_is_made_for_juju_counts(new: Path) -> None:
    before = Digests().of(new)
    (new / "charmcraft.yaml").write_text(SOURCE.replace("1500", "9000"))
    changed = Digests().of(new)
    (new / "charmcraft.yaml").write_text(SOURCE)
    assert before == Digests().of(new) != changed


def test_a_damaged_file_has_no_digest(old: Path) -> None:
    packed = pack(old)
    with zipfile.ZipFile(packed) as archive:
        info = archive.getinfo("metadata.yaml")
    damaged = bytearray(packed.read_bytes())
    damaged[info.header_offset + 30 + len(info.filename)] ^= 0xFF
    packed.write_bytes(damaged)
    with pytest.raises(BadArguments, match="expected a ZIP file, got one that cannot be used"):
        Digests().of(packed)
