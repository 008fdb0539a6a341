"""Finding artifacts: what a path names, and that nothing outside of the root is ever reached."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vca_core.artifacts import Artifact, ArtifactRoot
from vca_core.charm.contents import stamp_of
from vca_core.errors import BadArguments, NotSupported


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    simple = root / "charms" / "simple"
    simple.mkdir(parents=True)
    (simple / "metadata.yaml").write_text("name: simple\n")
    (root / "charms" / "other.charm").write_bytes(b"")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "metadata.yaml").write_text("name: outside\n")
    (root / "out").symlink_to(outside)
    (root / "charms" / "alias").symlink_to("simple")
    (root / "charms" / "nowhere").symlink_to("absent")
    (root / "charms" / "loop").symlink_to("loop")
    (root / "self").symlink_to(".")
    return root


def refusal(root: Path, path: Any) -> str:
    with pytest.raises(BadArguments) as caught:
        ArtifactRoot(root).find(path)
    assert caught.value.bad_args == ["artifact_path"]
    return str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "charms/simple",
        "charms/simple/",
        "charms//simple",
        "/charms/simple",
        "///charms///simple",
        "./charms/./simple",
        "charms/alias",
        "charms/../charms/simple",
        "self/charms/simple",
    ],
)
def test_what_lies_in_the_root_is_found_however_it_is_written(root: Path, path: str) -> None:
    artifact = ArtifactRoot(root).find(path)
    assert artifact == Artifact(path, root / "charms" / "simple")
    assert str(artifact) == path


def test_a_charm_file_is_found_too(root: Path) -> None:
    assert ArtifactRoot(root).find("charms/other.charm").path == root / "charms" / "other.charm"


def test_a_root_that_is_a_symlink_is_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert ArtifactRoot(tmp_path / "link").find("charms/simple").path == root / "charms" / "simple"


@pytest.mark.defect("D95")
@pytest.mark.parametrize(
    "path",
    [
        "../outside",
        "/../outside",
        "charms/../../outside",
        "charms/../../root/charms/simple",
        "out",
        "out/metadata.yaml",
        "out/absent",
        "self/../outside",
        "charms/alias/../../../outside",
        "..",
    ],
)
def test_what_leads_out_of_the_root_is_refused(root: Path, path: str) -> None:
    text = refusal(root, path)
    assert repr(path) in text
    assert "leads out of" in text


@pytest.mark.parametrize("path", ["/", ".", "charms/..", "//./", "self"])
def test_the_root_itself_is_no_artifact(root: Path, path: str) -> None:
    assert "the folder itself" in refusal(root, path)


@pytest.mark.parametrize("path", [None, "", " ", 7, b"charms/simple", Path("charms/simple"), ["charms/simple"]])
def test_what_is_no_text_is_refused(root: Path, path: object) -> None:
    assert str(root) in refusal(root, path)


@pytest.mark.parametrize("path", ["charms/sim\0ple", "charms/simple\n", "ch:a\x7f"])
def test_control_characters_are_refused(root: Path, path: str) -> None:
    assert "control characters" in refusal(root, path)


def test_an_absent_artifact_is_named_in_full_with_a_suggestion(root: Path) -> None:
    assert refusal(root, "charms/simpel") == (
        f"artifact_path: 'charms/simpel': there is no {root}/charms/simpel: did you mean 'simple'?"
    )


def test_an_absent_folder_on_the_way_is_what_is_guessed(root: Path) -> None:
    assert "did you mean 'charms'?" in refusal(root, "charm/simple")


def test_where_nothing_is_similar_the_entries_are_reported(root: Path) -> None:
    assert f"; {root}/charms has alias, loop, nowhere, other.charm, simple" in refusal(root, "charms/zzz")


def test_an_absolute_path_is_refused_with_the_way_to_write_it(root: Path) -> None:
    assert refusal(root, f"{root}/charms/simple").endswith("; paths start from there: write 'charms/simple'")


@pytest.mark.parametrize("path", ["charms/nowhere", "charms/loop"])
def test_symlinks_that_end_nowhere_are_refused(root: Path, path: str) -> None:
    assert repr(path) in refusal(root, path)


def test_what_is_neither_a_folder_nor_a_file_is_refused(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert "expected a folder or a file" in refusal(root, "pipe")


def test_a_name_that_is_too_long_is_refused(root: Path) -> None:
    assert "cannot be looked at" in refusal(root, "x" * 300)


def test_an_absent_root_is_reported(tmp_path: Path) -> None:
    assert f"the folder of artifacts {tmp_path / 'absent'} cannot be used" in refusal(tmp_path / "absent", "simple")


def test_an_absent_root_hurts_nobody_who_needs_none(tmp_path: Path) -> None:
    assert ArtifactRoot(tmp_path / "absent").find("ch:postgresql") == Artifact("ch:postgresql")


def test_a_charm_of_charmhub_is_not_looked_up_and_not_readable(root: Path) -> None:
    artifact = ArtifactRoot(root).find("ch:postgresql")
    assert artifact.path is None
    with pytest.raises(NotSupported, match="ch:postgresql"):
        artifact.charm()


@pytest.mark.parametrize("path", ["ch:", "ch: ", "ch:a b"])
def test_a_charm_of_charmhub_has_a_name(root: Path, path: str) -> None:
    assert "expected ch:NAME" in refusal(root, path)


async def test_the_charm_is_read_when_asked_for_and_only_once(root: Path) -> None:
    artifact = ArtifactRoot(root).find("charms/simple")
    metadata = root / "charms" / "simple" / "metadata.yaml"
    metadata.write_text("name: changed\n")
    charm = await asyncio.to_thread(artifact.charm)
    assert charm.name == "changed"
    metadata.write_text("name: again\n")
    assert artifact.charm() is charm


async def test_the_digest_is_that_of_the_charm_as_it_was_read(root: Path) -> None:
    folder, find = root / "charms" / "simple", ArtifactRoot(root).find
    for path in (folder / "metadata.yaml", folder):
        os.utime(path, (1, 1))  # what changed just now is not kept
    digest, read = await find("charms/simple").digest(), find("charms/simple")
    await read.read()
    assert read.stamp == stamp_of(folder)
    (folder / "metadata.yaml").write_text("name: changed\n")
    assert await read.digest() == digest
    assert await find("charms/simple").digest() != digest


def test_a_charm_that_could_not_be_read_is_read_again(root: Path) -> None:
    artifact = ArtifactRoot(root).find("charms/simple")
    metadata = root / "charms" / "simple" / "metadata.yaml"
    metadata.write_text("name: [")
    with pytest.raises(BadArguments, match=r"metadata\.yaml: line 2, column 1"):
        artifact.charm()
    metadata.write_text("name: mended\n")
    assert artifact.charm().name == "mended"


def test_an_artifact_is_a_value(root: Path) -> None:
    first, second = ArtifactRoot(root).find("charms/simple"), ArtifactRoot(root).find("charms/simple")
    first.charm()
    assert first == second
    assert hash(first) == hash(second)
    with pytest.raises(AttributeError):
        first.reference = "other"  # type: ignore[misc]


def test_yaml_and_jsonschema_load_only_when_a_charm_is_read() -> None:
    code = "import sys, vca_core.artifacts; print(*{'yaml', 'jsonschema'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


PARTS = st.sampled_from(
    ["..", ".", "", "charms", "simple", "alias", "out", "self", "root", "outside", "metadata.yaml", "loop", "~", "ü"]
)


@pytest.mark.defect("D95")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.one_of(st.lists(PARTS, max_size=8).map("/".join), st.text(max_size=20)))
def test_whatever_is_asked_for_nothing_outside_the_root_is_found(root: Path, path: str) -> None:
    try:
        artifact = ArtifactRoot(root).find(path)
    except BadArguments as error:
        assert error.bad_args == ["artifact_path"]  # noqa: PT017 - both ways are fine
        return
    if artifact.path is None:
        assert path.startswith("ch:")
        return
    assert artifact.path.resolve() == artifact.path
    assert artifact.path.is_relative_to(root)
    assert artifact.path != root
