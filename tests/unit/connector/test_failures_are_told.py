"""What fails is told with its cause and its output, and a failure of one part is not a failure of another."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from typing import Any

import pytest
from support.backends import MACHINE, Plain
from support.making import MakeVca

from vca_core._tracking.place import COLLECTION
from vca_core.backend import Operation
from vca_core.errors import BackendError, Cause, ExecutionError, StoreError, VcaConnectionError
from vca_core.hookspecs import hookimpl
from vca_core.stores import MemoryStore

HOME = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}


class Failing(Plain):
    """Its primitives fail in the way that they are named after."""

    @hookimpl
    async def exec_primitive(self, primitive: str) -> dict[str, Any]:
        try:
            raise LookupError("the client said so")
        except LookupError as error:
            if primitive == "foreign":
                raise
            if primitive == "own":
                raise VcaConnectionError("it cannot be reached") from error
            if primitive == "generate-ssh-key":
                raise ExecutionError("there is one", primitive) from None
            raise ExecutionError("no key", primitive, {"stderr": "disk full"}) from error


@pytest.mark.defect("D83")
async def test_an_error_keeps_its_class_and_its_cause_with_frames(make_vca: MakeVca) -> None:
    connector = make_vca(Failing).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    for primitive, kind in (("foreign", BackendError), ("own", VcaConnectionError)):
        with pytest.raises(kind) as caught:
            await connector.exec_primitive(ee_id, primitive)
        cause = caught.value.__cause__
        assert isinstance(cause, Cause)
        assert (cause.kind, cause.text) == ("LookupError", "the client said so")
        assert any("in Failing.exec_primitive" in frame for frame in cause.frames)
        assert "the client said so" in "".join(traceback.format_exception(caught.value))


@pytest.mark.defect("D34")
async def test_a_failed_ssh_key_action_is_an_error_with_its_output(make_vca: MakeVca) -> None:
    connector = make_vca(Failing).connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    with pytest.raises(ExecutionError, match="no key") as caught:
        await connector.get_ee_ssh_public_key(ee_id)
    assert (caught.value.primitive, caught.value.output) == ("get-ssh-public-key", {"stderr": "disk full"})


class LateStore(MemoryStore):
    """Writes what it is given, and says that it could not, while `late` is set."""

    late = False

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        matched = await super().set(table, filter, update)
        if self.late:
            raise StoreError("the answer was lost")
        return matched


@pytest.mark.defect("D77")
async def test_an_ee_id_stored_although_the_store_failed_is_withdrawn(make_vca: MakeVca) -> None:
    store = LateStore()
    await store.ensure("nsrs", {"_id": "ns"})
    vca = make_vca(Plain, store=store, timeouts={"store_grace": 0.1})
    connector = vca.connector()
    store.late = True
    with pytest.raises(StoreError):
        await connector.create_execution_environment(".ns.vnf", HOME)
    backend: Any = connector._engine.session.backend
    assert backend.ees == {}, "the backend undid what it had made"
    store.late = False
    assert (await vca.disconnect()).is_clean
    document = await store.get("nsrs", {"_id": "ns"})
    assert document is not None
    assert document["vca"].get("ee_id") is None
    assert await store.find(COLLECTION) == [], "what it claimed is withdrawn, too"


class Talking(Plain):
    """Reports many states."""

    @hookimpl
    async def exec_primitive(self, op: Operation) -> dict[str, Any]:
        for number in range(5):
            op.report(MACHINE, "pending", f"{number}")
        return {}


@pytest.mark.defect("D16")
@pytest.mark.parametrize("kind", ["plain", "coroutine", "cancelled"])
async def test_a_callback_that_always_fails_harms_nothing(make_vca: MakeVca, kind: str) -> None:
    details: list[str] = []

    def plain(table: str, filter: Any, path: str, update: dict[str, Any]) -> None:
        details.append(path + update[f"{path}detailed-status"])
        raise KeyError("the callback's own")

    async def coroutine(table: str, filter: Any, path: str, update: dict[str, Any]) -> None:
        details.append(path + update[f"{path}detailed-status"])
        if kind == "cancelled":
            raise asyncio.CancelledError
        raise KeyError("the callback's own")

    vca = make_vca(Talking, on_update_db=plain if kind == "plain" else coroutine)
    await vca.store.ensure("ops", {"_id": "op"})
    connector = vca.connector()
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    db_dict = {"collection": "ops", "filter": {"_id": "op"}, "path": "vca"}
    details.clear()
    await connector.exec_primitive(ee_id, "p", db_dict=db_dict)
    assert (await vca.disconnect()).is_clean
    at_op = [word.removeprefix("vca.") for word in details if word.startswith("vca.")]
    assert at_op == ["exec_primitive", "0", "1", "2", "3", "4", "4"]
