"""A folder that a test installs distributions into."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.distributions import Site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path / "site", monkeypatch)
