"""How many calls a store gets at a time follows from how long it takes for them."""

from __future__ import annotations

import asyncio

import pytest

from vca_core._tracking.turns import Turns

LIMIT = 10.0


def taken(turns: Turns) -> int:
    """Take all turns that there are."""
    number = 0
    while turns.take():
        number += 1
    return number


async def test_a_quick_store_gets_ever_more_calls_at_a_time() -> None:
    turns = Turns(LIMIT)
    before = 0
    for _ in range(8):
        most = taken(turns)
        assert most >= before
        before = most
        for _ in range(most):
            turns.give(0.0, 0.1)
    assert before == 500


async def test_a_slow_store_gets_fewer_calls_and_one_at_least() -> None:
    turns = Turns(LIMIT)
    seen = []
    for number in range(8):
        seen.append(taken(turns))
        for _ in range(seen[-1]):
            turns.give(number * LIMIT, (number + 0.9) * LIMIT)
    assert seen[0] > seen[1] > seen[-1] == 1


async def test_calls_of_one_moment_count_once() -> None:
    turns = Turns(LIMIT)
    first = taken(turns)
    for number in range(first):
        turns.give(0.0, 0.5 * LIMIT + number)
    assert taken(turns) == first // 2


async def test_turns_are_given_in_the_order_of_requests() -> None:
    turns = Turns(LIMIT)
    most = taken(turns)
    order: list[int] = []

    async def wait(number: int) -> None:
        await turns.wait()
        order.append(number)

    waiting = [asyncio.ensure_future(wait(number)) for number in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    for _ in range(most):
        turns.give(0.0, 0.9 * LIMIT)
    await asyncio.wait(waiting)
    assert order == [0, 2]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_turn_of_a_cancelled_wait_is_not_lost(moment: str) -> None:
    turns = Turns(LIMIT)
    most = taken(turns)
    waiting = asyncio.ensure_future(turns.wait())
    await asyncio.sleep(0)
    if moment == "before":
        waiting.cancel()
    for _ in range(most):
        turns.give(0.0, 0.9 * LIMIT)
    waiting.cancel()
    await asyncio.wait((waiting,))
    assert taken(turns) == most // 2
