"""Distributions that a test writes itself: a folder with modules and metadata, as an installation leaves it behind."""

from __future__ import annotations

import itertools
import os
import textwrap
import time
from pathlib import Path

import pytest

_numbers = itertools.count()


class Site:
    """A folder of installed distributions, on the import path while the test runs.

    Args:
        folder: an empty folder.
        monkeypatch: takes it off the path again.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        (folder / "__pycache__").mkdir(parents=True)  # or the first import changes the folder, as an installation does
        monkeypatch.syspath_prepend(folder)

    def add(self, distribution: str, source: str, *entries: str, version: str = "1.0") -> str:
        """Install a distribution of one module.

        Args:
            distribution: its name.
            source: the module's source.
            entries: lines of ``entry_points.txt``; ``MODULE`` in them is the module's name.
            version: its version.

        Returns:
            The module's name, which no other has.
        """
        module = f"written_by_a_test_{next(_numbers)}"
        (self._folder / f"{module}.py").write_text(textwrap.dedent(source))
        info = self._folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text("\n".join(entries).replace("MODULE", module) + "\n")
        return module

    def age(self) -> None:
        """Let the folder look as if all that is installed in it had been there for a while."""
        let_look_old(self._folder)


def let_look_old(folder: Path) -> None:
    """Let a folder look as if all that is installed in it had been there for a while: its metadata are read once."""
    minute_ago = time.time() - 60
    os.utime(folder, (minute_ago, minute_ago))


BACKEND = """
    from vca_core.backend import Backend
    from vca_core.hookspecs import hookimpl

    class Mine(Backend):
        api_version = 1

        @hookimpl
        async def health(self):
            return {"well": True}
"""
"""A backend that can do one thing."""
