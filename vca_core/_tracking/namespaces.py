"""The records of the EEs of a namespace that is deleted: taken over before, ended when the namespace is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from vca_core._schema import NewerRecordError
from vca_core._tracking.claims import Claims
from vca_core._tracking.entry import Put, Written
from vca_core._tracking.environments import Environments
from vca_core._tracking.home import Home
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import end_fields
from vca_core._tracking.records import EeRecord, EeRecords
from vca_core._tracking.removals import Removal
from vca_core._tracking.trail import Trail
from vca_core.errors import StoreError, VcaError
from vca_core.naming import EeKey
from vca_core.stores import StatusStore
from vca_core.traits import Scope

_LOG = logging.getLogger(__name__)


class Namespaces:
    """Follows the deletes of namespaces.

    Args:
        environments: what is known of a connector's EEs.
        records: what is kept of them.
        claims: whose models and applications are.
        outbox: writes, in order.
        spawn: starts a task that the connector owns.
    """

    def __init__(
        self,
        environments: Environments,
        records: EeRecords,
        claims: Claims,
        outbox: Outbox,
        spawn: Callable[[Coroutine[Any, Any, Any], str], asyncio.Task[Any]],
    ) -> None:
        self._environments = environments
        self._records = records
        self._claims = claims
        self._outbox = outbox
        self._spawn = spawn

    async def doom(self, trail: Trail, model: str, limit: float) -> None:
        """Find the records of a model before it is deleted: what is claimed later must not be removed with them.

        Args:
            trail: the delete.
            model: the model.
            limit: seconds to wait for the store at most.

        Raises:
            NewerRecordError: a newer release keeps some of it.
        """
        try:
            trail.doomed = await self._records.doom(model, limit)
        except NewerRecordError:
            raise
        except VcaError as error:
            trail.unfound = error.message
            trail.doomed = [one.record for one in self._environments.in_model(model) if one.record is not None]

    @staticmethod
    def leftover_error(trail: Trail) -> StoreError:
        """Make the error for a delete that is done, but may have left records that the store did not show."""
        trail.is_gone = True
        what = trail.ee_id if trail.traits.removes is Scope.ENVIRONMENT else f"namespace {trail.namespace}"
        end, again = ("deregistered", "deregister") if trail.traits.end == "deregistered" else ("deleted", "delete")
        return StoreError(
            f"{what} is {end}, but the store did not say what is kept of it; {again} it again when the store is back, "
            f"so that nothing of it stays there: {trail.unfound}"
        )

    def end(self, trail: Trail, failure: BaseException | None) -> list[asyncio.Future[Any]]:
        """Write what became of the EEs of a model.

        Args:
            trail: the delete.
            failure: why it failed; None: it did not.

        Returns:
            Futures that are done when it is stored.
        """
        model = trail.model
        if model is None:
            raise AssertionError("a delete of a namespace has its model")
        environments = self._environments
        environments.deleting.discard(model)
        if failure is not None and not trail.is_gone:
            for record in trail.doomed:
                self._records.return_to_owner(record)
            for environment in environments.in_model(model):
                environments.write_home(environment)
            return []
        for environment in environments.in_model(model):
            environments.forget(environment.key)
        return [self._spawn(self._forget(model, trail), f"forget {model}")]

    async def _forget(self, model: str, trail: Trail) -> None:
        """Write the end of each EE of a model that is gone to its home, then remove what is kept of it."""
        ended: list[asyncio.Future[Any]] = []
        for record in trail.doomed:
            fields = end_fields("deleted")
            put = self._last_put(record, fields)
            ended.append(self._outbox.outcome(record.key, record.home, fields, put, trail.id))
            removed = self._outbox.change(record.key, self._records.remover(record))
            trail.removals.append(Removal(record.key, record.generation, removed, record.ee_id))
            ended.append(removed)
        removed = asyncio.get_running_loop().create_future()
        trail.removals.append(Removal(EeKey(trail.connector, model, ""), None, removed))
        if ended:
            await asyncio.wait(ended)
        await self._claims.remove_model(model)
        removed.set_result(Written.STORED)

    def _last_put(self, record: EeRecord, fields: dict[str, Any]) -> Put:
        home = Home(record.home)

        async def is_current(store: StatusStore) -> bool:
            return await self._records.is_current(store, record)

        async def put(store: StatusStore) -> Written:
            if not await is_current(store):
                return Written.PASSED  # there is a new one by this name already
            return await home.put(store, fields, is_current)

        return put
