"""The writes of one execution environment: a queue, and a task that empties it in order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Protocol

from vca_core._tracking.entry import Entry, Kind, Written
from vca_core._tracking.place import Place
from vca_core._tracking.slots import Slots
from vca_core._tracking.store_errors import as_store_error, reason_of
from vca_core._tracking.visit import Access, Visit
from vca_core.errors import VcaError
from vca_core.naming import EeKey
from vca_core.stores.refusals import is_refusal

_LOG = logging.getLogger(__name__)

_MOST_WAITING = 100
"""Writes of one EE that may wait for a slow store before intermediate statuses are merged."""

_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.05, 5.0
"""Seconds between attempts at a failing store."""


class Office(Access, Protocol):
    """What a lane needs of its `Outbox`."""

    interval: float
    attempt_limit: float
    slots: Slots

    @property
    def is_flushing(self) -> bool:
        """Whether intermediate statuses are written at once."""

    def note_stored(self, lane: Lane, entry: Entry, place: Place) -> None:
        """Learn that a status was stored."""

    def note_lost(self, lane: Lane, entry: Entry, place: Place, reason: str) -> None:
        """Learn that a status can never be stored."""

    def note_removal(self, lane: Lane, entry: Entry) -> None:
        """Learn that an entry is not in its queue any more."""

    def has(self, lane: Lane) -> bool:
        """Whether the lane is still in use."""

    def forget(self, lane: Lane) -> None:
        """Drop a lane that has nothing to do."""


class Lane:
    """The queue of one EE.

    Args:
        key: whose it is.
        office: the outbox it belongs to.

    Attributes:
        queue: what waits, oldest first.
        failures: attempts that failed since the last one that did not.
        reason: why the last one failed.
        failing_since: when the first of them failed; None: there are none.
    """

    def __init__(self, key: EeKey, office: Office) -> None:
        self.key = key
        self.queue: deque[Entry] = deque()
        self.failures = 0
        self.reason: Exception | None = None
        self.failing_since: float | None = None
        self._visit: Visit | None = None
        self._office = office
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_held = False
        self._is_merged = False
        self._idle: asyncio.Future[None] | None = None
        self._written_at: dict[Place, float] = {}

    def push(self, entry: Entry) -> None:
        """Queue an entry, in place of an earlier one that it replaces."""
        self._merge(entry)
        self.queue.append(entry)
        self._is_merged = False
        if entry.kind is not Kind.EVENT:
            self._wake.set()
            self._office.slots.promote(self)
        self.start()

    @property
    def began(self) -> float | None:
        """When the store began with what it is asked now; None: it has not."""
        return None if self._visit is None else self._visit.began

    @property
    def served_at(self) -> float:
        """When the store was last seen to serve what is asked like that."""
        return float("-inf") if self._visit is None else self._visit.served_at

    @property
    def is_free(self) -> bool:
        """Whether nothing is queued and nothing is being written."""
        return not self.queue and self._task is None and not self._is_held

    async def do_now(self, entry: Entry) -> None:
        """Make a write in the caller's task, where the lane is free; if it fails, it is queued."""
        self._is_held = True
        self.queue.append(entry)
        try:
            try:
                slots = await self._take_slot()
                try:
                    async with asyncio.timeout(None) as clock:
                        is_over = await self._attempt(entry, Visit(self._office, clock))
                finally:
                    slots.give()
            except TimeoutError as error:
                is_over = self._take_failure(entry, error)
            if is_over:
                self.take_off(entry)
        finally:
            self._is_held = False
            if self.queue:
                self.start()
            else:
                self._leave()

    def take_off(self, entry: Entry) -> None:
        """Take an entry out of the queue."""
        self.queue.remove(entry)
        self._office.note_removal(self, entry)
        if not self.queue and self.failures:
            self._office.health.note_recovery(self.key)
        if not self.queue and self._idle is not None:
            if not self._idle.done():
                self._idle.set_result(None)
            self._idle = None

    def hurry(self) -> None:
        """Write what is queued without waiting for an interval, or for a pause after a failure."""
        self._wake.set()
        self.start()

    def becomes_idle(self) -> asyncio.Future[None]:
        """Make a future that is done when the queue is empty."""
        if self._idle is None:
            self._idle = asyncio.get_running_loop().create_future()
        return self._idle

    def cancel(self) -> asyncio.Task[None] | None:
        """Cancel the task, if there is one, and return it."""
        if self._task is not None:
            self._task.cancel()
        return self._task

    def start(self) -> None:
        """Start the task that empties the queue, unless it runs."""
        if self._task is None and not self._is_held and self._office.has(self):
            self._task = asyncio.get_running_loop().create_task(self._work(), name=f"outbox of {self.key}")
            self._task.add_done_callback(self._restart)

    def _merge(self, entry: Entry) -> None:
        if entry.place is None or not self.queue:
            return
        if not (self._office.interval or self.failures or len(self.queue) >= _MOST_WAITING):
            return
        for older in reversed(self.queue):
            if older.place != entry.place:
                continue
            if older.may_merge and not older.is_running:
                self._replace(older, entry)
            return

    def _replace(self, older: Entry, later: Entry) -> None:
        self.queue.remove(older)
        self._office.note_removal(self, older)
        later.done += older.done
        later.tried += older.tried
        older.done = older.tried = ()

    def merge_all(self) -> None:
        """Merge all intermediate statuses with later ones of their places, if any came since the last merge."""
        if self._is_merged:
            return
        self._is_merged = True
        latest: dict[Place, Entry] = {}
        for entry in reversed(list(self.queue)):
            if entry.place is None:
                continue
            later = latest.setdefault(entry.place, entry)
            if entry.may_merge and not entry.is_running and later is not entry:
                self._replace(entry, later)

    def drop(self, entry: Entry) -> None:
        """Give an intermediate status up."""
        self.take_off(entry)
        entry.keep(Written.DROPPED)

    def _restart(self, task: asyncio.Task[None]) -> None:
        """Start the task again if it ended while entries are queued, for whatever reason it ended."""
        self._task = None
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("%s ended with %s; it is started anew", task.get_name(), type(task.exception()).__qualname__)
        if self.queue and not task.cancelled():
            self.start()
        elif self.queue:
            # Not at once: where a loop is being shut down, all tasks were cancelled, and a new one would outlive it.
            asyncio.get_running_loop().call_later(_FIRST_BACKOFF, self.start)
        else:
            self._rest()

    def _rest(self) -> None:
        """Rest: nothing is queued. The lane is kept for as long as an interval may count from its last write."""
        self._task = None
        if self._written_at:
            loop = asyncio.get_running_loop()
            pause = max(self._written_at.values()) + self._office.interval - loop.time()
            if pause > 0:
                loop.call_later(pause, self._leave)
                return
        self._leave()

    def _leave(self) -> None:
        if self.is_free:
            self._office.forget(self)

    async def _work(self) -> None:
        while self.queue:
            try:
                async with asyncio.timeout(None) as clock:  # one for all attempts: it is most of what one costs
                    await self._empty(clock, Visit(self._office, clock))
            except TimeoutError as error:
                is_over = self._take_failure(self.queue[0], error)
                await self._go_on(self.queue[0], is_over=is_over)
        if self._task is not None:  # it ends as it should, and nobody has to look at how
            self._task.remove_done_callback(self._restart)
        self._rest()

    async def _empty(self, clock: asyncio.Timeout, visit: Visit) -> None:
        while self.queue:
            self._wake.clear()
            entry, pause = self._next()
            if entry is None:
                await self._wait(pause)
                continue
            if entry is not self.queue[0]:  # an interval holds back what is in front of it
                self.queue.remove(entry)
                self.queue.appendleft(entry)
            slots = await self._take_slot()  # no attempt's time passes before the store has room for it
            try:
                if entry not in self.queue:  # merged or dropped meanwhile
                    continue
                is_over = await self._attempt(entry, visit)
            finally:
                slots.give()
            await self._go_on(entry, is_over=is_over)
            if clock.expired():  # the store kept the cancellation to itself: the next attempt needs another clock
                return

    async def _take_slot(self) -> Slots:
        slots = self._office.slots
        if not slots.take():
            await slots.wait(self, is_urgent=any(entry.kind is not Kind.EVENT for entry in self.queue))
        return slots

    async def _go_on(self, entry: Entry, *, is_over: bool) -> None:
        if is_over:
            self.take_off(entry)
        else:
            await self._wait(min(_FIRST_BACKOFF * 2 ** min(self.failures, 10), _LONGEST_BACKOFF))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _next(self) -> tuple[Entry | None, float]:
        """The first write that may be made now, or the seconds until there is one."""
        interval = self._office.interval
        if not interval or self._office.is_flushing:
            return self.queue[0], 0.0
        now = asyncio.get_running_loop().time()
        shortest = interval
        for entry in self.queue:
            if entry.kind is not Kind.EVENT or entry.place is None:
                return entry, 0.0
            pause = self._written_at.get(entry.place, float("-inf")) + interval - now
            if pause <= 0:
                return entry, 0.0
            shortest = min(shortest, pause)
        return None, shortest

    async def _attempt(self, entry: Entry, visit: Visit) -> bool:
        """Try once.

        Args:
            entry: what to write.
            visit: the store, to which it goes.

        Returns:
            Whether it is over: done, or never to be.
        """
        entry.is_running = True
        self._visit = visit
        visit.rank = int(entry.kind is Kind.EVENT)
        visit.begin()
        try:
            result = await entry.make(visit)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return self._take_failure(entry, error)  # nobody cancelled this: the store's driver let one out
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            return self._take_failure(entry, error)
        finally:
            visit.end()
            entry.is_running = False
            entry.note_attempt()
        if self.failures:
            self.failures, self.reason, self.failing_since = 0, None, None
            self._office.health.note_recovery(self.key)
        if entry.place is not None:
            if self._office.interval:
                self._written_at[entry.place] = asyncio.get_running_loop().time()
            self._tell(entry, entry.place, result)
        entry.keep(result)
        return True

    def _tell(self, entry: Entry, place: Place, written: Written) -> None:
        if written is Written.STORED:
            self._office.note_stored(self, entry, place)
        elif written is Written.NO_DOCUMENT:
            self._office.note_lost(self, entry, place, "no document matches the filter")
        elif written is Written.PASSED and entry.kind is Kind.OUTCOME:
            self._office.note_lost(self, entry, place, "another process operates on this execution environment by now")

    def _take_failure(self, entry: Entry, error: BaseException) -> bool:
        is_final = isinstance(error, VcaError) and not error.retryable
        if entry.kind is Kind.ASK and (is_final or not entry.retries or entry.is_abandoned):
            entry.fail(as_store_error(error, entry.what, self._office.attempt_limit))
            return True
        if is_refusal(error):
            self._report_refusal(entry, error)
            entry.keep()
            return True
        level = logging.DEBUG if self.failures else logging.WARNING
        self.failures += 1
        for waiting in self.queue:
            waiting.note_attempt()  # who begins must not wait for an outage to end, either
        self.reason = error if isinstance(error, Exception) else None
        what = f"the status for {entry.place}" if entry.place is not None else f"a change of the record of {self.key}"
        _LOG.log(level, "%s stays queued: %s: %s", what, type(error).__name__, reason_of(error))
        if isinstance(error, TimeoutError) and self._visit is not None and self._visit.served_at > self._visit.last:
            return False  # it had others to serve, and is not away
        now = asyncio.get_running_loop().time()
        if entry.failing_since is None:
            entry.failing_since = now if self._visit is None else self._visit.last
        if self.failing_since is None:
            self.failing_since = now  # what waits behind it was not tried meanwhile
        if not isinstance(error, VcaError) or error.retryable:  # else it is about one document
            self._office.health.note_failure(self.key, error)
        return False

    def _report_refusal(self, entry: Entry, error: BaseException) -> None:
        if entry.place is not None:
            self._office.note_lost(self, entry, entry.place, f"the store refuses it: {reason_of(error)}")
        else:
            _LOG.warning("what is kept of %s cannot be changed: %s", self.key, reason_of(error))
