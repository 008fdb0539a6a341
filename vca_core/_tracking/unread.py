"""EEs whose records could not be read when an operation began: the store is asked again at each write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from vca_core._schema import newer_error, version_of
from vca_core._tracking.entry import Put, Written
from vca_core._tracking.home import Home, put_past_no_later
from vca_core._tracking.place import COLLECTION, Place
from vca_core._tracking.records import EeRecord
from vca_core._tracking.removals import living
from vca_core._tracking.revisions import REVISION, new_word
from vca_core.errors import StoreError
from vca_core.naming import EeKey
from vca_core.stores import StatusStore


def blind_putter(key: EeKey, own: Home, fields: Mapping[str, Any]) -> Put:
    """Return how to write a status if it is not known whether the place is a home: never over a later one.

    Args:
        key: the EE.
        own: the place, as its operation last saw it.
        fields: the five fields.
    """
    place = own.place

    async def put(store: StatusStore) -> Written:
        document = living(await store.get(COLLECTION, {"_id": key.record_id}))
        if document is not None and _may_be_home(document, key, place):
            return await put_past_no_later(store, place, fields)
        return await own.put_over(store, fields)

    return put


def blind_failure_note(key: EeKey, place: Place) -> Callable[[StatusStore], Awaitable[None]]:
    """Return how to note that a failed outcome stands at a place, if that is the EE's home.

    Args:
        key: the EE.
        place: the place.
    """

    async def note(store: StatusStore) -> None:
        document = living(await store.get(COLLECTION, {"_id": key.record_id}))
        if document is not None and newer_error(document) is None and _may_be_home(document, key, place):
            read = {**version_of(document), REVISION: document.get(REVISION)}
            query = {"_id": key.record_id, **read, "has_failed": False}
            await store.set(COLLECTION, query, {"has_failed": True, REVISION: new_word()})

    return note


def _may_be_home(document: Mapping[str, Any], key: EeKey, place: Place) -> bool:
    try:
        return EeRecord.read(document, key.record_id).home == place
    except StoreError:  # it is damaged, so that is not known
        return True
