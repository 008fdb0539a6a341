"""The kit's own charms are charms."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from vca_core.charm import check_params, coerce, read_charm
from vca_core.errors import BadArguments
from vca_core.testing.charms import write_charms


@pytest.mark.parametrize("kind", ["machine", "k8s"])
def test_they_are_what_the_checks_take_them_for(tmp_path: Path, kind: Literal["machine", "k8s"]) -> None:
    charms = write_charms(tmp_path / "charms", kind)
    first, second, other = (read_charm(charms.folder / name) for name in (charms.charm, charms.upgraded, charms.other))
    assert first.name == second.name != other.name
    assert first.is_kubernetes == (kind == "k8s")
    assert coerce(first.options, charms.config)
    assert "added" in second.options.keys() - first.options.keys()
    assert charms.wrong is not None
    with pytest.raises(BadArguments):
        coerce(first.options, dict([charms.wrong]))
    assert check_params(first.action("echo"), {"text": "hello"}) == {"text": "hello"}
    assert first.action("fail").name == "fail"
    assert first.secret_names <= {"token"}
    assert {charms.provides, charms.requires} <= first.endpoints.keys()


def test_their_hooks_and_actions_can_be_run(tmp_path: Path) -> None:
    folder = write_charms(tmp_path / "charms", "machine").folder
    for name in ("hooks/start", "actions/echo", "actions/fail", "actions/look"):
        assert (folder / "first" / name).stat().st_mode & 0o111


def test_they_are_written_once_and_not_left_half_written(tmp_path: Path) -> None:
    folder = tmp_path / "charms"
    (tmp_path / "charms.new" / "first").mkdir(parents=True)  # a check was ended in the middle
    write_charms(folder, "machine")
    before = (folder / "first" / "metadata.yaml").stat()
    write_charms(folder, "machine")
    assert (folder / "first" / "metadata.yaml").stat() == before
    assert [file.name for file in tmp_path.iterdir()] == ["charms"]
