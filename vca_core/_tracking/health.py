"""Whether the store answers, as all lanes have seen it."""

from __future__ import annotations

import asyncio

from vca_core.naming import EeKey


class Health:
    """Whether the store answers.

    Attributes:
        taken_at: when the store took a write last.
        answered_at: when it did anything that it was asked last.
        failing_since: when the store was first seen to fail; None: it has taken a write since, or what it failed with
            is gone.
        reason: what it failed with last, while it fails.
    """

    def __init__(self) -> None:
        self.taken_at = self.answered_at = float("-inf")
        self.failing_since: float | None = None
        self.reason: BaseException | None = None
        self._failing: set[EeKey] = set()
        self._watching: set[asyncio.Future[None]] = set()

    def watch(self, tried: asyncio.Future[None]) -> None:
        """Complete a future when the store begins to fail, unless it is completed before."""
        self._watching.add(tried)
        tried.add_done_callback(self._watching.discard)

    def note_failure(self, lane: EeKey, error: BaseException) -> None:
        """Note that the store failed: who begins must not wait for an outage to end, in whichever lane.

        Args:
            lane: whose attempt it was.
            error: what it failed with.
        """
        self.reason = error
        self._failing.add(lane)
        if self.failing_since is None:
            self.failing_since = asyncio.get_running_loop().time()
            for tried in list(self._watching):
                if not tried.done():
                    tried.set_result(None)

    def served_at(self, *, reads: bool) -> float:
        """When the store was last seen to serve what is asked like that.

        Args:
            reads: whether it is a read. One that answers those of others is not away, but may take no writes.
        """
        return self.answered_at if reads else self.taken_at

    def note_answer(self) -> None:
        """Note that the store has answered a read."""
        self.answered_at = asyncio.get_running_loop().time()

    def note_success(self) -> None:
        """Note that the store has taken a write."""
        self.taken_at = self.answered_at = asyncio.get_running_loop().time()
        self._failing.clear()
        self.failing_since = self.reason = None

    def note_recovery(self, lane: EeKey) -> None:
        """Note that a lane has nothing any more that the store failed with."""
        self._failing.discard(lane)
        if not self._failing:
            self.failing_since = self.reason = None

    def forget(self) -> None:
        """Forget a failure: the next use is a new beginning."""
        self.failing_since = self.reason = None
