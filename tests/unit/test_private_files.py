"""What is kept in files is for their user alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from vca_core.private_files import make_private
from vca_core.service import Apply, read_service
from vca_core.vca import Vca


@pytest.fixture(autouse=True)
def _open_to_all() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (there := tmp_path / "there").write_text("x")
    make_private(there)
    make_private(tmp_path / "absent" / "file")
    assert (there.read_text(), stat.S_IMODE(there.stat().st_mode)) == ("x", 0o666)


async def test_stores_worlds_and_locks_are_private(tmp_path: Path) -> None:
    options = {"latency": 0, "state": str(tmp_path / "world.db")}
    config = {
        "store": f"sqlite:///{tmp_path / 'vca-status.db'}",
        "connectors": {"edge": {"backend": "fake", "options": options}},
    }
    async with Vca.from_config(config, environ={}) as vca:
        await Apply(vca, read_service({"ns": "n", "vnfs": {"v": {}}})).run()
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert {"world.db", "vca-status.db", "vca-status.db-wal", "vca-status.db.n.lock"} <= modes.keys()
    assert set(modes.values()) == {0o600}
