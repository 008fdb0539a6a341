"""One write in the queue of an execution environment, and what may become of it."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vca_core._tracking.place import Place
from vca_core.naming import EeKey
from vca_core.stores import StatusStore


class Written(enum.Enum):
    """What became of a status."""

    STORED = enum.auto()
    SAME = enum.auto()
    """It stood there already."""
    NO_DOCUMENT = enum.auto()
    PASSED = enum.auto()
    """Another process has the EE by now, and what it wrote stays."""
    DROPPED = enum.auto()
    """Too many statuses waited for the store."""


Put = Callable[[StatusStore], Awaitable[Written]]
"""Puts one status into the store."""


@dataclass(slots=True, eq=False)
class PutOver:
    """Replaces whatever status is at a place.

    What waits for the store in thousands is made of few objects: Python's garbage collector looks at each of them.

    Args:
        place: the place.
        fields: the five fields.
    """

    place: Place
    fields: Mapping[str, Any]

    async def __call__(self, store: StatusStore) -> Written:
        """See `Put`."""
        place = self.place
        matched = await store.set(place.table, place.query, place.update(self.fields))
        return Written.STORED if matched else Written.NO_DOCUMENT


class Kind(enum.Enum):
    """What an entry of a queue is."""

    EVENT = enum.auto()
    """An intermediate status; the next one of its place may take its turn."""
    MARK = enum.auto()
    """The status that an operation begins with: an intermediate one that no interval holds back."""
    OUTCOME = enum.auto()
    CHANGE = enum.auto()
    """A change of what the core itself keeps."""
    ASK = enum.auto()
    """Something that a caller waits for."""


@dataclass(slots=True, eq=False)
class Entry:
    """One write.

    Args:
        kind: what it is.
        run: makes it; repeating it after a lost answer does no harm. None: the status replaces whatever is at its
            place.
        place: where a status goes; None: it is not a status.
        fields: the five fields of a status.
        retries: whether it is tried again when the store fails.
        what: what it does, for errors: ``"read the execution environment"``.
        may_merge: whether a later status of the same place replaces it.
        operation_id: the operation that a status is of; None: of none.
        key: whose it is.

    Attributes:
        done: futures that get its result when it is over.
        tried: futures that are done after the first attempt.
        is_abandoned: its caller no longer waits for it.
        is_safe: it is kept in a file until the store has it.
        is_reported: it was returned as one that could not be stored.
        is_gone: it is no longer in the queue.
        failing_since: when the store began with the first attempt that failed; None: none has.
    """

    kind: Kind
    run: Callable[[StatusStore], Awaitable[Any]] | None
    place: Place | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    retries: bool = True
    what: str = "take it"
    may_merge: bool = False
    operation_id: str | None = None
    key: EeKey | None = None
    done: tuple[asyncio.Future[Any], ...] = ()
    tried: tuple[asyncio.Future[None], ...] = ()
    is_running: bool = False
    is_abandoned: bool = False
    is_safe: bool = False
    is_reported: bool = False
    is_gone: bool = False
    failing_since: float | None = None

    def make(self, store: StatusStore) -> Awaitable[Any]:
        """Make the write."""
        if self.run is not None:
            return self.run(store)
        if self.place is None:
            raise AssertionError("what is not a status says how it is written")
        return PutOver(self.place, self.fields)(store)

    def promise(self) -> asyncio.Future[Any]:
        """Make a future that is done when this is over."""
        promise: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.done += (promise,)
        return promise

    def keep(self, result: Any = None) -> None:
        """Complete all futures."""
        for promise in (*self.tried, *self.done):
            if not promise.done():
                promise.set_result(result)

    def fail(self, error: Exception) -> None:
        """Complete all futures with an error."""
        for promise in self.done:
            if not promise.done():
                promise.set_exception(error)

    def note_attempt(self) -> None:
        """Complete the futures that wait for the first attempt."""
        for promise in self.tried:
            if not promise.done():
                promise.set_result(None)


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A status that could not be stored.

    Args:
        path: where it was to go.
        fields: what was to be written there.
        reason: why it was not.
    """

    path: Place
    fields: Mapping[str, Any]
    reason: str
