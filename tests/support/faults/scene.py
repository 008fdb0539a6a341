"""What a fault is done to: a controller on which an operation is about to run."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from support.faults.operations import Subject
from support.juju import client_of

from vca_core.errors import VcaConnectionError
from vca_core.testing.kit import Kit
from vca_core.testing.scenarios import Setting
from vca_jujusim.controller import SimulatedController
from vca_jujusim.world.model import Model

NS = "ns1"
Act = Callable[[], Any]


class Watched(Counter[str]):
    """Counts requests, and lets things happen when one of them comes: before it is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.due: list[tuple[str, int, Act]] = []

    def __setitem__(self, request: str, number: int) -> None:
        is_one_more = number == self[request] + 1
        super().__setitem__(request, number)
        if is_one_more:
            for name, left, act in [one for one in self.due if one[0] == request]:
                self.due.remove((name, left, act))
                if left > 1:
                    self.due.append((name, left - 1, act))
                else:
                    act()


@dataclass
class Scene:
    """A controller on which an operation is about to run.

    Args:
        controller: the controller.
        subject: the operation.
        kit: calls it.
        at: its setting.
        request: the request that the fault is about: the operation's main one, unless each one has its turn.
        nth: which one of that name, from 1.
        model_name: the name of the model that the operation is about.
    """

    controller: SimulatedController
    subject: Subject
    kit: Kit
    at: Setting
    request: str
    nth: int = 1
    password: str = ""
    model_name: str = NS
    begun: list[asyncio.Task[Any]] = field(default_factory=list)
    waiting: int = 0
    met: list[str] = field(default_factory=list)
    rules: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.password = self.controller.password
        self.controller.counts.requests = Watched()
        self.controller.counts.opened = 0

    @property
    def model(self) -> Model:
        """That model."""
        return self.controller.model(self.model_name)

    @property
    def application(self) -> str:
        """The name of the application that the operation is about."""
        return self.at.ee_id.split(".")[1]

    @property
    def hit(self) -> bool:
        """Whether what was to go wrong at a request did so."""
        return all(rule.hits for rule in self.rules) and self.waiting == len(self.met)

    def meanwhile(self, act: Act, request: str = "", nth: int = 0) -> None:
        """Do something when the scene's request comes, before it is answered; something async goes on beside it."""
        requests = self.controller.counts.requests
        assert isinstance(requests, Watched)

        def do() -> None:
            self.met.append(request or self.request)
            found = act()
            if asyncio.iscoroutine(found):
                self.begun.append(asyncio.get_running_loop().create_task(found, name="vca_jujusim fault"))

        self.waiting += 1
        requests.due.append((request or self.request, nth or self.nth, do))

    async def calm(self) -> None:
        """Nothing is wrong any more: what was held up goes on."""
        controller = self.controller
        if self.begun:
            await asyncio.gather(*self.begun)
        controller.faults.clear()
        controller.faults.login_of = "any"
        controller.world.users[controller.username].password = self.password
        controller.resume()
        for index in range(len(controller.ports)):
            await controller.set_endpoint(index, "open")
        await controller.come_back()
        for model in list(controller.world.models.values()):
            for machine in list(model.machines):
                if model.machines[machine].lost:
                    controller.find_machine(model.record.name, machine)
            for application in model.applications.values():
                application.stuck = False
            if model.is_suspended:
                controller.refuse_credential(model.record.name, "")
        controller.world.namespaces.clear()
        controller.thaw()

    async def rest(self) -> None:
        """Wait until lives have nothing more to do."""
        while not self.controller.world.clock.is_idle:
            await asyncio.sleep(0)

    async def reconnect(self, options: Mapping[str, Any] | None = None) -> None:
        """Have another process come, with further options: it knows what is stored, and nothing else."""
        await self.kit.vca.disconnect()
        subject = self.kit.subject
        self.kit.subject = replace(subject, options={**subject.options, **(options or {})})
        self.kit.vca, self.kit.connector, self.kit.watching = self.kit._make()
        self.controller.counts.requests = Watched()
        self.controller.counts.opened = 0

    async def no_orphans(self) -> None:
        """All that is there can be found by who made it: it is listed, and the id of what was made is stored."""
        found = await self._orphans()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5.0):
                while found:  # what was told last is on its way to the listing
                    await asyncio.sleep(0.02)
                    found = await self._orphans()
        assert not found, found

    async def _orphans(self) -> str:
        try:
            world, listed = await self.claimed_world(), await self.kit.listing()
        except VcaConnectionError as error:  # it tries again after a while
            return str(error)
        there = {(name, f"application {one}") for name, held in world.items() for one in held["applications"]}
        there |= {(name, f"machine {one}") for name, held in world.items() for one in held["machines"]}
        known = {
            (one.ee_id.model, str(state.entity))
            for one in listed
            for state in one.entities
            if state.entity.kind in {"application", "machine"}
        }
        if there != known or set(world) - {self.model_name}:
            return f"there are {there} in models {set(world)}, and {known} are listed"
        if self.subject.scenario.makes and listed:
            stored = await self.kit.stored_ee_id(self.at.db_dict)
            if [str(one.ee_id) for one in listed] != [stored]:
                return f"{stored} is stored, and {listed} listed"
        return ""

    async def claimed_world(self) -> dict[str, Any]:
        """What the controller holds, without the machines that came while an answer was lost: `health` tells them."""
        world = world_of(self.controller)
        told = (await self.kit.connector.health())["unclaimed_machines"]
        for name, model in client_of(self.kit.connector)._models.items():
            for machine in model.unheard_machines():
                assert f"{name}:{machine}" in told
                world[name]["machines"].remove(machine)
        return world

    async def remove(self, *, each: bool) -> None:
        """Remove what is there: each EE by its id where this is asked for, then the NS; nothing is left."""
        for ee_id in await self.kit.ids() if each else ():
            await self.kit.check_delete(ee_id)
        await self.kit.connector.delete_namespace(f".{NS}")
        await self.rest()
        left = world_of(self.controller)
        assert left == {}, f"after its delete the controller still holds {left}"


def world_of(controller: SimulatedController) -> dict[str, Any]:
    """What a controller holds beside its own model, as far as it is the same each time."""
    return {
        model.record.name: {
            "machines": sorted(model.machines),
            "applications": {name: sorted(one.config.items()) for name, one in sorted(model.applications.items())},
            "units": sorted(model.units),
            "relations": sorted(model.relations),
            "actions": sorted(Counter((one.name, one.status) for one in model.actions.values()).items()),
        }
        for model in controller.world.models.values()
        if model.record.name != "controller"
    }


def count_machines(world: dict[str, Any]) -> dict[str, Any]:
    """What a controller holds, with as many machines as there are: their ids may differ."""
    return {name: {**held, "machines": len(held["machines"])} for name, held in world.items()}
