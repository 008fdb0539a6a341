"""A system that several `Vca` share, as processes do: each of them is told what changes, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from support.backends import MACHINE, Plain

from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.errors import BackendError, BadArguments, NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState
from vca_core.vca import Vca

HOME = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}
OTHER = {"collection": "nsrs", "filter": {"_id": "op"}, "path": "vca"}
UNIT, NEXT = Entity("unit", "app/0"), Entity("unit", "app/1")


class System:
    """What there is, whichever process looks. It tells all that are connected of what changes, and of nothing else."""

    def __init__(self) -> None:
        self.states: dict[EeId, dict[Entity, str]] = {}
        self.connected: list[Plain] = []
        self.waits = asyncio.Event()
        self.goes_on = asyncio.Event()

    def put(self, ee_id: EeId, entity: Entity, native: str | None) -> None:
        if native is None:
            self.states[ee_id].pop(entity)
        else:
            self.states[ee_id][entity] = native
        for backend in self.connected:
            backend.host.report(ee_id, entity, native)


def on(system: System) -> type[Plain]:
    """A backend on a system. The parameters of its primitives say what becomes of units: ``{"app/0": "active"}``.

    The primitives ``wait`` and ``wait_and_fail`` set `System.waits` and go on at `System.goes_on`. Those that end with
    ``fail`` fail, and ``refuse`` refuses.
    """

    class Connected(Plain):
        @hookimpl
        async def open(self) -> None:
            system.connected.append(self)

        @hookimpl
        async def close(self) -> None:
            system.connected.remove(self)

        @hookimpl
        async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
            ee_id = EeId(self.host.names.model(namespace), self.host.names.application(namespace), "0")
            system.states.setdefault(ee_id, {})
            await op.created("0")
            system.put(ee_id, MACHINE, "started")
            return "10.0.0.1"

        @hookimpl
        async def resume_execution_environment(self, op: Operation, ee_id: EeId) -> str:
            if ee_id not in system.states:
                raise NotFound(f"{ee_id} is gone")
            await op.created(ee_id.locator)
            system.put(ee_id, MACHINE, "started")
            return "10.0.0.1"

        @hookimpl
        async def exec_primitive(
            self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
        ) -> dict[str, Any]:
            for name, native in params.items():
                system.put(ee_id, Entity("unit", name), native)
            if primitive.startswith("wait"):
                system.waits.set()
                await system.goes_on.wait()
            if primitive == "refuse":
                raise BadArguments("params: refused on purpose", ["params"])
            if primitive.endswith("fail"):
                raise BackendError("failed on purpose")
            return {}

        @hookimpl
        async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
            system.put(ee_id, Entity("unit", f"app/{num_units - 1}"), "active")

        @hookimpl
        async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
            for entity in list(system.states.get(ee_id, ())):
                system.put(ee_id, entity, None)
            await self.get_status(Namespace.parse(".ns"))  # time for others to write
            system.states.pop(ee_id, None)

        @hookimpl
        async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
            raise BackendError("failed on purpose")

        @hookimpl
        async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
            return [
                ExecutionEnvironment(ee_id, None, None, [EntityState(*state) for state in states.items()])
                for ee_id, states in system.states.items()
            ]

    return Connected


async def prepare(vca: Vca) -> str:
    """An EE with a unit that is active and one that has failed."""
    for name in ("ns", "op"):
        await vca.store.ensure("nsrs", {"_id": name})
    ee_id, _ = await vca.connector().create_execution_environment(".ns.vnf", HOME)
    await vca.connector().exec_primitive(ee_id, "p", {UNIT.id: "active", NEXT.id: "error"})
    return ee_id


async def at_home(*all_of: Vca) -> dict[str, Any]:
    for vca in all_of:
        await vca.flush(1.0)
    document = await all_of[0].store.get("nsrs", {"_id": "ns"})
    assert document is not None
    home: dict[str, Any] = document["vca"]
    return home
