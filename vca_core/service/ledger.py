"""What was done of a service already: kept in the status store, with the statuses of its execution environments."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from vca_core._schema import SCHEMA, newer_error, schema_fields
from vca_core.service.inputs import FORM
from vca_core.service.ns_file import Service, Vnf
from vca_core.service.plan import Step
from vca_core.stores import StatusStore

COLLECTION = "vca_services"
"""The collection: one document for each service, made by `vca apply`."""

_EARLIER = "earlier"
"""Stands for attempts that an earlier release noted, by digests that secrets could be guessed from."""


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was done.

    Args:
        digest: of what it was made of then, without its secrets.
        ee_id: of the execution environment that it made.
        seal: of its secrets; None: there were none, or none that nobody can guess.
        charm: the digest of the content of the charm that it installed.
        secret: where its secrets were.
    """

    digest: str
    ee_id: str | None = None
    seal: str | None = None
    charm: str | None = None
    secret: frozenset[str] = frozenset()

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Done:
        """Read what the store has of it."""
        secret = frozenset(map(str, entry.get("secret") or ()))
        return cls(entry["digest"], entry.get("ee_id"), entry.get("seal"), entry.get("charm"), secret)

    def as_entry(self) -> dict[str, Any]:
        """What the store has of it."""
        entry: dict[str, Any] = {"digest": self.digest, "ee_id": self.ee_id, "seal": self.seal}
        if self.charm is not None:
            entry["charm"] = self.charm
        return entry | ({"secret": sorted(self.secret)} if self.secret else {})


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
        self._begun: dict[str, Mapping[str, Any]] = {}
        """Attempts by key, as `open` found them: reading all that is kept for each step would not be linear."""

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
        self._begun = {key: attempts for key, attempts in (document.get("begun") or {}).items() if attempts}
        known: Mapping[str, Any] = document["vnfs"]
        # One write: the document grows with the service.
        update: dict[str, Any] = {} if document.get("schema") == SCHEMA else schema_fields()
        for name, vnf in self._service.vnfs.items():
            if name not in known:
                update[f"vnfs.{name}"] = {**_named_by(vnf), "connector": connectors[name]}
                continue
            # It may be found elsewhere now, or what failed was corrected.
            named = {key: value for key, value in _named_by(vnf).items() if known[name].get(key) != value}
            update |= {f"vnfs.{name}.{key}": value for key, value in named.items()}
            if (before := known[name].get("connector")) != connectors[name]:
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

    async def note(self, done: Mapping[str, Done]) -> None:
        """Keep that steps are done, by key; with them goes what is kept of attempts at them."""
        if done:
            entries = {f"done.{key}": one.as_entry() for key, one in done.items()}
            await self._set(entries | {f"begun.{key}": {} for key in done if key in self._begun})

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

    async def begin(self, step: Step, attempt: str) -> bool:
        """Keep that a step is begun.

        Args:
            step: the step.
            attempt: names what it would leave behind where it fails.

        Returns:
            Whether it was begun with something else before, and never done.
        """
        earlier = self._begun.get(step.key, {})
        others = {one if one.startswith(FORM) else _EARLIER: True for one in earlier if one != attempt}
        attempts = self._begun[step.key] = {**others, attempt: True}
        if attempts != earlier:
            await self._set({f"begun.{step.key}": attempts})
        return bool(others)

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
    return {key: Done.read(entry) for key, entry in done.items() if entry}


def _named_by(vnf: Vnf) -> dict[str, Any]:
    """What the file names for a VNF, and is looked for when it is compared with an earlier one."""
    host = {} if vnf.machine is None else {"machine": host_digest(vnf.host)}
    return {"charm": vnf.charm, **host}
