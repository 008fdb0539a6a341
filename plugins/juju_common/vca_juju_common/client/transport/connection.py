"""A supervised connection: it comes back after every break, through whichever endpoint answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from vca_core.errors import NotFound, VcaConnectionError, VcaError
from vca_core.tasks import OwnedTasks
from vca_juju_common.client.errors import MODEL_NOT_FOUND, ApiError, ConnectionLost, Upgrading
from vca_juju_common.client.holding import check_held
from vca_juju_common.client.retries import pauses
from vca_juju_common.client.transport.dial import Dialer
from vca_juju_common.client.transport.generated import Bridge
from vca_juju_common.client.transport.turns import Turn
from vca_juju_common.client.transport.wire import Wire

LASTING = 5.0
"""Seconds after which a connection was a good one: when it breaks, the next try is at once."""

SLOWLY = 60.0
"""Seconds between two tries when the last error is one that does not go away, but a connection is still wanted."""


class Connection:
    """Keeps one API of a controller connected: from the first call on, and until `close`.

    Args:
        dialer: makes the connections.
        path: of the API.
        name: for logs and errors.
        patience: seconds that a call waits for the first connection, without those until it is its turn to be dialled,
            and without those in which the event loop was too busy to see it.
        outage: seconds that a call waits for a connection once there was one; likewise.
        on_open: done with each new connection before calls get it, as re-reading what they may have changed.
        on_end: called when there will be no further connection unless one is asked for.
        wanted: whether to go on, `SLOWLY`, after a failure against which no retry helps: a password may be changed on
            both sides in time. `on_end` is called nevertheless, each time.
        lasts: whether a connection that ends is made anew although no call waits for it.
    """

    def __init__(
        self,
        dialer: Dialer,
        path: str,
        name: str,
        patience: float,
        outage: float,
        on_open: Callable[[Wire], Awaitable[None]] | None = None,
        on_end: Callable[[VcaError], None] | None = None,
        wanted: Callable[[], bool] | None = None,
        lasts: Callable[[], bool] = lambda: True,
    ) -> None:
        self.name = name
        self._dialer = dialer
        self._path = path
        self._patience = patience
        self._outage = outage
        self._on_open = on_open
        self._on_end = on_end
        self._wanted = wanted
        self._lasts = lasts
        self._asking = 0
        self._asked = asyncio.Event()
        self._later: asyncio.TimerHandle | None = None
        self._tasks = OwnedTasks(name)
        self._running: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[Wire] | None = None
        self._trouble: VcaError | None = None
        self._failures: list[VcaConnectionError] | None = None  # of endpoints, while they are dialled
        self._turn = Turn(dialer.line, dialer.attention)
        self._excused_before = 0.0
        self._last: Wire | None = None
        self._closed: VcaError | None = None

    @property
    def is_closed(self) -> bool:
        """Whether it was closed: it never comes back."""
        return self._closed is not None

    async def wire(self) -> Wire:
        """The connection, when there is one.

        Raises:
            VcaConnectionError: there is none within the patience, or there can be none.
            NotFound: it is a model's, and the model is not there.
        """
        if self._closed is not None:
            raise self._closed.duplicate()
        self._start()
        if self._ready is None:
            raise AssertionError("the task that runs makes it")
        if (there := _wire_in(self._ready)) is not None:  # nearly always: nothing has to be set up to wait for it
            return there
        self._asking += 1
        self._asked.set()
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            with self._dialer.attention.watch():
                found = await self._wait_for_wire(begun)
        except asyncio.CancelledError as cancelled:
            cancelled.__cause__ = self._reason()  # the error of a limit says why nothing came
            raise
        finally:
            self._asking -= 1
        if found is None:
            raise self._missing_error(clock() - begun) from self._reason()
        return found

    async def _wait_for_wire(self, begun: float) -> Wire | None:
        """Wait for a connection, for as long as a call does; `begun` is when the call began."""
        clock, excused_before = asyncio.get_running_loop().time, self._turn.excused
        while (left := self._limit() - (clock() - begun) + (self._turn.excused - excused_before)) > 0:
            if self._ready is None:
                raise AssertionError("the task that runs makes it")
            ready = self._ready  # another one may be in its place when this one is done
            done, _ = await asyncio.wait((ready,), timeout=left)
            if not done:
                continue
            try:
                wire = ready.result()
            except VcaError as error:
                raise error.duplicate() from error.__cause__
            if not wire.closed.is_set():
                return wire
            self._renew(wire)
        return None

    def _limit(self) -> float:
        """Seconds that a call waits."""
        return self._outage if isinstance(self._trouble, Upgrading) else self._patience

    def seconds_left(self) -> float | None:
        """Seconds in which a connection that broke has to be back; None: it has not broken.

        Raises:
            VcaConnectionError: they are over.
        """
        if self._last is None or self._last.ended is None:
            return None
        passed = asyncio.get_running_loop().time() - self._last.ended
        left = self._outage - passed + (self._turn.excused - self._excused_before)
        if left <= 0:
            raise self._missing_error(passed) from self._reason()
        return left

    def _missing_error(self, passed: float) -> VcaConnectionError:
        reason = self._reason()
        text = f"{self.name}: no connection within {round(passed, 1):g} s: {reason.message if reason else 'no answer'}"
        return VcaConnectionError(text, str(self._dialer.endpoints))

    def why_absent(self) -> VcaError | None:
        """Why there is no connection now; None: there is one, or nothing is known."""
        is_there = self._ready is not None and _wire_in(self._ready) is not None
        return None if is_there else self._reason()

    def _reason(self) -> VcaError | None:
        """Why there is no connection: how the last try ended, or what is known of the one under way."""
        if self._trouble is not None or self._failures is None:
            return self._trouble
        failed = {failure.url for failure in self._failures}
        silent = [str(one) for one in self._dialer.endpoints.all if str(one) not in failed]
        texts = [*(failure.message for failure in self._failures), *(f"{one} has not answered yet" for one in silent)]
        reason = VcaConnectionError("; ".join(texts), str(self._dialer.endpoints))
        reason.__cause__ = self._failures[-1] if self._failures else None
        return reason

    async def call(
        self,
        facade: str,
        request: str,
        params: Any = None,
        *,
        repeat: bool = True,
        changes: bool = False,
        encoder: type[json.JSONEncoder] | None = None,
    ) -> dict[str, Any]:
        """Send a request and wait for its answer, through breaks of the connection.

        Args:
            facade: name of the facade.
            request: name of its method.
            params: what it takes.
            repeat: whether it may be sent again when its answer was lost: what it asks for may have been done.
            changes: whether it may change something: then it is sent only while its operation may.
            encoder: writes what is not plain data in the params.

        Raises:
            ApiError: the controller refuses it.
            ConnectionLost: the answer was lost and it must not be repeated.
            ConflictError: its operation may not change anything any more.
            VcaConnectionError: there is no connection.
            NotFound: it is a model's, and the model is gone.
        """
        is_doubted = False
        clock = asyncio.get_running_loop().time
        upgrading_since: float | None = None
        last: str | None = None
        try:
            while True:
                wire = await self.wire()
                if changes:  # each time: while the connection was away, the operation may have lost what it holds
                    await check_held()
                try:
                    return await wire.call(facade, request, params, encoder=encoder)
                except ApiError as error:
                    if error.code != MODEL_NOT_FOUND:
                        raise
                    if not is_doubted:  # a login shows whether it is true
                        is_doubted = True
                        wire.give_up(f"{self.name} is said to be gone")
                        self._renew(wire)
                        continue
                    gone = NotFound(f"{self.name} is gone: {error.message}")
                    self._fail(gone)
                    raise gone from None
                except Upgrading as error:
                    last = error.message
                    self._renew(wire)
                    if self._ready is not None and not self._ready.done():
                        self._trouble = error  # logins succeed all the same: nothing else gives a reason
                    upgrading_since = clock() if upgrading_since is None else upgrading_since
                    if clock() - upgrading_since >= self._outage:
                        raise VcaConnectionError(
                            f"{self.name}: {error.message}", str(self._dialer.endpoints)
                        ) from error
                except ConnectionLost as lost:
                    last = lost.message
                    self._renew(wire)
                    if lost.sent and not repeat:
                        raise
        except asyncio.CancelledError as cancelled:
            if last is not None and cancelled.__cause__ is None:  # it was sent again, and is not answered yet
                cancelled.__cause__ = VcaConnectionError(last, str(self._dialer.endpoints))
            raise

    async def facade(self, name: str, *, repeat: bool = True) -> Any:
        """A facade's generated class over this connection; all that changes an EE goes this way.

        Args:
            name: of the facade.
            repeat: as for `call`.
        """
        wire = await self.wire()

        async def send(
            facade: str, request: str, params: Any, encoder: type[json.JSONEncoder] | None
        ) -> dict[str, Any]:
            return await self.call(facade, request, params, repeat=repeat, changes=True, encoder=encoder)

        return Bridge(wire.facades, send).facade(name)

    async def close(self, reason: VcaError | None = None) -> None:
        """End it, with its tasks and its sockets.

        Args:
            reason: for those who call nevertheless.
        """
        self.stop(reason)
        await self._tasks.cancel(10.0)
        if self._closed is not None:
            self._fail(self._closed)

    def stop(self, reason: VcaError | None = None) -> None:
        """Begin to end it: nothing connects any more.

        Args:
            reason: for those who call nevertheless.
        """
        self._closed = self._closed or reason or VcaConnectionError(f"{self.name} was closed")
        self._cancel_retry()
        self._tasks.stop()

    def _renew(self, wire: Wire) -> None:
        """Note that a connection broke: who comes now waits for the next one."""
        ready = self._ready
        if ready is not None and ready.done() and ready.exception() is None and ready.result() is wire:
            self._ready = asyncio.get_running_loop().create_future()

    def _start(self) -> None:
        """Start the supervisor if it is not running."""
        if self._running is None or self._running.done():
            self._cancel_retry()
            self._ready = asyncio.get_running_loop().create_future()
            self._running = self._tasks.spawn(self._run(), "supervisor")

    def _cancel_retry(self) -> None:
        """Cancel the pending retry."""
        if self._later is not None:
            self._later.cancel()
            self._later = None

    async def _run(self) -> None:
        """Connect, again and again; whatever happens, those who wait learn of it."""
        waits = self._pauses()
        while True:
            try:
                has_lasted = await self._hold()
                if not self._lasts() and not self._asking:
                    self._asked.clear()
                    await self._asked.wait()
                if has_lasted:
                    waits = self._pauses()
                    continue  # the first try is at once
            except VcaError as error:
                self._trouble = error
                if not error.retryable:
                    self._fail(error)
                    return
            except Exception as error:  # noqa: BLE001 - of a library or of `on_open`; its text may show anything
                self._trouble = VcaConnectionError(f"{self.name} cannot be opened: {type(error).__name__}")
                self._trouble.__cause__ = error
            await asyncio.sleep(next(waits))

    def _pauses(self) -> Iterator[float]:
        """Pauses so short that a caller who comes at the beginning of one does not run out of patience."""
        return pauses(most=min(5.0, self._outage / 3, self._patience / 3))

    async def _hold(self) -> bool:
        """Connect once, and wait until that breaks.

        Returns:
            Whether it lasted.
        """
        async with self._turn:
            self._failures = []
            try:
                wire = await self._dialer.dial(self._path, self.name, self._failures)
            finally:
                self._failures = None
        try:
            if self._on_open is not None:
                await self._on_open(wire)
            self._trouble = None
            self._last = wire
            self._excused_before = self._turn.excused
            self._patience = self._outage
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(wire)
            clock = asyncio.get_running_loop().time
            opened = clock()
            await wire.closed.wait()
            self._renew(wire)
            return clock() - opened >= LASTING
        finally:
            await wire.close(1.0)

    def _fail(self, error: VcaError) -> None:
        """Wake all who wait. The next call tries anew, and so does the supervisor while the connection is wanted."""
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(error)
            self._ready.exception()
        if self._wanted is not None and self._closed is None and not isinstance(error, NotFound):
            self._cancel_retry()
            self._later = asyncio.get_running_loop().call_later(SLOWLY, self._try_again, self._wanted)
        if self._on_end is not None:
            self._on_end(error)

    def _try_again(self, wanted: Callable[[], bool]) -> None:
        self._later = None
        if wanted():
            self._start()


def _wire_in(ready: asyncio.Future[Wire]) -> Wire | None:
    """A connection that is there, and has not ended."""
    if not ready.done() or ready.exception() is not None or ready.result().closed.is_set():
        return None
    return ready.result()
