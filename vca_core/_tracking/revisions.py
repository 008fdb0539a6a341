"""Writes to the core's own records, none of which a copy that arrives late can undo.

A record has a random word, its *revision*, and each write puts another one in its place. A write has in its filter the
revision that it replaces. So where a server carries out a write after its client had given it up and gone on, that
changes nothing: its revision has been replaced, and never comes again.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vca_core._tracking.place import COLLECTION
from vca_core.errors import StoreError
from vca_core.stores import StatusStore
from vca_core.stores.document import matches

REVISION = "revision"
"""Where a record has it."""

_MOST_ROUNDS = 5
"""How often a write may meet another's before it waits for its next attempt."""


def new_word() -> str:
    """Make a word that nothing else has."""
    return secrets.token_hex(8)


class Revisions:
    """The revisions of records, as this process last saw them.

    Attributes:
        seen: each, by the record's ``_id``.
    """

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def note(self, document: Mapping[str, Any]) -> None:
        """Remember the revision of a record that was read or written."""
        self.seen[document["_id"]] = document.get(REVISION)

    def forget(self, identity: str) -> None:
        """Forget a record that is gone."""
        self.seen.pop(identity, None)

    def clear(self) -> None:
        """Forget all: each is looked at before it is written to."""
        self.seen.clear()

    def amendment(self, query: Mapping[str, Any], update: Mapping[str, Any]) -> Amendment:
        """Return a write to a record.

        Args:
            query: which one, by its ``_id``, and what has to be so that it is made.
            update: what it changes.
        """
        return Amendment(self, query, update)

    async def amend(self, store: StatusStore, amendment: Amendment) -> bool:
        """Make a write, over whatever others wrote that it does not name."""
        query, identity = amendment.query, amendment.query["_id"]
        if identity not in self.seen and not await self._look(store, query):
            return False
        for _ in range(_MOST_ROUNDS):
            guarded = {**query, REVISION: self.seen.get(identity)}
            if await store.set(COLLECTION, guarded, {**amendment.update, REVISION: amendment.revision}):
                self.seen[identity] = amendment.revision
                return True
            is_so = await self._look(store, query)
            if self.seen.get(identity) == amendment.revision:
                return True  # it was made before; only the answer was lost
            if not is_so:
                return False
        raise StoreError(f"others change the record {identity!r} in {COLLECTION} all the time")

    async def _look(self, store: StatusStore, query: Mapping[str, Any]) -> bool:
        """Read a record; return whether what has to be so is so."""
        document = await store.get(COLLECTION, {"_id": query["_id"]})
        if document is None:
            self.forget(query["_id"])
            return False
        self.note(document)
        return matches(document, query)


@dataclass(slots=True, eq=False)
class Amendment:
    """A write to a record. Repeated after a lost answer, it finds what it wrote.

    What waits for the store in thousands is made of few objects: Python's garbage collector looks at each of them.

    Args:
        revisions: of the records, as they were last seen.
        query: which record, by its ``_id``, and what has to be so that it is written to.
        update: what it changes.
        revision: the record's, when it is made.
    """

    revisions: Revisions
    query: Mapping[str, Any]
    update: Mapping[str, Any]
    revision: str = field(default_factory=new_word)

    async def __call__(self, store: StatusStore) -> bool:
        """Make it; return whether there was such a record."""
        return await self.revisions.amend(store, self)
