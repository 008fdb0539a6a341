"""The short form of `make chaos`: a process and its database are killed, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

from chaos.run import run


def test_nothing_is_lost_when_process_and_database_are_killed(tmp_path: Path) -> None:
    account = run(tmp_path, moments=2, ees=2, seed=25)
    assert account.problems == []
    assert len(account.moments) > 1
    assert len(account.returned) > 3
