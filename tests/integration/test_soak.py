"""The short form of `make soak`: lives on Juju meet faults, and nothing is lost or left."""

from __future__ import annotations

from pathlib import Path

from soak.run import soak


async def test_nothing_is_lost_or_left_of_lives_among_faults(tmp_path: Path) -> None:
    account = await soak(tmp_path, lives=12, at_once=6, seed=15)
    assert account.problems == []
    assert account.met.total() > 3
