"""How records come and go, so that no copy of an insert that arrives late makes one again that is gone.

An insert has no condition but that nothing has its ``_id`` yet. So where an insert got no answer, and was repeated, a
copy of it may arrive when the record is gone. What is left in place of such a record is a *tombstone*: it has the
``_id`` and means nothing else, and the next record of the name takes its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vca_core._schema import schema_fields
from vca_core._tracking.place import COLLECTION
from vca_core._tracking.revisions import REVISION, new_word
from vca_core.errors import StoreError
from vca_core.naming import EeId, EeKey
from vca_core.stores import StatusStore
from vca_core.stores.refusals import is_unsent

MAY_RETURN = "may_return"
"""Where a record says that a copy of its insert may arrive when it is gone."""

REMOVED = "removed"
"""Where a tombstone says that it is one."""

_NOTHING: dict[str, Any] = {
    "connector": None,
    "model": None,
    "application": None,
    "namespace": "",
    "ee_id": None,
    "home": None,
    "owner": None,
    "host": None,
    "has_failed": False,
    "secret_names": [],
    "address": None,
    "state": {},
}
"""What a tombstone has in place of what a record has."""


@dataclass(slots=True, eq=False)
class Removal:
    """The end of a record, or of the claim of a model, that comes with the end of an operation.

    Args:
        key: whose record it is; without an application: the model whose claim it is.
        generation: of the record or the claim; None: of a claim, whatever it has.
        ended: its result is None if it was given up.
        ee_id: the EE's id; None: it had none.

    Attributes:
        is_safe: it is kept in a file until the store has it.
    """

    key: EeKey
    generation: str | None
    ended: asyncio.Future[Any]
    ee_id: EeId | None = None
    is_safe: bool = field(init=False, default=False)


class Inserts:
    """The attempts to insert one record.

    Attributes:
        unanswered: those that may still be carried out.
    """

    def __init__(self) -> None:
        self.unanswered = 0

    async def insert(self, store: StatusStore, document: Mapping[str, Any]) -> tuple[bool, Mapping[str, Any]]:
        """Insert a record, unless there is one.

        Args:
            store: the store.
            document: the record.

        Returns:
            Whether it was inserted, and the record that is there.

        Raises:
            StoreError: the one that was there was removed at this moment.
        """
        if self.unanswered:
            document = {**document, MAY_RETURN: True}
        self.unanswered += store.has_late_writes
        try:
            is_new = await store.ensure(COLLECTION, document)
        except Exception as error:
            self.unanswered -= store.has_late_writes and is_unsent(error)
            raise
        self.unanswered -= store.has_late_writes
        if is_new:
            return True, document
        there = await store.get(COLLECTION, {"_id": document["_id"]})
        if there is None:
            raise StoreError("the execution environment of this name was deleted at this moment; try again")
        if living(there) is not None:
            return False, there
        document = {**document, **{name: document.get(name, empty) for name, empty in _NOTHING.items()}}
        document |= {REMOVED: False, MAY_RETURN: True}
        query = {"_id": document["_id"], REMOVED: True, REVISION: there.get(REVISION)}
        if not await store.set(COLLECTION, query, {name: document[name] for name in document if name != "_id"}):
            raise StoreError("the execution environment of this name was claimed at this moment; try again")
        return True, document

    @property
    def may_return(self) -> bool:
        """Whether one that got no answer may be carried out later, if another one of them is what is there."""
        return self.unanswered > 1


def living(document: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A document, or None where it only keeps the place of a record that is gone."""
    return None if document is None or document.get(REMOVED) is True else document


async def remove(store: StatusStore, query: Mapping[str, Any], *, may_return: bool) -> bool:
    """Remove a record.

    Args:
        store: the store.
        query: which one, by its ``_id`` and its generation.
        may_return: whether a copy of its insert may arrive later.

    Returns:
        Whether it was there.
    """
    if not may_return:
        return await store.delete(COLLECTION, query) > 0
    tombstone = {REMOVED: True, "generation": new_word(), REVISION: new_word(), **schema_fields()}
    if await store.set(COLLECTION, query, {**_NOTHING, **tombstone}):
        return True
    return await store.ensure(COLLECTION, {"_id": query["_id"], **_NOTHING, **tombstone})
