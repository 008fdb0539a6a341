"""The home of an execution environment: where its status is kept, with one writer at a time.

Several processes may know an EE. Each write to its home says in its filter which status its writer last saw there, so
that no late write passes a later one, whatever became of answers in between. So does each write to the path that an
operation has for itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from vca_core._tracking.entry import Written
from vca_core._tracking.place import TIME, Place
from vca_core.errors import StoreError
from vca_core.stores import StatusStore
from vca_core.stores.document import value_at

MayWrite = Callable[[StatusStore], Awaitable[bool]]
"""Asks the store whether a process still is the one that writes to a home."""

_MOST_ROUNDS = 5
"""How often a write may meet another's before it waits for its next attempt."""

_ROUNDS_OF_OTHERS = 2
"""How often a write to an operation's own path may meet another's before it goes over whatever is there."""

_UNSEEN = object()

_ID = "ee_id"
"""What stands at a home beside the status."""


class Home:
    """A home, as this process last saw it.

    Args:
        place: where it is.
        document: the document, if it was just read.
    """

    def __init__(self, place: Place, document: Mapping[str, Any] | None = None) -> None:
        self.place = place
        self._seen: Any = _UNSEEN
        self._said: Mapping[str, Any] = {}
        if document is not None:
            self._see(document)

    async def put(
        self, store: StatusStore, fields: Mapping[str, Any], may_write: MayWrite, *, only_news: bool = False
    ) -> Written:
        """Write a status there.

        Args:
            store: the store.
            fields: the five fields.
            may_write: called if another process has written there since: whether to write nevertheless.
            only_news: whether to leave the status there if it differs only in its time.

        Returns:
            What became of it; repeated after a lost answer, it finds what it wrote.

        Raises:
            StoreError: others keep writing there.
        """
        place = self.place
        # What is not new by what was seen here may be new after what others wrote since.
        if self._seen is _UNSEEN or (only_news and self._is_said(fields)):
            if not await self._look(store):
                return Written.NO_DOCUMENT
            if self._seen == fields[TIME]:
                return Written.STORED  # it was written before; only the answer was lost
            if not await may_write(store):
                return self._give_way()
        for _ in range(_MOST_ROUNDS):
            if only_news and self._is_said(fields):
                return Written.SAME
            seen = self._seen
            if await self._set(store, fields, {f"{place.path}.{TIME}": seen}):
                return Written.STORED
            if not await self._look(store):
                return Written.NO_DOCUMENT
            if self._seen == fields[TIME]:
                return Written.STORED  # it was written before; only the answer was lost
            # No filter of equality matches what a list does not have yet, or a time that is not a text; there is no
            # status to pass, either.
            if seen is None is self._seen and await self._set(store, fields, {}):
                return Written.STORED
            if not await may_write(store):
                return self._give_way()
        raise StoreError(f"others write to {place} all the time")

    async def put_over(self, store: StatusStore, fields: Mapping[str, Any]) -> Written:
        """Write a status of an operation to a path of its own, over whatever stands there.

        It has the same condition as at a home, so that a copy of the write that arrives late changes nothing. If others
        write there all the time, the condition is given up: operations that share a path write there in any order.

        Args:
            store: the store.
            fields: the five fields.

        Returns:
            What became of it, as `put` does.
        """
        place = self.place
        if self._seen is _UNSEEN and not await self._look(store):
            return Written.NO_DOCUMENT
        for _ in range(_ROUNDS_OF_OTHERS):
            seen = self._seen
            if seen == fields[TIME] or await self._set(store, fields, {f"{place.path}.{TIME}": seen}):
                return Written.STORED
            if not await self._look(store):
                return Written.NO_DOCUMENT
            if seen is None is self._seen:  # as in `put`
                break
        if self._seen == fields[TIME]:
            return Written.STORED
        return Written.STORED if await self._set(store, fields, {}) else Written.NO_DOCUMENT

    async def put_id(self, store: StatusStore, ee_id: str) -> bool:
        """Write an EE's id there, beside a status.

        The status that stands there is its condition, so that a copy of the write that arrives when the EE's next one
        does changes nothing.

        Args:
            store: the store.
            ee_id: the id.

        Returns:
            Whether there is such a document.

        Raises:
            StoreError: others keep writing there.
        """
        place, update = self.place, self.place.update({_ID: ee_id})
        if self._seen is _UNSEEN and not await self._look(store):
            return False
        for _ in range(_MOST_ROUNDS):
            seen = self._seen
            if await store.set(place.table, {**place.query, f"{place.path}.{TIME}": seen}, update):
                return True
            if not await self._look(store):
                return False
            if seen is None is self._seen:  # as in `put`
                return await store.set(place.table, place.query, update)
        raise StoreError(f"others write to {place} all the time")

    async def withdraw_id(self, store: StatusStore, ee_id: str) -> None:
        """Set an EE's id to null, if it stands there still; conditions are those of `put_id`.

        Args:
            store: the store.
            ee_id: the id.

        Raises:
            StoreError: others keep writing there.
        """
        place, written = self.place, self.place.update({_ID: ee_id})
        for _ in range(_MOST_ROUNDS):
            if not await self._look(store) or self._said.get(_ID) != ee_id:
                return
            guard = {} if self._seen is None else {f"{place.path}.{TIME}": self._seen}
            if await store.set(place.table, {**place.query, **written, **guard}, dict.fromkeys(written)):
                return
        raise StoreError(f"others write to {place} all the time")

    async def _set(self, store: StatusStore, fields: Mapping[str, Any], guard: Mapping[str, Any]) -> bool:
        place = self.place
        if not await store.set(place.table, {**place.query, **guard}, place.update(fields)):
            return False
        self._seen, self._said = fields[TIME], fields
        return True

    def _is_said(self, fields: Mapping[str, Any]) -> bool:
        """Whether the status last seen there is the same, except for its time."""
        return all(self._said.get(name) == value for name, value in fields.items() if name != TIME)

    def _give_way(self) -> Written:
        """Leave the status that was seen there to its writer: the next write asks again, and does not replace it."""
        self.forget()
        return Written.PASSED

    def forget(self) -> None:
        """Forget what was seen there: the next write looks again."""
        self._seen = _UNSEEN

    async def _look(self, store: StatusStore) -> bool:
        """Look at what stands there; False: the document is gone."""
        document = await store.get(self.place.table, self.place.query)
        if document is not None:
            self._see(document)
        return document is not None

    def _see(self, document: Mapping[str, Any]) -> None:
        there = value_at(document, self.place.path)
        self._said = there if isinstance(there, Mapping) else {}
        self._seen = _time_in(self._said)


@dataclass(slots=True, eq=False)
class PutHere:
    """Writes a status to an operation's own path (`Home.put_over`).

    What waits for the store in thousands is made of few objects: Python's garbage collector looks at each of them.

    Args:
        home: the path, as its operation last saw it.
        fields: the five fields.
    """

    home: Home
    fields: Mapping[str, Any]

    async def __call__(self, store: StatusStore) -> Written:
        """See `vca_core._tracking.entry.Put`."""
        return await self.home.put_over(store, self.fields)


def _time_in(status: Mapping[str, Any]) -> str | None:
    """The time of a status; None: it has none that a process of ours could have written."""
    time = status.get(TIME)
    return time if isinstance(time, str) else None


async def put_past_no_later(
    store: StatusStore, place: Place, fields: Mapping[str, Any], own: Collection[str] | None = None
) -> Written:
    """Write a status to a place, unless one that is later stands there.

    Args:
        store: the store.
        place: the place.
        fields: the five fields.
        own: the times of the statuses that it may replace; None: they are not known, and the writers' clocks decide.
    """

    async def is_later(store: StatusStore) -> bool:
        document = await store.get(place.table, place.query)
        there = None if document is None else value_at(document, f"{place.path}.{TIME}")
        if not isinstance(there, str | int | float):
            return True
        if own is not None:
            return there in own
        try:
            return float(there) < float(fields[TIME])
        except (TypeError, ValueError):
            return True  # what another process wrote

    return await Home(place).put(store, fields, is_later)
