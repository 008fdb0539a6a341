"""All writes about an execution environment, in one order: its statuses, its outcomes, what the core keeps of it.

Each EE has a lane (`vca_core._tracking.lane`). No operation ever waits for an intermediate status: these may be merged
with later ones of the same place. Outcomes and changes of records are never merged; what the store does not take stays
queued, ahead of what came later, and is tried again.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, TypeVar

from vca_core._tracking.attempts import AttemptLimit
from vca_core._tracking.batches import MOST_WRITES, Batches
from vca_core._tracking.entry import Entry, Kind, Put, Unwritten, Written
from vca_core._tracking.health import Health
from vca_core._tracking.lane import Lane
from vca_core._tracking.patience import Patience
from vca_core._tracking.place import TIME, Place
from vca_core._tracking.revisions import Revisions
from vca_core._tracking.slots import Slots
from vca_core._tracking.store_errors import reason_of
from vca_core._tracking.turns import Turns
from vca_core.errors import ConflictError, StoreError
from vca_core.naming import EeKey
from vca_core.stores import StatusStore

_LOG = logging.getLogger(__name__)

R = TypeVar("R")

OnStored = Callable[[EeKey, Place, Mapping[str, Any], bool, str | None], None]
"""Learns of each status that was stored: the key of its EE, its place, its fields, whether it was an operation's
outcome, and the id of the operation that it is of."""


class Outbox:
    """The writes of all execution environments of a `Vca`.

    Args:
        store: the store, opened.
        interval: seconds; intermediate statuses of one place are stored at most once in that time. 0: all are.
        queue_limit: how many outcomes and changes may wait for the store, and how many intermediate statuses.
        attempt_limit: seconds that one attempt at the store may take.
        on_stored: learns of each status that was stored.

    Attributes:
        store: the store.
        attempts: ends attempts that take longer than their limit.
        batches: gathers what lanes write.
        lanes: those that have something to do, or had a moment ago.
        waiting: how many outcomes and changes wait.
        events: how many intermediate statuses wait.
        reads, writes: turns for its calls, but for batches; a store may be quicker with one kind than with the other.
        health: whether the store answers.
        revisions: of the core's own records.
        slots: one for each lane that is using the store, as many as a batch may have writes; the other lanes wait, and
            the limits of their attempts do not count yet.
    """

    def __init__(
        self,
        store: StatusStore,
        *,
        interval: float,
        queue_limit: int,
        attempt_limit: float,
        on_stored: OnStored,
    ) -> None:
        self.store = store
        self.interval = interval
        self.attempt_limit = attempt_limit
        self.queue_limit = queue_limit
        self._on_stored = on_stored
        self.lanes: dict[EeKey, Lane] = {}
        self.waiting = self.events = self._flushing = 0
        self.slots = Slots(MOST_WRITES)
        self.attempts = AttemptLimit(attempt_limit)
        self.reads, self.writes = Turns(attempt_limit), Turns(attempt_limit)
        self.batches = Batches(store, attempt_limit, self.slots)
        self.health = Health()
        self.revisions = Revisions()
        self._in_order: deque[Entry] = deque()
        self._lost: dict[tuple[str, Place], Unwritten] = {}

    def check_room(self) -> None:
        """Check that the outcome of one more operation could be queued.

        Raises:
            ConflictError: outcomes alone fill the queue: the store has not taken any for long.
        """
        if self.waiting >= self.queue_limit:
            raise ConflictError(
                f"{self.waiting} outcomes wait for the status store; nothing is begun before it takes some"
            )

    # What can be queued. Nothing here blocks.

    def report(
        self,
        key: EeKey,
        place: Place,
        fields: Mapping[str, Any],
        put: Put | None = None,
        operation_id: str | None = None,
    ) -> Entry:
        """Queue an intermediate status that nobody waits for.

        Args:
            key: whose lane it goes through.
            place: where it goes.
            fields: the five fields.
            put: how it is written; None: over whatever stands there.
            operation_id: the operation that it is of; None: of none.
        """
        return self._queue(key, Kind.EVENT, place, fields, put, operation_id)

    def status(
        self,
        key: EeKey,
        place: Place,
        fields: Mapping[str, Any],
        put: Put | None = None,
        operation_id: str | None = None,
    ) -> asyncio.Future[Written]:
        """Queue an intermediate status, as `report` does.

        Returns:
            Done when it, or a later one of its place, is stored.
        """
        return self.report(key, place, fields, put, operation_id).promise()

    def mark(
        self,
        key: EeKey,
        place: Place,
        fields: Mapping[str, Any],
        put: Put | None = None,
        operation_id: str | None = None,
    ) -> asyncio.Future[None]:
        """Queue the status that an operation begins with; no interval holds it back.

        Returns:
            Done when the store took it, or could not at the first attempt: it stays queued then.
        """
        return self._attempt(key, self._queue(key, Kind.MARK, place, fields, put, operation_id))

    def outcome(
        self,
        key: EeKey,
        place: Place,
        fields: Mapping[str, Any],
        put: Put | None = None,
        operation_id: str | None = None,
    ) -> asyncio.Future[Written]:
        """Queue the outcome of an operation; it is never merged with another status.

        Returns:
            Done when it is stored, or never can be (that is logged, and `drain` gives it).
        """
        return self._queue(key, Kind.OUTCOME, place, fields, put, operation_id).promise()

    def announce(self, key: EeKey, place: Place, fields: Mapping[str, Any], operation_id: str | None = None) -> None:
        """Notify callbacks and extensions of a status that was stored in another way and is not an outcome."""
        self._on_stored(key, place, fields, False, operation_id)  # noqa: FBT003 - it is not an outcome

    def change(self, key: EeKey, run: Callable[[StatusStore], Awaitable[Any]]) -> asyncio.Future[Any]:
        """Queue a change of what the core itself keeps; no callback hears of it."""
        return self._push(key, Entry(Kind.CHANGE, run)).promise()

    def begin_change(self, key: EeKey, run: Callable[[StatusStore], Awaitable[Any]]) -> asyncio.Future[None]:
        """Queue a change that an operation begins with.

        Returns:
            Done when the store took it, or could not at the first attempt: it stays queued then.
        """
        return self._attempt(key, self._push(key, Entry(Kind.CHANGE, run)))

    def _attempt(self, key: EeKey, entry: Entry) -> asyncio.Future[None]:
        tried: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry.tried += (tried,)
        if self.lanes[key].failures or self.health.failing_since is not None:
            entry.note_attempt()  # who begins must not wait for an outage to end
        else:
            self.health.watch(tried)
        return tried

    async def now(
        self,
        key: EeKey,
        run: Callable[[StatusStore], Awaitable[R]],
        limit: float | None,
        what: str,
        *,
        retries: bool = False,
        queues: bool = False,
        until: float | None = None,
    ) -> R:
        """Do something at the store, after what is queued for the EE, and wait for its result.

        Args:
            key: whose lane it goes through.
            run: what to do.
            limit: seconds to wait; None: as long as it takes.
            what: what it does, for errors: ``"read the execution environment"``.
            retries: whether it is tried again when the store fails.
            queues: whether the limit counts as `vca_core._tracking.patience.Patience` says.
            until: when to give up at the latest, by the event loop's clock; None: never.

        Returns:
            What `run` returns.

        Raises:
            StoreError: it failed, or was not done in time; it may still have been done.
        """
        entry = Entry(Kind.ASK, run, retries=retries, what=what)
        promise: asyncio.Future[R] = entry.promise()
        lane = self._lane(key, entry)
        is_free = lane.is_free
        if not is_free:
            lane.push(entry)
        loop, patience = asyncio.get_running_loop(), None
        began = loop.time()
        try:
            async with asyncio.timeout_at(until) as clock:
                if limit is not None and queues:
                    patience = Patience(clock, lane, entry, limit, self.health)
                elif limit is not None:
                    clock.reschedule(began + limit)
                if is_free:
                    await lane.do_now(entry)
                return await promise
        except TimeoutError as error:
            seconds = limit if limit is not None and (until is None or loop.time() < until) else loop.time() - began
            cause = lane.reason or self.health.reason
            why = "" if cause is None else f": {reason_of(cause)}"
            raise StoreError(f"the status store did not {what} within {seconds:.6g} s{why}") from cause or error
        finally:
            if patience is not None:
                patience.cancel()
            entry.is_abandoned = True
            if not entry.is_running and entry in lane.queue:
                lane.take_off(entry)

    def unsafe_outcomes(self, key: EeKey) -> list[Entry]:
        """Return the outcomes in an EE's lane that exist only in this process."""
        lane = self.lanes.get(key)
        queue = () if lane is None else lane.queue
        return [entry for entry in queue if entry.kind is Kind.OUTCOME and not entry.is_safe]

    def times_before(self, key: EeKey, outcome: Entry) -> list[str]:
        """Return the times of the statuses that are queued for the place of an outcome, ahead of it."""
        lane = self.lanes.get(key)
        queue = () if lane is None else lane.queue
        in_front = itertools.takewhile(lambda entry: entry is not outcome, queue)
        return [entry.fields[TIME] for entry in in_front if entry.place == outcome.place]

    async def drain(self, limit: float, connector: str | None = None, *, once: bool = True) -> list[Unwritten]:
        """Wait until what is queued is stored.

        Args:
            limit: seconds to wait.
            connector: only what concerns this connector's EEs; None: everything.
            once: whether a later call leaves out what this one gives.

        Returns:
            The statuses that could not be stored; they stay queued until `close`.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        self._flushing += 1
        try:
            while (lanes := self._busy_lanes(connector)) and (left := end - loop.time()) > 0:
                for lane in lanes:
                    lane.hurry()
                await asyncio.wait([lane.becomes_idle() for lane in lanes], timeout=left)
        finally:
            self._flushing -= 1
        keys = [key for key in self._lost if connector in (None, key[0])]
        lost = [self._lost.pop(key) if once else self._lost[key] for key in keys]
        return lost + self._late(limit, connector, once=once)

    async def close(self, limit: float) -> list[str]:
        """Give up what is still queued and end all tasks.

        Args:
            limit: seconds that they have to end.

        Returns:
            The names of those that still live.
        """
        lanes, self.lanes = list(self.lanes.values()), {}
        cancelled = [*(lane.cancel() for lane in lanes), self.batches.cancel()]
        self.slots = Slots(MOST_WRITES)  # the next use may be in another loop
        self.reads, self.writes = Turns(self.attempt_limit), Turns(self.attempt_limit)
        self.health.forget()
        self.revisions.clear()
        self.batches = Batches(self.store, self.attempt_limit, self.slots)
        self.waiting = self.events = 0
        self._in_order.clear()
        tasks = {task for task in cancelled if task is not None}
        alive: Collection[asyncio.Task[None]] = ()
        if tasks:
            _, alive = await asyncio.wait(tasks, timeout=limit)
        self.attempts.cancel()
        for lane in lanes:
            for entry in lane.queue:
                if entry.kind is Kind.ASK:
                    entry.fail(StoreError("the status store is being closed"))
                else:
                    entry.keep()
        return sorted(task.get_name() for task in alive)

    def _busy_lanes(self, connector: str | None) -> list[Lane]:
        return [lane for lane in self.lanes.values() if lane.queue and connector in (None, lane.key.connector)]

    def _late(self, limit: float, connector: str | None, *, once: bool) -> list[Unwritten]:
        late: dict[Place, list[Unwritten]] = {}
        for lane in self._busy_lanes(connector):
            why = "" if lane.reason is None else f": {reason_of(lane.reason)}"
            reason = f"the status store did not take it within {limit:g} s{why}"
            for entry in lane.queue:
                if entry.place is not None and not entry.is_reported:
                    entry.is_reported = once
                    late.setdefault(entry.place, []).append(Unwritten(entry.place, entry.fields, reason))
        for place, statuses in late.items() if once else ():
            what = "the status for" if len(statuses) == 1 else f"{len(statuses)} statuses for"
            _LOG.warning("not stored: %s %s: %s", what, place, statuses[-1].reason)
        return [status for statuses in late.values() for status in statuses]

    def _queue(
        self,
        key: EeKey,
        kind: Kind,
        place: Place,
        fields: Mapping[str, Any],
        put: Put | None,
        operation_id: str | None,
    ) -> Entry:
        may_merge = kind in (Kind.EVENT, Kind.MARK)
        entry = Entry(kind, put, place, fields, may_merge=may_merge, operation_id=operation_id, key=key)
        return self._push(key, entry)

    def _push(self, key: EeKey, entry: Entry) -> Entry:
        self._lane(key, entry).push(entry)
        return entry

    def _lane(self, key: EeKey, entry: Entry) -> Lane:
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = Lane(key, self)
        if not entry.may_merge:
            self.waiting += _is_counted(entry)
            return lane
        self.events += 1
        self._note_event(entry)
        if self.events > self.queue_limit:
            self._make_room()
        return lane

    def _note_event(self, entry: Entry) -> None:
        """Remember in which order intermediate statuses came."""
        self._in_order.append(entry)
        while self._in_order and self._in_order[0].is_gone:
            self._in_order.popleft()
        if len(self._in_order) > 1.25 * self.queue_limit:  # the oldest waits for long
            self._in_order = deque(one for one in self._in_order if not one.is_gone)

    def _make_room(self) -> None:
        """Merge what can be merged, and if that is not enough, drop the oldest intermediate statuses.

        The cost depends on how much room has to be made, not on how much all lanes hold: the event loop has other work.
        """
        enough = self.queue_limit * 9 // 10
        for lane in list(self.lanes.values()):
            if self.events <= enough:
                return
            lane.merge_all()
        before, first = self.events, None
        kept: list[Entry] = []
        while self.events > enough and self._in_order:
            entry = self._in_order.popleft()
            its_lane = None if entry.key is None or entry.is_gone else self.lanes.get(entry.key)
            if its_lane is None or entry.is_running or not entry.may_merge or entry not in its_lane.queue:
                kept += [] if entry.is_gone else [entry]
                continue
            first = first or entry.place
            its_lane.drop(entry)
        self._in_order.extendleft(reversed(kept))
        if first is not None:
            _LOG.warning(
                "%d statuses wait for the store; the %d oldest intermediate ones were dropped, as for %s",
                before,
                before - self.events,
                first,
            )

    # What lanes need (`vca_core._tracking.lane.Office`).

    @property
    def is_flushing(self) -> bool:
        """Whether intermediate statuses are written at once."""
        return self._flushing > 0

    def note_stored(self, lane: Lane, entry: Entry, place: Place) -> None:
        """Notify callbacks and extensions that a status was stored."""
        self._on_stored(lane.key, place, entry.fields, entry.kind is Kind.OUTCOME, entry.operation_id)

    def note_lost(self, lane: Lane, entry: Entry, place: Place, reason: str) -> None:
        """Log, once for each place, that its statuses cannot be stored; the operation goes on."""
        key = (lane.key.connector, place)
        if key not in self._lost:
            _LOG.warning("no status can be written to %s: %s", place, reason)
        self._lost[key] = Unwritten(place, entry.fields, reason)

    def note_removal(self, lane: Lane, entry: Entry) -> None:
        """Count an entry that has left the queue."""
        entry.is_gone = True
        if not self.has(lane):
            return
        if entry.may_merge:
            self.events -= 1
        else:
            self.waiting -= _is_counted(entry)

    def has(self, lane: Lane) -> bool:
        """Whether the lane is still in use."""
        return self.lanes.get(lane.key) is lane

    def forget(self, lane: Lane) -> None:
        """Drop a lane that has nothing to do."""
        if self.has(lane):
            del self.lanes[lane.key]


def _is_counted(entry: Entry) -> bool:
    """Whether an entry that cannot be merged counts as one that waits: a caller that waits itself bounds its own."""
    return entry.kind is not Kind.ASK
