"""Whose a model is, while execution environments come and go in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core._schema import version_of
from vca_core._tracking.models import model_document, remove_model
from vca_core._tracking.place import COLLECTION, default_home
from vca_core._tracking.records import EeRecord
from vca_core._tracking.revisions import new_word
from vca_core.naming import EeKey, Namespace
from vca_core.stores import MemoryStore


def record_of(application: str) -> EeRecord:
    key = EeKey("edge", "ns", application)
    return EeRecord(key, Namespace.parse(f".ns.{application}"), None, default_home(key), new_word(), "owner")


class Busy(MemoryStore):
    """When a model's claim goes, another process claims an EE there; before it is put back, that EE goes again."""

    guest = record_of("guest")
    has_been = False

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        count = await super().delete(table, filter)
        if filter["_id"] == "edge/ns" and not self.has_been:
            self.has_been = True
            await super().ensure(table, self.guest.document({}))
        return count

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        if document["_id"] == "edge/ns":  # that EE's process finds no claim of the model to remove
            await super().delete(table, self.guest.query)
        return await super().ensure(table, document)


async def test_a_claim_that_was_put_back_goes_when_its_ee_went() -> None:
    store = Busy()
    claim = model_document(record_of("first"), new_word())
    await MemoryStore.ensure(store, COLLECTION, claim)
    await remove_model(store, "edge", "ns", version_of(claim))
    assert await store.find(COLLECTION) == []
