"""Small backends to build tests on: well-behaved in all that a test does not say otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from vca_core.backend import Backend, ExecutionEnvironment, NoOptions, Operation, RelationEnd
from vca_core.errors import AlreadyExists, NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState

MACHINE = Entity("machine", "0")


class Plain(Backend[NoOptions]):
    """Creates, runs and deletes at once; keeps its EEs in a dict and counts what is asked of it."""

    api_version = 1

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.ees: dict[tuple[str, str], Namespace] = {}
        self.calls: list[str] = []

    @hookimpl
    async def open(self) -> None:
        self.calls.append("open")

    @hookimpl
    async def close(self) -> None:
        self.calls.append("close")

    @hookimpl
    async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
        self.calls.append("create")
        key = self.host.names.model(namespace), self.host.names.application(namespace)
        if key in self.ees:
            raise AlreadyExists("it is there", ee_id=f"{key[0]}.{key[1]}.0")
        self.ees[key] = namespace
        try:
            await op.created("0")
        except BaseException:
            del self.ees[key]
            raise
        op.report(MACHINE, "pending")
        op.report(MACHINE, "started")
        return "10.0.0.1"

    @hookimpl
    async def resume_execution_environment(self, op: Operation, ee_id: EeId) -> str:
        self.calls.append("resume")
        if (ee_id.model, ee_id.application) not in self.ees:
            raise NotFound(f"{ee_id} is gone")
        await op.created(ee_id.locator)
        op.report(MACHINE, "pending")
        op.report(MACHINE, "started")
        return "10.0.0.1"

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(primitive)
        return dict(params)

    @hookimpl
    async def add_relation(self, end_1: RelationEnd, end_2: RelationEnd) -> None:
        self.calls.append("relate")

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        self.calls.append("delete")
        self.ees.pop((ee_id.model, ee_id.application), None)

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        self.calls.append("delete_namespace")
        model = self.host.names.model(namespace)
        self.ees = {key: value for key, value in self.ees.items() if key[0] != model}

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        return [
            ExecutionEnvironment(EeId(*key, "0"), kept, "10.0.0.1", [EntityState(MACHINE, "started")])
            for key, kept in self.ees.items()
        ]

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        return {"model": self.host.names.model(namespace)}


class Gated(Plain):
    """Its primitives wait until the test opens the gate."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.gate = asyncio.Event()
        self.entered = asyncio.Event()
        self.running = 0
        self.most_running = 0

    @hookimpl
    async def exec_primitive(self, op: Operation, primitive: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(primitive)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.entered.set()
        try:
            await self.gate.wait()
        finally:
            self.running -= 1
        return dict(params)
