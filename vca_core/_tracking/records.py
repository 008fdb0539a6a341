"""What the core keeps of each execution environment, in the same store as the statuses.

A record says whose an EE is, what its id is, where its home is, whether a failure stands there, and who operated on it
last. It is made by a claim (`vca_core._tracking.claims`).

A record has a random *generation*, made with its claim: every later write and delete names it, so that none of them can
hit the record of a later EE. The ee_id would not do: ids are used again. They name the schema too, and so leave alone
what a newer release has taken over meanwhile. And each write names the record's revision
(`vca_core._tracking.revisions`), so that none can undo a later one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vca_core._schema import SCHEMA, NewerRecordError, newer_error, schema_fields
from vca_core._tracking.entry import Put, Written
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import COLLECTION, OWN_STATE, Place
from vca_core._tracking.removals import MAY_RETURN, REMOVED, living, remove
from vca_core._tracking.revisions import REVISION
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
        revision: what the next write to it names, when it was read.
        may_return: whether a copy of its insert may arrive when it is gone.
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
    revision: str | None = None
    may_return: bool = False

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
                _text_in(document, REVISION),
                document.get(MAY_RETURN) is True,
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
            REVISION: self.generation,
            "owner": self.owner,
            "host": self.host,
            "has_failed": False,
            **({MAY_RETURN: True} if self.may_return else {}),
            **schema_fields(),
            OWN_STATE: {} if state is None else dict(state),
        }


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
        self._revisions = outbox.revisions


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
        return self._read(document, key, known)

    async def wait_for(self, key: EeKey) -> EeRecord | None:
        """Find what is kept of an EE, as `look_up` does; a store that fails is asked again, within ``store_grace``."""
        query, what = {"_id": key.record_id}, "read the execution environment"
        document = await self._outbox.now(
            key, lambda store: store.get(COLLECTION, query), self._grace, what, retries=True
        )
        return self._read(document, key)

    def _read(self, document: Mapping[str, Any] | None, key: EeKey, known: EeRecord | None = None) -> EeRecord | None:
        # Done here, and not by those whose it is, since each operation comes by: that is two rooms less on its way.
        if document is None or document.get(REMOVED) is True:
            self._revisions.seen.pop(key.record_id, None)
            return None
        self._revisions.seen[key.record_id] = document.get(REVISION)
        return known if known is not None and known.is_as_in(document) else EeRecord.read(document, key.record_id)

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
        return self._outbox.change(record.key, self._revisions.amendment(query, update))

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
            self._outbox.change(record.key, self._revisions.amendment(query, {"owner": record.owner}))

    async def note_failure(self, store: StatusStore, record: EeRecord) -> None:
        """Note in the record that a failed outcome stands at the home, whoever operates on the EE meanwhile."""
        await self._revisions.amendment({**record.query_of_ee, "has_failed": False}, {"has_failed": True})(store)

    def _change_owner(
        self, record: EeRecord, owner: str | None, *, has_failed: bool, leaves: bool = False
    ) -> tuple[EeRecord, asyncio.Future[None]]:
        query = {**record.query, "owner": record.owner}
        update = {"owner": owner, "has_failed": has_failed}
        both = self._revisions.amendment({**query, "has_failed": record.has_failed}, update)
        owner_only = self._revisions.amendment(query, {"owner": owner})

        async def change(store: StatusStore) -> None:
            if not await both(store) and leaves:
                await owner_only(store)

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

    def remover(self, record: EeRecord) -> Put:
        """Return how to remove this record, and no earlier or later one."""

        async def put_end(store: StatusStore) -> Written:
            if await remove(store, record.query_of_ee, may_return=record.may_return):
                self._revisions.forget(record.key.record_id)
                return Written.STORED
            # It may have been removed before, and only the answer was lost.
            there = await store.get(COLLECTION, {"_id": record.key.record_id})
            return Written.STORED if living(there) is None else Written.PASSED

        return put_end

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
                self._revisions.note(document)
                records.append(record)
            return records

        async def take(store: StatusStore) -> None:
            for record in found:
                query = {**record.query_of_ee, "owner": record.owner}
                await self._revisions.amendment(query, {"owner": self.owner})(store)

        key = EeKey(self.connector, model, "")
        until = asyncio.get_running_loop().time() + limit
        what = "find what is kept of the namespace"
        found = await self._outbox.now(key, find, self._grace, what, retries=True, until=until)
        try:
            await self._outbox.now(key, take, self._grace, "take over what is deleted", until=until)
        except StoreError as error:
            _LOG.warning("another process may write about %s while it is deleted: %s", model, error)
        return found
