"""Tasks with an owner, and waits that a cancellation cannot cut short."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import math
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, TypeVar

_LOG = logging.getLogger(__name__)

R = TypeVar("R")


class OwnedTasks:
    """Owns the tasks it spawns: each is referenced until it ends, and all are waited for at the end.

    Args:
        owner: name of the owner, for task names.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, R], name: str, *, awaited: bool = False) -> asyncio.Task[R]:
        """Start a coroutine as an owned task.

        Args:
            work: what it does.
            name: of the task.
            awaited: whether its result is awaited. Otherwise an exception is logged, by type only.
        """
        task = asyncio.get_running_loop().create_task(work, name=f"{self._owner}: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._forget if awaited else self._log)
        return task

    def _log(self, task: asyncio.Task[Any]) -> None:
        error = self._forget(task)
        if error is not None:
            _LOG.error("%s ended with %s", task.get_name(), type(error).__qualname__)

    def _forget(self, task: asyncio.Task[Any]) -> BaseException | None:
        self._tasks.discard(task)
        # Retrieved even if the task is awaited: if the waiter was cancelled, asyncio would complain.
        return None if task.cancelled() else task.exception()

    async def wait(self, limit: float) -> bool:
        """Wait until one of the tasks ended, for at most `limit` seconds.

        Returns:
            Whether there was any to wait for, the caller's own task left out.
        """
        others = self._tasks - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        return bool(others)

    def stop(self) -> None:
        """Cancel all tasks but the caller's own, and wait for none."""
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    async def cancel(self, limit: float) -> list[str]:
        """Cancel all tasks and wait for them.

        Args:
            limit: seconds to wait.

        Returns:
            The names of those that are still running.
        """
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if not tasks:
            return []
        _, alive = await asyncio.wait(tasks, timeout=limit)
        return sorted(task.get_name() for task in alive)


async def settle(waited: Awaitable[Any], limit: float) -> asyncio.CancelledError | None:
    """Wait for something to be done, for at most `limit` seconds, also when the caller is cancelled meanwhile.

    The awaited task or future is neither cancelled nor asked for its result.

    Args:
        waited: a task or future.
        limit: seconds, for which a cancellation is held back.

    Returns:
        The last cancellation that came meanwhile, for the caller to raise when it has done what must be done.
    """
    future = asyncio.ensure_future(waited)
    loop = asyncio.get_running_loop()
    end = loop.time() + limit
    cancelled: asyncio.CancelledError | None = None
    while not future.done() and (left := end - loop.time()) > 0:
        # `asyncio.wait` does the same at twice the cost, and each operation waits so for its outcome to be stored.
        over: asyncio.Future[None] = loop.create_future()
        wake = partial(_wake, over)
        future.add_done_callback(wake)
        timer = None if left == math.inf else loop.call_later(left, wake)
        try:
            await over
        except asyncio.CancelledError as error:
            cancelled = error
        finally:
            future.remove_done_callback(wake)
            if timer is not None:
                timer.cancel()
    return cancelled


def _wake(over: asyncio.Future[None], *_: object) -> None:
    if not over.done():
        over.set_result(None)


def end_of(task: asyncio.Task[Any]) -> BaseException | None:
    """The cancellation by which a task ended; None: it ended otherwise, or not yet."""
    if task.cancelled():
        try:
            task.result()
        except asyncio.CancelledError as error:
            return error
    return None


def reason_of_end(ended: BaseException | None) -> BaseException | None:
    """Find why a cancelled caller still waited: the cause of its cancellation.

    Args:
        ended: the `CancelledError`, or what was raised from one, such as the `TimeoutError` of a limit.

    Returns:
        The cause; None: they give none.
    """
    while ended is not None and not (isinstance(ended, asyncio.CancelledError) and ended.__cause__ is not None):
        ended = ended.__cause__ or ended.__context__  # the context: cancelled once more while it ended
    return None if ended is None else ended.__cause__


def is_own_failure(error: BaseException, task: asyncio.Task[Any] | None) -> bool:
    """Whether what code of others raised is its own failure, and not the end of the task that awaited it.

    It may raise a `CancelledError` although nobody cancelled the task, or a `GeneratorExit`: a coroutine that is really
    closed is closed from outside of its task.

    Args:
        error: what was raised.
        task: the task that awaited it.
    """
    if isinstance(error, asyncio.CancelledError):
        return task is not None and not task.cancelling()
    if isinstance(error, GeneratorExit):
        try:
            return task is not None and task is asyncio.current_task()
        except RuntimeError:  # no event loop runs
            return False
    return not isinstance(error, KeyboardInterrupt)


class Unshown(Generic[R]):
    """A result that is never printed: asyncio's debug mode shows the results and errors of slow tasks.

    Args:
        results: the result; empty: it failed.
        error: why it failed.
    """

    __slots__ = ("_error", "_results")

    def __init__(self, *results: R, error: BaseException | None = None) -> None:
        self._results = results
        self._error = error

    def get(self) -> R:
        """Give the result, or raise the error."""
        if self._error is not None:
            raise self._error
        return self._results[0]


_COMPUTING = 4
"""Threads that compute at the same time: with more of them the loop would get no turn."""

_pools: dict[int, ThreadPoolExecutor] = {}  # by process: the threads of another one are not in a copy of it


async def compute_in_thread(work: Callable[[], R]) -> R:
    """Run something that computes or reads, and changes nothing, in one of a few threads.

    A cancellation does not wait for it: what has not begun never does, and what runs comes to its end, which nobody
    hears of. So it has to have a bound of its own. At most `_COMPUTING` run at the same time, those that were given up
    included; the others wait, each for as long as its caller does.

    Args:
        work: what to run.
    """
    if (pool := _pools.get(os.getpid())) is None:
        _pools.clear()
        pool = _pools[os.getpid()] = ThreadPoolExecutor(_COMPUTING, "vca-compute")
    context = contextvars.copy_context()
    done: Unshown[R] = await asyncio.wrap_future(pool.submit(context.run, _unshown, work))
    return done.get()


def _unshown(work: Callable[[], R]) -> Unshown[R]:
    try:
        return Unshown(work())
    except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
        return Unshown(error=error)


async def in_thread(work: Callable[[], R]) -> R:
    """Run something that blocks, in a thread, and return when it has ended: a cancellation waits for it, too.

    Args:
        work: what to run; it should take a moment only, since nothing can stop it.
    """
    running = asyncio.ensure_future(asyncio.to_thread(_unshown, work))
    cancelled = await settle(running, float("inf"))
    if cancelled is not None:
        raise cancelled
    return running.result().get()


def begin_in_thread(work: Callable[[], R], name: str) -> asyncio.Future[Unshown[R]]:
    """Begin something of others that may never end, in a thread of its own that keeps no process from ending.

    Args:
        work: what to run.
        name: of the thread.

    Returns:
        Done when it has ended; to be shielded from cancellations, which it does not hear of.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Unshown[R]] = loop.create_future()
    context = contextvars.copy_context()

    def run() -> None:
        done: Unshown[R] = context.run(_unshown, work)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(ended.set_result, done)

    threading.Thread(target=run, name=name, daemon=True).start()
    return ended
