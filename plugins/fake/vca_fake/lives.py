"""Time in the fake: machines come up and units settle by themselves, even if no operation waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from vca_core.errors import NotFound
from vca_core.naming import EeId
from vca_core.refusals import no_environment
from vca_core.status import Entity, EntityState
from vca_core.tasks import OwnedTasks
from vca_fake.charms import next_of
from vca_fake.latency import Latency
from vca_fake.world import Application, Model
from vca_fake.worlds import Worlds

R = TypeVar("R")

Report = Callable[[EeId, Entity, str | None, str], None]


class Lives:
    """Lets applications live, from `start` on and until `stop`.

    Every change is written with the time it happened at. So it does not matter which of several processes lets an
    application live: each step is done once, when it is due.

    Args:
        worlds: where the applications are.
        latency: how long a step takes.
        clock: what time it is, in seconds.
        report: called with each change.
    """

    def __init__(self, worlds: Worlds, latency: Latency, clock: Callable[[], float], report: Report) -> None:
        self._worlds = worlds
        self._latency = latency
        self._clock = clock
        self._report = report
        self._tasks = OwnedTasks("the fake")
        self._living: dict[EeId, asyncio.Task[None]] = {}
        self._reported: dict[EeId, dict[Entity, EntityState]] = {}

    def start(self, applications: Iterable[Application]) -> None:
        """Go on where lives were stopped."""
        for application in applications:
            self._reported.setdefault(application.ee_id, {state.entity: state for state in application.states})
            self._live(application.ee_id)

    async def stop(self) -> None:
        """Stop the clock; the applications stay as they are."""
        await self._tasks.cancel(float("inf"))
        self._living.clear()
        self._reported.clear()

    async def change(self, ee_id: EeId, work: Callable[[Application, float], R]) -> R:
        """Change an application, report it, and let what follows from it happen.

        Args:
            ee_id: which one.
            work: what to do with it, and when; it must not wait. If it raises, nothing is changed.

        Raises:
            NotFound: there is none.
        """

        def change(model: Model) -> tuple[R, list[EntityState]]:
            application = find_application(model, ee_id)
            return work(application, self._clock()), list(application.states)

        result, states = await self._worlds.change(ee_id.model, change)
        self._report_states(ee_id, states)
        self._live(ee_id)
        return result

    async def settle(self, ee_id: EeId) -> None:
        """Wait until nothing happens to an application any more.

        Raises:
            NotFound: it is gone.
        """
        self._live(ee_id)
        task = self._living[ee_id]
        await asyncio.wait((task,))
        if ee_id not in self._reported:
            raise NotFound(f"{ee_id} was removed", ee_id=str(ee_id))

    async def pause(self, *step: object) -> None:
        """Let the time of one step pass."""
        await asyncio.sleep(self._latency.of(*step))

    def end(self, ee_id: EeId) -> None:
        """Report that an application is gone."""
        task = self._living.pop(ee_id, None)
        if task is not None:
            task.cancel()
        self._report_states(ee_id, [])
        self._reported.pop(ee_id, None)

    def _live(self, ee_id: EeId) -> None:
        if ee_id not in self._living:
            self._living[ee_id] = self._tasks.spawn(self._run_life(ee_id), f"life of {ee_id}")

    async def _run_life(self, ee_id: EeId) -> None:
        try:
            while True:
                states, due = await self._worlds.change(ee_id.model, lambda model: self._advance(model, ee_id))
                if states is None:
                    self.end(ee_id)
                    return
                self._report_states(ee_id, states)
                if due is None:
                    return
                await asyncio.sleep(max(0.0, due - self._clock()))
        finally:
            if self._living.get(ee_id) is asyncio.current_task():
                del self._living[ee_id]

    def _advance(self, model: Model, ee_id: EeId) -> tuple[list[EntityState] | None, float | None]:
        """Do what is due; the states then, None when it is gone, and when something is due next."""
        application = model.find(ee_id)
        if application is None:
            return None, None
        now = self._clock()
        # All that is due happens at once: what one change brings about comes in the next round.
        for state, due, (native, detail) in self._next_changes(application):
            if due <= now:
                application.put(state.entity, native, detail, now)
        dues = [due for _, due, _ in self._next_changes(application)]
        return list(application.states), min(dues, default=None)

    def _next_changes(self, application: Application) -> list[tuple[EntityState, float, tuple[str, str]]]:
        """What comes next: of what, when, and what."""
        coming = []
        for state in application.states:
            following = next_of(application, state)
            if following is not None:
                since = application.since[str(state.entity)]
                if state.native == "waiting":  # it waits for its machine, and only then its own time begins
                    since = max(since, application.since.get(str(application.machine), since))
                coming.append(
                    (state, since + self._latency.of(application.ee_id, state.entity, state.native), following)
                )
        return coming

    def _report_states(self, ee_id: EeId, states: list[EntityState]) -> None:
        before, now = self._reported.get(ee_id, {}), {state.entity: state for state in states}
        self._reported[ee_id] = now
        for entity in before.keys() - now.keys():
            self._report(ee_id, entity, None, "")
        for entity, state in now.items():
            if before.get(entity) != state:
                self._report(ee_id, entity, state.native, state.detail)


def find_application(model: Model, ee_id: EeId) -> Application:
    """The application of an EE.

    Raises:
        NotFound: there is none.
    """
    application = model.find(ee_id)
    if application is None:
        raise no_environment(ee_id)
    return application
