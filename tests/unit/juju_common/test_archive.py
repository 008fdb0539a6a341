from __future__ import annotations

import dataclasses
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from vca_core.charm import read_charm
from vca_core.charm.contents import stamp_of
from vca_core.errors import BadArguments
from vca_juju_common.archive import Archive, render


@pytest.fixture
def charm(tmp_path: Path) -> Path:
    folder = tmp_path / "simple"
    (folder / "hooks").mkdir(parents=True)
    (folder / "metadata.yaml").write_text("name: simple\nsummary: s\ndescription: d\nseries: [jammy]\n")
    (folder / "hooks" / "install").write_text("#!/bin/sh\n")
    (folder / "hooks" / "install").chmod(0o755)
    (folder / "hooks" / "start").symlink_to("install")
    return folder


def digest(path: Path) -> str:
    archive = render(path)
    archive.close()
    return archive.digest


def test_an_archive_holds_what_the_folder_does(charm: Path, tmp_path: Path) -> None:
    archive = render(charm)
    with zipfile.ZipFile(archive.file) as members:
        modes = {one.filename: one.external_attr >> 16 for one in members.infolist()}
        assert members.read("hooks/start") == b"install"
    archive.close()
    assert modes["hooks/install"] == 0o100755
    assert modes["metadata.yaml"] == 0o100644
    assert modes["hooks/start"] == 0o120777
    assert modes["hooks/"] == 0o040755


def test_the_core_reads_what_is_rendered(charm: Path, tmp_path: Path) -> None:
    archive = render(charm)
    packed = tmp_path / "simple.charm"
    packed.write_bytes(archive.file.read())
    archive.close()
    assert read_charm(packed).name == "simple"


@pytest.mark.parametrize("text", ["10:30", "2024-01-01", "'1e3'", "'0o17'", "'on'", "'12'"])
def test_texts_of_a_charms_sources_stay_texts(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "new"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "charm.py").touch()
    (folder / "charmcraft.yaml").write_text(
        "name: new\ntype: charm\nsummary: s\ndescription: d\nbase: ubuntu@22.04\nplatforms: {amd64: }\n"
        f"parts: {{charm: {{plugin: charm}}}}\nconfig: {{options: {{a: {{type: string, default: {text}}}}}}}\n"
    )
    archive = render(folder)
    packed = tmp_path / "new.charm"
    packed.write_bytes(archive.file.read())
    archive.close()
    assert read_charm(packed).options["a"].default == text.strip("'")


def test_the_same_content_gives_the_same_bytes_anywhere(charm: Path, tmp_path: Path) -> None:
    first = digest(charm)
    twin = charm.rename(tmp_path / "elsewhere")
    os.utime(twin / "metadata.yaml", (1, 1))
    assert digest(twin) == first
    (twin / "metadata.yaml").write_text("name: other\nsummary: s\ndescription: d\nseries: [jammy]\n")
    assert digest(twin) != first


def test_what_only_developers_need_stays_out(charm: Path) -> None:
    first = digest(charm)
    (charm / ".git").mkdir()
    (charm / ".git" / "config").write_text("x")
    (charm / "hooks" / "__pycache__").mkdir()
    assert digest(charm) == first


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    packed = tmp_path / "a.charm"
    packed.write_bytes(b"PK...")
    archive: Archive = render(packed)
    assert (archive.file.read(), archive.size) == (b"PK...", 5)
    archive.close()


@pytest.mark.parametrize("target", ["../../outside", "/etc/passwd"])
def test_a_symlink_that_leads_out_is_refused(charm: Path, target: str) -> None:
    (charm / "leak").symlink_to(target)
    with pytest.raises(BadArguments, match="'leak' is a symlink that leads out"):
        render(charm)


def test_what_is_neither_file_nor_folder_is_refused(charm: Path) -> None:
    os.mkfifo(charm / "pipe")
    with pytest.raises(BadArguments, match="'pipe' is neither"):
        render(charm)


EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "charms" / "content-cache"


def test_rendered_sources_read_the_same_in_juju_and_the_core(tmp_path: Path) -> None:
    archive = render(EXAMPLE)
    packed = tmp_path / "cache.charm"
    packed.write_bytes(archive.file.read())
    archive.close()
    with zipfile.ZipFile(packed) as members:
        modes = {one.filename: one.external_attr >> 16 for one in members.infolist()}
        dispatch = members.read("dispatch").decode()
    assert {"metadata.yaml", "config.yaml", "actions.yaml", "manifest.yaml", "src/charm.py"} <= set(modes)
    assert modes["dispatch"] == 0o100755
    subprocess.run(["/bin/sh", "-n"], input=dispatch, text=True, check=True)
    assert dataclasses.replace(read_charm(packed), series=()) == dataclasses.replace(read_charm(EXAMPLE), series=())


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("name: x", "no src/charm.py"),
        ("name: x\nparts: {charm: {plugin: reactive}}", "part charm is built"),
        ("name: x\nparts: {charm: {build-packages: [git]}}", "part charm is built"),
        ("name: x\nextensions: [flask-framework]", "uses extensions"),
    ],
)
def test_sources_that_cannot_be_rendered_are_to_be_packed_first(tmp_path: Path, document: str, reason: str) -> None:
    (tmp_path / "charmcraft.yaml").write_text(document)
    if "no src" not in reason:
        (tmp_path / "src").mkdir()
        (tmp_path / "src" / "charm.py").write_text("")
    with pytest.raises(BadArguments, match=f"{reason}.*pack it first"):
        render(tmp_path)


def test_a_stamp_shows_a_change_without_reading(charm: Path) -> None:
    before = stamp_of(charm)
    assert stamp_of(charm) == before
    (charm / "hooks" / "install").chmod(0o644)
    assert stamp_of(charm) != before


def test_names_that_are_not_utf8_are_packed_as_their_bytes(charm: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    (charm / name).write_text("x")
    (charm / "link").symlink_to(name)
    (charm / "übung").write_text("y")
    archive = render(charm)
    with zipfile.ZipFile(archive.file) as members:
        assert members.read("link") == b"caf\xe9"
        names = set(members.namelist())
    archive.close()
    assert {b"caf\xe9".decode("cp437"), "übung"} < names, "zipfile reads what is not marked as UTF-8 in that encoding"
