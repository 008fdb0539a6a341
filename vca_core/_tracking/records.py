"""What the core keeps of each execution environment, in the same store as the statuses (design 6).

Two kinds of documents in one collection: one for each model (which NS it belongs to), one for each EE (its namespace,
its ee_id, its home). Identities are claimed before a backend is asked for anything, so that two namespaces that would
share a model or an application are told apart and refused, in this process and in every other that uses the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

from vca_core._engine.locks import LockKey
from vca_core._tracking.outbox import StatusWriter
from vca_core._tracking.place import StatusPath
from vca_core.errors import BadArguments, StoreError, VcaError
from vca_core.naming import EeId, Namespace
from vca_core.stores import StatusStore

COLLECTION = "vca_execution_environments"
"""The collection of the core's own documents."""

OWN_HOME = "state"
"""Where, in an EE's own document, its statuses stand when the caller gave no ``db_dict``."""


def own_home(key: LockKey) -> StatusPath:
    """The home of an EE whose creator gave none: in the core's own document."""
    return StatusPath(COLLECTION, (("_id", "/".join(key)),), OWN_HOME)


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of an EE.

    Args:
        namespace: its canonical namespace.
        ee_id: its id; None while it is not created.
        home: where its aggregate status stands.
        secret_names: the options and parameters that its charm declares secret.
    """

    namespace: Namespace
    ee_id: EeId | None
    home: StatusPath
    secret_names: frozenset[str] = frozenset()

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Record:
        """Read a document of the collection."""
        home = document["home"]
        return cls(
            Namespace.parse(document["namespace"]),
            EeId.parse(document["ee_id"]) if document.get("ee_id") else None,
            StatusPath(home["table"], tuple((key, value) for key, value in home["filter"]), home["path"]),
            frozenset(document.get("secret_names", ())),
        )


def _written_home(home: StatusPath) -> dict[str, Any]:
    return {"table": home.table, "filter": [list(pair) for pair in home.filter], "path": home.path}


class Registry:
    """The documents of one connector.

    Args:
        connector: its name.
        store: the store.
        writer: its writer, for what may wait.
        grace: ``store_grace``, seconds.
    """

    def __init__(self, connector: str, store: StatusStore, writer: StatusWriter, grace: float) -> None:
        self._connector = connector
        self._store = store
        self._writer = writer
        self._grace = grace
        self._models: dict[str, str] = {}

    async def claim(self, key: LockKey, namespace: Namespace, home: StatusPath, *, own: bool) -> None:
        """Make sure that a model and an application belong to a namespace, and to no other (D58, D61).

        Args:
            key: the EE's key.
            namespace: whose it is to be.
            home: where its statuses will stand.
            own: whether that is the core's own document.

        Raises:
            BadArguments: another namespace has the model or the application; names both.
            StoreError: the store cannot take the claim, and so no EE can be created.
        """
        await self._claim_model(key[1], namespace)
        canonical = namespace.canonical
        document = {
            "_id": "/".join(key),
            "connector": key[0],
            "model": key[1],
            "application": key[2],
            "namespace": str(canonical),
            "ee_id": None,
            "home": _written_home(home),
            OWN_HOME: {},
        }
        if not own and not await self._do(
            self._store.exists(home.table, home.query), "look for the db_dict's document"
        ):
            raise BadArguments(
                f"db_dict: no document of {home.table} matches {home.query}; make it first, for instance by "
                f"`await vca.store.ensure({home.table!r}, {{'_id': ...}})`",
                ["db_dict"],
            )
        if await self._do(self._store.ensure(COLLECTION, document), "claim the execution environment"):
            return
        known = await self._do(self._store.get(COLLECTION, {"_id": document["_id"]}), "read the execution environment")
        if known is not None and (other := Record.read(known)).namespace != canonical:
            raise BadArguments(
                f"namespace {canonical} and namespace {other.namespace} would share the application {key[2]} of model "
                f"{key[1]}; delete {other.namespace} first, or rename one of them",
                ["namespace"],
            )

    async def _claim_model(self, model: str, namespace: Namespace) -> None:
        ns_id = namespace.ns_id
        if self._models.get(model) == ns_id:
            return
        identity = f"{self._connector}/{model}"
        document = {"_id": identity, "connector": self._connector, "model": model, "ns_id": ns_id}
        if not await self._do(self._store.ensure(COLLECTION, document), "claim the model"):
            await self.check_model(model, namespace)
        self._models[model] = ns_id

    async def check_model(self, model: str, namespace: Namespace) -> None:
        """Check that a model is not known to belong to another NS.

        Raises:
            BadArguments: it does; names both.
            StoreError: the store does not answer.
        """
        query = {"_id": f"{self._connector}/{model}"}
        document = await self._do(self._store.get(COLLECTION, query), "read whose the model is")
        if document is not None and document["ns_id"] != namespace.ns_id:
            raise BadArguments(
                f"ns_id {namespace.ns_id!r} and ns_id {document['ns_id']!r} would share the model {model}; "
                "delete that namespace first, or rename one of them",
                ["namespace"],
            )

    async def look_up(self, key: LockKey) -> Record | None:
        """Find what is kept of an EE.

        Raises:
            StoreError: the store does not answer.
        """
        document = await self._do(self._store.get(COLLECTION, {"_id": "/".join(key)}), "read the execution environment")
        return None if document is None else Record.read(document)

    async def remember(self, key: LockKey, ee_id: EeId, home: StatusPath, *, new: bool) -> None:
        """Store the ee_id, in the EE's document and in its home, within ``store_grace`` (S58; D43, D44).

        Args:
            key: the EE's key.
            ee_id: its id.
            home: where its statuses stand.
            new: whether it was made by this operation: then a failure withdraws what may have been written.

        Raises:
            StoreError: it could not be stored.
            asyncio.CancelledError: cancelled; what was written is withdrawn as by a failure.
        """
        record = {"_id": "/".join(key)}
        try:
            await self._put_id(COLLECTION, record, {"ee_id": str(ee_id), "home": _written_home(home)})
            if home.table != COLLECTION:
                await self._put_id(home.table, home.query, home.update({"ee_id": str(ee_id)}))
        except BaseException:
            if new:
                self._withdraw(home, COLLECTION, {**record, "ee_id": str(ee_id)}, {"ee_id": None})
                if home.table != COLLECTION:
                    written = home.update({"ee_id": str(ee_id)})
                    self._withdraw(home, home.table, {**home.query, **written}, dict.fromkeys(written))
            raise

    async def _put_id(self, table: str, query: Mapping[str, Any], update: Mapping[str, Any]) -> None:
        if not await self._writer.put(lambda store: store.set(table, query, update), self._grace):
            raise StoreError(
                f"the ee_id cannot be stored: no document of {table} matches {dict(query)} any more", retryable=False
            )

    def _withdraw(self, home: StatusPath, table: str, query: Mapping[str, Any], update: Mapping[str, Any]) -> None:
        self._writer.correct(self._connector, home, lambda store: store.set(table, query, update))

    def declare(self, key: LockKey, home: StatusPath, secret_names: frozenset[str]) -> None:
        """Have it stored which options and parameters an EE's charm declares secret: names, no values."""
        query, update = {"_id": "/".join(key)}, {"secret_names": sorted(secret_names)}
        self._writer.correct(self._connector, home, lambda store: store.set(COLLECTION, query, update))

    def forget(self, key: LockKey, home: StatusPath) -> asyncio.Future[None]:
        """Have an EE's document removed, behind what is queued for its home."""
        return self._delete(home, {"_id": "/".join(key)})

    def forget_model(self, model: str) -> asyncio.Future[None]:
        """Have the documents of a model and of all its EEs removed."""
        self._models.pop(model, None)
        home = own_home((self._connector, model, ""))
        return self._delete(home, {"model": model, "connector": self._connector})

    def _delete(self, lane: StatusPath, query: Mapping[str, Any]) -> asyncio.Future[None]:
        async def delete(store: StatusStore) -> bool:
            await store.delete(COLLECTION, query)
            return True

        return self._writer.correct(self._connector, lane, delete)

    async def _do(self, work: Awaitable[Any], what: str) -> Any:
        try:
            async with asyncio.timeout(self._grace):
                return await work
        except VcaError:
            raise
        except TimeoutError as error:
            raise StoreError(f"the status store did not answer within {self._grace:g} s: could not {what}") from error
        except Exception as error:
            raise StoreError(f"the status store failed: could not {what}: {error}") from error
