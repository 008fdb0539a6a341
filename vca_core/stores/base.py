"""What a status store is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any


class StatusStore(ABC):
    """Documents in collections (tables, in the documented words). Implementations are for one event loop at a time.

    A document is a mapping of plain data with an ``_id``. A filter maps dotted paths to the scalars that they have to
    equal, as in MongoDB: ``{"_id": "ns1", "_admin.nslcmop": None}``.

    Every method raises `vca_core.errors.BadArguments` for a filter that is none, and `vca_core.errors.StoreError` when
    the store fails: ``retryable`` says whether the same call may succeed later. A method that was cancelled has been
    carried out or not, but never by half.
    """

    async def open(self) -> None:  # noqa: B027 - a store without a connection has nothing to do
        """Connect, create what is missing. Called before anything else, and again after `close`."""

    async def close(self) -> None:  # noqa: B027 - as above
        """Disconnect; no thread, task or file of the store is left when it returns."""

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

    @abstractmethod
    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        """Give a copy of the first document that matches; None: there is none."""

    @abstractmethod
    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Give copies of all documents that match, oldest first; None: of all there are."""

    @abstractmethod
    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        """Insert a document unless one with its ``_id`` is there; atomic.

        Args:
            table: the collection.
            document: plain data with an ``_id``.

        Returns:
            Whether it was inserted. One that is there is left as it is.

        Raises:
            BadArguments: it has no ``_id``, or is no plain data.
        """

    @abstractmethod
    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        """Delete all documents that match; give their number."""

    async def exists(self, table: str, filter: Mapping[str, Any]) -> bool:
        """Say whether a document matches; a store that can tell without reading the document should."""
        return await self.get(table, filter) is not None
