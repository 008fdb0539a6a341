"""What a process holds, and what it has set for all of itself. Looked at before and after."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import gc
import locale
import logging
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_DESCRIPTORS = Path("/proc/self/fd")
_MOMENT = 0.02
_OF_PYTEST = "PYTEST_CURRENT_TEST"
_PLACES = (locale.LC_COLLATE, locale.LC_MONETARY, locale.LC_NUMERIC, locale.LC_TIME)
"""What of a locale says nothing of how texts are encoded."""
_SIGNALS = [
    signal.Signals[name] for name in ("SIGCHLD", "SIGPIPE", "SIGUSR1", "SIGUSR2") if name in signal.Signals.__members__
]
_POOLS = ("asyncio_", "vca-compute")  # threads of the loop's own pool, and of the core's, stay idle


@dataclass(frozen=True)
class Holdings:
    """What the process holds at a moment."""

    tasks: frozenset[asyncio.Task[Any]]
    threads: frozenset[threading.Thread]
    descriptors: frozenset[tuple[str, str]]
    children: frozenset[str]

    @classmethod
    def now(cls) -> Self:
        """Look at it."""
        tasks = frozenset(task for task in asyncio.all_tasks() if task is not asyncio.current_task())
        threads = frozenset(thread for thread in threading.enumerate() if not thread.name.startswith(_POOLS))
        return cls(tasks, threads, frozenset(_descriptors()), frozenset(_children()))

    @property
    def numbers(self) -> dict[str, int]:
        """How many there are of each kind."""
        return {
            "tasks": sum(not task.done() for task in self.tasks),
            "threads": sum(thread.is_alive() for thread in self.threads),
            "descriptors": len(self.descriptors),
            "children": len(self.children),
        }

    @classmethod
    async def wait_settled(cls, limit: float) -> Self:
        """Look at it when it has not become less for a moment.

        Args:
            limit: seconds after which it is taken as it is.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        now = cls.now()
        while loop.time() < end:
            await asyncio.sleep(_MOMENT)
            before, now = now, cls.now()
            if before.numbers == now.numbers:
                break
        return now

    def beyond(self, before: Holdings) -> list[str]:
        """Name what is there now, and was not before."""
        return sorted(
            [
                *(f"task {task.get_name()}" for task in self.tasks - before.tasks if not task.done()),
                *(f"thread {thread.name}" for thread in self.threads - before.threads if thread.is_alive()),
                *(f"descriptor {number} ({what})" for number, what in self.descriptors - before.descriptors),
                *(f"child {child}" for child in self.children - before.children),
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


def settings() -> dict[str, Any]:
    """What holds for the whole process, and is not for a backend to change."""
    root, loop = logging.getLogger(), asyncio.get_running_loop()
    return {
        "working directory": os.getcwd(),  # noqa: PTH109 - its text
        "socket's default time-out": socket.getdefaulttimeout(),
        "root logger's level": root.level,
        "root logger's handlers": [one for one in root.handlers if not type(one).__module__.startswith("_pytest")],
        "what loggers are disabled": root.manager.disable,
        "filters of warnings": list(warnings.filters),
        "hook for exceptions": sys.excepthook,
        "hook for exceptions of threads": threading.excepthook,
        "standard output": sys.stdout,
        "standard error": sys.stderr,
        "locale": locale.setlocale(locale.LC_ALL),
        "limit of recursion": sys.getrecursionlimit(),
        "collection of garbage": gc.isenabled(),
        "check of certificates": ssl._create_default_https_context,  # noqa: SLF001 - what is set to turn it off
        "handler of the event loop's exceptions": loop.get_exception_handler(),
        "factory of tasks": loop.get_task_factory(),
        "event loop's debug mode": loop.get_debug(),
        "event loop's limit for slow callbacks": loop.slow_callback_duration,
        "event loop's logger": _state_of(logging.getLogger("asyncio")),
        "thresholds of garbage collection": gc.get_threshold(),
        "limit of open files": _limit_of_open_files(),
        "umask": _umask(),
        "path of imports": list(sys.path),
        **_functions(),
        **{f"handler of signal {one:d}": signal.getsignal(one) for one in signal.valid_signals()},
        **{f"environment variable {name}": value for name, value in os.environ.items() if name != _OF_PYTEST},
    }


@contextlib.contextmanager
def unusual_settings() -> Iterator[None]:
    """Set some of them to what nobody sets, so that it shows if one is set to what it was set to before."""
    hooks = sys.excepthook, threading.excepthook
    umask = os.umask(0)
    os.umask(umask ^ 1)
    handlers = _mark_handlers() if threading.current_thread() is threading.main_thread() else {}
    places = {category: locale.setlocale(category) for category in _PLACES}
    for category in places:
        locale.setlocale(category, "C")
    sys.excepthook, threading.excepthook = functools.partial(hooks[0]), functools.partial(hooks[1])
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("default", message="nobody says so")
            yield
    finally:
        sys.excepthook, threading.excepthook = hooks
        for category, place in places.items():
            locale.setlocale(category, place)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.umask(umask)


def _mark_handlers() -> dict[signal.Signals, Any]:
    return {
        number: signal.signal(number, lambda *_: None) for number in _SIGNALS if signal.getsignal(number) is not None
    }


def accumulated() -> dict[str, int]:
    """How many there are of what is only ever added to, for the whole process."""
    loggers = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    return {
        "functions for its end": atexit._ncallbacks(),  # noqa: SLF001 - nothing else counts them
        "handlers of loggers": sum(len(one.handlers) for one in loggers),
        "filters of loggers": sum(len(one.filters) for one in loggers),
    }


def _functions() -> dict[str, Any]:
    """The functions and classes of modules that are tempting to replace."""
    return {
        f"{module.__name__}.{name}": value
        for module in (asyncio, logging, os, random, socket, ssl, subprocess, threading, time, warnings)
        for name, value in vars(module).items()
        if callable(value)
    }


def _state_of(logger: logging.Logger) -> tuple[object, ...]:
    return logger.level, logger.disabled, logger.propagate, tuple(logger.handlers), tuple(logger.filters)


def _limit_of_open_files() -> tuple[int, int] | None:
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)


def _umask() -> str | None:
    """Which rights new files do not get; it can only be asked for by setting it, so the kernel is asked."""
    try:
        said = Path("/proc/self/status").read_text("utf-8")
    except OSError:  # not on this system
        return None
    return next((line.partition(":")[2].strip() for line in said.splitlines() if line.startswith("Umask:")), None)


def _children() -> list[str]:
    """The processes that this one has started, each with its name."""
    found = []
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            numbers = task.read_text("ascii").split()
        except OSError:  # the thread has ended
            continue
        for number in numbers:
            try:
                found.append(f"{number} ({Path('/proc', number, 'comm').read_text('utf-8').strip()})")
            except OSError:  # so has the process
                continue
    return found


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
