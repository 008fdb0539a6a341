"""Deadlines hold whatever a backend does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from support.backends import MACHINE, Gated, Plain
from support.making import MakeVca

from vca_core.backend import Operation
from vca_core.errors import BackendError, BadArguments, VcaError, VcaTimeoutError
from vca_core.hookspecs import hookimpl
from vca_core.naming import Namespace

NS = ".ns.vnf.vdu-0"
DB = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}


class SwallowsCancellation(Plain):
    """Goes on after its cancellation until the test lets it end."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.end = asyncio.Event()

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str) -> dict[str, Any]:
        while not self.end.is_set():
            try:
                await self.end.wait()
            except asyncio.CancelledError:
                self.calls.append("swallowed")
        return {"late": "result"}


class RepeatsItself(Plain):
    """Reports the same event for ever."""

    @hookimpl
    async def exec_primitive(self, op: Operation) -> dict[str, Any]:
        while True:
            op.report(MACHINE, "pending", "still")
            await asyncio.sleep(0)


class ReportsForEver(Plain):
    """Reports a new event for ever."""

    @hookimpl
    async def exec_primitive(self, op: Operation) -> dict[str, Any]:
        turn = 0
        while True:
            turn += 1
            op.report(MACHINE, "pending", str(turn))
            await asyncio.sleep(0)


class NeverReturns(Plain):
    @hookimpl
    async def exec_primitive(self, op: Operation) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}


class NeverOpens(Plain):
    @hookimpl
    async def open(self) -> None:
        await asyncio.Event().wait()


class Odd(BaseException):
    """Not even an Exception."""


class RaisesAnything(Plain):
    raised: BaseException

    @hookimpl
    async def exec_primitive(self, op: Operation) -> dict[str, Any]:
        raise self.raised


class ReportsAfterItsEnd(Plain):
    @hookimpl
    async def exec_primitive(self, op: Operation) -> dict[str, Any]:
        self.op = op
        return {}


@pytest.mark.defect("D7")
async def test_total_limit_holds_while_changes_keep_coming(make_vca: MakeVca) -> None:
    connector = make_vca(ReportsForEver).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    with pytest.raises(VcaTimeoutError) as caught:
        await connector.exec_primitive(ee_id, "touch", total_timeout=0.1)
    assert (caught.value.kind, caught.value.limit) == ("total", 0.1)
    assert caught.value.ee_id == ee_id
    assert caught.value.operation == "exec_primitive"


@pytest.mark.defect("U3")
async def test_silence_ends_in_a_progress_timeout(make_vca: MakeVca) -> None:
    connector = make_vca(NeverReturns).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    with pytest.raises(VcaTimeoutError) as caught:
        await connector.exec_primitive(ee_id, "touch", progress_timeout=0.1)
    assert (caught.value.kind, caught.value.limit) == ("progress", 0.1)


@pytest.mark.defect("D6")
async def test_progress_timeout_says_what_was_seen_last(make_vca: MakeVca) -> None:
    connector = make_vca(RepeatsItself).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    with pytest.raises(VcaTimeoutError, match=r"nothing changed for 0\.1 s .*last seen: machine 0 pending") as caught:
        await connector.exec_primitive(ee_id, "touch", progress_timeout=0.1)
    assert caught.value.kind == "progress"


@pytest.mark.defect("D8")
async def test_the_error_names_the_limit_that_was_hit(make_vca: MakeVca) -> None:
    connector = make_vca(NeverReturns).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    with pytest.raises(VcaTimeoutError) as caught:
        await connector.exec_primitive(ee_id, "touch", progress_timeout=5, total_timeout=0.1)
    assert (caught.value.kind, caught.value.limit) == ("total", 0.1)


@pytest.mark.defect("U1")
async def test_a_hook_that_swallows_its_cancellation_still_times_out(
    make_vca: MakeVca,
) -> None:
    vca = make_vca(SwallowsCancellation)
    connector = vca.connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(NS)
    await vca.store.ensure("nsrs", {"_id": "ns"})
    with pytest.raises(VcaTimeoutError):
        await connector.exec_primitive(ee_id, "touch", db_dict=DB, total_timeout=0.1)
    assert "swallowed" in backend.calls
    document = await vca.store.get("nsrs", {"_id": "ns"})
    assert document is not None
    assert document["vca"]["status"] == "failed"
    # The straggler keeps the lock of its EE ...
    with pytest.raises(VcaTimeoutError, match="another operation on the same execution environment"):
        await connector.exec_primitive(ee_id, "touch", total_timeout=0.1)
    # ... until it ends.
    backend.end.set()
    assert await connector.exec_primitive(ee_id, "touch") == {"late": "result"}


async def test_opening_counts_against_the_total(make_vca: MakeVca) -> None:
    connector = make_vca(NeverOpens).connector()
    with pytest.raises(VcaTimeoutError) as caught:
        await connector.create_execution_environment(NS, total_timeout=0.1)
    assert caught.value.kind == "total"


@pytest.mark.defect("D83")
@pytest.mark.parametrize(
    "raised", [ValueError("oops"), Odd("odd"), SystemExit(3), KeyError("k"), asyncio.CancelledError(), TimeoutError()]
)
async def test_whatever_a_backend_raises_is_a_backend_error_with_cause(
    make_vca: MakeVca, raised: BaseException
) -> None:
    RaisesAnything.raised = raised
    connector = make_vca(RaisesAnything).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    with pytest.raises(BackendError) as caught:
        await connector.exec_primitive(ee_id, "touch")
    assert caught.value.ee_id == ee_id
    if not isinstance(raised, asyncio.CancelledError):
        assert type(raised).__name__ in str(caught.value.__cause__)


async def test_reports_after_the_end_change_no_outcome(make_vca: MakeVca) -> None:
    vca = make_vca(ReportsAfterItsEnd)
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    await vca.store.ensure("nsrs", {"_id": "ns"})
    await connector.exec_primitive(ee_id, "touch", db_dict=DB)
    backend: Any = connector._engine.session.backend
    backend.op.report(MACHINE, "error", "too late")
    await vca.flush(1.0)
    document = await vca.store.get("nsrs", {"_id": "ns"})
    assert document is not None
    assert document["vca"]["status"] == "completed"


@pytest.mark.defect("D9")
async def test_defaults_are_finite_and_come_from_the_config(make_vca: MakeVca) -> None:
    connector = make_vca(NeverReturns, timeouts={"total": 0.1}).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    with pytest.raises(VcaTimeoutError) as caught:
        await connector.exec_primitive(ee_id, "touch")
    assert caught.value.limit == 0.1


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), True, "10", [1]])
@pytest.mark.parametrize("argument", ["progress_timeout", "total_timeout"])
async def test_a_timeout_that_is_no_finite_number_is_refused(make_vca: MakeVca, argument: str, wrong: Any) -> None:
    connector = make_vca(Plain).connector()
    with pytest.raises(BadArguments, match=argument) as caught:
        await connector.create_execution_environment(NS, **{argument: wrong})
    assert caught.value.bad_args == [argument]


async def test_a_total_that_has_passed_already_is_a_timeout(make_vca: MakeVca) -> None:
    connector = make_vca(Gated).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    with pytest.raises(VcaTimeoutError):
        await connector.exec_primitive(ee_id, "touch", total_timeout=0)


@pytest.mark.defect("D26")
async def test_the_queue_for_an_ee_counts_against_the_total(make_vca: MakeVca) -> None:
    connector = make_vca(Gated).connector()
    backend: Any = connector._engine.session.backend
    ee_id, _ = await connector.create_execution_environment(NS)
    first = asyncio.create_task(connector.exec_primitive(ee_id, "first"))
    await backend.entered.wait()
    with pytest.raises(VcaTimeoutError, match="another operation"):
        await connector.exec_primitive(ee_id, "second", total_timeout=0.05)
    backend.gate.set()
    await first
    assert "second" not in backend.calls


class FailsWhenCleaningUp(Plain):
    @hookimpl
    async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("the undo failed too")


async def test_an_error_of_the_clean_up_does_not_hide_the_timeout(make_vca: MakeVca) -> None:
    connector = make_vca(FailsWhenCleaningUp).connector()
    with pytest.raises(VcaTimeoutError):
        await connector.create_execution_environment(NS, total_timeout=0.05)


class RemainingIsTold(Plain):
    @hookimpl
    async def exec_primitive(self, op: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"remaining": op.remaining(), "id": op.id, "operation": op.operation, "ee_id": str(op.ee_id)}


async def test_a_hook_knows_how_much_time_remains(make_vca: MakeVca) -> None:
    connector = make_vca(RemainingIsTold).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    output = await connector.exec_primitive(ee_id, "touch", total_timeout=7)
    assert isinstance(output, dict)
    assert 0 < output["remaining"] <= 7
    assert output["operation"] == "exec_primitive"
    assert output["ee_id"] == ee_id


class TellsItsRun(Plain):
    @hookimpl
    async def exec_primitive(self, op: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
        await op.held()
        return {"id": op.id, "token": op.token}


async def test_a_run_has_an_id_that_no_other_process_gives(make_vca: MakeVca) -> None:
    ids = []
    for connector in (make_vca(TellsItsRun).connector(), make_vca(TellsItsRun).connector()):
        ee_id, _ = await connector.create_execution_environment(NS)
        output = await connector.exec_primitive(ee_id, "touch")
        assert isinstance(output, dict)
        ids.append(output["id"])
    assert len(set(ids)) == 2
    assert all(one.startswith("exec_primitive-") and one.endswith("-2") for one in ids)


async def test_without_leases_an_ee_is_held_and_has_no_token(make_vca: MakeVca) -> None:
    connector = make_vca(TellsItsRun).connector()
    ee_id, _ = await connector.create_execution_environment(NS)
    output = await connector.exec_primitive(ee_id, "touch")
    assert isinstance(output, dict)
    assert output["token"] is None


def test_the_timeout_is_an_asyncio_timeout_too() -> None:
    assert issubclass(VcaTimeoutError, asyncio.TimeoutError)
    assert issubclass(VcaTimeoutError, VcaError)
