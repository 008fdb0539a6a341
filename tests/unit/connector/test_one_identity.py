"""One name for one thing, whatever a namespace looks like, through a whole life; and what a connector can do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.backends import Plain
from support.making import MakeVca

from vca_core.backend import Operation
from vca_core.errors import BackendError, NotSupported
from vca_core.hookspecs import HOOKS, LIFECYCLE_HOOKS, hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.stores import MemoryStore
from vca_core.vca import Vca


@pytest.mark.defect("D64")
@pytest.mark.defect("D65")
@pytest.mark.parametrize("ns_id", ["My_NS", "with blank", "ns.".removesuffix("."), "UPPER-case_and-1"])
async def test_a_namespace_of_any_spelling_lives_and_is_disconnected(make_vca: MakeVca, ns_id: str) -> None:
    vca = make_vca(Plain)
    connector = vca.connector()
    for _ in range(2):
        ee_id, _ = await connector.create_execution_environment(f".{ns_id}.vnf.vdu-0")
        assert await connector.exec_primitive(ee_id, "p", {"a": 1}) == {"a": 1}
        assert await connector.get_status(f".{ns_id}") == {"model": EeId.parse(ee_id).model}
        [record] = await connector.list_execution_environments(f".{ns_id}")
        assert str(record.ee_id) == ee_id
        await connector.delete_namespace(f".{ns_id}")
        assert await connector.list_execution_environments() == []
        assert (await connector.disconnect()).is_clean


@pytest.mark.defect("D98")
def test_one_vca_serves_several_event_loops_one_after_another(make_vca: MakeVca) -> None:
    # make_vca's own loop is not used: asyncio.run makes one each time.
    vca = Vca.from_config({"connectors": {"edge": {"backend": "fake"}}}, environ={})

    async def once(name: str) -> int:
        await vca.connector().create_execution_environment(f".ns.{name}")
        await vca.disconnect()
        return len(await vca.connector().list_execution_environments())

    async def run(name: str) -> int:
        count = await once(name)
        await vca.disconnect()
        return count

    assert [asyncio.run(run("a")), asyncio.run(run("b"))] == [1, 2]


class Handmade(Plain):
    """Returns what a test says."""

    returned: Any = None

    @hookimpl
    async def get_status(self, namespace: Namespace) -> Any:
        return self.returned

    @hookimpl
    async def exec_primitive(self, op: Operation) -> Any:
        return self.returned


def endless() -> dict[str, Any]:
    within_itself: list[Any] = []
    within_itself.append(within_itself)
    return {"a": within_itself}


@pytest.mark.defect("D53")
@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (object(), "returned an object of class object where a mapping is expected"),
        (None, "returned nothing where a mapping is expected"),
        ({"a": {"b": [object()]}}, "plain data at a.b.0: expected plain data, got an object of class object"),
        ({1: 2}, "plain data: expected names as keys, got a whole number"),
        ({"a": [{None: 2}]}, "at a.0: expected names as keys, got nothing"),
        ({"a": [1.0, float("nan")]}, "at a.1: expected a finite number"),
        (endless(), "at a: deeper than 50 levels, or within itself"),
    ],
)
async def test_what_is_no_plain_data_is_refused(make_vca: MakeVca, returned: Any, said: str) -> None:
    connector = make_vca(Handmade).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    backend: Any = connector._engine.session.backend
    backend.returned = returned
    with pytest.raises(BackendError, match=said):
        await connector.get_status(".ns")
    with pytest.raises(BackendError, match=said):
        await connector.exec_primitive(ee_id, "p")


async def test_plain_data_is_given_as_it_is_but_for_tuples(make_vca: MakeVca) -> None:
    connector = make_vca(Handmade).connector()
    backend: Any = connector._engine.session.backend
    backend.returned = {"a": ({"b": 1.5},), "c": None, "d": True}
    assert await connector.get_status(".ns") == {"a": [{"b": 1.5}], "c": None, "d": True}


class Foreign(Plain):
    """Its actions fail as a client library does."""

    @hookimpl
    async def exec_primitive(self, primitive: str) -> dict[str, Any]:
        raise LookupError(f"{primitive} of a foreign client")


@pytest.mark.defect("D35")
async def test_foreign_failures_of_ssh_key_actions_are_our_errors(make_vca: MakeVca) -> None:
    connector = make_vca(Foreign).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    with pytest.raises(BackendError, match="generate-ssh-key of a foreign client") as caught:
        await connector.get_ee_ssh_public_key(ee_id)
    assert "LookupError" in str(caught.value.__cause__)


@pytest.mark.defect("U12")
async def test_an_unsupported_operation_opens_no_backend(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    ee = "ns.app-vnf-x.0"
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "register_execution_environment": lambda: connector.register_execution_environment(
            ".ns.x", {"hostname": "h", "username": "u"}
        ),
        "install_configuration_sw": lambda: connector.install_configuration_sw(ee, "ch:x"),
        "configure": lambda: connector.exec_primitive(ee, "config", {"a": 1}),
        "remove_relation": lambda: connector.remove_relation(ee, "ns.app-vnf-y.0", "a", "b"),
        "scale": lambda: connector.scale(ee, 2),
        "upgrade": lambda: connector.upgrade(ee, "ch:x"),
        "deregister_execution_environment": lambda: connector.deregister_execution_environment(ee),
        "get_metrics": lambda: connector.get_metrics(".ns"),
        "health": connector.health,
        "describe_execution_environment": lambda: connector.describe(ee),
    }
    assert calls.keys() | connector.capabilities == HOOKS - LIFECYCLE_HOOKS
    for hook, call in calls.items():
        with pytest.raises(NotSupported, match=f"does not implement {hook}; it can: add_relation"):
            await call()
    backend: Any = connector._engine.session.backend
    assert backend.calls == []


class Patient(Plain):
    """Its machines take until the test lets them come up."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.up = asyncio.Event()

    @hookimpl
    async def create_execution_environment(self, op: Operation) -> str:
        await op.created("7")
        await self.up.wait()
        return "10.0.0.7"


@pytest.mark.defect("U9")
async def test_the_ee_id_is_stored_before_the_machine_is_ready(make_vca: MakeVca) -> None:
    reported = asyncio.Event()

    class Telling(MemoryStore):
        async def set(self, table: str, filter: Any, update: Any) -> bool:
            matched = await super().set(table, filter, update)
            if any(path.endswith("ee_id") for path in update):
                reported.set()
            return matched

    store = Telling()
    await store.ensure("nsrs", {"_id": "ns", "vca": [{}]})
    vca = make_vca(Patient, store=store)
    connector = vca.connector()
    home = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca.0"}
    creating = asyncio.create_task(connector.create_execution_environment(".ns.vnf", home))
    while (await store.get("nsrs", {"_id": "ns"}) or {})["vca"][0].get("ee_id") is None:
        reported.clear()
        await reported.wait()
    assert not creating.done()
    backend: Any = connector._engine.session.backend
    backend.up.set()
    ee_id, _ = await creating
    assert (await store.get("nsrs", {"_id": "ns"}) or {})["vca"][0]["ee_id"] == ee_id


@pytest.mark.defect("U2")
async def test_every_connector_writes_statuses_default_or_not(make_vca: MakeVca) -> None:
    store = MemoryStore()
    await store.ensure("nsrs", {"_id": "ns", "vca": [{}, {}]})
    vca = make_vca(Plain, Plain, store=store)
    for number, name in enumerate((None, "c1")):
        home = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": f"vca.{number}"}
        await vca.connector(name).create_execution_environment(".ns.vnf", home)
    document = await store.get("nsrs", {"_id": "ns"})
    assert document is not None
    assert [entry["status"] for entry in document["vca"]] == ["completed", "completed"]


class Careless(Plain):
    """Makes mistakes that are its own, not its caller's."""

    mistake = ""

    @hookimpl
    async def create_execution_environment(self, op: Operation) -> Any:
        await op.created("a.b" if self.mistake == "locator" else "0")
        if self.mistake == "generator":
            raise GeneratorExit
        return 5


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("locator", r"op\.created\('a\.b'\): ee_id: locator: expected text without a dot"),
        ("address", "returned a whole number where an address is expected"),
        ("generator", "GeneratorExit"),
    ],
)
async def test_a_backends_own_mistakes_are_not_its_callers(make_vca: MakeVca, mistake: str, said: str) -> None:
    connector = make_vca(Careless).connector()
    backend: Any = connector._engine.session.backend
    backend.mistake = mistake
    with pytest.raises(BackendError, match=said):
        await connector.create_execution_environment(".ns.vnf")
