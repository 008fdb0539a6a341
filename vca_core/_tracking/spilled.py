"""An outcome in a file of the spill folder, and how a later process writes it to the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vca_core._tracking.entry import Written
from vca_core._tracking.home import put_past_no_later
from vca_core._tracking.place import COLLECTION, Place
from vca_core._tracking.records import EeRecord
from vca_core.errors import StoreError
from vca_core.naming import EeKey
from vca_core.stores import StatusStore


class UnclearError(StoreError):
    """It is unknown whether an outcome still has to be written, until something is repaired."""

    retryable = False


@dataclass(frozen=True, slots=True)
class Spilled:
    """An outcome, as it stands in the file.

    Args:
        key: whose it is.
        place: where it goes.
        fields: the five fields.
        generation: of the EE's record; None: it had none, or the store could not say.
        times: of the statuses at the place that it follows; None: they are not known.
    """

    key: EeKey
    place: Place
    fields: Mapping[str, Any]
    generation: str | None
    times: Sequence[str] | None = None

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
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Spilled:
        """Read what `document` made.

        Raises:
            UnclearError: it is damaged, or a newer release wrote it.
        """
        try:
            key, pairs = EeKey(*document["key"]), tuple((path, value) for path, value in document["filter"])
            place = Place(document["table"], pairs, document["path"])
            return cls(key, place, document["fields"], document["generation"], document.get("times"))
        except (KeyError, TypeError, ValueError) as error:
            raise UnclearError(f"outcome {document.get('_id')} is damaged") from error

    async def put(self, store: StatusStore) -> Written:
        """Write it where it belongs, over nothing later, and to no other EE of the same name.

        Raises:
            UnclearError: the EE's record is damaged, or a newer release keeps it and it says that this is its home.
            VcaError: the store fails.
        """
        document = await store.get(COLLECTION, {"_id": self.key.record_id})
        record = None if document is None else self._read_record(document)
        if record is not None and record.home == self.place:
            if record.newer is not None:
                raise UnclearError(record.newer.message) from record.newer
            if self.generation is not None and record.generation != self.generation:
                return Written.PASSED
        return await put_past_no_later(store, self.place, self.fields, self.times)

    def _read_record(self, document: Mapping[str, Any]) -> EeRecord:
        try:
            return EeRecord.read(document, self.key.record_id)
        except StoreError as error:
            raise UnclearError(error.message) from error
