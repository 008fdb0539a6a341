"""Claims: which namespace has a model and an application; settled before a backend is asked for anything.

Two documents in the collection of records: one for each model (which NS it belongs to), one for each EE (its record).
So two namespaces that would share a name are kept apart and refused, in this process and in every other that uses the
store. What a refused call claimed is withdrawn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vca_core._schema import SCHEMA, newer_error, version_of
from vca_core._tracking.entry import Written
from vca_core._tracking.home import Home
from vca_core._tracking.models import check_ns, model_document, model_id, remove_model
from vca_core._tracking.place import COLLECTION, Place, default_home
from vca_core._tracking.records import ConnectorStore, EeRecord, home_fields
from vca_core._tracking.removals import MAY_RETURN, Inserts, Removal, remove
from vca_core._tracking.revisions import new_word
from vca_core.errors import BadArguments, StoreError
from vca_core.naming import EeId, EeKey, Namespace
from vca_core.refusals import already_exists, host_taken, shared_application, shared_model
from vca_core.stores import StatusStore

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a create or register operation claimed.

    Args:
        record: the record.
        is_new: whether it was not there before.
        model_generation: of the model's document, if that was not there before.
        home_document: the document of the home, as it was read.
        host: of the machine that is taken into service.
    """

    record: EeRecord
    is_new: bool
    model_generation: str | None
    home_document: Mapping[str, Any] | None
    host: str | None = None


class Claims(ConnectorStore):
    """The claims of one connector."""

    async def claim(
        self,
        key: EeKey,
        namespace: Namespace,
        home: Place,
        mark: Mapping[str, Any],
        host: str | None = None,
        limit: float | None = None,
    ) -> Claim:
        """Make sure that a model and an application belong to a namespace, and to no other.

        Args:
            key: the EE's key.
            namespace: whose it is to be.
            home: where its statuses will be kept.
            mark: the status that it begins with; it is written with the record if the record itself is the home.
            host: of the machine that is taken into service.
            limit: seconds to wait in all; a store that fails is waited for at most ``store_grace``.

        Raises:
            AlreadyExists: the host is another EE's.
            BadArguments: another namespace has the model or the application (names both), or the home has no document.
            StoreError: the store cannot take the claim, and so no EE can be created.
        """
        record = EeRecord(key, namespace.canonical, None, home, new_word(), self.owner, host=host)
        model_generation, inserts = new_word(), Inserts()

        async def claim(store: StatusStore) -> Claim:
            return await self._claim(store, record, model_generation, mark, inserts)

        try:
            until = None if limit is None else asyncio.get_running_loop().time() + limit
            what = "claim the execution environment"
            return await self._outbox.now(key, claim, self._grace, what, retries=True, queues=True, until=until)
        except BaseException:
            written = replace(record, may_return=inserts.unanswered > 0)
            self.withdraw(Claim(written, True, model_generation, None))  # noqa: FBT003 - what may have been written
            raise

    async def _claim(
        self, store: StatusStore, record: EeRecord, model_generation: str, mark: Mapping[str, Any], inserts: Inserts
    ) -> Claim:
        home, host = record.home, record.host
        home_document = None
        await self._check_host(store, record, host)
        if home != default_home(record.key):
            home_document = await store.get(home.table, home.query)
            if home_document is None:
                raise BadArguments(
                    f"db_dict: no document of {home.table} matches {home.query}; make it first, for instance by "
                    f"`await vca.store.ensure({home.table!r}, {{'_id': ...}})`",
                    ["db_dict"],
                )
        document = record.document(mark if home == default_home(record.key) else None)
        is_new, there = await inserts.insert(store, document)
        self._revisions.note(there)
        if not is_new:
            known = self._check_known(there, record)
            is_new = known.generation == record.generation  # it was made before; only the answer was lost
            record = replace(record, may_return=inserts.may_return) if is_new else known
        if there.get(MAY_RETURN) is True:
            record = replace(record, may_return=True)
        if is_new and home == default_home(record.key):
            home_document = document
        return Claim(record, is_new, await self._claim_model(store, record, model_generation), home_document, host)

    async def _check_host(self, store: StatusStore, record: EeRecord, host: str | None) -> None:
        """Refuse to take a machine into service twice."""
        if host is None:
            return
        for document in await store.find(COLLECTION, {"connector": self.connector, "host": host}):
            if document["_id"] != record.key.record_id and document.get("ee_id") is not None:
                raise host_taken(host, str(document["namespace"]), str(document["ee_id"]))

    @staticmethod
    def _check_known(document: Mapping[str, Any], claimed: EeRecord) -> EeRecord:
        """Read the existing record, which has to belong to the namespace that claims it."""
        key = claimed.key
        record = EeRecord.read(document, key.record_id)
        record.check_operable()
        if record.namespace.ns_id != claimed.namespace.ns_id:
            raise shared_model(claimed.namespace.ns_id, record.namespace.ns_id, key.model)
        if record.namespace != claimed.namespace:
            raise shared_application(claimed.namespace, record.namespace, key.model, key.application)
        return record

    async def _claim_model(self, store: StatusStore, record: EeRecord, generation: str) -> str | None:
        """Claim the model, after the record: whoever withdraws the claim of a model looks for records first.

        Returns:
            The generation of its document, if that was not there before.
        """
        query = {"_id": model_id(self.connector, record.key.model)}
        document = await store.get(COLLECTION, query)
        if document is None:
            if await store.ensure(COLLECTION, model_document(record, generation)):
                return generation
            document = await store.get(COLLECTION, query)
        if document is not None and document.get("generation") == generation:
            return generation  # it was made before; only the answer was lost
        if document is not None:
            check_ns(document, record.key.model, record.namespace)
        return None

    def withdraw(self, claim: Claim) -> list[Removal]:
        """Withdraw what a call claimed if it made nothing; what others claimed stays.

        Returns:
            What is removed.
        """
        record = claim.record
        if not claim.is_new and claim.model_generation is None:
            return []

        async def withdraw(store: StatusStore) -> Written:
            try:
                if claim.is_new and await remove(store, record.query, may_return=record.may_return):
                    self._revisions.forget(record.key.record_id)
                if claim.model_generation is not None:
                    made = {"generation": claim.model_generation, "schema": SCHEMA}
                    await remove_model(store, self.connector, record.key.model, made)
            except StoreError as error:
                if error.retryable:
                    raise
                # A record that is damaged is not this call's, and who repairs it needs the claim of its model.
                _LOG.warning("a claim on %s is not withdrawn: %s", record.key, error)
            return Written.STORED

        ended = self._outbox.change(record.key, withdraw)
        model = EeKey(self.connector, record.key.model, "")
        removals = [Removal(record.key, record.generation, ended)] if claim.is_new else []
        if claim.model_generation is not None:
            removals.append(Removal(model, claim.model_generation, ended))
        return removals

    async def check_model(self, model: str, namespace: Namespace, limit: float) -> None:
        """Check that a model is not known to belong to another NS.

        Args:
            model: the model.
            namespace: whose it is to be.
            limit: seconds to wait, if less than ``store_grace``.

        Raises:
            BadArguments: it does; names both.
            StoreError: the store does not answer.
        """

        async def read(store: StatusStore) -> Mapping[str, Any] | None:
            return await store.get(COLLECTION, {"_id": model_id(self.connector, model)})

        key = EeKey(self.connector, model, "")
        document = await self._outbox.now(key, read, min(limit, self._grace), "read whose the model is")
        if document is not None:
            check_ns(document, model, namespace)

    async def remember(self, claim: Claim, ee_id: EeId, home: Home, *, is_new: bool) -> EeRecord:
        """Store an ee_id, in the EE's record and at its home, within ``store_grace``.

        Args:
            claim: what was claimed for it.
            ee_id: its id.
            home: where its statuses are kept from now on, as it was last seen.
            is_new: whether the EE was made now: a record that was there before gets a new generation then, and a
                failure withdraws what may have been written.

        Returns:
            The record as it is now.

        Raises:
            AlreadyExists: another process made the EE, or took the same machine into service, meanwhile.
            StoreError: it could not be stored.
            asyncio.CancelledError: cancelled; what was written is withdrawn as by a failure.
        """
        record = claim.record
        generation = new_word() if is_new and not claim.is_new else record.generation
        kept = replace(
            record,
            ee_id=ee_id,
            home=home.place,
            generation=generation,
            owner=self.owner,
            has_failed=False,
            host=claim.host or record.host,
        )

        async def write(store: StatusStore) -> EeId | None:
            made = await self._write_id(store, record, kept, home)
            if made is None:
                await self._check_host(store, kept, claim.host)
            return made

        try:
            made = await self._outbox.now(record.key, write, self._grace, "take the ee_id", retries=True, queues=True)
        except BaseException:
            if is_new:
                self._withdraw_id(kept, home)
            raise
        if made is not None:
            raise already_exists(made, kept.namespace)
        return kept

    async def _write_id(self, store: StatusStore, record: EeRecord, kept: EeRecord, home: Home) -> EeId | None:
        """Write an ee_id, unless another process has made the EE since the claim: then return that one's id."""
        update = {
            "ee_id": str(kept.ee_id),
            "home": home_fields(kept.home),
            "owner": kept.owner,
            "generation": kept.generation,
            "has_failed": False,
            "host": kept.host,
            **({MAY_RETURN: True} if kept.may_return else {}),
        }
        # The second one finds what another process made and withdrew, the last one what a lost answer left.
        for query in (record.query_of_ee, {**record.query, "ee_id": None}, kept.query_of_ee):
            if await self._revisions.amendment(query, update)(store):
                break
        else:
            # Another process deleted what was there before; the EE is a new one.
            is_new, document = await Inserts().insert(store, kept.document())
            self._revisions.note(document)
            if not is_new:
                there = EeRecord.read(document)
                if there.ee_id is not None and there.namespace == kept.namespace:
                    return there.ee_id
                raise StoreError(
                    f"the ee_id cannot be stored: another process claimed {record.key} meanwhile", retryable=False
                )
            await self._claim_model(store, kept, new_word())
        place = home.place
        if place != default_home(kept.key) and not await home.put_id(store, str(kept.ee_id)):
            raise StoreError(
                f"the ee_id cannot be stored: no document of {place.table} matches {place.query} any more",
                retryable=False,
            )
        return None

    def _withdraw_id(self, kept: EeRecord, home: Home) -> None:
        """Remove an ee_id that was written, if it is still this one: it must never hit a later EE."""
        amendment = self._revisions.amendment({**kept.query, "ee_id": str(kept.ee_id)}, {"ee_id": None})

        async def withdraw(store: StatusStore) -> None:
            await amendment(store)
            if home.place != default_home(kept.key):
                await home.withdraw_id(store, str(kept.ee_id))

        self._outbox.change(kept.key, withdraw)

    async def remove_model(self, model: str) -> None:
        """Remove the claim of a model that is gone; waits until the store takes it."""

        async def remove(store: StatusStore) -> None:
            await self._remove_damaged(store, model)
            document = await store.get(COLLECTION, {"_id": model_id(self.connector, model)})
            if document is not None and newer_error(document) is None:
                await remove_model(store, self.connector, model, version_of(document))

        await self._outbox.now(EeKey(self.connector, model, ""), remove, None, "forget the model", retries=True)

    async def _remove_damaged(self, store: StatusStore, model: str) -> None:
        """Remove unreadable records together with the namespace that they belonged to."""
        for document in await store.find(COLLECTION, {"model": model, "connector": self.connector}):
            if "application" in document and newer_error(document) is None:
                try:
                    EeRecord.read(document)
                except StoreError:
                    await store.delete(COLLECTION, {"_id": document["_id"], **version_of(document)})
