"""Hooks under the kit run as they do without it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.testing.watching import Watching


async def work(waits: list[str]) -> Any:
    seen = []
    for wait in waits:
        try:
            match wait:
                case "turn":
                    await asyncio.sleep(0)
                case "future":
                    future = asyncio.get_running_loop().create_future()
                    asyncio.get_running_loop().call_soon(future.set_result, "value")
                    seen.append(await future)
                case "failure":
                    future = asyncio.get_running_loop().create_future()
                    asyncio.get_running_loop().call_soon(future.set_exception, KeyError("kept"))
                    await future
                case "task":
                    seen.append(await asyncio.create_task(asyncio.sleep(0, "slept")))
        except KeyError as error:
            seen.append(error.args[0])
    return seen


@given(st.lists(st.sampled_from(["turn", "future", "failure", "task"]), max_size=6))
def test_a_watched_hook_does_what_it_does_unwatched(waits: list[str]) -> None:
    async def compared() -> None:
        watching = Watching()
        assert await watching.watch("work", {}, work(waits)) == await work(waits)
        [call] = watching.calls
        assert (call.waits, call.returned, call.cancelled) == (len(waits), True, False)

    asyncio.run(compared())


async def test_an_error_goes_through() -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    watching = Watching()
    with pytest.raises(ZeroDivisionError):
        await watching.watch("fails", {}, fails())
    assert not watching.calls[0].returned


@pytest.mark.parametrize("wait", [1, 2, 3])
async def test_it_is_cancelled_where_it_waits(wait: int) -> None:
    watching, reached = Watching(), []

    async def hook() -> None:
        for number in (1, 2, 3):
            reached.append(number)
            await asyncio.sleep(0.001)

    task: asyncio.Task[None] = asyncio.ensure_future(watching.watch("hook", {}, hook()))
    watching.cancel_at("hook", wait, task)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reached == list(range(1, wait + 1))
    assert watching.calls[0].cancelled


async def test_it_is_held_where_it_first_waits() -> None:
    watching = Watching()
    there, gate = watching.hold("hook")
    task = asyncio.ensure_future(watching.watch("hook", {}, asyncio.sleep(0, "done")))
    await there.wait()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    gate.set()
    assert await task == "done"


async def _note_places(seen: list[tuple[str, int]], name: str, waits: int, seconds: float = 0) -> None:
    for number in range(waits):
        seen.append((name, number))
        await asyncio.sleep(seconds)


@pytest.mark.parametrize("head_start", [0, 20])
async def test_two_calls_in_step_are_at_the_same_places(head_start: int) -> None:
    watching, seen = Watching(), list[tuple[str, int]]()
    watching.keep_in_step("hook", 1)
    one = asyncio.ensure_future(watching.watch("hook", {}, _note_places(seen, "one", 3)))
    for _ in range(head_start):
        await asyncio.sleep(0)
    other = asyncio.ensure_future(watching.watch("hook", {}, _note_places(seen, "other", 5, 0.001)))
    await asyncio.gather(one, other)
    assert [sorted(seen[at : at + 2]) for at in (0, 2, 4)] == [[("one", at), ("other", at)] for at in range(3)]
    assert seen[6:] == [("other", 3), ("other", 4)]  # the first one has ended


async def test_a_call_in_step_that_waits_for_the_others_end_is_let_go() -> None:
    watching, lock = Watching(), asyncio.Lock()

    async def hook() -> None:
        async with lock:
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    watching.keep_in_step("hook", 0.1)
    await asyncio.gather(*(watching.watch("hook", {}, hook()) for _ in range(2)))
    assert [call.returned for call in watching.calls] == [True, True]


async def test_a_call_in_step_that_is_alone_goes_on() -> None:
    watching = Watching()
    watching.keep_in_step("hook", 0.01)
    assert await watching.watch("hook", {}, asyncio.sleep(0, "done")) == "done"


async def test_work_that_goes_on_is_waited_for_to_its_end() -> None:
    watching = Watching()

    async def go_step_by_step() -> None:
        for _ in range(12):
            await asyncio.sleep(0.01)

    async def call() -> None:
        await watching.watch("slow", {}, go_step_by_step())

    assert await watching.goes_on(asyncio.create_task(call()), 0.04)


async def test_work_that_stands_still_is_given_up_though_others_go_on() -> None:
    watching, gate = Watching(), asyncio.Event()

    async def go_on_for_ever() -> None:
        while True:
            await asyncio.sleep(0.001)

    async def call() -> None:
        await watching.watch("held", {}, gate.wait())

    beside = asyncio.ensure_future(watching.watch("beside", {}, go_on_for_ever()))
    held = asyncio.create_task(call())
    assert not await watching.goes_on(held, 0.02)
    assert watching.waits_of("beside") > 1
    gate.set()
    await held
    beside.cancel()
    await asyncio.gather(beside, return_exceptions=True)
