"""Tasks with an owner."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import subprocess
import sys
import threading

import pytest

from vca_core.tasks import OwnedTasks, begin_in_thread, compute_in_thread, in_thread


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


@pytest.mark.parametrize("fails", [False, True])
async def test_no_task_shows_what_a_thread_returned(caplog: pytest.LogCaptureFixture, fails: bool) -> None:
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = -1  # everything is told

    def work() -> str:
        if fails:
            raise LookupError("canary-4711")
        return "canary-4711"

    try:
        assert await in_thread(work) == "canary-4711"
    except LookupError as error:
        assert (fails, str(error)) == (True, "canary-4711")  # noqa: PT017 - the other way is checked, too
    finally:
        loop.set_debug(False)
    assert "to_thread" in caplog.text
    assert "canary" not in caplog.text


async def test_what_computes_is_given_up_and_does_not_pile_up() -> None:
    begun: list[str] = []
    gate = threading.Event()

    def work() -> None:
        begun.append(threading.current_thread().name)
        gate.wait(30)

    loop = asyncio.get_running_loop()
    try:
        for _ in range(20):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout_at(loop.time() + 0.01):
                    await compute_in_thread(work)
        assert len(begun) <= 4, "the others have never begun"
        assert {name.rpartition("_")[0] for name in begun} == {"vca-compute"}
    finally:
        gate.set()
    assert await compute_in_thread(lambda: "goes on") == "goes on"
    assert len(begun) <= 4


async def test_what_computes_raises_and_sees_its_context() -> None:
    word = contextvars.ContextVar[str]("word")
    word.set("here")
    assert await compute_in_thread(word.get) == "here"
    with pytest.raises(ZeroDivisionError):
        await compute_in_thread(lambda: 1 // 0)


ENDLESS = """
import asyncio, threading
from vca_core.tasks import begin_in_thread

async def main():
    try:
        async with asyncio.timeout(0.01):
            await asyncio.shield(begin_in_thread(threading.Event().wait, "endless"))
    except TimeoutError:
        print("given up")

asyncio.run(main())
"""


def test_a_thread_that_never_ends_keeps_no_process_from_ending() -> None:
    ended = subprocess.run([sys.executable, "-c", ENDLESS], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("given up\n", "", 0)


async def test_a_thread_that_ends_after_its_loop_says_nothing() -> None:
    gate, over = threading.Event(), threading.Event()

    def work() -> str:
        gate.wait(30)
        over.set()
        return "too late"

    def run() -> None:
        async def begin() -> None:
            begin_in_thread(work, "late")

        asyncio.run(begin())

    await asyncio.to_thread(run)
    gate.set()
    assert await asyncio.to_thread(over.wait, 30)
    assert (await begin_in_thread(lambda: "in time", "next")).get() == "in time"
