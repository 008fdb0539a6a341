"""What is written where, in which order, and what an outcome is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from support.backends import MACHINE, Plain
from support.making import MakeVca

from vca_core._tracking.place import COLLECTION
from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.errors import BackendError, ConflictError, ExecutionError, StoreError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import DeploymentStatus, Entity
from vca_core.stores import MemoryStore
from vca_core.vca import Vca

HOME = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "_admin.deployed.VCA.0."}
OTHER = {"collection": "nslcmops", "filter": {"_id": "op"}, "path": "admin.VCA"}
UNITS = [Entity("unit", "app/0"), Entity("unit", "app/1")]


class Charmed(Plain):
    """Its primitives are told in their parameters what to report: ``{"reports": [(kind, id, native, detail)]}``."""

    @hookimpl
    async def install_configuration_sw(self, op: Operation, config: Mapping[str, Any], num_units: int) -> None:
        for unit in UNITS[:num_units]:
            op.report(unit, "maintenance", "installing")
        for unit in UNITS[:num_units]:
            op.report(unit, config.get("end", "active"), "done")

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        for kind, name, native, detail in params.get("reports", ()):
            op.report(Entity(kind, name), native, detail)
        if primitive == "fail":
            raise ExecutionError("it failed: password hunter2secret", primitive, {"stderr": "boom"})
        return {"ok": True}

    @hookimpl
    async def configure(self, op: Operation, values: Mapping[str, Any]) -> None:
        self.calls.append(f"configure {sorted(values)}")


class Seen:
    """Records what ``on_update_db`` is told, as (path, fields without their prefix)."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, table: str, filter: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        assert path.endswith(".")
        assert all(key.startswith(path) for key in update)
        self.changes.append((path, {key.removeprefix(path): value for key, value in update.items()}))

    def words(self, path: str) -> list[tuple[str, str]]:
        return [(fields["status"], fields["VCA-status"]) for where, fields in self.changes if where == path]


async def prepare(vca: Vca) -> None:
    await vca.store.ensure("nsrs", {"_id": "ns", "_admin": {"deployed": {"VCA": []}}})
    await vca.store.ensure("nslcmops", {"_id": "op"})


async def at_home(vca: Vca) -> dict[str, Any]:
    await vca.flush(1.0)
    document = await vca.store.get("nsrs", {"_id": "ns"})
    assert document is not None
    home: dict[str, Any] = document["_admin"]["deployed"]["VCA"][0]
    return home


@pytest.mark.defect("D18")
@pytest.mark.defect("D42")
async def test_events_are_stored_in_order_the_outcome_last_and_once(make_vca: MakeVca) -> None:
    seen = Seen()
    vca = make_vca(Charmed, on_update_db=seen)
    await prepare(vca)
    ee_id, address = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    await vca.disconnect()
    assert address == {"hostname": "10.0.0.1"}
    assert seen.words("_admin.deployed.VCA.0.") == [
        ("running", "running"),
        ("pending", "pending"),
        ("completed", "started"),
        ("completed", "started"),
    ]
    home = await at_home(vca)
    assert home["ee_id"] == ee_id
    assert set(home) == {"ee_id", "status", "detailed-status", "VCA-status", "entity-type", "status-time"}


@pytest.mark.defect("D14")
@pytest.mark.defect("D41")
async def test_the_outcome_of_an_install_is_the_worst_of_its_units(make_vca: MakeVca) -> None:
    vca = make_vca(Charmed, artifacts="docs/examples/charms")
    await prepare(vca)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    await connector.install_configuration_sw(ee_id, "simple-router", HOME, num_units=2)
    assert (await at_home(vca))["status"] == "completed"
    await connector.install_configuration_sw(ee_id, "simple-router", HOME, config={"end": "blocked"}, num_units=1)
    home = await at_home(vca)
    assert (home["status"], home["VCA-status"]) == ("running", "blocked"), "blocked is told as what it is"
    await connector.exec_primitive(ee_id, "x", {"reports": [("unit", "app/1", "error", "hook failed")]})
    home = await at_home(vca)
    assert (home["status"], home["detailed-status"]) == ("failed", "hook failed")


@pytest.mark.defect("D36")
async def test_a_failed_primitive_carries_its_output_and_is_failed(make_vca: MakeVca) -> None:
    vca = make_vca(Charmed)
    await prepare(vca)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    with pytest.raises(ExecutionError) as caught:
        await connector.exec_primitive(ee_id, "fail", {"password": "hunter2secret"}, OTHER)
    assert caught.value.output == {"stderr": "boom"}
    assert caught.value.primitive == "fail"
    document = await vca.store.get("nslcmops", {"_id": "op"})
    assert document is not None
    assert document["admin"]["VCA"]["status"] == "failed"
    assert "hunter2" not in str(document)
    assert (await at_home(vca))["status"] == "completed", "the EE itself is well"


async def test_action_events_go_to_the_operation_only(make_vca: MakeVca) -> None:
    seen = Seen()
    vca = make_vca(Charmed, on_update_db=seen)
    await prepare(vca)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    reports = [("action", "7", "running", ""), ("unit", "app/0", "active", ""), ("action", "7", "completed", "")]
    await connector.exec_primitive(ee_id, "p", {"reports": reports}, OTHER)
    await vca.disconnect()
    assert seen.words("admin.VCA.") == [
        ("running", "running"),
        ("running", "running"),
        ("completed", "active"),
        ("completed", "completed"),
        ("completed", "completed"),
    ]
    assert ("completed", "active") in seen.words("_admin.deployed.VCA.0.")
    assert seen.words("_admin.deployed.VCA.0.").count(("running", "running")) == 1, "its create's"


async def test_a_failure_at_home_stays_until_the_next_operation(make_vca: MakeVca) -> None:
    class Fails(Charmed):
        @hookimpl
        async def install_configuration_sw(self, op: Operation, ee_id: EeId, artifact: Artifact) -> None:
            raise BackendError("no space left")

    vca = make_vca(Fails, artifacts="docs/examples/charms")
    await prepare(vca)
    connector = vca.connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    with pytest.raises(BackendError, match="no space"):
        await connector.install_configuration_sw(ee_id, "simple-router")
    backend.host.report(EeId.parse(ee_id), MACHINE, "started", "more news")
    home = await at_home(vca)
    assert (home["status"], home["detailed-status"]) == ("failed", "no space left")
    await connector.exec_primitive(ee_id, "p")
    assert (await at_home(vca))["status"] == "completed"


async def test_what_happens_between_operations_reaches_the_home(make_vca: MakeVca) -> None:
    vca = make_vca(Charmed)
    await prepare(vca)
    connector = vca.connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    backend.host.report(EeId.parse(ee_id), MACHINE, "down", "agent lost")
    home = await at_home(vca)
    assert (home["status"], home["detailed-status"]) == ("failed", "agent lost")
    backend.host.report(EeId.parse(ee_id), MACHINE, None)
    assert (await at_home(vca))["status"] == "unknown"


async def test_another_process_writes_to_a_home_once_it_has_the_ee(make_vca: MakeVca) -> None:
    store = MemoryStore()
    first = make_vca(Charmed, store=store)
    await prepare(first)
    ee_id, _ = await first.connector().create_execution_environment(".ns.vnf", HOME)
    await first.disconnect()
    second = make_vca(Charmed, store=store)
    connector = second.connector()
    await connector.get_status(".ns")
    backend: Any = connector._engine.session.backend
    before = await at_home(second)
    backend.host.report(EeId.parse(ee_id), MACHINE, "down", "agent lost")
    assert await at_home(second) == before, "it keeps what it sees to itself"
    await connector.exec_primitive(ee_id, "p")
    assert (await at_home(second))["detailed-status"] == "agent lost", "it has the EE now"


@pytest.mark.defect("D44")
async def test_without_a_db_dict_the_home_is_the_cores_own_document(make_vca: MakeVca) -> None:
    vca = make_vca(Charmed)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment("nsi.ns.vnf.vdu-0")
    (document,) = await vca.store.find(COLLECTION, {"ee_id": ee_id})
    assert document["state"]["status"] == "completed"
    assert document["namespace"] == ".ns.vnf.vdu-0"
    await connector.delete_execution_environment(ee_id)
    await vca.flush(1.0)
    assert await vca.store.find(COLLECTION, {"ee_id": ee_id}) == []


@pytest.mark.defect("D27")
async def test_a_deleted_ee_writes_no_more(make_vca: MakeVca) -> None:
    vca = make_vca(Charmed)
    await prepare(vca)
    connector = vca.connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    await connector.delete_execution_environment(ee_id)
    before = await at_home(vca)
    assert before["status"] == "completed"
    backend.host.report(EeId.parse(ee_id), MACHINE, "down", "late")
    for _ in range(20):
        await asyncio.sleep(0)
    assert await at_home(vca) == before


class Failing(MemoryStore):
    """Takes nothing while `down`."""

    down = False

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        if self.down:
            raise StoreError("the disk is full")
        return await super().set(table, filter, update)


@pytest.mark.defect("D16")
async def test_a_store_that_is_down_costs_only_creates_and_no_outcome(make_vca: MakeVca) -> None:
    store = Failing()
    vca = make_vca(Charmed, store=store, timeouts={"store_grace": 0.1})
    await prepare(vca)
    connector = vca.connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    store.down = True
    with pytest.raises(StoreError) as caught:
        await connector.create_execution_environment(".ns.other", OTHER)
    assert caught.value.retryable
    assert len(backend.ees) == 1, "the backend undid what it had made"
    with pytest.raises(ExecutionError):
        await connector.exec_primitive(ee_id, "fail", db_dict=OTHER)
    store.down = False
    await vca.flush(5.0)
    document = await store.get("nslcmops", {"_id": "op"})
    assert document is not None
    assert document["admin"]["VCA"]["detailed-status"].startswith("it failed")
    assert document["admin"]["VCA"].get("ee_id") is None


async def test_when_outcomes_fill_the_queue_new_operations_are_refused(make_vca: MakeVca) -> None:
    store = Failing()
    vca = make_vca(Charmed, store=store, timeouts={"store_grace": 0.05}, status={"queue_limit": 2})
    await prepare(vca)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    store.down = True
    for _ in range(2):
        await connector.exec_primitive(ee_id, "p", db_dict=OTHER)
    with pytest.raises(ConflictError, match="outcomes wait for the status store"):
        await connector.exec_primitive(ee_id, "p", db_dict=OTHER)
    store.down = False
    await vca.flush(5.0)
    await connector.exec_primitive(ee_id, "p", db_dict=OTHER)


@pytest.mark.defect("D43")
async def test_an_ee_id_that_finds_no_document_fails_the_create(make_vca: MakeVca) -> None:
    class DocumentVanishes(Charmed):
        @hookimpl
        async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
            await vca.store.delete("nsrs", {"_id": "ns"})
            await op.created("0")
            return "10.0.0.1"

    vca = make_vca(DocumentVanishes)
    await prepare(vca)
    with pytest.raises(StoreError, match="no document of nsrs matches"):
        await vca.connector().create_execution_environment(".ns.vnf", HOME)


async def test_a_status_that_matches_nothing_is_logged_once(
    make_vca: MakeVca, caplog: pytest.LogCaptureFixture
) -> None:
    vca = make_vca(Charmed)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    reports = [("action", "1", word, "") for word in ("pending", "running", "completed")]
    assert await connector.exec_primitive(ee_id, "p", {"reports": reports}, OTHER) == {"ok": True}
    assert sum("no document matches" in record.message for record in caplog.records) == 1
    report = await vca.disconnect()
    assert [str(lost.path.table) for lost in report.unwritten] == ["nslcmops"]


@pytest.mark.defect("D74")
async def test_the_callback_is_sync_or_async_and_may_call_back(make_vca: MakeVca) -> None:
    import functools

    calls: list[str] = []
    vcas: list[Vca] = []

    async def calls_back(mark: str, table: str, filter: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        await vcas[-1].connector().get_status(".ns")
        calls.append(mark)

    class CallableObject:
        def __call__(self, *change: Any) -> Any:
            return calls_back("object", *change)

    for callback in (functools.partial(calls_back, "partial"), CallableObject(), lambda *_: calls.append("plain")):
        vca = make_vca(Charmed, on_update_db=callback)
        vcas.append(vca)
        await vca.connector().create_execution_environment(".ns.vnf")
        await vca.flush(5.0)
        await vca.disconnect()
    assert {mark: calls.count(mark) for mark in calls} == {"partial": 4, "object": 4, "plain": 4}


async def test_a_failing_callback_hurts_nobody(make_vca: MakeVca) -> None:
    def fails(*_: Any) -> None:
        raise KeyError("oops")

    vca = make_vca(Charmed, on_update_db=fails)
    await vca.connector().create_execution_environment(".ns.vnf")
    assert (await vca.disconnect()).is_clean


async def test_an_interval_merges_statuses_but_never_outcomes(make_vca: MakeVca) -> None:
    seen = Seen()
    vca = make_vca(Charmed, on_update_db=seen, status={"interval": 3600.0})
    await prepare(vca)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    for turn in range(3):
        reports = [("action", str(turn), "running", str(i)) for i in range(50)]
        await connector.exec_primitive(ee_id, "p", {"reports": reports}, OTHER)
    await vca.disconnect()
    words = seen.words("admin.VCA.")
    assert sum(status == "completed" for status, _ in words) == 3
    assert len(words) < 10


@pytest.mark.defect("D82")
async def test_parameters_may_have_any_name(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    names = ["self", "op", "db_dict", "primitive", "params", "unit", "ee_id", "total_timeout", "model_name"]
    params = dict.fromkeys(names, 1)
    assert await connector.exec_primitive(ee_id, "p", params) == params


async def test_the_config_primitive_is_unwrapped_and_routed(make_vca: MakeVca) -> None:
    connector = make_vca(Charmed).connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    assert await connector.exec_primitive(ee_id, "config", {"params": {"port": 80}}) == "CONFIG OK"
    assert await connector.exec_primitive(ee_id, "config", {"port": 80}) == "CONFIG OK"
    assert backend.calls[-2:] == ["configure ['port']"] * 2


@pytest.mark.defect("D15")
async def test_reports_from_another_thread_are_refused(make_vca: MakeVca) -> None:
    connector = make_vca(Charmed).connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    with pytest.raises(BackendError, match="call_soon_threadsafe"):
        await asyncio.to_thread(backend.host.report, EeId.parse(ee_id), MACHINE, "down")


@pytest.mark.defect("D33")
@pytest.mark.defect("D34")
async def test_the_ssh_key_is_text_and_a_failed_action_is_an_error(make_vca: MakeVca) -> None:
    class Keys(Plain):
        @hookimpl
        async def exec_primitive(self, op: Operation, primitive: str) -> dict[str, Any]:
            op.report(Entity("action", primitive), "completed" if self.key else "failed")
            if primitive == "generate-ssh-key":
                raise ExecutionError("there is one", primitive)
            return {"pubkey": self.key} if self.key is not None else {}

        key: str | None = "ssh-rsa AAAA me\n"

    seen = Seen()
    vca = make_vca(Keys, on_update_db=seen)
    await prepare(vca)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    assert await connector.get_ee_ssh_public__key(ee_id, OTHER) == "ssh-rsa AAAA me"
    Keys.key = None
    with pytest.raises(ExecutionError, match="no 'pubkey'"):
        await connector.get_ee_ssh_public_key(ee_id, OTHER)
    await vca.disconnect()
    words = [word for word in seen.words("admin.VCA.") if word != ("running", "running")]
    assert len(words) == 4, "an event and an outcome for each second action, none for the first ones"


async def test_refresh_reports_what_the_listing_says(make_vca: MakeVca) -> None:
    vca = make_vca(Charmed)
    await prepare(vca)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf", HOME)
    await connector.exec_primitive(ee_id, "p", {"reports": [("unit", "ghost/0", "error", "")]})
    assert (await at_home(vca))["status"] == "failed"
    assert await connector.refresh_status(ee_id) is DeploymentStatus.COMPLETED
    assert (await at_home(vca))["status"] == "completed"
