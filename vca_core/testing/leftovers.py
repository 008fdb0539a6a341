"""What a process holds: tasks, threads, open files and sockets. Counted before and after."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_DESCRIPTORS = Path("/proc/self/fd")
_POOL = "asyncio_"  # threads of the loop's own pool stay idle until the loop is closed


@dataclass(frozen=True)
class Holdings:
    """What the process holds at a moment."""

    tasks: frozenset[asyncio.Task[Any]]
    threads: frozenset[threading.Thread]
    descriptors: frozenset[tuple[str, str]]

    @classmethod
    def now(cls) -> Self:
        """Look at it."""
        tasks = frozenset(task for task in asyncio.all_tasks() if task is not asyncio.current_task())
        threads = frozenset(thread for thread in threading.enumerate() if not thread.name.startswith(_POOL))
        return cls(tasks, threads, frozenset(_descriptors()))

    def beyond(self, before: Holdings) -> list[str]:
        """Name what is there now, and was not before."""
        return sorted(
            [
                *(f"task {task.get_name()}" for task in self.tasks - before.tasks if not task.done()),
                *(f"thread {thread.name}" for thread in self.threads - before.threads if thread.is_alive()),
                *(f"descriptor {number} ({what})" for number, what in self.descriptors - before.descriptors),
            ]
        )


async def leftovers_since(before: Holdings, limit: float) -> list[str]:
    """Name what was not there before; what is about to end is given a moment.

    Args:
        before: what there was.
        limit: seconds.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + limit
    while (left := Holdings.now().beyond(before)) and loop.time() < end:  # noqa: ASYNC110 - nothing announces that a far end closed
        await asyncio.sleep(0.02)
    return left


def _descriptors() -> list[tuple[str, str]]:
    found = []
    try:
        numbers = os.listdir(_DESCRIPTORS)  # noqa: PTH208 - names are wanted, and nothing is opened for each
    except OSError:  # no Linux: tasks and threads have to do
        return []
    for number in numbers:
        try:
            what = os.readlink(_DESCRIPTORS / number)  # noqa: PTH115 - a path object would resolve "socket:[1]"
        except OSError:  # the one that listing needed
            continue
        found.append((number, what))
    return found
