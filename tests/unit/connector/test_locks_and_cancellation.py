"""One operation at a time on an EE, many on many; a cancellation is honest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from support.backends import MACHINE, Gated, Plain
from support.making import MakeVca

from vca_core.backend import Backend, NoOptions, Operation
from vca_core.errors import BackendError, ConflictError, NotFound, NotSupported
from vca_core.hookspecs import hookimpl
from vca_core.naming import Namespace
from vca_core.stores import MemoryStore

DB = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}


async def wait_for_calls(count: int, backend: Gated) -> None:
    """Let the loop turn until so many primitives have been entered."""
    while backend.running < count:
        backend.entered.clear()
        await backend.entered.wait()


@pytest.mark.defect("D76")
async def test_operations_on_one_ee_wait_for_each_other(make_vca: MakeVca) -> None:
    connector = make_vca(Gated).connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    runs = [asyncio.create_task(connector.exec_primitive(ee_id, f"p{i}")) for i in range(5)]
    await wait_for_calls(1, backend)
    backend.gate.set()
    await asyncio.gather(*runs)
    assert backend.most_running == 1
    assert backend.calls[-5:] == [f"p{i}" for i in range(5)], "in the order they came"


@pytest.mark.defect("D71")
async def test_operations_on_different_ees_do_not_wait(make_vca: MakeVca) -> None:
    connector = make_vca(Gated).connector()
    backend: Any = connector._engine.session.backend
    ees = [(await connector.create_execution_environment(f".ns{i % 2}.vnf{i}"))[0] for i in range(6)]
    runs = [asyncio.create_task(connector.exec_primitive(ee, "p")) for ee in ees]
    await wait_for_calls(6, backend)
    backend.gate.set()
    await asyncio.gather(*runs)
    assert backend.most_running == 6


async def test_relations_in_both_directions_at_once_never_deadlock(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    a, _ = await connector.create_execution_environment(".ns.a")
    b, _ = await connector.create_execution_environment(".ns.b")
    there = [connector.add_relation(a, b, "x", "y") for _ in range(20)]
    back = [connector.add_relation(b, a, "y", "x") for _ in range(20)]
    async with asyncio.timeout(5):
        await asyncio.gather(*there, *back)


@pytest.mark.defect("D75")
async def test_a_cancelled_caller_is_cancelled_and_the_outcome_failed(make_vca: MakeVca) -> None:
    vca = make_vca(Gated)
    connector = vca.connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await vca.store.ensure("nsrs", {"_id": "ns"})
    run = asyncio.create_task(connector.exec_primitive(ee_id, "p", db_dict=DB))
    await wait_for_calls(1, backend)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert backend.running == 0, "the hook has ended before its caller"
    document = await vca.store.get("nsrs", {"_id": "ns"})
    assert document is not None
    assert (document["vca"]["status"], document["vca"]["detailed-status"]) == ("failed", "cancelled")


async def test_a_caller_cancelled_in_the_queue_leaves_the_queue(make_vca: MakeVca) -> None:
    connector = make_vca(Gated).connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    first = asyncio.create_task(connector.exec_primitive(ee_id, "first"))
    await wait_for_calls(1, backend)
    second = asyncio.create_task(connector.exec_primitive(ee_id, "second"))
    third = asyncio.create_task(connector.exec_primitive(ee_id, "third"))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    backend.gate.set()
    await asyncio.gather(first, third)
    assert "second" not in backend.calls
    assert not connector._engine.shared.locks.held_keys()


class Impatient(Plain):
    """Cancels a task of its own and lets that be seen."""

    @hookimpl
    async def exec_primitive(self, op: Operation) -> dict[str, Any]:
        inner = asyncio.create_task(asyncio.Event().wait())
        inner.cancel()
        await inner
        return {}


async def test_a_cancellation_that_nobody_asked_for_is_a_backend_error(make_vca: MakeVca) -> None:
    connector = make_vca(Impatient).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    with pytest.raises(BackendError, match="CancelledError without a cancellation"):
        await connector.exec_primitive(ee_id, "p")


class SlowToCome(Plain):
    """Its machines need a while after their id was stored."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.stored = asyncio.Event()

    @hookimpl
    async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
        key = self.host.names.model(namespace), self.host.names.application(namespace)
        self.ees[key] = namespace
        await op.created("0")
        self.stored.set()
        await asyncio.Event().wait()
        return "10.0.0.1"


@pytest.mark.defect("D77")
async def test_a_create_cancelled_after_its_id_was_stored_can_continue(make_vca: MakeVca) -> None:
    vca = make_vca(SlowToCome)
    connector = vca.connector()
    backend: Any = connector._engine.session.backend
    await vca.store.ensure("nsrs", {"_id": "ns"})
    run = asyncio.create_task(connector.create_execution_environment(".ns.vnf", DB))
    await backend.stored.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    document = await vca.store.get("nsrs", {"_id": "ns"})
    assert document is not None
    ee_id = document["vca"]["ee_id"]
    assert document["vca"]["status"] == "failed"
    assert (await connector.create_execution_environment(".ns.vnf", DB, ee_id))[0] == ee_id
    await connector.delete_execution_environment(ee_id)
    assert not backend.ees


@pytest.mark.defect("D45")
async def test_reuse_of_what_is_gone_is_not_found(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.delete_execution_environment(ee_id)
    with pytest.raises(NotFound) as caught:
        await connector.create_execution_environment(".ns.vnf", reuse_ee_id=ee_id)
    assert caught.value.ee_id == ee_id


class CreatesOnly(Backend[NoOptions]):
    api_version = 1

    @hookimpl
    async def create_execution_environment(self, op: Operation) -> None:
        await op.created("0")


async def test_a_backend_that_cannot_resume_refuses_to_reuse(make_vca: MakeVca) -> None:
    vca = make_vca(CreatesOnly)
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf")
    with pytest.raises(NotSupported, match="does not implement resume_execution_environment"):
        await vca.connector().create_execution_environment(".ns.vnf", reuse_ee_id=ee_id)


class WaitsForTheStore(Plain):
    @hookimpl
    async def exec_primitive(self, op: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
        op.report(MACHINE, "started", "again")
        return {}


async def test_disconnect_stops_what_runs_with_a_retryable_conflict(make_vca: MakeVca) -> None:
    connector = make_vca(Gated).connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    run = asyncio.create_task(connector.exec_primitive(ee_id, "p"))
    await wait_for_calls(1, backend)
    report = await connector.disconnect()
    with pytest.raises(ConflictError) as caught:
        await run
    assert caught.value.retryable
    assert report.is_clean
    assert backend.calls[-1] == "close"


@pytest.mark.defect("D66")
@pytest.mark.defect("D67")
@pytest.mark.defect("D68")
async def test_after_a_disconnect_the_next_operation_connects_again(make_vca: MakeVca) -> None:
    connector = make_vca(Plain).connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.disconnect()
    assert await connector.exec_primitive(ee_id, "p", {"a": 1}) == {"a": 1}
    await connector.delete_namespace(".ns")
    again, _ = await connector.create_execution_environment(".ns.vnf")
    assert again == ee_id
    assert backend.calls.count("open") == 2


class FailsToOpenOnce(Plain):
    @hookimpl
    async def open(self) -> None:
        self.calls.append("open")
        if self.calls.count("open") == 1:
            raise OSError("no route")


@pytest.mark.defect("D70")
async def test_a_failure_to_open_is_not_kept(make_vca: MakeVca) -> None:
    connector = make_vca(FailsToOpenOnce).connector()
    with pytest.raises(BackendError, match="no route"):
        await connector.create_execution_environment(".ns.vnf")
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    assert ee_id == "ns.app-vnf-vnf.0"


async def test_a_disconnected_vca_leaves_no_task(make_vca: MakeVca) -> None:
    before = asyncio.all_tasks()
    vca = make_vca(Plain)
    async with vca:
        connector = vca.connector()
        ees = await asyncio.gather(*(connector.create_execution_environment(f".ns.vnf{i}") for i in range(10)))
        await asyncio.gather(*(connector.exec_primitive(ee, "p") for ee, _ in ees))
    assert asyncio.all_tasks() == before


def test_constructing_needs_no_loop_and_loops_may_change_later(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from support import current

    from vca_core.vca import Vca

    current.write_distribution(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (name,) = current.put([Plain])
    vca = Vca.from_config({"connectors": {"only": {"backend": name}}}, environ={})

    async def life() -> str:
        async with vca:
            return (await vca.connector().create_execution_environment(".ns.vnf", None, None))[0]

    async def end(ee_id: str) -> None:
        async with vca:
            await vca.connector().delete_execution_environment(ee_id)

    asyncio.run(end(asyncio.run(life())))


class StubbornStore(MemoryStore):
    """Does not close, in a way of its own."""

    def __init__(self, failure: Exception | None) -> None:
        super().__init__()
        self.failure = failure

    async def close(self) -> None:
        if self.failure is not None:
            raise self.failure
        await asyncio.Event().wait()


async def test_a_store_that_does_not_close_delays_only_to_the_limit(make_vca: MakeVca) -> None:
    vca = make_vca(Plain, store=StubbornStore(None), timeouts={"store_grace": 0.05})
    await vca.connector().create_execution_environment(".ns.vnf")
    assert (await vca.disconnect()).alive == ["the status store"]


async def test_a_store_that_fails_to_close_does_not_fail_a_disconnect(
    make_vca: MakeVca, caplog: pytest.LogCaptureFixture
) -> None:
    vca = make_vca(Plain, store=StubbornStore(OSError("no")))
    await vca.connector().create_execution_environment(".ns.vnf")
    assert (await vca.disconnect()).is_clean
    assert "failed to close: OSError" in caplog.text


@pytest.mark.defect("D68")
async def test_a_cancelled_disconnect_is_carried_through(make_vca: MakeVca) -> None:
    vca = make_vca(Gated)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    backend: Any = connector._engine.session.backend
    running = asyncio.create_task(connector.exec_primitive(ee_id, "p"))
    await backend.entered.wait()
    disconnecting = asyncio.create_task(vca.disconnect())
    await asyncio.sleep(0)
    disconnecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await disconnecting
    with pytest.raises(ConflictError):
        await running
    assert backend.calls[-1] == "close"
    assert asyncio.all_tasks() == {asyncio.current_task()}
