"""A small system with faults, and a backend on it that keeps every promise: what the mutants are made of."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, InstanceOf, SecretStr

from vca_core.backend import Backend, Description, ExecutionEnvironment, Host, Operation, Options
from vca_core.errors import AlreadyExists, BadArguments, ExecutionError, NotFound, VcaConnectionError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState

MACHINE = Entity("machine", "m")


@dataclass
class Box:
    """An EE in the world."""

    namespace: Namespace
    native: str = "pending"


@dataclass
class World:
    """The system behind the backend; implements `vca_core.testing.Faults`, too."""

    boxes: dict[EeId, Box] = field(default_factory=dict)
    failures: dict[EeId, int] = field(default_factory=dict)
    broken: bool = False
    was_broken: bool = False
    streams: bool = False
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.answers.set()

    async def request(self) -> None:
        """Ask something of the system; it may take its time, or say nothing."""
        if self.broken:
            raise VcaConnectionError("the world cannot be reached")
        await asyncio.sleep(0)
        await self.answers.wait()
        await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def silence(self) -> AsyncIterator[None]:
        self.answers.clear()
        try:
            yield
        finally:
            self.answers.set()

    @contextlib.asynccontextmanager
    async def stream(self) -> AsyncIterator[None]:
        self.streams = True
        try:
            yield
        finally:
            self.streams = False

    @contextlib.asynccontextmanager
    async def disconnect(self) -> AsyncIterator[None]:
        self.broken = self.was_broken = True
        try:
            yield
        finally:
            self.broken = False


class GoodOptions(Options):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    world: InstanceOf[World]
    token: SecretStr = SecretStr("canary-token-77d2")


class Good(Backend[GoodOptions]):
    """Passes all that it can do; each mutant changes one thing."""

    api_version = 1
    Options: ClassVar[type[BaseModel]] = GoodOptions

    def __init__(self, host: Host[GoodOptions]) -> None:
        super().__init__(host)
        self.world = host.options.world

    @hookimpl
    async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str | None:
        await self.world.request()
        ee_id = self.make(namespace, None)
        try:
            await op.created(ee_id.locator)
        except BaseException:
            del self.world.boxes[ee_id]
            raise
        await self.come_up(op, ee_id)
        return f"{ee_id.application}.{ee_id.model}.example"

    @hookimpl
    async def resume_execution_environment(self, op: Operation, ee_id: EeId, namespace: Namespace) -> str | None:
        await self.world.request()
        self.make(namespace, ee_id)
        await op.created(ee_id.locator)
        await self.come_up(op, ee_id)
        return f"{ee_id.application}.{ee_id.model}.example"

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        await self.world.request()
        self.find(ee_id)
        await op.held()
        action = Entity("action", op.id)
        for native in ("pending", "running"):
            op.report(action, native)
            await self.go_on(op, action)
        return self.finish(op, action, primitive)

    def finish(self, op: Operation, action: Entity, primitive: str) -> Mapping[str, Any]:
        if primitive == "fail":
            op.report(action, "failed")
            raise ExecutionError("it failed", primitive, {"tried": "yes"})
        op.report(action, "completed")
        return {"done": primitive}

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        await self.world.request()
        await op.held()
        self.remove(ee_id)

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        await self.world.request()
        model = self.host.names.model(namespace)
        of_it = [ee_id for ee_id in self.world.boxes if ee_id.model == model]
        for ee_id in of_it:
            self.check_ns(ee_id, namespace)
        await op.held()
        for ee_id in of_it:
            self.remove(ee_id)

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        await self.world.request()
        return [
            self.record(ee_id, box)
            for ee_id, box in self.world.boxes.items()
            if namespace is None or namespace.contains(box.namespace)
        ]

    def record(self, ee_id: EeId, box: Box) -> ExecutionEnvironment:
        return ExecutionEnvironment(
            ee_id, box.namespace, f"{ee_id.application}.{ee_id.model}.example", [EntityState(MACHINE, box.native)]
        )

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        await self.world.request()
        self.find(ee_id)
        return Description(ee_id)

    @hookimpl
    async def get_status(self, namespace: Namespace) -> Mapping[str, Any]:
        await self.world.request()
        model = self.host.names.model(namespace)
        found = {ee_id.application: box.native for ee_id, box in self.world.boxes.items() if ee_id.model == model}
        if not found:
            raise NotFound(f"there is nothing of {namespace}")
        return found

    @hookimpl
    async def health(self) -> Mapping[str, Any]:
        await self.world.request()
        return {"boxes": len(self.world.boxes)}

    # What the hooks share.

    def make(self, namespace: Namespace, reuse: EeId | None) -> EeId:
        names, canonical = self.host.names, namespace.canonical
        ee_id = EeId(names.model(namespace), names.application(namespace), "m")
        for other in self.world.boxes:
            if other.model == ee_id.model:
                self.check_ns(other, namespace)
        box = self.world.boxes.get(ee_id)
        if box is not None and box.namespace != canonical:
            raise BadArguments(f"{canonical} would share {ee_id} with {box.namespace}", ["namespace"])
        if box is not None and reuse is None:
            raise AlreadyExists(f"{ee_id} is there already", ee_id=str(ee_id))
        if reuse is not None and (box is None or reuse != ee_id):
            raise NotFound(f"{reuse} is gone")
        if box is None:
            self.world.boxes[ee_id] = Box(canonical)
        return ee_id

    def check_ns(self, ee_id: EeId, namespace: Namespace) -> None:
        there = self.world.boxes[ee_id].namespace
        if there.ns_id != namespace.ns_id:
            raise BadArguments(
                f"namespace: {namespace} would share the model {ee_id.model} with {there}", ["namespace"]
            )

    async def come_up(self, op: Operation, ee_id: EeId) -> None:
        box = self.find(ee_id)
        op.report(MACHINE, box.native)
        await self.go_on(op, MACHINE, box.native)
        self.find(ee_id).native = "started"
        op.report(MACHINE, "started")

    async def go_on(self, op: Operation, entity: Entity, native: str = "running") -> None:
        for _ in range(3):
            await self.world.request()
        number = 0
        while self.world.streams:
            number += 1
            op.report(entity, native, f"at {number}")
            await asyncio.sleep(0.005)
            await self.world.request()

    def find(self, ee_id: EeId) -> Box:
        box = self.world.boxes.get(ee_id)
        if box is None:
            raise NotFound(f"there is no {ee_id}", ee_id=str(ee_id))
        return box

    def remove(self, ee_id: EeId) -> None:
        if self.world.boxes.pop(ee_id, None) is not None:
            self.host.report(ee_id, MACHINE, None)


class Mutant(Good):
    """A backend with a defect."""

    FAILS: ClassVar[frozenset[str]] = frozenset()
