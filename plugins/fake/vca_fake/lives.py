"""Time in the fake: machines come up and units settle by themselves, on the event loop's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from vca_core.errors import NotFound
from vca_core.naming import EeId
from vca_core.status import Entity, EntityState
from vca_fake.world import Application, Change

Report = Callable[[EeId, Entity, str | None, str], None]


class Lives:
    """Lets applications live, from `start` on and until `stop`.

    Args:
        latency: seconds between two steps of a life.
        report: told of each change.
    """

    def __init__(self, latency: float, report: Report) -> None:
        self._latency = latency
        self._report = report
        self._tasks: dict[Application, asyncio.Task[None]] = {}

    def start(self, applications: Iterable[Application]) -> None:
        """Go on where lives were stopped."""
        for application in applications:
            self._live(application)

    async def stop(self) -> None:
        """Stop the clock; the applications stay as they are."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._tasks.clear()

    def change(self, application: Application, changes: Iterable[Change]) -> None:
        """Change entities, tell of it, and let what follows from it happen."""
        for entity, native, detail in changes:
            if native is None:
                application.states.pop(entity, None)
            else:
                application.states[entity] = EntityState(entity, native, detail)
            self._report(application.ee_id, entity, native, detail)
        self._live(application)

    async def settled(self, application: Application) -> None:
        """Wait until nothing happens to an application any more.

        Raises:
            NotFound: it was removed meanwhile.
        """
        while (task := self._tasks.get(application)) is not None:
            await asyncio.wait((task,))
        if not application.states:
            raise NotFound(f"{application.ee_id} was removed", ee_id=str(application.ee_id))

    async def pause(self) -> None:
        """Let one step's time pass."""
        await asyncio.sleep(self._latency)

    def end(self, application: Application) -> None:
        """End a life: everything of the application is gone."""
        task = self._tasks.pop(application, None)
        if task is not None:
            task.cancel()
        for entity in list(application.states):
            del application.states[entity]
            self._report(application.ee_id, entity, None, "")

    def _live(self, application: Application) -> None:
        if application not in self._tasks and application.next_changes():
            self._tasks[application] = asyncio.get_running_loop().create_task(
                self._life(application), name=f"life of {application.ee_id}"
            )

    async def _life(self, application: Application) -> None:
        try:
            while application.next_changes():
                await self.pause()
                self.change(application, application.next_changes())
        finally:
            if self._tasks.get(application) is asyncio.current_task():
                del self._tasks[application]
