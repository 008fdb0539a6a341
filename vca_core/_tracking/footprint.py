"""What the statuses of one operation may have left at one place, to tell them from later ones."""

from __future__ import annotations

from dataclasses import dataclass

from vca_core._tracking.entry import Put, Written
from vca_core.stores import StatusStore


class Footprint:
    """What an operation left at a place.

    Attributes:
        times: of the statuses that may be there: the one that was stored last, and those that were tried since.
        is_sure: whether one was stored, so that anything else there came after it, whatever its writer's clock says.
    """

    __slots__ = ("is_sure", "times")

    def __init__(self) -> None:
        self.times: list[str] = []
        self.is_sure = False

    def track(self, put: Put, time: str) -> Put:
        """Wrap the write of a status, to note what becomes of it.

        Args:
            put: puts it into the store.
            time: its time.
        """
        return _Tracked(self, put, time)


@dataclass(slots=True, eq=False)
class _Tracked:
    footprint: Footprint
    put: Put
    time: str

    async def __call__(self, store: StatusStore) -> Written:
        footprint, time = self.footprint, self.time
        if time not in footprint.times:
            footprint.times.append(time)
        written = await self.put(store)
        if written is Written.STORED:
            footprint.times, footprint.is_sure = [time], True
        return written
