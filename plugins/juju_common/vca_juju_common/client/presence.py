"""When the controller is asked how a model's agents are: no delta reports one that is lost."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from vca_core.tasks import OwnedTasks
from vca_juju_common.client.things import Change, Key

SILENCE = 20.0
"""Seconds in which an agent may be silent, whatever others say, before the controller is asked for those who wait."""

AGAIN = 60.0
"""Seconds between two such questions, and between two of listings; in which an agent may be silent before one asks."""


class PresenceQuestions:
    """Asks about one model, at most once in `AGAIN` for those who wait, and once for listings, however many there are.

    A listing may ask just before an agent is lost. So its question stands for that of a waiter only if the agent had
    been silent for long enough by then.

    Args:
        ask: asks the controller, and has the answer taken in; raises nothing.
        agents: gives the keys of the model's machines and units.
        tasks: owns what is asked.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[None]], agents: Callable[[], Iterable[Key]], tasks: OwnedTasks
    ) -> None:
        self._ask = ask
        self._agents = agents
        self._tasks = tasks
        self._heard: dict[Key, float] = {}
        self._asked_at = -math.inf
        self._asked_for_waits_at = -math.inf
        self._asking: asyncio.Task[None] | None = None

    def note_heard(self, changes: Sequence[Change]) -> None:
        """Note which agents were in the deltas just now."""
        now = asyncio.get_running_loop().time()
        for key, thing in changes:
            if thing is None:
                self._heard.pop(key, None)
            elif key[0] in {"machine", "unit"}:
                self._heard[key] = now

    def due_at(self, since: float, agents: Collection[Key] = ()) -> float:
        """When a waiter has to ask, as a time of the loop; infinite: never, since there is no agent.

        Args:
            since: when it began to wait.
            agents: the machines and units that it waits for; empty: all of the model.
        """
        silent_since = min((self._heard.get(key, since) for key in agents or self._agents()), default=math.inf)
        due = max(silent_since, since) + SILENCE
        asked_at = self._asked_at if self._asked_at >= due else self._asked_for_waits_at
        return max(due, asked_at + AGAIN)

    def begin(self) -> None:
        """Ask for those who wait, unless that was just done."""
        now = asyncio.get_running_loop().time()
        if self._asked_for_waits_at + AGAIN <= now:
            self._asked_for_waits_at = now
            self._spawn(now)

    async def check(self) -> None:
        """Ask where an agent was not heard of for `AGAIN`, and wait for the answer."""
        now = asyncio.get_running_loop().time()
        is_silent = any(self._heard.get(key, -math.inf) + AGAIN <= now for key in self._agents())
        if is_silent and self._asked_at + AGAIN <= now:
            self._spawn(now)
        if self._asking is not None:
            await asyncio.wait((self._asking,))

    def _spawn(self, now: float) -> None:
        self._asked_at = now
        self._asking = self._tasks.spawn(self._run(self._asking), "presence")

    async def _run(self, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:  # its answer may be about the time before
            await asyncio.wait((earlier,))
        await self._ask()
