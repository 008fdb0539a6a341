"""The short form of `make chaos`: a process and its database are killed, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.run import HOME, SHARED, run


@pytest.mark.parametrize(("database", "spill"), [("mongodb", True), ("mongodb", False), ("sqlite", True)])
def test_nothing_is_lost_when_process_and_database_are_killed(tmp_path: Path, database: str, spill: bool) -> None:
    account = run(tmp_path, database, moments=3, ees=3, seed=25, spill=spill)
    assert account.problems == []
    assert len(account.moments) > 1
    paths = {path for _, path in account.returned}
    assert {HOME, SHARED} <= paths
    assert len(account.returned) + account.forgotten > 6
