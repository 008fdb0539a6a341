"""EEs whose records could not be read when an operation began: the store is asked again at each write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from vca_core._schema import newer_error, version_of
from vca_core._tracking.entry import Put, Written
from vca_core._tracking.home import Home, put_past_no_later
from vca_core._tracking.place import COLLECTION, Place, default_home
from vca_core._tracking.records import EeRecord
from vca_core.errors import StoreError
from vca_core.naming import EeId, EeKey
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
        document = await store.get(COLLECTION, {"_id": key.record_id})
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
        document = await store.get(COLLECTION, {"_id": key.record_id})
        if document is not None and newer_error(document) is None and _may_be_home(document, key, place):
            query = {"_id": key.record_id, **version_of(document), "has_failed": False}
            await store.set(COLLECTION, query, {"has_failed": True})

    return note


def blind_end(key: EeKey, ee_id: EeId | None, fields: Mapping[str, Any]) -> Callable[[StatusStore], Awaitable[Written]]:
    """Return how to write the end of a deleted EE to its home, and to remove its record.

    Args:
        key: the EE.
        ee_id: its id: one that was made since stays.
        fields: what it ends with.
    """

    async def end(store: StatusStore) -> Written:
        document = await store.get(COLLECTION, {"_id": key.record_id})
        record = None if document is None else EeRecord.read(document, key.record_id)
        if record is None or record.ee_id != ee_id or record.newer is not None:
            return Written.PASSED
        if record.home != default_home(key):
            await put_past_no_later(store, record.home, fields)
        await store.delete(COLLECTION, record.query_of_ee)
        return Written.STORED

    return end


def _may_be_home(document: Mapping[str, Any], key: EeKey, place: Place) -> bool:
    try:
        return EeRecord.read(document, key.record_id).home == place
    except StoreError:  # it is damaged, so that is not known
        return True
