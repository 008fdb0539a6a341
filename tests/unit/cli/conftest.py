"""The service of the examples, for tests of the command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.commands import copy_service


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: the example's service, without latency, and with no variable of `vca` set."""
    folder = copy_service(tmp_path / "examples", latency=0)
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("VCA_")]:
        monkeypatch.delenv(name)
    return folder
