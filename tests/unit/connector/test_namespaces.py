"""Whose a model and an application are; deletes of whole namespaces."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.backends import Gated, Plain
from support.making import MakeVca

from vca_core._tracking.place import COLLECTION
from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.errors import (
    AlreadyExists,
    BackendError,
    BadArguments,
    ConflictError,
    NotSupported,
    PluginError,
    VcaError,
    VcaTimeoutError,
)
from vca_core.hookspecs import hookimpl
from vca_core.naming import NameRules, Namespace
from vca_core.stores import MemoryStore

DB = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}


@pytest.mark.defect("D58")
async def test_namespaces_sharing_an_application_are_refused_by_name(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    await connector.create_execution_environment(".ns.vnf_a.vdu-0")
    with pytest.raises(BadArguments, match=r"\.ns\.vnf-a\.vdu-0 and \.ns\.vnf_a\.vdu-0") as caught:
        await connector.create_execution_environment(".ns.vnf-a.vdu-0")
    assert caught.value.bad_args == ["namespace"]


@pytest.mark.defect("D61")
async def test_ns_ids_sharing_a_model_are_refused_across_processes(make_vca: MakeVca) -> None:
    store = MemoryStore()
    await make_vca(Plain, store=store).connector().create_execution_environment(".ns_3.vnf")
    for connector in (make_vca(Plain, store=store).connector(), make_vca(Plain, store=store).connector()):
        with pytest.raises(BadArguments, match="'ns-3' and NS 'ns_3'"):
            await connector.create_execution_environment(".ns-3.other")
        with pytest.raises(BadArguments, match="'ns-3' and NS 'ns_3'"):
            await connector.delete_namespace(".ns-3")


async def test_of_two_claims_at_once_one_is_refused(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    results = await asyncio.gather(
        *(connector.create_execution_environment(f".{ns}.{ns}") for ns in ("ns_3", "ns-3", "NS_3")),
        return_exceptions=True,
    )
    assert sum(isinstance(result, BadArguments) for result in results) == 2


async def test_the_nsi_id_does_not_make_another_ee(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    ee_id, _ = await connector.create_execution_environment("slice.ns.vnf")
    with pytest.raises(AlreadyExists) as caught:
        await connector.create_execution_environment(".ns.vnf")
    assert caught.value.ee_id == ee_id


async def test_reuse_of_another_namespaces_ee_is_refused(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    with pytest.raises(BadArguments) as caught:
        await connector.create_execution_environment(".ns.other", reuse_ee_id=ee_id)
    assert caught.value.bad_args == ["reuse_ee_id"]


@pytest.mark.defect("D85")
@pytest.mark.parametrize(
    ("db_dict", "part"),
    [
        ([], "db_dict"),
        ({}, "db_dict.collection"),
        ({**DB, "collection": ""}, "db_dict.collection"),
        ({**DB, "filter": None}, "db_dict.filter"),
        ({**DB, "filter": {}}, "db_dict.filter"),
        ({**DB, "filter": {"a": {"$gt": 1}}}, "db_dict.filter"),
        ({**DB, "path": ""}, "db_dict.path"),
        ({**DB, "filter": {"a\0b": 1}}, "db_dict.filter"),
        ({**DB, "path": "a..b"}, "db_dict.path"),
        ({**DB, "path": "a.$b"}, "db_dict.path"),
        ({**DB, "path": "a\0b"}, "db_dict.path"),
        ({**DB, "path": "_id"}, "db_dict.path"),
        ({**DB, "path": "_id.vca."}, "db_dict.path"),
        ({**DB, "paht": "a"}, "db_dict.paht"),
    ],
)
async def test_a_wrong_db_dict_is_refused_before_the_backend_is_asked(
    make_vca: MakeVca, db_dict: Any, part: str
) -> None:
    connector = make_vca(Plain).connector()
    with pytest.raises(BadArguments) as caught:
        await connector.create_execution_environment(".ns.vnf", db_dict)
    assert caught.value.bad_args[0].startswith(part)
    backend: Any = connector._engine.session.backend
    assert backend.calls == []


@pytest.mark.defect("D86")
async def test_arguments_are_checked_before_anything_is_opened(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    backend: Any = connector._engine.session.backend
    wrong: list[Any] = [
        connector.create_execution_environment("no-dot"),
        connector.create_execution_environment(".ns.vnf", options={"x": 1}),
        connector.exec_primitive("short", "p"),
        connector.exec_primitive("m.a.0", ""),
        connector.exec_primitive("m.a.0", "p", {1: 2}),  # type: ignore[dict-item]
        connector.delete_execution_environment(None),  # type: ignore[arg-type]
        connector.add_relation("m.a.0", "m.a.0", "x", "x"),
        connector.add_relation("m.a.0", "m.b.0", "", "x"),
        connector.delete_namespace(".ns.vnf"),
        connector.get_status(""),
    ]
    for call in wrong:
        with pytest.raises(BadArguments):
            await call
    assert backend.calls == []


async def test_an_ee_of_an_ns_is_not_a_namespace_to_delete(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    await connector.create_execution_environment(".ns@one")
    with pytest.raises(BadArguments, match=r"\.ns@one, a part of one; .* '\.ns'"):
        await connector.delete_namespace(".ns@one")
    assert len(await connector.list_execution_environments()) == 1
    await connector.delete_namespace(".ns")
    assert await connector.list_execution_environments() == []


async def test_several_ees_at_one_place_are_kept_apart(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    wanted = [".ns.vnf", ".ns.vnf@one", ".ns.vnf@two"]
    made = [(await connector.create_execution_environment(namespace))[0] for namespace in wanted]
    assert len(set(made)) == 3
    assert [str(one.ee_id) for one in await connector.list_execution_environments(".ns.vnf@one")] == [made[1]]
    assert len(await connector.list_execution_environments(".ns.vnf")) == 3
    with pytest.raises(AlreadyExists) as caught:
        await connector.create_execution_environment("slice.ns.vnf@two")
    assert caught.value.ee_id == made[2]


@pytest.mark.defect("D47")
async def test_only_a_whole_ns_can_be_deleted(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    await connector.create_execution_environment("nsi.ns.vnf.vdu-0")
    with pytest.raises(BadArguments, match=r"'\.ns'"):
        await connector.delete_namespace("nsi.ns.vnf.vdu-0")
    assert len(await connector.list_execution_environments()) == 1


@pytest.mark.defect("U7")
async def test_a_delete_matches_the_model_exactly(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    for ns in ("a", "ab", "cab"):
        await connector.create_execution_environment(f".{ns}.vnf")
    await connector.delete_namespace(".a")
    assert [record.ee_id.model for record in await connector.list_execution_environments()] == ["ab", "cab"]


async def test_a_listing_is_of_what_lies_at_or_below_the_namespace(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    for namespace in (".ns.v1.a-0", ".ns.v1.a-1", ".ns.v2.a-0", ".other.v1.a-0"):
        await connector.create_execution_environment(namespace)
    assert len(await connector.list_execution_environments(".ns")) == 3
    assert len(await connector.list_execution_environments(".ns.v1")) == 2
    assert len(await connector.list_execution_environments()) == 4


async def test_after_a_delete_the_name_is_free_for_another_namespace(make_vca: MakeVca) -> None:
    vca = make_vca(Plain)
    connector = vca.connector()
    await connector.create_execution_environment(".ns_3.vnf")
    await connector.delete_namespace(".ns_3")
    await vca.flush(1.0)
    assert await vca.store.find(COLLECTION) == []
    await connector.create_execution_environment(".ns-3.vnf")


async def test_a_delete_stops_what_runs_there_and_refuses_what_comes(make_vca: MakeVca) -> None:
    class SlowDelete(Gated):
        def __init__(self, host: Any) -> None:
            super().__init__(host)
            self.deleting = asyncio.Event()
            self.may_end = asyncio.Event()

        @hookimpl
        async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
            self.deleting.set()
            await self.may_end.wait()
            self.ees.clear()

    connector = make_vca(SlowDelete).connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    elsewhere, _ = await connector.create_execution_environment(".elsewhere.vnf")
    run = asyncio.create_task(connector.exec_primitive(ee_id, "p"))
    queued = asyncio.create_task(connector.exec_primitive(ee_id, "queued"))
    await backend.entered.wait()
    delete = asyncio.create_task(connector.delete_namespace(".ns"))
    await backend.deleting.wait()
    for stopped in (run, queued):
        with pytest.raises(ConflictError, match=r"namespace \.ns is being deleted") as caught:
            await stopped
        assert caught.value.retryable
    with pytest.raises(ConflictError, match="being deleted"):
        await connector.create_execution_environment(".ns.new")
    backend.gate.set()
    await connector.exec_primitive(elsewhere, "p")
    backend.may_end.set()
    await delete
    await connector.create_execution_environment(".ns.new")


class DeletesInTurn(Plain):
    """Its deletes wait for the test; then they succeed or fail as it says."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.gate = asyncio.Event()
        self.entered = asyncio.Event()
        self.error: VcaError | None = None

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        self.calls.append("delete_namespace")
        self.entered.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.calls.append("cancelled")
            raise
        if self.error is not None:
            raise self.error


@pytest.mark.defect("U8")
async def test_concurrent_deletes_share_one_outcome_also_a_failure(make_vca: MakeVca) -> None:
    connector = make_vca(DeletesInTurn).connector()
    backend: Any = connector._engine.session.backend
    deletes = [asyncio.create_task(connector.delete_namespace(".ns")) for _ in range(3)]
    await backend.entered.wait()
    backend.error = BackendError("the model does not go away")
    backend.gate.set()
    results = await asyncio.gather(*deletes, return_exceptions=True)
    assert [type(result) for result in results] == [BackendError] * 3
    assert len({id(result) for result in results}) == 3
    assert backend.calls.count("delete_namespace") == 1


@pytest.mark.defect("D21")
async def test_the_last_waiter_to_leave_a_delete_cancels_it(
    make_vca: MakeVca,
) -> None:
    connector = make_vca(DeletesInTurn).connector()
    backend: Any = connector._engine.session.backend
    patient = asyncio.create_task(connector.delete_namespace(".ns", total_timeout=10))
    await backend.entered.wait()
    with pytest.raises(VcaTimeoutError) as caught:
        await connector.delete_namespace(".ns", total_timeout=0.05)
    assert caught.value.limit == 0.05
    assert "cancelled" not in backend.calls
    patient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await patient
    assert backend.calls[-1] == "cancelled"
    with pytest.raises(VcaTimeoutError):
        await connector.delete_namespace(".ns", total_timeout=0.05)


@pytest.mark.defect("D48")
async def test_deleting_the_absent_succeeds_and_reads_create_nothing(make_vca: MakeVca) -> None:
    vca = make_vca(Plain)
    connector = vca.connector()
    await connector.delete_namespace(".never")
    await connector.delete_execution_environment("never.app.0")
    await connector.get_status(".never")
    await vca.flush(1.0)
    assert await vca.store.find(COLLECTION) == []
    assert await connector.list_execution_environments() == []


@pytest.mark.defect("D4")
async def test_unimplemented_hooks_are_refused_without_the_backend(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    backend: Any = connector._engine.session.backend
    with pytest.raises(NotSupported, match="does not implement remove_relation"):
        await connector.remove_relation("m.a.0", "m.b.0", "x", "y")
    with pytest.raises(NotSupported):
        await connector.deregister_execution_environment("m.a.0")
    assert backend.calls == []


@pytest.mark.defect("D5")
async def test_relations_reach_the_backend_with_both_ends(make_vca: MakeVca) -> None:
    class Relates(Plain):
        @hookimpl
        async def add_relation(self, end_1: Any, end_2: Any) -> None:
            self.ends = end_1, end_2

    vca = make_vca(Relates, Plain)
    one, two = vca.connector("c0"), vca.connector("c1")
    backend: Any = one._engine.session.backend
    await one.add_relation("m.a.0", "m.b.0", "db", "client")
    assert [(str(end.ee_id), end.endpoint, end.backend is backend) for end in backend.ends] == [
        ("m.a.0", "db", True),
        ("m.b.0", "client", True),
    ]
    await vca.add_relation((one, "m.a.0", "db"), (two, "m.b.0", "client"))
    assert [(end.connector, end.backend is backend) for end in backend.ends] == [("c0", True), ("c1", False)]


async def test_names_that_a_backends_own_rules_get_wrong_are_reported(make_vca: MakeVca) -> None:
    class WrongRules(NameRules):
        def application(self, ns: Namespace) -> str:
            return "has.a.dot"

    class Wrong(Plain):
        names = WrongRules()

    with pytest.raises((BadArguments, PluginError)):
        await make_vca(Wrong).connector().create_execution_environment(".ns.vnf")


async def test_a_listing_of_the_wrong_shape_is_a_backend_error(make_vca: MakeVca) -> None:
    class Wrong(Plain):
        @hookimpl
        async def list_execution_environments(self, namespace: Namespace | None) -> list[ExecutionEnvironment]:
            return ["ns.app.0"]  # type: ignore[list-item]

    with pytest.raises(BackendError, match="listed text"):
        await make_vca(Wrong).connector().list_execution_environments()


async def test_a_create_without_created_is_a_backend_error(make_vca: MakeVca) -> None:
    class Forgets(Plain):
        @hookimpl
        async def create_execution_environment(self, op: Operation) -> str:
            return "10.0.0.1"

    with pytest.raises(BackendError, match="without `await op.created"):
        await make_vca(Forgets).connector().create_execution_environment(".ns.vnf")


@pytest.mark.defect("D71")
async def test_fifty_creates_at_once_in_one_namespace_all_come(make_vca: MakeVca) -> None:
    vca = make_vca(Plain)
    connector = vca.connector()
    ees = await asyncio.gather(*(connector.create_execution_environment(f".ns.vnf{i}") for i in range(50)))
    assert len({ee_id for ee_id, _ in ees}) == 50
    models = [document for document in await vca.store.find(COLLECTION) if "ns_id" in document]
    assert len(models) == 1
