"""A status store in this process: for tests, demos, and orchestrators that keep statuses elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vca_core.plain import copy_plain
from vca_core.stores.base import StatusStore
from vca_core.stores.document import apply_update, check_filter, id_key, matches, new_document


class MemoryStore(StatusStore):
    """Documents in dicts; they outlive `close`, and the event loop."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, dict[str, Any]]] = {}

    @property
    def has_late_writes(self) -> bool:
        """See `StatusStore.has_late_writes`: there is no server."""
        return False

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        """See `StatusStore.set`."""
        for key, document in self._matches(table, filter):
            self._tables[table][key] = apply_update(document, update)
            return True
        return False

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StatusStore.get`."""
        for _, document in self._matches(table, filter):
            return _copy(document)
        return None

    async def exists(self, table: str, filter: Mapping[str, Any]) -> bool:
        """See `StatusStore.exists`."""
        return next(self._matches(table, filter), None) is not None

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """See `StatusStore.find`."""
        if filter is None:
            return [_copy(document) for document in self._tables.get(table, {}).values()]
        return [_copy(document) for _, document in self._matches(table, filter)]

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        """See `StatusStore.ensure`."""
        key, made = new_document(document)
        documents = self._tables.setdefault(table, {})
        if key in documents:
            return False
        documents[key] = made
        return True

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        """See `StatusStore.delete`."""
        found = list(self._matches(table, filter))
        for key, _ in found:
            del self._tables[table][key]
        return len(found)

    def _matches(self, table: str, filter: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        check_filter(filter)
        documents = self._tables.get(table, {})
        identity = filter.get("_id")
        if identity is None:
            yield from (entry for entry in _candidates(documents, filter) if matches(entry[1], filter))
            return
        key = id_key(identity)
        document = documents.get(key)
        if document is not None and (len(filter) == 1 or matches(document, filter)):
            yield key, document


def _candidates(documents: dict[str, dict[str, Any]], filter: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What a filter may match: looking closely at each document is slow where there are thousands."""
    path, wanted = next(iter(filter.items()), ("", None))
    if "." in path or not isinstance(wanted, str):
        return list(documents.items())
    return [
        (key, document)
        for key, document in documents.items()
        if (found := document.get(path)) == wanted or isinstance(found, list)
    ]


def _copy(document: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = copy_plain(document)
    return made
