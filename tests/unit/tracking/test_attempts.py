"""The limit of attempts at the store: each has its own, and one timer serves all."""

from __future__ import annotations

import asyncio

import pytest
from support.fair_clock import let_pass

from vca_core._tracking.attempts import AttemptLimit

SECONDS = 60.0


async def attempt(limit: AttemptLimit, until: asyncio.Future[None]) -> None:
    """Make an attempt that ends when it is told to."""
    async with asyncio.timeout(None) as clock:
        limit.begin(clock)
        try:
            await until
        finally:
            limit.end(clock)


def timers() -> int:
    """How many timers of this module the loop has."""
    scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return sum("AttemptLimit" in repr(timer) for timer in scheduled if not timer.cancelled())


async def test_an_attempt_times_out_at_its_limit() -> None:
    limit = AttemptLimit(SECONDS)
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    running = asyncio.ensure_future(attempt(limit, never))
    await asyncio.sleep(0)
    let_pass(SECONDS)
    with pytest.raises(TimeoutError):
        await running


async def test_a_later_attempt_has_its_own_time() -> None:
    limit = AttemptLimit(SECONDS)
    loop = asyncio.get_running_loop()
    first = asyncio.ensure_future(attempt(limit, loop.create_future()))
    await asyncio.sleep(0)
    let_pass(SECONDS / 2)
    until: asyncio.Future[None] = loop.create_future()
    second = asyncio.ensure_future(attempt(limit, until))
    await asyncio.sleep(0)
    let_pass(SECONDS / 2)
    with pytest.raises(TimeoutError):
        await first
    assert not second.done()
    until.set_result(None)
    await second


async def test_a_thousand_attempts_have_one_timer() -> None:
    limit = AttemptLimit(SECONDS)
    until: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    running = [asyncio.ensure_future(attempt(limit, until)) for _ in range(1000)]
    await asyncio.sleep(0)
    assert timers() == 1
    until.set_result(None)
    await asyncio.gather(*running)
    limit.cancel()
    assert timers() == 0


async def test_an_attempt_that_ended_in_time_stays_ended() -> None:
    limit = AttemptLimit(SECONDS)
    async with asyncio.timeout(None) as clock:
        limit.begin(clock)
        let_pass(SECONDS)
        limit._look()  # the timer comes first, and the answer before the time-out is carried out
        limit.end(clock)
        await asyncio.sleep(0)
    assert not clock.expired()
    assert clock.when() is None
