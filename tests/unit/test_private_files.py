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


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_others_lose_their_rights_to_files_that_are_there(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("there", "there-wal", "there-shm", "there-journal", "other")]
    for file in files:
        file.write_text("x")
    make_private(files[0])
    make_private(tmp_path / "absent" / "file")
    assert [(file.read_text(), mode_of(file)) for file in files] == [("x", 0o600)] * 4 + [("x", 0o666)]


def test_a_file_that_nobody_may_write_to_stays_so(tmp_path: Path) -> None:
    (there := tmp_path / "there").touch(0o444)
    make_private(there)
    assert mode_of(there) == 0o400


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux")
def test_rights_that_cannot_be_taken_are_told(caplog: pytest.LogCaptureFixture) -> None:
    make_private("/proc/self/status")
    assert "other users may read /proc/self/status, which may hold secrets" in caplog.text
    assert "chmod 600 it" in caplog.text


async def test_databases_that_were_there_become_private(tmp_path: Path) -> None:
    options = {"latency": 0, "state": str(tmp_path / "world.db")}
    config = {
        "store": f"sqlite:///{tmp_path / 'vca-status.db'}",
        "connectors": {"edge": {"backend": "fake", "options": options}},
    }
    for _ in range(2):
        async with Vca.from_config(config, environ={}) as vca:
            await Apply(vca, read_service({"ns": "n", "vnfs": {"v": {}}})).run()
            databases = [file for file in tmp_path.iterdir() if ".db" in file.name and file.suffix != ".lock"]
            assert {mode_of(file) for file in databases} == {0o600}
        for file in tmp_path.iterdir():
            file.chmod(0o644)


async def test_stores_and_worlds_are_private(tmp_path: Path) -> None:
    options = {"latency": 0, "state": str(tmp_path / "world.db")}
    config = {
        "store": f"sqlite:///{tmp_path / 'vca-status.db'}",
        "connectors": {"edge": {"backend": "fake", "options": options}},
    }
    async with Vca.from_config(config, environ={}) as vca:
        await Apply(vca, read_service({"ns": "n", "vnfs": {"v": {}}})).run()
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert {"world.db", "vca-status.db", "vca-status.db-wal"} <= modes.keys()
    assert set(modes.values()) == {0o600}
