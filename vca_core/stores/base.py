"""What a status store is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vca_core.stores.document import LARGEST_NUMBER, id_key
from vca_core.stores.refusals import is_refusal

Outcome = bool | Exception
"""What became of one write of a batch: whether a document matched, or the error that it failed with."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a batch: the arguments of `StatusStore.set`.

    Args:
        table: the collection.
        filter: which document.
        update: values by dotted path.
    """

    table: str
    filter: Mapping[str, Any]
    update: Mapping[str, Any]

    @property
    def document(self) -> str | None:
        """A text that is the same for all writes to one document of the table; None if the filter names no document."""
        given: object = self.filter  # which no one has checked yet
        identity = given.get("_id") if isinstance(given, Mapping) else None
        if isinstance(identity, int) and abs(identity) > LARGEST_NUMBER:
            return None  # nor can it be one: a huge number has no text
        return id_key(identity) if isinstance(identity, str | int | float) else None


class LateWrites:
    """The writes of a batch that failed and may succeed later: no later one may pass them."""

    def __init__(self) -> None:
        self._errors: dict[str, dict[str | None, Exception]] = {}

    def note(self, write: Write, error: Exception) -> None:
        """Remember a write that failed, unless it can never succeed."""
        if not is_refusal(error):
            self._errors.setdefault(write.table, {})[write.document] = error

    def in_front_of(self, write: Write) -> Exception | None:
        """The error of an earlier write that may be to the same document, or None."""
        late = self._errors.get(write.table)
        if late is None:
            return None
        if write.document is None:
            return next(iter(late.values()))
        return late.get(write.document) or late.get(None)


class StatusStore(ABC):
    """Documents in collections (tables, in the documented words). Implementations are for one event loop at a time.

    A document is a mapping of plain data with an ``_id``. A filter maps dotted paths to the scalars that they have to
    equal, as in MongoDB: ``{"_id": "ns1", "_admin.nslcmop": None}``.

    Every method raises `vca_core.errors.BadArguments` for a filter that is not valid, or a table that `check_table`
    refuses, and `vca_core.errors.StoreError`
    when the store fails: ``retryable`` says whether the same call may succeed later. A status that `set` refuses with
    an error that is not retryable is given up; an error of `open`, or a `StoreError` of a read, never loses one. A
    method that was cancelled has been carried out wholly or not at all.
    """

    async def open(self) -> None:  # noqa: B027 - a store without a connection has nothing to do
        """Connect, create what is missing. Called before anything else, and again after `close`."""

    async def close(self) -> None:  # noqa: B027 - as above
        """Disconnect; no thread, task or file of the store is left when it returns."""

    def check_table(self, table: str) -> None:  # noqa: B027 - a store may take any name
        """Check the name of a collection, open or not: callers learn of a wrong one before anything is begun.

        Args:
            table: not empty.

        Raises:
            BadArguments: the store can never have a collection of this name; `bad_args` is ``table``.
        """

    @abstractmethod
    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        """Set fields of the first document that matches, as MongoDB's ``$set`` in ``update_one``; atomic.

        Args:
            table: the collection.
            filter: which document.
            update: values by dotted path.

        Returns:
            Whether a document matched.
        """

    @property
    def has_batch(self) -> bool:
        """Whether `batch` makes writes together, and not only one after the other."""
        return type(self).batch is not StatusStore.batch

    @property
    def has_late_writes(self) -> bool:
        """Whether a write that failed may be made later nevertheless, as by a server that had got it already."""
        return True

    async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
        """Make several writes, each as `set` does; a store that can make them together should.

        The batch as a whole is not atomic. Writes of one document are made in the order given, those of different
        documents in any order. A write that fails costs the others nothing, with one exception: behind one that may
        succeed later, those of the same document are not tried, so that none of them is passed by the earlier one.

        Args:
            writes: what to write.

        Returns:
            For each write, in the order given, whether a document matched, or the error that it failed with. What a
            write fails with is never raised.
        """
        outcomes: list[Outcome] = []
        late = LateWrites()
        for write in writes:
            outcome: Outcome | None = late.in_front_of(write)
            if outcome is None:
                try:
                    outcome = await self.set(write.table, write.filter, write.update)
                except Exception as error:  # noqa: BLE001 - a store may raise anything
                    outcome = error
                    late.note(write, error)
            outcomes.append(outcome)
        return outcomes

    @abstractmethod
    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return a copy of the first document that matches, or None."""

    @abstractmethod
    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return copies of all documents that match, oldest first; without a filter, of all documents."""

    @abstractmethod
    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        """Insert a document unless one with its ``_id`` is there; atomic.

        Args:
            table: the collection.
            document: plain data with an ``_id``.

        Returns:
            Whether it was inserted. An existing document is left as it is.

        Raises:
            BadArguments: it has no ``_id``, or is not plain data.
        """

    @abstractmethod
    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        """Delete all documents that match, and return their number."""

    async def drop(self, table: str) -> None:
        """Remove a collection with everything in it; a store that keeps empty ones should remove those, too."""
        for document in await self.find(table):
            await self.delete(table, {"_id": document["_id"]})

    async def exists(self, table: str, filter: Mapping[str, Any]) -> bool:
        """Return whether a document matches; a store should find out without reading the document, if it can."""
        return await self.get(table, filter) is not None
