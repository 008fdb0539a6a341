"""What the statuses of one operation may have left at one place, to tell them from later ones."""

from __future__ import annotations

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

        async def track_put(store: StatusStore) -> Written:
            if time not in self.times:
                self.times.append(time)
            written = await put(store)
            if written is Written.STORED:
                self.times, self.is_sure = [time], True
            return written

        return track_put
