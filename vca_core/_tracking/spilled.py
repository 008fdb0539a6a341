"""What a file of the spill folder has, and how a later process writes it to the store.

It leaves there what the process that was killed would have left: an outcome, and at a home also what the EE's record
says of it; and a record or a claim that has to go. What belongs to another EE of the same name is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from vca_core._schema import newer_error, schema_fields, version_of
from vca_core._tracking.entry import Written
from vca_core._tracking.home import put_past_no_later
from vca_core._tracking.models import model_id, remove_model
from vca_core._tracking.place import COLLECTION, Place
from vca_core._tracking.records import EeRecord
from vca_core._tracking.removals import living, remove
from vca_core._tracking.revisions import REVISION, new_word
from vca_core.errors import StoreError
from vca_core.naming import EeId, EeKey
from vca_core.stores import StatusStore
from vca_core.stores.refusals import is_refusal


class UnclearError(StoreError):
    """It is unknown whether something still has to be written, until something is repaired."""

    retryable = False


@dataclass(frozen=True, slots=True)
class SpilledOutcome:
    """An outcome, as it stands in the file.

    Args:
        key: whose it is.
        place: where it goes.
        fields: the five fields.
        generation: of the EE's record; None: it had none, or the store could not say.
        times: of the statuses at the place that it follows; None: they are not known.
        ee_id: the EE's id; None: it had none yet.
        has_failed: whether the operation failed, which stays at a home.
    """

    key: EeKey
    place: Place
    fields: Mapping[str, Any]
    generation: str | None
    times: Sequence[str] | None = None
    ee_id: str | None = None
    has_failed: bool = False

    def document(self, number: int) -> dict[str, Any]:
        """As the file has it."""
        return {
            "_id": number,
            "key": list(self.key),
            "table": self.place.table,
            "filter": [list(pair) for pair in self.place.filter],
            "path": self.place.path,
            "fields": dict(self.fields),
            "generation": self.generation,
            "times": None if self.times is None else list(self.times),
            "ee_id": self.ee_id,
            "has_failed": self.has_failed,
            **schema_fields(),
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` made; what it raises says that it is damaged."""
        key, pairs = EeKey(*document["key"]), tuple((path, value) for path, value in document["filter"])
        return cls(
            key,
            Place(document["table"], pairs, document["path"]),
            document["fields"],
            document["generation"],
            document.get("times"),
            document.get("ee_id"),
            document.get("has_failed") is True,
        )

    def __str__(self) -> str:
        return f"the outcome for {self.place}"

    async def put(self, store: StatusStore) -> Written:
        """Write it where it belongs, over nothing later, and to no other EE of the same name.

        Raises:
            UnclearError: the EE's record is damaged, or a newer release keeps it and it says that this is its home.
            VcaError: the store fails.
        """
        record = await _read_record(store, self.key)
        if record is None or record.home != self.place:
            return await put_past_no_later(store, self.place, self.fields, self.times)
        _check_operable(record)
        if self._is_of_another(record):
            return Written.PASSED
        written = await put_past_no_later(store, self.place, self.fields, self.times)
        if written is Written.STORED and record.has_failed is not self.has_failed:
            # Not if another process has operated on it since it was read: it serves the failure, or leaves its own.
            read = {"owner": record.owner, "has_failed": record.has_failed, REVISION: record.revision}
            update = {"has_failed": self.has_failed, REVISION: new_word()}
            await store.set(COLLECTION, {**record.query_of_ee, **read}, update)
        return written

    def _is_of_another(self, record: EeRecord) -> bool:
        if self.generation is not None:
            return record.generation != self.generation
        return self.ee_id is not None and record.ee_id is not None and str(record.ee_id) != self.ee_id


@dataclass(frozen=True, slots=True)
class SpilledRemoval:
    """The end of a record, or of the claim of a model, as it stands in the file.

    Args:
        key: whose record it is; without an application: the model whose claim it is.
        generation: of the record or the claim; None: of a claim, whatever it has.
        ee_id: the EE's id; None: it had none.
    """

    key: EeKey
    generation: str | None
    ee_id: str | None = None

    def document(self, number: int) -> dict[str, Any]:
        """As the file has it."""
        return {
            "_id": number,
            "removes": list(self.key),
            "generation": self.generation,
            "ee_id": self.ee_id,
            **schema_fields(),
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` made; what it raises says that it is damaged."""
        key = EeKey(*document["removes"])
        return cls(key, document["generation"], document["ee_id"])

    def __str__(self) -> str:
        return f"the removal of what was kept of {self.key}"

    async def put(self, store: StatusStore) -> Written:
        """Remove it, and no other EE's or model's of the same name.

        Raises:
            UnclearError: it is damaged, or a newer release keeps it.
            VcaError: the store fails.
        """
        if self.key.application:
            await self._remove_record(store)
        else:
            await self._remove_model(store)
        return Written.STORED

    async def _remove_record(self, store: StatusStore) -> None:
        record = await _read_record(store, self.key)
        if record is None or self.generation != record.generation or self.ee_id != _text(record.ee_id):
            return
        _check_operable(record)
        await remove(store, record.query_of_ee, may_return=record.may_return)

    async def _remove_model(self, store: StatusStore) -> None:
        connector, model, _ = self.key
        document = await store.get(COLLECTION, {"_id": model_id(connector, model)})
        if document is None or self.generation not in (None, document.get("generation")):
            return
        if (newer := newer_error(document)) is not None:
            raise UnclearError(newer.message) from newer
        try:
            await remove_model(store, connector, model, version_of(document))
        except StoreError as error:
            if not is_refusal(error):
                raise
            raise UnclearError(error.message) from error  # a damaged record: an EE may be in it


def read_spilled(document: Mapping[str, Any]) -> SpilledOutcome | SpilledRemoval:
    """Read a document of a file.

    Raises:
        UnclearError: it is damaged, or a newer release wrote it.
    """
    if (newer := newer_error(document)) is not None:
        raise UnclearError(newer.message) from newer
    try:
        return (SpilledRemoval if "removes" in document else SpilledOutcome).read(document)
    except (KeyError, TypeError, ValueError) as error:
        raise UnclearError(f"outcome {document.get('_id')} is damaged") from error


async def _read_record(store: StatusStore, key: EeKey) -> EeRecord | None:
    document = living(await store.get(COLLECTION, {"_id": key.record_id}))
    try:
        return None if document is None else EeRecord.read(document, key.record_id)
    except StoreError as error:
        raise UnclearError(error.message) from error


def _check_operable(record: EeRecord) -> None:
    if record.newer is not None:
        raise UnclearError(record.newer.message) from record.newer


def _text(ee_id: EeId | None) -> str | None:
    return None if ee_id is None else str(ee_id)
