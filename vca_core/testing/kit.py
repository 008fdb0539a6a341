"""What the checks work with: a `Vca` over the backend under test, and what they ask of it again and again."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import itertools
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from vca_core._tracking.place import COLLECTION
from vca_core.backend import Description, ExecutionEnvironment
from vca_core.config import VcaConfig
from vca_core.connector import Connector
from vca_core.connector.inspection import Inspection
from vca_core.errors import VcaError
from vca_core.naming import EeId, NameRules, Namespace
from vca_core.testing.charms import write_charms
from vca_core.testing.differences import differences
from vca_core.testing.leftovers import Holdings, leftovers_since
from vca_core.testing.look import Sight, sight_of
from vca_core.testing.store import KitStore, Stored
from vca_core.testing.subject import Charms, Faults, Subject
from vca_core.testing.verdict import NO_FAILURE, NO_FAULTS, NO_LATER_HOOKS, NO_WORK
from vca_core.testing.watching import Call, Report, Watching
from vca_core.vca import Vca

_TABLE = "conformance"
_NAME, _BESIDE = "kit", "beside"
"""The connectors of each `Vca`. The second one is hardly ever used, and so never opened."""
_GRACE = 3.0
"""Seconds for what is about to end, as the far end of a connection."""
_MOMENT = 0.01
"""Seconds between two looks at what is about to change."""


class Kit:
    """A configured backend under examination, for one check.

    Args:
        subject: what is examined.
        faults: what can be done to its system; None: nothing.
        folder: an empty folder; that of the first process, where there is one.
        first: the process that this one comes second to: they share the NS, the charms and the store.
        has_store: whether they do share the store.
        shared: a folder for what all checks of a session have in common, and is made if it is missing: the private key
            of machines, and the kit's charms; None: the first folder. To make them takes a second of a processor.

    Attributes:
        connector: the backend's connector.
        folder: that folder.
        watching: sees its hooks and its reports.
        statuses: what was stored, oldest first.
        ns_id: an NS of this check's own.
        store: the status store.
        units: how many units there were asked for last.
        homes: numbers the documents that were made for homes.
    """

    def __init__(
        self,
        subject: Subject,
        faults: Faults | None,
        folder: Path,
        first: Kit | None = None,
        shared: Path | None = None,
        *,
        has_store: bool = True,
    ) -> None:
        self.subject = subject
        self._faults = faults
        self.folder = folder
        self._shared = shared or folder
        self.statuses: list[Stored] = []
        self.ns_id: str = f"kit{os.urandom(4).hex()}" if first is None else first.ns_id
        self.before = Holdings.now()
        self.store: KitStore = first.store if first is not None and has_store else KitStore()
        self.units = 1
        self.homes: Iterator[int] = itertools.count(1) if first is None else first.homes
        if first is not None:
            self.charms = first.charms
        self.vca, self.connector, self.watching = self._make()

    def _make(self) -> tuple[Vca, Connector, Watching]:
        patience = self.subject.patience
        limits = {"cleanup": 3, "store_grace": 3, "progress": 60, "total": 120, "read": 30, "callback": 10}
        definition = {"backend": self.subject.backend, "options": dict(self.subject.options)}
        config = {
            "artifacts": str(self.subject.charms.folder if self.subject.charms else self._own_charms),
            "ssh_key": str(self._shared / "id_kit"),
            "timeouts": {name: limit * patience for name, limit in limits.items()},
            "connectors": dict.fromkeys((_NAME, _BESIDE), definition),
        }
        checked = VcaConfig.model_validate(config, context={"folder": self.subject.folder or self.folder})
        vca = Vca.from_config(checked, on_update_db=self._on_stored, store=self.store, environ={})
        connector = vca.connector(_NAME)
        watching = Watching()
        Inspection(connector).observe(watching)
        return vca, connector, watching

    def _on_stored(self, table: str, query: Mapping[str, Any], path: str, update: Mapping[str, Any]) -> None:
        if table == _TABLE:
            fields = {key.removeprefix(path): value for key, value in update.items()}
            self.statuses.append(Stored(f"{query['_id']}:{path.removesuffix('.')}", fields))

    # What is asked again and again.

    @functools.cached_property
    def charms(self) -> Charms:
        """What can be installed; the kit's own charms are written when they are first asked for."""
        return self.subject.charms or write_charms(self._own_charms, self.subject.kind)

    @property
    def _own_charms(self) -> Path:
        return self._shared / f"charms-{self.subject.kind}"

    @property
    def capabilities(self) -> frozenset[str]:
        """The hooks that the backend implements."""
        return self.connector.capabilities

    @property
    def names(self) -> NameRules:
        """The rules by which the backend names models and applications."""
        return Inspection(self.connector).names

    @property
    def faults(self) -> Faults:
        """What can be done to the backend's system; skips the check where nothing can."""
        if self._faults is None:
            pytest.skip(NO_FAULTS)
        return self._faults

    @property
    def can_work(self) -> bool:
        """Whether the backend runs primitives, and the subject names one that succeeds."""
        return "exec_primitive" in self.capabilities and self.subject.works is not None

    @property
    def can_fail(self) -> bool:
        """Whether the backend runs primitives, and the subject names one that fails."""
        return "exec_primitive" in self.capabilities and self.subject.fails is not None

    @property
    def has_own_charm(self) -> bool:
        """Whether what is installed is the kit's own charm."""
        return self.subject.charms is None and "install_configuration_sw" in self.capabilities

    @property
    def has_running_hooks(self) -> bool:
        """Whether the hooks of the kit's own charm are run: none has to fail by other means."""
        return self.has_own_charm and self.subject.hooks and not hasattr(self._faults, "fail_hooks")

    def failing_hooks(self, *, partly: bool = False) -> contextlib.AbstractAsyncContextManager[None]:
        """Have hooks fail by other means than a charm, where the system has some.

        Args:
            partly: not on the first unit; skips the check where the system can only have all of them fail.
        """
        fail: Callable[[], contextlib.AbstractAsyncContextManager[None]] | None
        fail = getattr(self._faults, "fail_hooks", None)
        if partly and fail is not None:
            fail = getattr(self._faults, "fail_later_hooks", None)
            if fail is None:
                pytest.skip(NO_LATER_HOOKS)
        return contextlib.nullcontext() if fail is None else fail()

    def limit(self, seconds: float) -> float:
        """A limit, for a system that takes its time."""
        return seconds * self.subject.patience

    def namespace(self, vnf: str | None = "vnf1", ns: str = "") -> str:
        """A namespace of this check's own.

        Args:
            vnf: its VNF; None: the NS as a whole.
            ns: distinguishes it from others of this check.
        """
        return f".{self.ns_id}{ns}" + (f".{vnf}" if vnf else "")

    async def make_home(self) -> dict[str, Any]:
        """Make a document, and give a `db_dict` of a place in it."""
        document = f"{self.ns_id}-{next(self.homes)}"
        await self.vca.store.ensure(_TABLE, {"_id": document})
        return {"collection": _TABLE, "filter": {"_id": document}, "path": "vca"}

    async def stored_ee_id(self, db_dict: Mapping[str, Any]) -> str | None:
        """The ee_id that was stored at a `db_dict`."""
        found: str | None = (await self.fields_at(db_dict)).get("ee_id")
        return found

    async def fields_at(self, db_dict: Mapping[str, Any]) -> dict[str, Any]:
        """All fields that stand at a `db_dict`."""
        document = await self.vca.store.get(_TABLE, db_dict["filter"]) or {}
        found: dict[str, Any] = document.get(db_dict["path"], {})
        return found

    def statuses_at(self, db_dict: Mapping[str, Any]) -> list[Stored]:
        """The statuses that were stored at a `db_dict`, oldest first."""
        path = f"{db_dict['filter']['_id']}:{db_dict['path']}"
        return [stored for stored in self.statuses if stored.path == path]

    async def create(self, namespace: str, db_dict: Mapping[str, Any] | None = None, **given: Any) -> str:
        """Make an EE in the way that the backend supports: create or register."""
        if "create_execution_environment" in self.capabilities:
            return await self._create(namespace, db_dict, **given)
        return await self.register(namespace, db_dict, **given)

    async def resume(self, namespace: str, ee_id: str, db_dict: Mapping[str, Any] | None = None, **given: Any) -> str:
        """Go on with an EE that is there."""
        return await self._create(namespace, db_dict, reuse_ee_id=ee_id, **given)

    async def _create(self, namespace: str, db_dict: Mapping[str, Any] | None, **given: Any) -> str:
        options = self.subject.operation_options.get("create_execution_environment")
        if "install_configuration_sw" in self.capabilities:
            given["artifact_path"] = self.charms.charm
        ee_id, _ = await self.connector.create_execution_environment(namespace, db_dict, options=options, **given)
        return ee_id

    async def register(self, namespace: str, db_dict: Mapping[str, Any] | None = None, **given: Any) -> str:
        """Register the subject's host."""
        if self.subject.credentials is None:
            raise LookupError("the subject names no credentials of a host to register")
        options = self.subject.operation_options.get("register_execution_environment")
        return await self.connector.register_execution_environment(
            namespace, self.subject.credentials, db_dict, options=options, **given
        )

    async def install(self, ee_id: str, charm: str | None = None, **given: Any) -> None:
        """Install the subject's charm."""
        given.setdefault("config", self.charms.config)
        options = self.subject.operation_options.get("install_configuration_sw")
        await self.connector.install_configuration_sw(ee_id, charm or self.charms.charm, options=options, **given)

    async def create_ready(self, namespace: str, db_dict: Mapping[str, Any] | None = None) -> str:
        """Make an EE that primitives can be run on: with a charm, if the backend installs charms."""
        ee_id = await self.create(namespace, db_dict)
        if "install_configuration_sw" in self.capabilities:
            await self.install(ee_id)
        return ee_id

    async def work(self, ee_id: str, **given: Any) -> Any:
        """Run the primitive that succeeds; skips the check if the subject names none."""
        if self.subject.works is None:
            pytest.skip(NO_WORK)
        return await self.connector.exec_primitive(ee_id, *self.subject.works, **given)

    async def fail(self, ee_id: str, **given: Any) -> Any:
        """Run the primitive that fails; skips the check if the subject names none."""
        if self.subject.fails is None:
            pytest.skip(NO_FAILURE)
        return await self.connector.exec_primitive(ee_id, *self.subject.fails, **given)

    async def run_in_step(self, hook: str, *both: Coroutine[Any, Any, Any]) -> None:
        """Run two operations on different EEs side by side, so that their hook waits in both at the same places."""
        self.watching.keep_in_step(hook, self.subject.patience)
        await asyncio.gather(*both)

    async def look(self, ee_id: str, unit: str | None = None, **params: Any) -> Sight:
        """Look around in a unit.

        Args:
            ee_id: where the kit's charm is installed.
            unit: which one; None: the one that primitives are run on where none is named.
            params: parameters of `look`; its ``mark``, which is new for each call where none is given.
        """
        params.setdefault("mark", f"mark-{os.urandom(4).hex()}")
        return sight_of(await self.connector.exec_primitive(ee_id, "look", params, unit=unit))

    async def look_everywhere(self, ee_id: str) -> list[Sight]:
        """Look around in every unit that is listed, in the order in which they are listed."""
        seen = [await self.look(ee_id, unit) for unit in await self.units_of(ee_id)]
        assert seen, f"{ee_id} has no units"
        return seen

    async def units_of(self, ee_id: str) -> list[str]:
        """The names of an EE's units, as they are listed."""
        return [state.entity.id for state in (await self.record(ee_id)).entities if state.entity.kind == "unit"]

    async def describe(self, ee_id: str) -> Description | None:
        """What the backend says of an EE; None: it describes nothing."""
        if "describe_execution_environment" not in self.capabilities:
            return None
        return await self.connector.describe(ee_id)

    async def configure(self, ee_id: str, **values: Any) -> None:
        """Set options of a charm."""
        await self.connector.exec_primitive(ee_id, "config", values)

    async def scale(self, ee_id: str, num_units: int) -> None:
        """Scale an EE."""
        await self.connector.scale(ee_id, num_units, options=self.subject.operation_options.get("scale"))

    async def upgrade(self, ee_id: str, charm: str | None = None, **given: Any) -> None:
        """Upgrade an EE to the other version of the charm, or to the one that is named."""
        options = self.subject.operation_options.get("upgrade")
        await self.connector.upgrade(ee_id, charm or self.charms.upgraded, options=options, **given)

    async def listing(self) -> list[ExecutionEnvironment]:
        """What the backend's own listing holds of this check."""
        records = await self.connector.list_execution_environments()
        own = self.names.model(Namespace.parse(self.namespace(None)))
        return [
            record
            for record in records
            if (record.namespace is not None and self.ns_id in record.namespace.ns_id) or own in record.ee_id.model
        ]

    async def ids_in(self, namespace: str) -> list[str]:
        """The ee_ids in the listing that have the names of a namespace."""
        parsed = Namespace.parse(namespace)
        key = (self.names.model(parsed), self.names.application(parsed))
        return [str(one.ee_id) for one in await self.listing() if (one.ee_id.model, one.ee_id.application) == key]

    async def ids(self) -> list[str]:
        """The ee_ids of `listing`."""
        return [str(record.ee_id) for record in await self.listing()]

    async def check_listed(self, ee_ids: Sequence[str]) -> None:
        """Check that these EEs are listed, and no others of this check."""
        there = await self.ids()
        assert sorted(there) == sorted(ee_ids), (
            f"listed should be {', '.join(ee_ids) or 'nothing'}, and listed is {', '.join(there) or 'nothing'}"
        )

    async def check_unchanged(self, before: ExecutionEnvironment) -> None:
        """Check that an EE is listed as it was before."""
        now = await self.record(str(before.ee_id))
        assert now == before, f"{before.ee_id} is listed otherwise than before: {'; '.join(differences(before, now))}"

    async def record(self, ee_id: str) -> ExecutionEnvironment:
        """What the backend's listing says of an EE."""
        found = [record for record in await self.listing() if str(record.ee_id) == ee_id]
        assert found, f"the backend does not list {ee_id}"
        return found[0]

    async def wait_listed(self, ee_id: str, listed: ExecutionEnvironment | None) -> None:
        """Wait until an EE is listed as another process lists it, for a moment: what is watched may come later."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.limit(_GRACE)):
                while listed != next((one for one in await self.listing() if str(one.ee_id) == ee_id), None):  # noqa: ASYNC110 - a listing can only be asked for
                    await asyncio.sleep(_MOMENT)

    async def forget(self) -> None:
        """Make the core forget what it knows, like a process that never saw these EEs; the backend is not touched."""
        await self.settle()
        for record in await self.listing():
            Inspection(self.connector).forget(record.ee_id)
        await self.vca.store.delete(COLLECTION, {"connector": _NAME})

    @contextlib.asynccontextmanager
    async def open_second_process(self, *, has_store: bool = True) -> AsyncIterator[Kit]:
        """Open another `Vca` on the same system, which knows nothing of what this one did.

        Args:
            has_store: whether it is on the same store, too.
        """
        other = Kit(self.subject, None, self.folder, self, self._shared, has_store=has_store)
        try:
            yield other
        finally:
            await other.vca.disconnect()

    async def settle(self) -> None:
        """Wait until everything that is queued is stored, and its callback has run."""
        await self.vca.flush(self.limit(_GRACE))

    @contextlib.asynccontextmanager
    async def use_second_connector(self) -> AsyncIterator[Kit]:
        """Use the second connector of this `Vca`, with the same options; it is disconnected afterwards."""
        _ = self.charms  # written once: the two may run at the same time
        other = copy.copy(self)
        other.connector, other.watching = self.vca.connector(_BESIDE), Watching()
        Inspection(other.connector).observe(other.watching)
        try:
            yield other
        finally:
            Inspection(other.connector).observe(None)
            await other.connector.disconnect()

    def reports_on(self, ee_id: str, since: int = 0) -> Sequence[Report]:
        """What was reported of an EE, oldest first."""
        parsed = EeId.parse(ee_id)
        key = (parsed.model, parsed.application)
        return [report for report in self.watching.reports[since:] if report.ee == key]

    def calls_of(self, hook: str) -> list[Call]:
        """The calls of a hook, oldest first."""
        return [call for call in self.watching.calls if call.hook == hook]

    @property
    def stragglers(self) -> list[str]:
        """Hooks that still run although their operation is over."""
        return Inspection(self.connector).stragglers

    async def check_nothing_runs(self) -> None:
        """Check that no hook outlived its operation."""
        assert not self.stragglers, f"{self.stragglers} did not end within `cleanup` of its cancellation"

    async def check_delete(self, ee_id: str) -> None:
        """Delete an EE, and check that it is not listed any more."""
        await self.connector.delete_execution_environment(ee_id)
        assert ee_id not in await self.ids(), f"{ee_id} was deleted and is still listed"

    # The end.

    async def find_leftovers(self) -> list[str]:
        """Disconnect; the names of what the backend left behind in this process."""
        report = await self.vca.disconnect()
        return [*report.alive, *await leftovers_since(self.before, self.limit(_GRACE))]

    async def clean_up(self) -> None:
        """Remove what the check made, as well as it goes; then disconnect."""
        Inspection(self.connector).observe(None)
        with contextlib.suppress(VcaError, AssertionError):
            if not self.subject.disposable:
                await self._remove_all(self.limit(20))
        await self.vca.disconnect()

    async def _remove_all(self, limit: float) -> None:
        there = await self.listing()
        if "delete_namespace" in self.capabilities:
            namespaces = {f".{one.namespace.ns_id}" for one in there if one.namespace is not None}
            deletes = [self.connector.delete_namespace(one, total_timeout=limit) for one in namespaces]
            await asyncio.gather(*map(_try, deletes))
            there = await self.listing() if there else []
        for one in there:
            await _try(self.connector.delete_execution_environment(one.ee_id, total_timeout=limit))


async def _try(removal: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(VcaError):
        await removal


def can_look(subject: Subject) -> bool:
    """Whether there is a charm that looks around, and its program is run."""
    return subject.look and (subject.charms is None or subject.charms.look)


@contextlib.asynccontextmanager
async def open_kit(
    subject: Subject, faults: Faults | None, folder: Path, shared: Path | None = None
) -> AsyncIterator[Kit]:
    """Open a kit, and clean up after it."""
    kit = Kit(subject, faults, folder, shared=shared)
    try:
        yield kit
    finally:
        async with asyncio.timeout(kit.limit(100)):
            await kit.clean_up()
