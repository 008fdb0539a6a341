"""Several processes that know one EE: one writes to its home, and none undoes what another has written."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

import pytest
from support.backends import MACHINE, Plain
from support.making import MakeVca

from vca_core._tracking.place import COLLECTION
from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.connector import Connector
from vca_core.errors import AlreadyExists, BackendError, BadArguments, NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import DeploymentStatus, Entity
from vca_core.stores import MemoryStore, StatusStore
from vca_core.vca import Vca

HOME = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca.0"}
OTHER = {"collection": "nslcmops", "filter": {"_id": "op"}, "path": "detail"}
UNIT = Entity("unit", "app/0")
WHO = ("owner", "generation", "revision")


class World(Plain):
    """A backend whose system outlives its process: what there is, is the same for all that are made of it."""

    there: ClassVar[dict[tuple[str, str], Namespace]]

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.ees = self.there

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        model = self.host.names.model(namespace)
        for key in [key for key in self.there if key[0] == model]:
            del self.there[key]

    @hookimpl
    async def deregister_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        self.there.pop((ee_id.model, ee_id.application), None)

    @hookimpl
    async def install_configuration_sw(self, op: Operation, artifact: Artifact, config: Mapping[str, Any]) -> None:
        if config.get("breaks"):
            raise BackendError("no space left")

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if primitive == "fails":
            raise BackendError("it failed")
        for name, word in params.items():
            op.report(Entity("unit", name), word)
        return {}


@pytest.fixture
def world() -> type[World]:
    return type("OneWorld", (World,), {"there": {}})


@pytest.fixture
async def store(shared_store: StatusStore) -> StatusStore:
    await shared_store.ensure("nsrs", {"_id": "ns", "vca": []})
    await shared_store.ensure("nslcmops", {"_id": "op"})
    return shared_store


async def home_of(store: StatusStore) -> dict[str, Any]:
    document = await store.get("nsrs", {"_id": "ns"})
    assert document is not None
    home: dict[str, Any] = document["vca"][0]
    return home


async def kept(store: StatusStore) -> list[dict[str, Any]]:
    """The records, but for who writes."""
    records = await store.find(COLLECTION)
    return [{key: value for key, value in record.items() if key not in WHO} for record in records]


async def bring_up(vca: Vca) -> str:
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    await connector.install_configuration_sw(ee_id, "ch:router", HOME)
    await connector.exec_primitive(ee_id, "p", {"app/0": "active"})
    await vca.flush()
    return ee_id


ASKED: dict[str, Callable[[Connector, str], Awaitable[object]]] = {
    "exec_primitive": lambda connector, ee_id: connector.exec_primitive(ee_id, "p", {}, OTHER),
    "configure": lambda connector, ee_id: connector.exec_primitive(ee_id, "config", {"x": 1}),
    "a primitive that fails": lambda connector, ee_id: connector.exec_primitive(ee_id, "fails", {}, OTHER),
    "add_relation": lambda connector, ee_id: connector.add_relation(ee_id, "ns.app-vnf-other.0", "a", "b"),
    "get_status": lambda connector, ee_id: connector.get_status(".ns"),
    "list": lambda connector, ee_id: connector.list_execution_environments(),
    "a create that is refused": lambda connector, ee_id: connector.create_execution_environment(".ns.vnf", HOME),
    "a create elsewhere": lambda connector, ee_id: connector.create_execution_environment(".ns.vnf", OTHER),
    "a create of a namesake": lambda connector, ee_id: connector.create_execution_environment(".Ns.vnf"),
    "a delete of an earlier id": lambda connector, ee_id: connector.delete_execution_environment(f"{ee_id}0", OTHER),
    "bad arguments": lambda connector, ee_id: connector.install_configuration_sw(ee_id, "ch:router", config=[]),  # type: ignore[arg-type]  # the point of it,
}


class Deaf(World):
    """Deletes only the EE that has the present id."""

    @hookimpl
    async def configure(self, op: Operation, values: Mapping[str, Any]) -> None:
        """Set nothing."""

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        if ee_id.locator == "0":
            self.there.pop((ee_id.model, ee_id.application), None)


@pytest.mark.parametrize("first_is", ["connected", "gone"])
@pytest.mark.parametrize("what", ASKED)
async def test_another_process_leaves_home_and_record(
    make_process: MakeVca, store: StatusStore, what: str, first_is: str
) -> None:
    world = type("OneWorld", (Deaf,), {"there": {}})
    first, second = make_process(world), make_process(world)
    ee_id = await bring_up(first)
    if first_is == "gone":
        await first.disconnect()
    before = await home_of(store), await kept(store), await second.connector().list_execution_environments()
    with contextlib.suppress(AlreadyExists, BackendError, BadArguments, NotFound):
        await ASKED[what](second.connector(), ee_id)
    await second.flush()
    assert (await home_of(store), await kept(store), await second.connector().list_execution_environments()) == before


async def test_a_failure_stands_in_the_next_process_too(
    make_process: MakeVca, store: StatusStore, world: type[World]
) -> None:
    first = make_process(world)
    ee_id = await bring_up(first)
    with pytest.raises(BackendError):
        await first.connector().install_configuration_sw(ee_id, "ch:router", HOME, config={"breaks": True})
    await first.disconnect()
    failed = await home_of(store)
    assert (failed["status"], failed["detailed-status"]) == ("failed", "no space left")
    second = make_process(world)
    assert await second.connector().refresh_status(ee_id) is DeploymentStatus.COMPLETED
    assert await home_of(store) == failed
    third = make_process(world)
    await third.connector().exec_primitive(ee_id, "p", {}, OTHER)
    await third.flush()
    assert await home_of(store) == failed, "it knows nothing of the EE that it could write"
    [record] = [record for record in await kept(store) if "application" in record]
    assert not record["has_failed"]
    await third.connector().refresh_status(ee_id)
    assert (await home_of(store))["status"] == "completed"


async def test_refresh_returns_when_the_home_is_written(
    make_process: MakeVca, store: StatusStore, world: type[World]
) -> None:
    first, second = make_process(world), make_process(world)
    ee_id = await bring_up(first)
    await first.connector().exec_primitive(ee_id, "p", {"app/0": "blocked"})
    await first.flush()
    assert (await home_of(store))["VCA-status"] == "blocked"
    await second.connector().refresh_status(ee_id)
    assert (await home_of(store))["VCA-status"] == "started", "what the listing says, at once"


async def test_refresh_writes_that_an_ee_is_gone(make_process: MakeVca, store: StatusStore, world: type[World]) -> None:
    first, second = make_process(world), make_process(world)
    ee_id = await bring_up(first)
    world.there.clear()
    with pytest.raises(NotFound):
        await second.connector().refresh_status(ee_id)
    home = await home_of(store)
    assert (home["status"], home["detailed-status"]) == ("unknown", "nothing of it is present any more")


async def test_the_one_that_operated_last_writes_between_operations(
    make_process: MakeVca, store: StatusStore, world: type[World]
) -> None:
    first, second = make_process(world), make_process(world)
    ee_id = await bring_up(first)
    backends: list[Any] = [vca.connector()._engine.session.backend for vca in (first, second)]
    await second.connector().install_configuration_sw(ee_id, "ch:router", HOME)
    backends[1].host.report(EeId.parse(ee_id), UNIT, "blocked", "by the second")
    await second.flush()
    assert (await home_of(store))["detailed-status"] == "by the second"
    backends[0].host.report(EeId.parse(ee_id), UNIT, "active", "by the first")
    await first.flush()
    assert (await home_of(store))["detailed-status"] == "by the second", "the first one has it no more"
    await first.connector().exec_primitive(ee_id, "p", {"app/0": "waiting"})
    await first.flush()
    assert (await home_of(store))["VCA-status"] == "waiting", "now it has"
    backends[1].host.report(EeId.parse(ee_id), UNIT, "error", "late")
    await second.flush()
    assert (await home_of(store))["VCA-status"] == "waiting"


async def test_a_late_outcome_passes_no_later_one_and_is_reported(
    make_vca: MakeVca, world: type[World], caplog: pytest.LogCaptureFixture
) -> None:
    class Held(MemoryStore):
        """Holds back what the first process writes."""

        gate: asyncio.Event | None = None

        async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
            if self.gate is not None and update.get("has_failed"):
                gate, self.gate = self.gate, None
                await gate.wait()
            return await super().set(table, filter, update)

    store = Held()
    await store.ensure("nsrs", {"_id": "ns", "vca": []})
    first = make_vca(world, store=store, timeouts={"store_grace": 0.3})
    second = make_vca(world, store=store)
    ee_id = await bring_up(first)
    gate = store.gate = asyncio.Event()
    with pytest.raises(BackendError):
        await first.connector().install_configuration_sw(ee_id, "ch:router", HOME, config={"breaks": True})
    await second.connector().install_configuration_sw(ee_id, "ch:router", HOME)
    later = await home_of(store)
    gate.set()
    report = await first.disconnect()
    assert await home_of(store) == later
    assert [(lost.fields["status"], "another process" in lost.reason) for lost in report.unwritten] == [
        ("failed", True)
    ]
    [record] = [record for record in await kept(store) if "application" in record]
    assert not record["has_failed"], "no failure stands there"


@pytest.mark.parametrize("how", ["delete", "deregister", "delete_namespace"])
@pytest.mark.parametrize("place", [None, OTHER, HOME])
async def test_an_ee_that_is_gone_has_one_end_at_its_home(
    make_process: MakeVca, store: StatusStore, world: type[World], how: str, place: dict[str, Any] | None
) -> None:
    first, second = make_process(world), make_process(world)
    ee_id = await bring_up(first)
    connector = second.connector()
    if how == "delete_namespace":
        await connector.delete_namespace(".ns", OTHER if place else None)
    elif how == "delete":
        await connector.delete_execution_environment(ee_id, place)
    else:
        await connector.deregister_execution_environment(ee_id, place)
    await second.flush()
    home = await home_of(store)
    word = "deregistered" if how == "deregister" else "deleted"
    assert (home["status"], home["VCA-status"], home["entity-type"]) == ("completed", word, "operation")
    records = [record for record in await kept(store) if "application" in record]
    assert records == []
    backend: Any = first.connector()._engine.session.backend
    backend.host.report(EeId.parse(ee_id), UNIT, "error", "late")
    await first.flush()
    assert await home_of(store) == home, "nothing is written there any more"


async def test_a_delete_by_an_earlier_id_leaves_the_successor(make_process: MakeVca, store: StatusStore) -> None:
    world = type("OneWorld", (Deaf,), {"there": {}})
    vca = make_process(world)
    ee_id = await bring_up(vca)
    before = await home_of(store), await kept(store)
    await vca.connector().delete_execution_environment(f"{ee_id}0")
    await vca.flush()
    assert (await home_of(store), await kept(store)) == before


async def test_what_another_process_deleted_is_claimed_anew(
    make_process: MakeVca, store: StatusStore, world: type[World]
) -> None:
    first, second = make_process(world), make_process(world)
    await first.connector().create_execution_environment(".ns_3.vnf")
    await second.connector().delete_namespace(".ns_3")
    await second.connector().create_execution_environment(".ns-3.vnf")
    with pytest.raises(BadArguments, match="would share the model"):
        await first.connector().create_execution_environment(".ns_3.other")
    await first.flush()
    assert await store.find(COLLECTION, {"application": "app-vnf-other"}) == []
    await second.connector().delete_namespace(".ns-3")
    assert await store.find(COLLECTION) == [], "the refused create left no claim that would be in the way"


async def test_a_create_that_the_backend_refuses_leaves_no_claim(
    make_process: MakeVca, store: StatusStore, world: type[World]
) -> None:
    class Refuses(world):  # type: ignore[misc,valid-type]  # a class made by the fixture
        @hookimpl
        async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
            raise BadArguments("its system has this model for another NS", ["namespace"])

    vca = make_process(Refuses)
    with pytest.raises(BadArguments):
        await vca.connector().create_execution_environment(".ns.vnf")
    await vca.flush()
    assert await store.find(COLLECTION) == []
    assert (await vca.connector().list_execution_environments()) == []


async def test_an_ee_id_that_came_again_is_known_as_another_ee(
    make_process: MakeVca, store: StatusStore, world: type[World]
) -> None:
    first, second = make_process(world), make_process(world)
    ee_id = await bring_up(first)
    await second.connector().delete_namespace(".ns")
    again, _ = await second.connector().create_execution_environment(".ns.vnf", OTHER)
    assert again == ee_id
    await first.connector().install_configuration_sw(ee_id, "ch:router")
    document = await store.get("nslcmops", {"_id": "op"})
    assert document is not None
    assert document["detail"]["status"] == "completed"
    assert (await home_of(store))["VCA-status"] == "deleted", "the earlier one's home is left alone"


async def test_going_on_with_an_ee_shows_its_state(make_process: MakeVca, store: StatusStore) -> None:
    class Quiet(World):
        there: ClassVar = {}

        @hookimpl
        async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
            self.there[self.host.names.model(namespace), self.host.names.application(namespace)] = namespace
            await op.created("0")
            op.report(MACHINE, "started")
            return "10.0.0.1"

        @hookimpl
        async def resume_execution_environment(self, op: Operation, ee_id: EeId) -> str:
            await op.created(ee_id.locator)
            return "10.0.0.1"

    first, second = make_process(Quiet), make_process(Quiet)
    ee_id = await bring_up(first)
    await second.connector().create_execution_environment(".ns.vnf", HOME, reuse_ee_id=ee_id)
    home = await home_of(store)
    assert (home["status"], home["VCA-status"], home["entity-type"]) == ("completed", "started", "machine")


@pytest.mark.parametrize("is_gone", [True, False])
async def test_the_home_that_an_ee_left_says_so(
    make_process: MakeVca, store: StatusStore, world: type[World], *, is_gone: bool
) -> None:
    first, second = make_process(world), make_process(world)
    ee_id = await bring_up(first)
    if is_gone:
        await store.delete("nsrs", {"_id": "ns"})
    await second.connector().create_execution_environment(".ns.vnf", OTHER, reuse_ee_id=ee_id)
    moved = await store.get("nslcmops", {"_id": "op"})
    assert moved is not None
    assert moved["detail"]["VCA-status"] == "started"
    assert await second.flush() == []
    if not is_gone:
        home = await home_of(store)
        assert (home["status"], home["VCA-status"], home["entity-type"]) == ("completed", "moved", "operation")
        await first.connector().exec_primitive(ee_id, "p", {"app/0": "active"})
        assert await home_of(store) == home
