"""What the conformance kit does to a simulated controller."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from vca_core.naming import EeId
from vca_jujusim import SimulatedController


class JujuFaults:
    """A `Faults` of the conformance kit.

    Args:
        controller: the controller.
    """

    def __init__(self, controller: SimulatedController) -> None:
        self._controller = controller

    @contextlib.asynccontextmanager
    async def silence(self) -> AsyncIterator[None]:
        """Connections stay open and say nothing; new ones neither; nothing lives."""
        self._freeze()
        self._controller.stall()
        await self._controller.set_endpoint(0, "half-open")
        try:
            yield
        finally:
            await self._controller.set_endpoint(0, "open")
            self._controller.resume()
            self._controller.thaw()

    @contextlib.asynccontextmanager
    async def stream(self) -> AsyncIterator[None]:
        """Nothing gets ahead, and the messages of all machines and units change."""
        self._freeze()
        telling = asyncio.get_running_loop().create_task(self._tell(), name="a stream of deltas")
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.wait((telling,))
            self._controller.thaw()

    @contextlib.asynccontextmanager
    async def fail_hooks(self) -> AsyncIterator[None]:
        """The controller runs no hooks: they fail because it says so."""
        self._controller.faults.hook_error(times=None, retry=False)
        yield

    @contextlib.asynccontextmanager
    async def fail_later_hooks(self) -> AsyncIterator[None]:
        """As `fail_hooks`, but for unit 0."""
        self._controller.faults.hook_error("*/[!0]*", times=None, retry=False)
        yield

    @contextlib.asynccontextmanager
    async def cut(self) -> AsyncIterator[None]:
        """All connections are cut, and the port stays open."""
        self._controller.cut()
        yield

    @contextlib.asynccontextmanager
    async def lose(self, ee_id: str) -> AsyncIterator[None]:
        """The connections to a model are cut, and no other one comes about."""
        model = EeId.parse(ee_id).model
        rule = self._controller.faults.drop("*", "before", times=None, model=model)
        self._controller.cut(model)
        try:
            yield
        finally:
            self._controller.faults.wire.rules.remove(rule)

    @contextlib.asynccontextmanager
    async def disconnect(self) -> AsyncIterator[None]:
        """All connections are cut, and the port is closed."""
        await self._controller.go_down()
        try:
            yield
        finally:
            await self._controller.come_back()

    def _freeze(self) -> None:
        for entity in ("machine", "unit", "application", "action", "model"):
            self._controller.faults.freeze(entity)

    async def _tell(self) -> None:
        number = 0
        while True:
            number += 1
            for model in list(self._controller.world.models.values()):
                for machine in list(model.machines.values()):
                    machine.instance.message = f"booting, step {number}"
                    machine.agent.message = f"booting, step {number}"
                    model.note_change("machine", machine.id)
                for unit in list(model.units.values()):
                    unit.workload.message = f"working, step {number}"
                    model.note_change("unit", unit.name)
            await asyncio.sleep(0.02)
