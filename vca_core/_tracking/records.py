"""What the core keeps of each execution environment, in the same store as the statuses.

A record says whose an EE is, what its id is, where its home is, whether a failure stands there, and who operated on it
last. It is made by a claim (`vca_core._tracking.claims`).

A record has a random *generation*, made with its claim: every later write and delete names it, so that none of them can
hit the record of a later EE. The ee_id would not do: ids are used again. They name the schema too, and so leave alone
what a newer release has taken over meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vca_core._schema import SCHEMA, NewerRecordError, newer_error, schema_fields
from vca_core._tracking.entry import Put, Written
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import COLLECTION, OWN_STATE, Place
from vca_core._tracking.store_errors import as_store_error
from vca_core.errors import BadArguments, StoreError
from vca_core.naming import EeId, EeKey, Namespace
from vca_core.stores import StatusStore

_LOG = logging.getLogger(__name__)

_AT_A_TIME = 100
"""Records that are read in one turn of the loop."""


@dataclass(frozen=True, slots=True)
class EeRecord:
    """What is kept of an EE.

    Args:
        key: where it is.
        namespace: its canonical namespace.
        ee_id: its id; None while it is not created.
        home: where its aggregate status stands.
        generation: distinguishes it from earlier and later records of the same key.
        owner: the `Vca` that operated on it last.
        has_failed: whether a failed outcome stands at its home.
        secret_names: the options and parameters that its charm declares secret.
        address: its host name or address, as its backend returned it when it was made, registered or resumed.
        host: of the machine that was taken into service; see `vca_core.hosts.same_host`.
        newer: why this release must not operate on it: a newer one wrote it; None: it may.
        schema: the layout that it has; None: it does not say.
    """

    key: EeKey
    namespace: Namespace
    ee_id: EeId | None
    home: Place
    generation: str | None = None
    owner: str | None = None
    has_failed: bool = False
    secret_names: frozenset[str] = frozenset()
    address: str | None = None
    host: str | None = None
    newer: NewerRecordError | None = None
    schema: int | None = SCHEMA

    @classmethod
    def read(cls, document: Mapping[str, Any], identity: str | None = None) -> EeRecord:
        """Read a document of the collection.

        Args:
            document: the document.
            identity: by which id it was found; None: its own.

        Raises:
            StoreError: it is damaged; names it.
        """
        newer = newer_error(document)
        try:
            return cls(
                _key_in(document),
                Namespace.parse(document["namespace"]),
                None if document["ee_id"] is None else EeId.parse(document["ee_id"]),
                _home_in(document["home"]),
                _text_in(document, "generation"),
                _text_in(document, "owner"),
                document.get("has_failed") is True,
                frozenset(_texts_in(document, "secret_names")),
                _text_in(document, "address"),
                _text_in(document, "host"),
                newer,
                _number_in(document, "schema"),
            )
        except (KeyError, TypeError, ValueError, AttributeError, BadArguments) as error:
            if newer is not None:
                raise newer from error
            raise damage_error(identity or document.get("_id")) from error

    def check_operable(self) -> None:
        """Check that this release may operate on it.

        Raises:
            NewerRecordError: a newer one keeps it.
        """
        if self.newer is not None:
            raise self.newer.duplicate()  # each call that it stops has its own

    def is_as_in(self, document: Mapping[str, Any]) -> bool:
        """Whether a document of the collection has the same content; faster than reading it."""
        home, secret_names = document.get("home"), document.get("secret_names") or []
        return (
            document.get("generation") == self.generation is not None
            and document.get("owner") == self.owner
            and document.get("has_failed", False) is self.has_failed
            and document.get("ee_id") == (None if self.ee_id is None else str(self.ee_id))
            and isinstance(home, dict)
            and home == home_fields(self.home)
            and secret_names == sorted(self.secret_names)
            and document.get("address") == self.address
            and document.get("schema") == SCHEMA
        )

    @property
    def query(self) -> dict[str, Any]:
        """The filter that matches only this record, no earlier or later one of the key."""
        return {"_id": self.key.record_id, "generation": self.generation, "schema": self.schema}

    @property
    def query_of_ee(self) -> dict[str, Any]:
        """The filter that matches it while its EE is the same, and not one that was made since."""
        return {**self.query, "ee_id": None if self.ee_id is None else str(self.ee_id)}

    def document(self, state: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The record as it is inserted.

        Args:
            state: the status that stands in it, where it is a home itself.
        """
        return {
            "_id": self.key.record_id,
            **self.key._asdict(),
            "namespace": str(self.namespace),
            "ee_id": None if self.ee_id is None else str(self.ee_id),
            "home": home_fields(self.home),
            "generation": self.generation,
            "owner": self.owner,
            "host": self.host,
            "has_failed": False,
            **schema_fields(),
            OWN_STATE: {} if state is None else dict(state),
        }


@dataclass(slots=True, eq=False)
class Removal:
    """The end of a record, or of the claim of a model, that comes with the end of an operation.

    Args:
        key: whose record it is; without an application: the model whose claim it is.
        generation: of the record or the claim; None: it had none, or the store could not say.
        ended: its result is None if it was given up.
        ee_id: the EE's id; None: it had none.
        fields: what stands at the EE's home in the end; None: its outcome says it.

    Attributes:
        is_safe: it is kept in a file until the store has it.
    """

    key: EeKey
    generation: str | None
    ended: asyncio.Future[Any]
    ee_id: EeId | None = None
    fields: Mapping[str, Any] | None = None
    is_safe: bool = field(init=False, default=False)


def damage_error(identity: object) -> StoreError:
    """The error for a document of the core's own that cannot be read."""
    return StoreError(
        f"the record {identity!r} in {COLLECTION} is damaged, or was written by something else; repair or delete it",
        retryable=False,
    )


def _key_in(document: Mapping[str, Any]) -> EeKey:
    key = EeKey(document["connector"], document["model"], document["application"])
    if not all(isinstance(part, str) for part in key) or key.record_id != document["_id"]:
        raise ValueError("expected the names that its id has, got others")
    return key


def _home_in(home: Mapping[str, Any]) -> Place:
    query = {part["path"]: part["value"] for part in home["filter"]}
    given = {"collection": home["table"], "filter": query, "path": home["path"]}
    return Place.parse(given)


def _text_in(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name}: expected text")
    return value


def _number_in(document: Mapping[str, Any], name: str) -> int | None:
    value = document.get(name)
    if value is not None and not isinstance(value, int):
        raise TypeError(f"{name}: expected a number")
    return value


def _texts_in(document: Mapping[str, Any], name: str) -> list[str]:
    values = document.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name}: expected a list of texts")
    return values


def home_fields(home: Place) -> dict[str, Any]:
    """Return a home in the form that records keep it in."""
    query = [{"path": path, "value": value} for path, value in home.filter]  # not every database takes dots in names
    return {"table": home.table, "filter": query, "path": home.path}


def new_generation() -> str:
    """Make a word that no other record has."""
    return secrets.token_hex(8)


class ConnectorStore:
    """What one connector reads and writes of the store.

    Args:
        connector: its name.
        owner: names the `Vca` among all that use the store.
        outbox: writes in order.
        grace: ``store_grace``, seconds.

    Attributes:
        connector: as above.
        owner: as above.
    """

    def __init__(self, connector: str, owner: str, outbox: Outbox, grace: float) -> None:
        self.connector = connector
        self.owner = owner
        self._outbox = outbox
        self._grace = grace


class EeRecords(ConnectorStore):
    """The records of one connector."""

    async def look_up(self, key: EeKey, known: EeRecord | None = None, limit: float | None = None) -> EeRecord | None:
        """Find what is kept of an EE.

        Args:
            key: where it is.
            known: what was read before; returned if it is still the same.
            limit: seconds to wait, if less than ``store_grace``.

        Raises:
            StoreError: the store does not answer, or the record is damaged.
        """
        query, what = {"_id": key.record_id}, "read the execution environment"
        seconds = self._grace if limit is None else min(limit, self._grace)
        if key in self._outbox.lanes:
            document = await self._outbox.now(key, lambda store: store.get(COLLECTION, query), seconds, what)
        else:
            try:
                async with asyncio.timeout(seconds):
                    document = await self._outbox.store.get(COLLECTION, query)
            except asyncio.CancelledError as error:
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise
                raise as_store_error(error, what, seconds) from error  # nobody cancelled this: it is the store's own
            except Exception as error:
                raise as_store_error(error, what, seconds) from error
        if document is None:
            return None
        if known is not None and known.is_as_in(document):
            return known
        return EeRecord.read(document, key.record_id)

    async def wait_for(self, key: EeKey) -> EeRecord | None:
        """Find what is kept of an EE, as `look_up` does; a store that fails is asked again, within ``store_grace``."""
        query, what = {"_id": key.record_id}, "read the execution environment"
        document = await self._outbox.now(
            key, lambda store: store.get(COLLECTION, query), self._grace, what, retries=True
        )
        return None if document is None else EeRecord.read(document, key.record_id)

    async def is_current(
        self, store: StatusStore, record: EeRecord, *, owned: bool = False, has_failed: bool | None = None
    ) -> bool:
        """Ask the store whether a record still is the one of its EE.

        Args:
            store: the store.
            record: as it was read.
            owned: whether it has to be this `Vca` that operated on it last.
            has_failed: whether a failure has to stand at its home, or none may; None: either.
        """
        query = record.query_of_ee
        if owned:
            query["owner"] = self.owner
        if has_failed is not None:
            query["has_failed"] = has_failed
        return await store.exists(COLLECTION, query)

    def change(self, record: EeRecord, update: Mapping[str, Any], *, owned: bool = False) -> asyncio.Future[Any]:
        """Change fields of a record, after what is queued for its EE.

        Args:
            record: as it was read.
            update: the fields.
            owned: whether to change it only while this `Vca` is the one that operated on it last.
        """
        query = {**record.query, "owner": self.owner} if owned else record.query

        async def change(store: StatusStore) -> None:
            await store.set(COLLECTION, query, update)

        return self._outbox.change(record.key, change)

    def take_over(self, record: EeRecord) -> tuple[EeRecord, asyncio.Future[None]] | None:
        """Write that this `Vca` operates on the EE, and that no failure stands any more.

        Another one that operated on it since it was read keeps it, and its failure.

        Returns:
            The record, and a future that is done when the store took it, or could not at the first attempt; None: there
            is nothing to write.
        """
        if record.owner == self.owner and not record.has_failed:
            return None
        return self._change_owner(record, self.owner, has_failed=False)

    def give_back(self, record: EeRecord, before: EeRecord) -> EeRecord:
        """Undo `take_over`, for an operation that did nothing. A failure that was noted meanwhile stays."""
        return self._change_owner(record, before.owner, has_failed=before.has_failed, leaves=True)[0]

    def return_to_owner(self, record: EeRecord) -> None:
        """Undo what `doom` did to a record; it takes the record as it was before."""
        query = {**record.query_of_ee, "owner": self.owner}
        if record.owner != self.owner:
            self._outbox.change(record.key, lambda store: store.set(COLLECTION, query, {"owner": record.owner}))

    async def note_failure(self, store: StatusStore, record: EeRecord) -> None:
        """Note in the record that a failed outcome stands at the home, whoever operates on the EE meanwhile."""
        await store.set(COLLECTION, {**record.query_of_ee, "has_failed": False}, {"has_failed": True})

    def _change_owner(
        self, record: EeRecord, owner: str | None, *, has_failed: bool, leaves: bool = False
    ) -> tuple[EeRecord, asyncio.Future[None]]:
        query = {**record.query, "owner": record.owner}

        async def change(store: StatusStore) -> None:
            update = {"owner": owner, "has_failed": has_failed}
            if not await store.set(COLLECTION, {**query, "has_failed": record.has_failed}, update) and leaves:
                await store.set(COLLECTION, query, {"owner": owner})

        written = self._outbox.begin_change(record.key, change)
        return replace(record, owner=owner, has_failed=has_failed), written

    async def read_all(self, model: str | None) -> Sequence[EeRecord]:
        """Read the records of a model, or of all where that is None; those that cannot be read are left out.

        Raises:
            StoreError: the store does not answer.
        """
        query = {"connector": self.connector} if model is None else {"model": model, "connector": self.connector}

        async def find(store: StatusStore) -> Sequence[Mapping[str, Any]]:
            return await store.find(COLLECTION, query)

        key = EeKey(self.connector, model or "", "")
        found = []
        documents = await self._outbox.now(key, find, self._grace, "find what is kept of the namespace")
        for number, document in enumerate(documents, start=1):
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)  # the loop's others have their turn
            if "application" in document:
                with contextlib.suppress(StoreError):
                    found.append(EeRecord.read(document))
        return found

    # The end.

    @staticmethod
    def remover(record: EeRecord) -> Put:
        """Return how to remove this record, and no earlier or later one."""

        async def remove(store: StatusStore) -> Written:
            if await store.delete(COLLECTION, record.query_of_ee):
                return Written.STORED
            # It may have been removed before, and only the answer was lost.
            is_another = await store.exists(COLLECTION, {"_id": record.key.record_id})
            return Written.PASSED if is_another else Written.STORED

        return remove

    async def doom(self, model: str, limit: float) -> Sequence[EeRecord]:
        """Find all records of a model to be deleted, and take over their EEs, so that no other process writes.

        A store that only reads, and takes no writes, does not stop the delete.

        Args:
            model: the model.
            limit: seconds to wait in all; each of the two steps waits for at most ``store_grace``.

        Returns:
            The records as they were before.

        Raises:
            NewerRecordError: a newer release keeps one of them.
            StoreError: the store does not answer.
        """

        async def find(store: StatusStore) -> Sequence[EeRecord]:
            records = []
            for document in await store.find(COLLECTION, {"model": model, "connector": self.connector}):
                if "application" not in document:
                    continue
                if (newer := newer_error(document)) is not None:
                    raise newer  # whether it can be read or not: it is not this release's to delete
                try:
                    record = EeRecord.read(document)
                except StoreError as error:
                    _LOG.warning("%s", error)
                    continue
                records.append(record)
            return records

        async def take(store: StatusStore) -> None:
            for record in found:
                await store.set(COLLECTION, {**record.query_of_ee, "owner": record.owner}, {"owner": self.owner})

        key = EeKey(self.connector, model, "")
        until = asyncio.get_running_loop().time() + limit
        what = "find what is kept of the namespace"
        found = await self._outbox.now(key, find, self._grace, what, retries=True, until=until)
        try:
            await self._outbox.now(key, take, self._grace, "take over what is deleted", until=until)
        except StoreError as error:
            _LOG.warning("another process may write about %s while it is deleted: %s", model, error)
        return found
