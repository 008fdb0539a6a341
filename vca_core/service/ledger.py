"""What was done of a service already: kept in the status store, with the statuses of its execution environments."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from vca_core._schema import SCHEMA, newer_error, schema_fields
from vca_core.service.ns_file import Service
from vca_core.service.plan import Step
from vca_core.stores import StatusStore

COLLECTION = "vca_services"
"""The collection: one document for each service, made by `vca apply`."""


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was done.

    Args:
        digest: of what it was made of then.
        ee_id: of the execution environment that it made.
        seal: of the secrets that it was made of; None: there were none.
    """

    digest: str
    ee_id: str | None = None
    seal: str | None = None


def service_id(service: Service) -> str:
    """The ``_id`` of a service's document: its NS as a canonical namespace."""
    return f".{service.ns}"


def connectors_of(entry: Mapping[str, Any]) -> list[str | None]:
    """Where what was made for a VNF may be, by its entry: on its connector, and on those that were tried before it."""
    return [entry.get("connector"), *entry.get("tried", ())]


def host_digest(host: str | None) -> str:
    """What a host is compared by; the address itself may be a secret that came by reference."""
    return hashlib.sha256(str(host).encode()).hexdigest()[:16]


class Ledger:
    """The document of one service.

    Args:
        store: the status store.
        service: the service.
    """

    def __init__(self, store: StatusStore, service: Service) -> None:
        self._store = store
        self._id = service_id(service)
        self._service = service

    def home(self, vnf: str) -> dict[str, Any]:
        """Where the status of a VNF's execution environment stands: its ``db_dict``."""
        return {"collection": COLLECTION, "filter": {"_id": self._id}, "path": f"vnfs.{vnf}"}

    def path(self, step: Step) -> dict[str, Any]:
        """Where the status of a step that has none of its own place stands: its ``db_dict``."""
        return {"collection": COLLECTION, "filter": {"_id": self._id}, "path": f"operations.{step.key}"}

    async def entries(self) -> dict[str, dict[str, Any]] | None:
        """What is kept of the VNFs, by name; None: the store knows nothing of the service.

        Raises:
            StoreError: a newer release keeps it.
        """
        document = await self._read()
        return None if document is None else dict(document["vnfs"])

    async def open(self, connectors: Mapping[str, str]) -> dict[str, Done]:
        """Make the document if it is not there, and read what was done.

        Args:
            connectors: the names of the connectors, by VNF: the default may be another one tomorrow.

        Raises:
            StoreError: a newer release keeps it.
        """
        service = self._service
        about = {"_id": self._id, "ns": service.ns, "nsi": service.nsi, **schema_fields()}
        empty: dict[str, Any] = {**about, "vnfs": {}, "operations": {}, "done": {}}
        await self._store.ensure(COLLECTION, empty)
        document = await self._read() or empty
        known: Mapping[str, Any] = document["vnfs"]
        # One write: the document grows with the service.
        update: dict[str, Any] = {} if document.get("schema") == SCHEMA else schema_fields()
        for name, vnf in self._service.vnfs.items():
            if name not in known:
                about = {"charm": vnf.charm, "connector": connectors[name]}
                if vnf.machine is not None:
                    about["machine"] = host_digest(vnf.host)
                update[f"vnfs.{name}"] = about
            elif (before := known[name].get("connector")) != connectors[name]:
                # The file names another one, so nothing that counts was made on the earlier one; an attempt that failed
                # may have left something there.
                update[f"vnfs.{name}.connector"] = connectors[name]
                if before is not None:
                    update[f"vnfs.{name}.tried"] = sorted({*connectors_of(known[name])} - {connectors[name]})
        if update:
            await self._set(update, document.get("schema"))
        return _steps_in(document)

    async def read_steps(self) -> dict[str, Done]:
        """What was done, also for VNFs that the file does not have any more."""
        return _steps_in(await self._read() or {})

    async def read_statuses(self) -> dict[str, str]:
        """Read the statuses of the execution environments, by VNF; empty where there is none yet."""
        document = await self._store.get(COLLECTION, {"_id": self._id}) or {}
        return {name: entry.get("status", "") for name, entry in document.get("vnfs", {}).items()}

    async def note(self, step: Step, ee_id: str | None, seal: str | None = None) -> None:
        """Keep that a step is done."""
        await self._set({f"done.{step.key}": {"digest": step.digest, "ee_id": ee_id, "seal": seal}})

    async def note_failure(self, step: Step, detail: str | None) -> None:
        """Keep that a step failed that has no status of its own; None: it has not."""
        failure = None if detail is None else {"status": "failed", "detailed-status": detail}
        await self._set({f"operations.{step.key}": failure})

    async def keep_outcomes(self, keys: Collection[str]) -> None:
        """Forget the outcomes of all steps but these: the file does not have the others any more, or they are done."""
        document = await self._read() or {}
        kept: Mapping[str, Any] = document.get("operations") or {}
        gone = [key for key in kept if kept[key] is not None and key not in keys]
        if gone:
            await self._set({f"operations.{key}": None for key in gone})

    async def note_found(self, vnf: str, ee_id: str | None) -> None:
        """Keep that others have made a VNF's execution environment; None: it is ours now."""
        await self._set({f"vnfs.{vnf}.found": ee_id})

    async def begin(self, step: Step) -> bool:
        """Keep that a step is begun.

        Returns:
            Whether it was begun with other inputs before, and never done.
        """
        document = await self._read() or {}
        earlier = (document.get("begun") or {}).get(step.key) or {}
        if step.digest not in earlier:
            await self._set({f"begun.{step.key}.{step.digest}": True})
        return bool(earlier.keys() - {step.digest})

    async def forget(self, keys: Collection[str]) -> None:
        """Keep that steps are not done any more: what they made is gone."""
        if keys:
            await self._set({f"done.{key}": None for key in keys} | {f"begun.{key}": {} for key in keys})

    async def _read(self) -> dict[str, Any] | None:
        document = await self._store.get(COLLECTION, {"_id": self._id})
        if document is not None:
            check_operable(document)
        return document

    async def _set(self, update: Mapping[str, Any], schema: int | None = SCHEMA) -> None:
        if await self._store.set(COLLECTION, {"_id": self._id, "schema": schema}, update):
            return
        document = await self._read()  # a newer release may have taken it over meanwhile
        if document is not None:
            await self._store.set(COLLECTION, {"_id": self._id, "schema": document.get("schema")}, update)


def check_operable(document: Mapping[str, Any]) -> None:
    """Check that this release may change what is kept of a service, and not only show it.

    Raises:
        StoreError: a newer release keeps it; names both.
    """
    if (newer := newer_error(document)) is not None:
        raise newer


def _steps_in(document: Mapping[str, Any]) -> dict[str, Done]:
    done: Mapping[str, Any] = document.get("done", {})
    return {key: Done(entry["digest"], entry.get("ee_id"), entry.get("seal")) for key, entry in done.items() if entry}
