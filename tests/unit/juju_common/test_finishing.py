"""How operations end that are cancelled while something is made."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from vca_juju_common import finishing
from vca_juju_common.finishing import finish, has_succeeded, undo_in_time, within


@pytest.mark.parametrize("answer", [0.02, 10.0])
async def test_an_answer_and_its_undo_share_one_limit(monkeypatch: pytest.MonkeyPatch, answer: float) -> None:
    monkeypatch.setattr(finishing, "LIMIT", 0.1)
    undoing = asyncio.Event()

    async def undo() -> None:
        undoing.set()
        await asyncio.sleep(10.0)

    async def operate() -> None:
        with within(60.0):
            async with AsyncExitStack() as made:
                asking, cancelled = await finish(asyncio.sleep(answer))
                made.push_async_callback(undo_in_time, undo)
                assert has_succeeded(asking) == (answer < 0.05)
                assert cancelled is not None
                raise cancelled

    operation = asyncio.create_task(operate())
    await asyncio.wait((operation,), timeout=0.001)
    operation.cancel()
    await asyncio.wait((operation,), timeout=0.15)  # by then, two limits are not over
    assert (operation.done(), undoing.is_set()) == (True, True)
