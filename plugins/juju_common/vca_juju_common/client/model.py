"""One model: its connection, the requests that go over it, its state as the deltas give it, and waits on that state.

Of deltas only the state is kept, so memory does not grow with their number. Who waits is a coroutine that ends: no
observer has to be unregistered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from vca_core.errors import NotFound, VcaConnectionError, VcaError
from vca_core.tasks import OwnedTasks
from vca_juju_common.client.debts import Debts, Undo
from vca_juju_common.client.errors import MODEL_NOT_FOUND, ApiError, ConnectionLost
from vca_juju_common.client.holding import ask_first
from vca_juju_common.client.interface import Observer
from vca_juju_common.client.presence import PresenceQuestions
from vca_juju_common.client.requests import (
    actions,
    annotating,
    applications,
    charms,
    keeping,
    machines,
    offers,
    reads,
    relations,
    resources,
    status,
    undoing,
    upload,
)
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.state import State
from vca_juju_common.client.things import Annotations, Key
from vca_juju_common.client.transport.connection import Connection
from vca_juju_common.client.transport.dial import Dialer
from vca_juju_common.client.transport.wire import Wire
from vca_juju_common.client.waiting import Waits

R = TypeVar("R")


class WatchedModel:
    """A model of a controller, watched from `open` to `close`.

    Its requests are functions of `client.requests`, which take the model first: here they become its methods.

    Args:
        dialer: makes its connections.
        uuid: the model's.
        name: the model's, as the user sees it.
        patience: seconds that a call waits for the first connection.
        outage: seconds that a call waits for a connection once there was one.
        observer: called with what changes.
        is_watched: whether a state holds something that has to be watched while the model is unused.
        debts: what earlier connections to it left undone; None: nothing.
        on_break: called when a connection to it ended.

    Attributes:
        outage: seconds for which the controller may be away, or upgraded.
        state: what is known now.
        lock: held while something without a name of its own is made in the model.
        users: how many operations use it.
        debts: what could not be undone yet.
        unsure: whether something may have been asked for that the state does not show yet.
        is_new: whether it was just made, and has not been used yet.
        is_leaving: whether its end was asked for: then a connection that ends is made anew only for a new request.
    """

    add_machine = machines.add_machine
    add_machines = machines.add_machines
    unclaimed_machines = machines.unclaimed_machines
    unheard_machines = machines.unheard_machines
    undo_machines = machines.undo_machines
    destroy_machines = machines.destroy_machines
    provisioning_script = machines.provisioning_script
    keep_instances = keeping.keep_instances
    deploy = applications.deploy
    set_charm = applications.set_charm
    resolve_units = applications.resolve_units
    destroy_applications = applications.destroy_applications
    destroy_consumed = applications.destroy_consumed
    get_config = applications.get_config
    get_constraints = applications.get_constraints
    has_trust = applications.has_trust
    set_config = applications.set_config
    add_units = applications.add_units
    scale_to = applications.scale_to
    destroy_units = applications.destroy_units
    add_relation = relations.add_relation
    find_relation = relations.find_relation
    remove_relation = relations.remove_relation
    remove_one_relation = relations.remove_one_relation
    consume = offers.consume
    add_store_charm = charms.add_store_charm
    origin_of = charms.origin_of
    resolve_channel = charms.resolve_channel
    declared_resources = resources.declared_resources
    declared_parts = charms.declared_parts
    declared_endpoints = charms.declared_endpoints
    held_resources = resources.held_resources
    published_resources = resources.published_resources
    add_resources = resources.add_resources
    upload_charm = upload.upload_charm
    upload_resource = upload.upload_resource
    declared_actions = actions.declared_actions
    enqueue_action = actions.enqueue_action
    action_result = actions.action_result
    cancel_action = actions.cancel_action
    annotate = annotating.annotate
    read_notes = annotating.read_notes
    undo_note = annotating.undo_note
    undo_or_owe = undoing.undo_or_owe
    full_status = reads.full_status
    get_metrics = reads.get_metrics

    def __init__(
        self,
        dialer: Dialer,
        uuid: str,
        name: str,
        *,
        patience: float,
        outage: float,
        observer: Observer,
        is_watched: Callable[[State], bool],
        debts: Debts[Target] | None = None,
        on_break: Callable[[], None] = lambda: None,
    ) -> None:
        self.uuid = uuid
        self.name = name
        self.dialer = dialer
        self.outage = outage
        self.state = State()
        self.lock = asyncio.Lock()
        self.users = 0
        self.debts: Debts[Target] = Debts() if debts is None else debts
        self.unsure = False
        self.is_leaving = False
        self.is_new = False
        self._on_break = on_break
        self._rereading = asyncio.Lock()
        self._watching_anew = asyncio.Lock()
        self._observer = observer
        self._is_watched = is_watched
        self._watcher = ""
        self._ended: VcaError | None = None
        self._tasks = OwnedTasks(f"model {name}")
        self._presence = PresenceQuestions(self._read_presence, self.state.agents, self._tasks)
        self._late = OwnedTasks(f"late answers of model {name}")
        self._connection = Connection(
            dialer,
            f"/model/{uuid}/api",
            f"model {name}",
            patience,
            outage,
            self._open,
            self._end,
            lambda: self.is_needed,
            lambda: not self.is_leaving,
        )
        self._waits = Waits(self._presence, self._check_watched, self._connection.seconds_left, self.reread)

    @property
    def controller_uuid(self) -> str:
        """The controller's uuid; empty before the first login."""
        return self.dialer.controller_uuid

    @property
    def is_gone(self) -> bool:
        """Whether the model is known to be gone."""
        return isinstance(self._ended, NotFound)

    @property
    def is_used(self) -> bool:
        """Whether it is in use: by an operation, or by an answer that comes late."""
        return self.users > 0 or len(self._late) > 0

    @property
    def is_needed(self) -> bool:
        """Whether it has to be connected: it is used, something is owed, or there is something to watch."""
        has_unheard = bool(self.unheard_machines())
        return self.is_used or bool(self.debts) or has_unheard or self._is_watched(self.state)

    async def open(self) -> None:
        """Connect, and know the state.

        Raises:
            NotFound: the model is gone.
            VcaConnectionError: there is no connection.
        """
        await self._connection.wire()

    def note_gone(self) -> None:
        """Note that it is gone, as the controller's list shows."""
        if not self.is_gone:
            self._end(NotFound(f"model {self.name} is gone"))

    def stop(self) -> None:
        """Connect no more."""
        self._connection.stop()

    async def close(self) -> None:
        """Disconnect, and end its tasks."""
        await self._connection.close(self._ended if self.is_gone else None)
        await self._late.cancel(10.0)
        await self._tasks.cancel(10.0)
        self._end(self._ended or VcaConnectionError(f"model {self.name} was closed"))

    async def facade(self, name: str, *, repeat: bool = True) -> Any:
        """A facade's generated class over the model's connection; see `Connection.facade`."""
        self._check_there()
        return await self._connection.facade(name, repeat=repeat)

    async def call(self, facade: str, request: str, params: Any = None) -> dict[str, Any]:
        """Read something as the wire has it: plain data. See `Connection.call`."""
        self._check_there()
        return await self._connection.call(facade, request, params)

    def note(self, tag: str, notes: Mapping[str, str]) -> None:
        """Put what was just noted at an entity into the state: its delta may come later."""
        kept = {name: value for name, value in {**self.state.notes(tag), **notes}.items() if value}
        self.state.annotations[tag] = Annotations(tag, kept)

    async def resync(self) -> Wire:
        """Have the state be as new as the newest connection: after an answer was lost, what it asked for is in it.

        Returns:
            That connection.
        """
        self._check_there()
        return await self._connection.wire()

    async def answer_or_undo(self, work: Coroutine[Any, Any, R], late: Callable[[R], Awaitable[None]]) -> R:
        """Send a request that has to be undone if its caller is gone when the answer comes.

        Args:
            work: asks, and gives the answer.
            late: undoes it, where the caller was cancelled before.
        """
        asking = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            self._late.spawn(_undo(asking, late), "undo")
            raise

    def why_absent(self) -> VcaError | None:
        """Why there is no connection now; None: there is one, or nothing is known."""
        return self._connection.why_absent()

    def owe(self, undo: Undo[Target]) -> None:
        """Undo something beside, as soon as there is a connection; see `Debts.owe`."""
        self.debts.owe(undo)
        if not self._connection.is_closed:
            self._late.spawn(self._settle(), "debts")

    async def make_sure(self) -> None:
        """Wait for a state that shows all that may have been asked for."""
        async with self._rereading:
            while self.unsure:
                self.unsure = False
                try:
                    await self.reread()
                except BaseException:
                    self.unsure = True
                    raise

    async def reread(self) -> None:
        """Read the state as a whole, as after a break."""
        self._check_there()
        async with self._watching_anew:  # what is being read began before
            begun_before = self.state.begun
        wire = await self._connection.wire()
        watcher = self._watcher
        with suppress(ApiError, ConnectionLost):  # whatever it answers, the watcher ends, and a new one is made
            await wire.call("AllWatcher", "Stop", watcher=watcher)
        wire.end_watch(watcher)
        await self.wait(lambda: self.state.readings > begun_before or None, stale=float("inf"))

    async def wait(
        self,
        look: Callable[[], R | None],
        pause: Callable[[], float | None] | None = None,
        *,
        agents: Callable[[], Collection[Key]] | None = None,
        stale: float | None = None,
        since: float | None = None,
    ) -> R:
        """Wait for something in the state. It is checked now, and after every change.

        Args:
            look: finds it, or raises what makes it impossible; None: not yet.
            pause: seconds after which to look again, whatever changes; None: only after changes.
            agents: gives the machines and units that have to do something: when one is silent for `presence.SILENCE`,
                whatever else changes, the controller is asked how it is; none: all of the model.
            stale: seconds without any change after which the state is read anew, in case that what came last was old
                news; None: `waiting.STALE`. They double each time.
            since: when this began, as a time of the loop, where it is waited for in several steps; None: now.

        Returns:
            What was found.

        Raises:
            NotFound: the model is gone.
            VcaConnectionError: it cannot be connected any more, or has not been for as long as an outage may last.
        """
        return await self._waits.wait(look, pause, agents, stale, since)

    async def check_presence(self) -> None:
        """Wait for a state that shows lost agents; see `PresenceQuestions.check`."""
        await self._presence.check()

    async def _read_presence(self) -> None:
        number = self.state.begin_reading()
        with suppress(VcaError):  # it is asked again
            things = await status.read_status(self)
            changes = self.state.take_status(number, things, is_watched=bool(self._watcher))
            if changes:
                self._observer(self, changes)
                self._waits.wake()
            if self._watcher and self.state.is_behind(number, things):
                await self.reread()  # the watcher has fallen silent: its Next is never answered

    async def _open(self, wire: Wire) -> None:
        try:
            watcher = await self._watch_anew(wire)
        except ApiError as error:
            if error.code == MODEL_NOT_FOUND:  # it went between the login and this
                raise NotFound(f"model {self.name} is gone: {error.message}") from error
            if error.is_passing:
                raise VcaConnectionError(f"model {self.name} cannot be watched: {error.message}") from error
            raise
        self._tasks.spawn(self._watch(wire, watcher), "deltas")

    async def _watch_anew(self, wire: Wire) -> str:
        """Watch, and read the state as a whole: what vanished while nothing was watched is removed."""
        async with self._watching_anew:
            number = self.state.begin_reading()
            reply = await wire.call("Client", "WatchAll")
            watcher = str(reply["watcher-id"])
            first = await wire.call("AllWatcher", "Next", watcher=watcher)
            self._ended = None
            self._watcher = watcher
            self._take(first, number)
            return watcher

    async def _watch(self, wire: Wire, watcher: str) -> None:
        reason = "the model is not watched any more"
        try:
            while not wire.closed.is_set():
                await self._waits.gathering.pause()
                try:
                    self._take(await wire.call("AllWatcher", "Next", watcher=watcher, patient=True))
                except ApiError:  # 2: the watcher was stopped; the connection may well be alive
                    if self.is_leaving:
                        raise
                    watcher = await self._watch_anew(wire)
        except VcaConnectionError as error:
            reason = error.message
        except ApiError as error:
            reason = f"the model cannot be watched: {error.message}"  # the next login shows whether it is gone
        finally:
            wire.give_up(reason)  # whatever ended it: nothing would be seen on a connection without a watcher
            self._on_break()
            self._waits.wake()  # those who wait have to know that it broke

    def _take(self, reply: dict[str, Any], number: int | None = None) -> None:
        """Take deltas in; with a number, those of a reading as a whole."""
        whole = number is not None
        deltas = reply.get("deltas") or ()
        changes = self.state.apply(deltas, whole=whole, number=number)
        if not whole:
            self._presence.note_heard(changes)
        if self.debts.look(self, whole=whole):
            self._late.spawn(self._settle(), "debts")
        if changes:
            self._observer(self, changes)
        # That a note of ours is reported changes nothing, and may be waited for.
        if changes or whole or any(kind == "annotation" for kind, *_ in deltas):
            self._waits.wake()
        if ("model", self.uuid) in self.state.removed and not self.is_gone:
            gone = NotFound(f"model {self.name} is gone")
            self._end(gone)
            self._tasks.spawn(self._connection.close(gone), "farewell")

    async def _settle(self) -> None:
        with suppress(VcaError):  # it stays owed
            await self.debts.settle(self)

    def _check_there(self) -> None:
        if self.is_gone and self._ended is not None:
            raise self._ended.duplicate()

    def _check_watched(self) -> None:
        if self._ended is not None:
            raise self._ended.duplicate() from self._ended.__cause__

    def _end(self, error: VcaError) -> None:
        """Nothing more will be heard until it is connected again."""
        self._ended = error
        if isinstance(error, NotFound):
            changes = self.state.apply((), whole=True)
            if changes:
                self._observer(self, changes)
        self._waits.wake()


async def _undo(asking: asyncio.Future[R], undo: Callable[[R], Awaitable[None]]) -> None:
    """Undo what an answer reports when its caller has gone."""
    with suppress(VcaError), ask_first(None):  # it was refused; or the undoing failed, and is owed
        await undo(await asking)
