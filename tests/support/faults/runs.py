"""Finds out what comes of an operation that a fault meets, and holds it to what is promised for every outcome."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from support.faults.operations import REGISTER, SECRET, Subject
from support.faults.places import MACHINES, Place
from support.faults.scene import NS, Scene, count_machines, world_of
from support.faults.table import AMPLE, DONE, Fault
from support.juju import QUICK

from vca_core.errors import VcaError
from vca_core.status import DeploymentStatus
from vca_core.testing import Subject as KitSubject
from vca_core.testing.kit import Kit
from vca_core.testing.subject import Charms
from vca_jujusim import SimulatedController

_IS_WHOLE = os.environ.get("VCA_FAULTS") == "whole"
"""Whether each request of each operation has its turn; else each has it in the first operation that makes it."""
_MARGIN = 8.0
"""Seconds beyond an operation's own limit that its clean-up may take on a slow machine."""
_AT_ONCE = 4
_SOMETIMES = {
    ("AllWatcher.Next", 2),
    ("MachineManager.DestroyMachineWithParams", 1),
    ("MachineManager.DestroyMachineWithParams", 2),
    ("ModelManager.ListModels", 2),
}
"""Requests that are not needed where the world was faster: nothing is to be waited for any more."""
_CHANGES = (
    "ModelManager.CreateModel",
    "MachineManager.AddMachines",
    "MachineManager.DestroyMachineWithParams",
    "Annotations.Set",
    "Application.Deploy",
    "Application.SetConfigs",
    "Application.AddRelation",
    "Application.DestroyRelation",
    "Application.AddUnits",
    "Application.ScaleApplications",
    "Application.SetCharm",
    "Application.DestroyApplication",
    "Action.EnqueueOperation",
    "ModelManager.DestroyModels",
)
_WITHOUT_RESULTS = {
    "ModelManager.CreateModel",
    "Application.AddRelation",
    "Application.DestroyRelation",
    "Application.AddUnits",
    "Application.SetCharm",
}


@dataclass(frozen=True)
class Recorded:
    """What an operation does where nothing goes wrong.

    Args:
        requests: those that it makes, and how many of each name; uploads and the opening of websockets among them.
        world: what the controller holds afterwards.
    """

    requests: dict[str, int]
    world: dict[str, Any]

    def turns(self, kind: str) -> list[tuple[str, int]]:
        """The requests that have their turn, by name and number."""
        wanted: Collection[str] = self.requests
        if kind == "effects":
            wanted = {*_CHANGES, "charms.upload"}
        elif kind == "changes":
            wanted = _CHANGES
        elif kind == "results":
            wanted = set(_CHANGES) - _WITHOUT_RESULTS
        return [
            (name, nth)
            for name, number in sorted(self.requests.items())
            if name in wanted
            for nth in range(1, min(number, 2) + 1)
        ]


@dataclass
class Stage:
    """Where cells of the table are found out.

    Args:
        folder: an empty folder.
        shared: a folder for what all cells have in common: the private key of machines, made where there is none.
        host: makes a host for a controller, and gives what it is registered with.
        recorded: what operations do where nothing goes wrong.
        place: the backend.
    """

    folder: Path
    shared: Path
    host: Callable[[SimulatedController], dict[str, Any]]
    recorded: dict[str, Recorded]
    place: Place = MACHINES
    passwords: set[str] = field(default_factory=set)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _charms: Charms | None = None
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def row(self, fault: Fault) -> dict[str, str]:
        """What comes of each operation that a fault concerns, by hook."""
        self._charms = self.place.charms(self.folder / "charms")
        concerned = [self.place.operations[name] for name in fault.concerns]
        async with asyncio.TaskGroup() as group:
            for subject in concerned:
                if subject.name not in self.recorded:
                    group.create_task(self._record(subject))
        had_turn: set[tuple[str, int]] = set()
        cells: dict[str, asyncio.Task[str]] = {}
        async with asyncio.TaskGroup() as group:
            for subject in concerned:
                turns = self.recorded[subject.name].turns(fault.turns) if fault.turns else [(subject.main, 1)]
                if not _IS_WHOLE:
                    turns = [turn for turn in turns if turn not in had_turn]
                    if _SOMETIMES.issuperset(turns):
                        turns.append((subject.main, 1))
                had_turn.update(turns)
                cells[subject.name] = group.create_task(self._cell(fault, subject, turns))
        return {name: cell.result() for name, cell in cells.items()}

    async def _cell(self, fault: Fault, subject: Subject, turns: list[tuple[str, int]]) -> str:
        async with asyncio.TaskGroup() as group:
            runs = [group.create_task(self._run(fault, subject, request, nth)) for request, nth in turns]
        return "; ".join(sorted({word for run in runs if (word := run.result()) is not None}))

    async def _record(self, subject: Subject) -> None:
        async with self._slots, self._scene(subject, {}, {}) as scene:
            await scene.reconnect()
            found = await _outcome(subject.scenario.call(scene.kit, scene.at, total_timeout=AMPLE))
            assert found is None, f"{subject.title} fails where nothing is wrong: {found!r}"
            await scene.rest()
            counts = scene.controller.counts
            requests = {name: number for name, number in counts.requests.items() if name != "Pinger.Ping"}
            world = count_machines(world_of(scene.controller))
            self.recorded[subject.name] = Recorded({"connect": counts.opened, **requests}, world)

    async def _run(self, fault: Fault, subject: Subject, request: str, nth: int) -> str | None:
        """Let an operation meet a fault once, and look at everything that is promised whatever comes of it.

        Returns:
            What came of it; None: the world was faster, and the fault did not come.
        """
        where = f"{fault.name}: {subject.title}, {request} {nth}"
        warm = fault.options if fault.warm else {}
        async with self._slots, self._scene(subject, warm, fault.controller) as scene:
            scene.request, scene.nth = request, nth
            if not fault.warm:
                await scene.reconnect(fault.options)
            found = fault.do(scene)
            if asyncio.iscoroutine(found):
                await found
            limit = fault.limit_of(subject.name)
            try:
                async with asyncio.timeout(limit + _MARGIN):
                    error = await _outcome(subject.scenario.call(scene.kit, scene.at, total_timeout=limit))
            except TimeoutError:
                raise AssertionError(f"{where}: it did not end within its limit") from None
            is_met = scene.hit
            assert is_met or (request, nth) in _SOMETIMES, (
                f"{where}: the fault did not come; outcome {_word(error)} ({error})"
            )
            try:
                await self._promises(scene, fault, error)
            except (VcaError, AssertionError) as failed:
                raise AssertionError(f"{where}: outcome {_word(error)} ({error}); then: {failed!r}") from failed
            return _word(error) if is_met else None

    async def _promises(self, scene: Scene, fault: Fault, error: VcaError | None) -> None:
        scenario, kit = scene.subject.scenario, scene.kit
        text = _text_of(error)
        assert SECRET not in text, "an error holds a secret"
        assert scene.password not in text, "an error holds the password"
        if scenario.takes_db_dict:
            await self._check_stored(scene, error)
        await scene.calm()
        await scene.rest()
        if error is None and not fault.extra:
            there, wanted = count_machines(await scene.claimed_world()), self.recorded[scene.subject.name].world
            assert there == wanted, f"the model holds {there} and not {wanted}"
        await scene.no_orphans()
        if error is not None and not fault.lasting:
            again = await _outcome(_again(scene, anew=fault.anew))
            assert again is None, f"the same call later fails with {again!r}"
        assert error is None or not (error.retryable and fault.lasting), "a retry does not help, and was advised"
        await scene.remove(each=error is not None)
        assert scene.password not in str(kit.statuses), "a status holds the password"
        assert SECRET not in str(kit.statuses), "a status holds a secret"

    async def _check_stored(self, scene: Scene, error: VcaError | None) -> None:
        """The outcome is at the db_dict, and the last that was told there."""
        await scene.kit.settle()
        stored = [one.status for one in scene.kit.statuses_at(scene.at.db_dict)]
        assert stored, "no outcome is stored"
        final = DeploymentStatus.FAILED if error is not None else DeploymentStatus.COMPLETED
        aggregate = {final, DeploymentStatus.RUNNING} if error is None else {final}
        assert stored[-1] in aggregate, f"the outcome is stored as {stored[-1]}"

    @contextlib.asynccontextmanager
    async def _scene(
        self, subject: Subject, options: Mapping[str, Any], of_controller: Mapping[str, Any]
    ) -> AsyncIterator[Scene]:
        """A controller with the setting of an operation; when it is left, nothing of it is."""
        folder = self.folder / str(next(self._numbers))
        folder.mkdir()
        async with SimulatedController(**of_controller) as controller:
            controller.add_kubernetes()
            self.passwords.add(controller.password)
            credentials = self.host(controller) if subject.name == REGISTER else None
            given = {"endpoints": controller.endpoints, "username": controller.username}
            given |= {"secret": controller.password, "ca_cert": controller.ca_cert}
            kit = Kit(
                KitSubject(
                    self.place.backend,
                    options={**given, **QUICK, **self.place.options, **options},
                    works=("touch", {}),
                    charms=self._charms,
                    credentials=credentials,
                    patience=0.5,
                ),
                None,
                folder,
                shared=self.shared,
            )
            kit.ns_id = NS
            try:
                at = await subject.scenario.set_up(kit)
                if subject.scenario.takes_db_dict:
                    at = replace(at, db_dict=await kit.make_home())
                yield Scene(controller, subject, kit, at, subject.main, model_name=self.place.model)
            finally:
                report = await kit.vca.disconnect()
            assert report.is_clean, f"the disconnect left {report}"
            async with asyncio.timeout(_MARGIN):
                while controller.counts.open:
                    await asyncio.sleep(0.01)


async def _outcome(call: Awaitable[Any]) -> VcaError | None:
    """What comes of a call; anything but success and documented errors is a failure."""
    try:
        await call
    except VcaError as error:
        return error
    return None


def _word(error: VcaError | None) -> str:
    if error is None:
        return DONE
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == VcaError.__module__)
    return f"{kind}, retry" if error.retryable else kind


def _text_of(error: BaseException | None) -> str:
    text = ""
    while error is not None:
        text += f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__
    return text


async def _again(scene: Scene, *, anew: bool) -> None:
    """The same call; where it made something that is known, and not gone, going on with that."""
    scenario, kit, at = scene.subject.scenario, scene.kit, scene.at
    if scenario.makes and not anew and (made := await kit.stored_ee_id(at.db_dict)) is not None:
        await kit.connector.create_execution_environment(at.namespace, reuse_ee_id=made)
    else:
        await scenario.call(kit, at, total_timeout=AMPLE)
