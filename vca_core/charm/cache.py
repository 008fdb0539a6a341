"""Charms that were read already: an orchestrator installs the same ones again and again, many at a time."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from vca_core.charm.model import Charm
from vca_core.charm.reader import LOOKED_AT, read_charm

SETTLED = 100_000_000
"""How old the last change has to be, in nanoseconds, before a charm is kept.

Clocks of file systems tick every few milliseconds: a file that changes twice within a tick looks the same.
"""

_State = tuple[tuple[int, int, int, int, int] | None, ...]


class CharmCache:
    """Reads charms, and keeps the last ones for as long as their files are the same. Threads may share it.

    Threads that want the same charm wait for the one that reads it. Errors are not kept.

    Args:
        size: how many charms are kept; the one that was not asked for the longest gives way.
        check: refuses what is in a charm that was read anew.
    """

    def __init__(self, size: int = 64, check: Callable[[Path], None] = lambda _: None) -> None:
        self._size = size
        self._check = check
        self._lock = threading.Lock()
        self._entries: OrderedDict[Path, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def read(self, path: Path) -> Charm:
        """Read a charm, or take the one that was read. It looks at files, so in an event loop: in a thread.

        Args:
            path: the charm's folder or ``.charm`` file, absolute.

        Raises:
            BadArguments: it is not a charm, or malformed (`vca_core.charm.read_charm`).
        """
        with self._lock:
            entry = self._entries.setdefault(path, _Entry())
            self._entries.move_to_end(path)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
        return entry.read(path, self._check)


class _Entry:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[_State, Charm] | None = None

    def read(self, path: Path, check: Callable[[Path], None]) -> Charm:
        with self._lock:
            before = _state(path)
            if self._kept is not None and self._kept[0] == before:
                return self._kept[1]
            self._kept = None
            now = time.time_ns()
            charm = read_charm(path)
            check(path)
            if all(now - seen[0] > SETTLED for seen in before if seen) and _state(path) == before:
                self._kept = before, charm
            return charm


def _state(path: Path) -> _State:
    """What distinguishes one version of a charm from the next in the file system."""
    folder = str(path)  # a `Path` for each file would cost more than to look at it, and each operation looks
    return tuple(_stamp(place) for place in (folder, *(f"{folder}/{name}" for name in LOOKED_AT)))


def _stamp(place: str) -> tuple[int, int, int, int, int] | None:
    try:
        seen = os.stat(place)  # noqa: PTH116 - see above
    except OSError:  # not there; what cannot be looked at is not read, either
        return None
    return seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino, seen.st_dev
