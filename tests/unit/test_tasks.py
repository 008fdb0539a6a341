"""Tasks with an owner."""

from __future__ import annotations

import asyncio
import logging

import pytest

from vca_core.tasks import OwnedTasks


async def fail() -> None:
    raise LookupError("canary-4711")


async def test_a_failure_that_nobody_awaits_is_logged_by_type(caplog: pytest.LogCaptureFixture) -> None:
    tasks = OwnedTasks("owner")
    await asyncio.wait([tasks.spawn(fail(), "work")])
    assert [record.getMessage() for record in caplog.records] == ["owner: work ended with LookupError"]
    assert len(tasks) == 0


async def test_a_failure_that_is_awaited_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    tasks = OwnedTasks("owner")
    with caplog.at_level(logging.DEBUG), pytest.raises(LookupError):
        await tasks.spawn(fail(), "work", awaited=True)
    assert not [record for record in caplog.records if record.name.startswith("vca_core")]
    assert len(tasks) == 0
