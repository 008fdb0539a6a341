"""Corrects what stands at homes: on request, and where a process that ended left something untrue.

A process may be killed at any moment: while an operation runs, or after it changed a record and before it wrote the
outcome.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vca_core._tracking.entry import Put, Written
from vca_core._tracking.environments import Environment, Environments, aggregate_content
from vca_core._tracking.home import Home, MayWrite
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import Place, end_fields, status_fields
from vca_core._tracking.records import EeRecord, EeRecords
from vca_core.errors import StoreError
from vca_core.naming import EeId, EeKey
from vca_core.status import DeploymentStatus, EntityState
from vca_core.stores import StatusStore
from vca_core.stores.document import value_at

_LOST_FAILURE = "an operation failed, and its process ended before it stored why"


class Standing:
    """Corrects what stands at the homes of one connector's EEs.

    Args:
        environments: what is known of them.
        records: what is kept of them.
        outbox: writes, in order.
    """

    def __init__(self, environments: Environments, records: EeRecords, outbox: Outbox) -> None:
        self._environments = environments
        self._records = records
        self._outbox = outbox

    async def refresh(self, ee_id: EeId, states: Sequence[EntityState], grace: float) -> None:
        """Bring the home of an EE up to date with a listing, whichever process operated on it last.

        Args:
            ee_id: which one.
            states: what the listing says of it, without secrets; empty: it does not list it.
            grace: seconds to wait until it is written.

        Raises:
            StoreError: what is kept of the EE cannot be read, its home has no document, it was not written in time and
                stays queued, or a newer release keeps the EE.
        """
        environment = self._environments.of(EeKey.of(self._records.connector, ee_id))
        environment.take(await self._records.wait_for(environment.key), self._records.owner)
        if environment.record is None or environment.is_other_than(ee_id):
            return
        environment.record.check_operable()
        self._environments.take_listing(environment, states)
        promise = self._tell_lost_failure(environment) or self._environments.write_home(environment, is_asked=True)
        if promise is not None:
            await asyncio.wait((promise,), timeout=grace)
            if not promise.done():
                raise StoreError(f"the status of {ee_id} was not stored within {grace:g} s", ee_id=str(ee_id))
            if promise.result() is Written.NO_DOCUMENT:
                raise StoreError(f"the home of {ee_id} has no document any more", retryable=False, ee_id=str(ee_id))

    def _tell_lost_failure(self, environment: Environment) -> asyncio.Future[Written] | None:
        """Write that an operation failed, where its process was killed before it wrote that itself."""
        home, record = environment.home, environment.record
        if home is None or record is None or not record.has_failed:
            return None

        async def may_write(store: StatusStore) -> bool:
            return await self._records.is_current(store, record, has_failed=True)

        fields = status_fields(DeploymentStatus.FAILED, _LOST_FAILURE, "failed", "operation")
        put = _put_instead(home.place, fields, _is_no_failure, may_write)
        return self._outbox.status(environment.key, home.place, fields, put)

    def replace_mark(self, environment: Environment) -> None:
        """Write the aggregate to the home of an EE that still says that an operation runs, though the last one failed.

        Args:
            environment: an EE that this process took over, and that no operation has.
        """
        home, record = environment.home, environment.record
        if home is None or record is None or not environment.states or not environment.is_whole:
            return

        async def may_write(store: StatusStore) -> bool:
            return await self._records.is_current(store, record, owned=True, has_failed=False)

        fields = status_fields(*aggregate_content(environment))
        put = _put_instead(home.place, fields, _is_mark, may_write)
        self._outbox.status(environment.key, home.place, fields, put)

    def end_home(self, record: EeRecord, left: Place, operation_id: str) -> None:
        """Write to an EE's earlier home that it has another one now.

        Args:
            record: what is kept of the EE, with its new home.
            left: the home that it had.
            operation_id: the operation that moved it.
        """
        fields = end_fields("moved")

        async def may_write(store: StatusStore) -> bool:
            return await self._records.is_current(store, record, owned=True)

        async def put(store: StatusStore) -> Written:
            written = await Home(left).put(store, fields, may_write)
            return Written.SAME if written is Written.NO_DOCUMENT else written  # it may be why the EE was moved

        self._outbox.outcome(record.key, left, fields, put, operation_id)


def _put_instead(
    place: Place, fields: Mapping[str, Any], is_wrong: Callable[[Mapping[str, Any]], bool], may_write: MayWrite
) -> Put:
    """Return how to write a status in place of a wrong one, but not over anything that was written since.

    Args:
        place: the home.
        fields: the five fields.
        is_wrong: whether what stands there has to go.
        may_write: asks the store whether this process may write there.
    """

    async def is_still_wrong(store: StatusStore) -> bool:
        document = await store.get(place.table, place.query)
        return document is not None and is_wrong(_status_in(document, place)) and await may_write(store)

    async def put(store: StatusStore) -> Written:
        document = await store.get(place.table, place.query)
        if document is None:
            return Written.NO_DOCUMENT
        if not is_wrong(_status_in(document, place)):
            return Written.SAME
        if not await may_write(store):
            return Written.PASSED
        return await Home(place, document).put(store, fields, is_still_wrong)

    return put


def _status_in(document: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    there = value_at(document, place.path)
    return there if isinstance(there, Mapping) else {}


def _is_mark(there: Mapping[str, Any]) -> bool:
    """Whether it says that an operation runs (`vca_core._tracking.place.mark_fields`)."""
    said = [there.get(name) for name in ("status", "VCA-status", "entity-type")]
    return said == [DeploymentStatus.RUNNING.value, "running", "operation"]


def _is_no_failure(there: Mapping[str, Any]) -> bool:
    return there.get("status") != DeploymentStatus.FAILED.value
