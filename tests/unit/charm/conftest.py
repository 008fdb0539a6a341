"""Charms of a few lines, as folders and as ``.charm`` files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from vca_core.charm import Charm, read_charm
from vca_core.errors import BadArguments


@pytest.fixture(params=["folder", "archive"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write a charm, the one way and the other."""

    def write(files: dict[str, str]) -> Path:
        # Of both, charmcraft.yaml counts in folders only: packing has carried into the other files what it says.
        if request.param == "archive" and not {"metadata.yaml", "charmcraft.yaml"} <= files.keys():
            place = tmp_path / "x.charm"
            with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, text in files.items():
                    archive.writestr(name, text)
            return place
        place = tmp_path / "x"
        place.mkdir()
        for name, text in files.items():
            (place / name).write_text(text)
        return place

    return write


@pytest.fixture
def read(write: Callable[[dict[str, str]], Path]) -> Callable[[dict[str, str]], Charm]:
    """Write a charm and read it."""
    return lambda files: read_charm(write(files))


@pytest.fixture
def refused(write: Callable[[dict[str, str]], Path]) -> Callable[[dict[str, str]], str]:
    """Write a charm that cannot be read; gives what is told about it, without the path that it begins with."""

    def refused(files: dict[str, str]) -> str:
        place = write(files)
        with pytest.raises(BadArguments) as caught:
            read_charm(place)
        assert caught.value.bad_args == ["artifact_path"]
        assert str(caught.value).startswith(f"{place}: ")
        return str(caught.value).removeprefix(f"{place}: ")

    return refused
