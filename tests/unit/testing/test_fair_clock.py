"""The clock of the event loops of tests and of the kit counts waiting, and not what a loaded machine takes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from support.fair_clock import StrictLoop

from vca_core.testing.fair_clock import ANSWERED, RUN, FairLoop, FairSelector


def machine_that_takes(seconds: float) -> Callable[[], float]:
    """A clock that moves on by so much whenever it is read."""
    now = 0.0

    def read() -> float:
        nonlocal now
        now += seconds
        return now

    return read


def test_a_turn_of_the_loop_counts_for_little() -> None:
    with FairSelector(machine_that_takes(5.0)) as selector:
        assert selector.time() == pytest.approx(5.0 + RUN)


def test_a_wait_counts_for_what_was_asked_for_if_nothing_comes() -> None:
    with FairSelector(machine_that_takes(5.0)) as selector:
        assert selector.select(0.001) == []
        assert selector.time() == pytest.approx(5.0 + RUN + 0.001 + RUN)


def test_a_wait_in_which_something_comes_counts_for_little() -> None:
    one, other = socket.socketpair()
    with FairSelector(machine_that_takes(5.0)) as selector, one, other:
        selector.register(one, 1)
        other.send(b"x")
        assert selector.select(4.0)
        assert selector.time() == pytest.approx(5.0 + RUN + ANSWERED + RUN)


def test_on_an_idle_machine_it_is_the_machines_clock() -> None:
    tick = 0.0001
    with FairSelector(machine_that_takes(tick)) as selector:
        selector.select(0.0)
        assert selector.time() <= 5 * tick


async def test_tests_run_on_it_and_limits_expire() -> None:
    assert isinstance(asyncio.get_running_loop(), FairLoop)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)


async def test_work_that_never_waits_meets_its_limit() -> None:
    async def work() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(work(), 0.01)


def test_a_connection_left_open_is_reported_where_it_was_left() -> None:
    one, other = socket.socketpair()
    loop = StrictLoop()
    transport, _ = loop.run_until_complete(loop.create_connection(asyncio.Protocol, sock=one))
    with one, other:
        with pytest.raises(ResourceWarning, match="still open"):
            loop.close()
        transport._sock = None  # type: ignore[attr-defined]  # it would warn, too
