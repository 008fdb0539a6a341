"""Watchers of a model: each gathers what changed since it was asked last, the latest state of each entity once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from vca_jujusim.problems import STOPPED, Refusal
from vca_jujusim.world.deltas import describe, removal_data

if TYPE_CHECKING:
    from vca_jujusim.faults import DeltaFaults
    from vca_jujusim.world.model import Model

Delta = list[Any]


class Watcher:
    """What stands behind an AllWatcher.

    Args:
        model: what it watches.
        faults: how its deltas are disturbed.
    """

    def __init__(self, model: Model, faults: DeltaFaults) -> None:
        self.model = model
        self._faults = faults
        self._pending: dict[tuple[str, str], None] = dict.fromkeys(model.all_keys())
        self._sent: set[tuple[str, str]] = set()
        self._event = asyncio.Event()
        self._event.set()
        self._first = True
        self._stopped = False
        self._held: list[Delta] = []
        model.watchers.add(self)

    def note_change(self, kind: str, key: str) -> None:
        """Something changed, appeared or went."""
        self._pending[kind, key] = None
        self._event.set()

    def stop(self) -> None:
        """End it: clients that wait, or ask later, get an error that says so."""
        self._stopped = True
        self.model.watchers.discard(self)
        self._event.set()

    async def next(self) -> list[Delta]:
        """Wait for changes; the first time the whole model.

        Who waits already is told of the first change alone, as Juju does; what changed with it comes next.

        Raises:
            Refusal: the watcher was stopped.
        """
        while True:
            waits = not self._event.is_set()
            await self._event.wait()
            if self._stopped:
                raise Refusal("watcher was stopped", STOPPED)
            deltas = self._take(1 if waits else len(self._pending))
            if not self._pending:
                self._event.clear()
            if deltas or self._first:
                self._first = False
                return deltas

    def _take(self, number: int) -> list[Delta]:
        taken = list(self._pending)[:number]
        for one in taken:
            del self._pending[one]
        deltas = [delta for kind, key in taken if (delta := self._delta(kind, key)) is not None]
        return self._disturb(deltas)

    def _delta(self, kind: str, key: str) -> Delta | None:
        """A delta; None for what came and went without this watcher having seen it."""
        if self.model.has(kind, key):
            self._sent.add((kind, key))
            return [kind, "change", describe(self.model, kind, key)]
        if (kind, key) not in self._sent and kind != "model":
            return None
        self._sent.discard((kind, key))
        return [kind, "remove", removal_data(self.model, kind, key)]

    def _disturb(self, deltas: list[Delta]) -> list[Delta]:
        late, self._held = self._held, []
        deltas = deltas + late  # a late one comes after newer ones
        if deltas and self._faults.take_late():
            self._held = [deltas[0]]
        if deltas and self._faults.take_duplicate():
            deltas = [delta for delta in deltas for _ in range(2)]
        return deltas
