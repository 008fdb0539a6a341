"""How operations end that are cancelled while something is made."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from vca_juju_common import finishing
from vca_juju_common.finishing import finish, has_succeeded, seconds_left, undo_in_time, within


@pytest.mark.parametrize("comes", [True, False], ids=["an answer", "no answer"])
async def test_an_answer_and_its_undo_share_one_limit(monkeypatch: pytest.MonkeyPatch, *, comes: bool) -> None:
    monkeypatch.setattr(finishing, "LIMIT", 0.1)
    asked, answered = asyncio.Event(), asyncio.Event()
    left: list[float] = []

    async def ask() -> None:
        asked.set()
        await answered.wait()

    async def undo() -> None:
        left.append(seconds_left())
        await asyncio.Event().wait()  # for ever

    async def operate() -> None:
        with within(60.0):
            async with AsyncExitStack() as made:
                asking, cancelled = await finish(ask())
                made.push_async_callback(undo_in_time, undo)
                assert has_succeeded(asking) == comes
                assert cancelled is not None
                raise cancelled

    operation = asyncio.create_task(operate())
    await asyncio.wait_for(asked.wait(), 30)
    operation.cancel()
    if comes:
        answered.set()
    await asyncio.wait((operation,), timeout=30)
    assert (operation.cancelled(), len(left)) == (True, 1)
    assert left[0] <= (0.1 if comes else 0.05), "what the answer took is no more the undo's"
