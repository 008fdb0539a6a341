"""Claims of models: which NS a model belongs to, in a document beside the records of its execution environments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core._schema import newer_error, schema_fields, version_of
from vca_core._tracking.place import COLLECTION
from vca_core._tracking.records import EeRecord, damage_error
from vca_core._tracking.revisions import new_word
from vca_core.naming import Namespace
from vca_core.refusals import shared_model
from vca_core.stores import StatusStore


def model_id(connector: str, model: str) -> str:
    """The ``_id`` of a model's claim."""
    return f"{connector}/{model}"


def model_document(record: EeRecord, generation: str) -> dict[str, Any]:
    """The claim of the model of an EE, as it is inserted.

    Args:
        record: of the EE.
        generation: distinguishes it from earlier and later claims of the model.
    """
    connector, model = record.key.connector, record.key.model
    return {
        "_id": model_id(connector, model),
        "connector": connector,
        "model": model,
        "ns_id": record.namespace.ns_id,
        "generation": generation,
        **schema_fields(),
    }


async def remove_model(store: StatusStore, connector: str, model: str, version: Mapping[str, Any]) -> None:
    """Remove a model's claim, unless an EE is in it, or was claimed there at the same moment.

    Args:
        store: the store.
        connector: the connector's name.
        model: the model.
        version: what the claim has beside its ``_id``.
    """
    while await _any_in(store, connector, model) is None:
        if not await store.delete(COLLECTION, {"_id": model_id(connector, model), **version}):
            return
        if (record := await _any_in(store, connector, model)) is None:
            return
        again = model_document(record, new_word())
        if not await store.ensure(COLLECTION, again):
            return
        version = version_of(again)  # that EE may be gone by now, and who removed it found no claim


async def _any_in(store: StatusStore, connector: str, model: str) -> EeRecord | None:
    for document in await store.find(COLLECTION, {"model": model, "connector": connector}):
        if "application" in document:
            return EeRecord.read(document)
    return None


def check_ns(document: Mapping[str, Any], model: str, namespace: Namespace) -> None:
    """Check that the claim of a model is of the NS of a namespace.

    Args:
        document: the claim.
        model: the model.
        namespace: which is to have it.

    Raises:
        BadArguments: it is of another NS; names both.
        StoreError: it is damaged, or a newer release keeps it.
    """
    newer = newer_error(document)
    if newer is not None:
        raise newer
    owner = document.get("ns_id")
    if not isinstance(owner, str):
        raise damage_error(document.get("_id"))
    if owner != namespace.ns_id:
        raise shared_model(namespace.ns_id, owner, model)
