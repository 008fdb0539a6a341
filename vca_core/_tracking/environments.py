"""What is known of each execution environment while this process runs, and what of it is at its home.

A report goes two ways: to the places of the operation that runs on the EE, as an event; and into the EE's aggregate,
which stands at its home. While an operation's own place *is* the home, its events stand there until its outcome.

What this process does not know of an EE it does not write: the aggregate of those entities that happened to change
would be wrong. So before this process operates on an EE that another one operated on, the EE is listed. Between
operations, only the process that last operated on an EE writes to its home.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from vca_core._schema import NewerRecordError
from vca_core._tracking.claims import Claim
from vca_core._tracking.entry import Put, Written
from vca_core._tracking.footprint import Footprint
from vca_core._tracking.home import Home, PutHere
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import TIME, Place, status_fields
from vca_core._tracking.records import EeRecord, EeRecords
from vca_core._tracking.trail import Trail
from vca_core._tracking.unread import blind_putter
from vca_core.errors import BackendError, VcaError
from vca_core.naming import EeId, EeKey
from vca_core.probe import Probe
from vca_core.status import STATUS_WORDS, DeploymentStatus, Entity, EntityState, aggregate
from vca_core.stores import StatusStore
from vca_core.traits import Scope

_LOG = logging.getLogger(__name__)

NOTHING_PRESENT = "nothing of it is present any more"
"""The detail of an EE that its backend does not list any more."""


@dataclass(slots=True, eq=False)
class Environment:
    """What is known of one EE.

    Attributes:
        key: where it is.
        ee_id: its id.
        record: what the store keeps of it, as it was read last.
        home: where its aggregate is kept.
        states: the last that was reported of its entities.
        is_known: whether anything was reported or listed; if so, and there are no states, nothing of it is present.
        is_whole: whether the states are of all its entities: it was made by this process, or a listing was taken, and
            no other process has operated on it since.
        trail: the operation that runs on it.
        writes: whether this process writes to its home between operations.
        at_home: what was written there last.
        secret_names: what its charm declares secret.
        claim: what the running create operation claimed.
        before: the record as the running operation found it.
        unread: why the store could not be read when the operation began; None: it was.
        news: the entities that were reported while a listing is taken; None: no listing is being taken.
    """

    key: EeKey
    ee_id: EeId | None = None
    record: EeRecord | None = None
    home: Home | None = None
    states: dict[Entity, EntityState] = field(default_factory=dict)
    is_known: bool = False
    is_whole: bool = False
    trail: Trail | None = None
    writes: bool = False
    at_home: tuple[object, ...] | None = None
    secret_names: frozenset[str] = frozenset()
    claim: Claim | None = None
    before: EeRecord | None = None
    unread: str | None = None
    news: set[Entity] | None = None

    def take(self, record: EeRecord | None, owner: str) -> None:
        """Take over what was read from the store.

        Args:
            record: what is kept of it; None: nothing.
            owner: names this `Vca`: what another one operated on last may have changed, whenever that was.
        """
        if record is not None and record.ee_id is not None and self.ee_id not in (None, record.ee_id):
            self.states.clear()
            self.is_known = False
        before, self.record = self.record, record
        if record is None:
            self.home = self.at_home = None
            return
        self.ee_id = record.ee_id or self.ee_id
        self.secret_names |= record.secret_names
        is_same = before is not None and before.generation == record.generation
        self.is_whole &= is_same and before is not None and before.owner == record.owner == owner
        if not is_same or not self.is_home(record.home):
            self.move(Home(record.home))

    def move(self, home: Home) -> None:
        """Use another home from now on."""
        self.home = home
        self.at_home = None

    def is_home(self, place: Place) -> bool:
        """Whether a place is its home."""
        return self.home is not None and self.home.place == place

    def is_other_than(self, ee_id: EeId | None) -> bool:
        """Whether an id names another EE than this one, such as an earlier EE of the same names."""
        kept = None if self.record is None else self.record.ee_id
        return kept is not None and ee_id is not None and kept != ee_id


class Environments:
    """The EEs of one connector.

    Args:
        connector: its name.
        outbox: writes, in order.
        records: keeps what outlives this process.
        scrub: takes secrets out of a text.
        on_forget: called with each EE that is gone.

    Attributes:
        loop: the event loop that reports have to come from; None: it has not been used yet.
        probe: sees each report; None: there is no probe.
        deleting: the models that are being deleted: the statuses at the homes of their EEs stay meanwhile.
    """

    def __init__(
        self,
        connector: str,
        outbox: Outbox,
        records: EeRecords,
        scrub: Callable[[str], str],
        on_forget: Callable[[EeKey], None],
    ) -> None:
        self._connector = connector
        self._outbox = outbox
        self._records = records
        self._scrub = scrub
        self._on_forget = on_forget
        self._known: dict[EeKey, Environment] = {}
        self.loop: asyncio.AbstractEventLoop | None = None
        self.deleting: set[str] = set()
        self.probe: Probe | None = None

    def get(self, key: EeKey) -> Environment | None:
        """Return what is known of an EE; None: nothing."""
        return self._known.get(key)

    def in_model(self, model: str) -> list[Environment]:
        """Return what is known of the EEs of a model."""
        return [environment for key, environment in self._known.items() if key.model == model]

    def forget(self, key: EeKey) -> None:
        """Forget an EE that is gone."""
        self._known.pop(key, None)
        self._on_forget(key)

    def unwatch(self) -> None:
        """Note that the backend watches nothing from now on, so what is known of each EE may be out of date."""
        for environment in self._known.values():
            environment.is_whole = False

    def of(self, key: EeKey) -> Environment:
        """Return what is known of an EE; a new entry, which knows nothing, if there was none."""
        environment = self._known.get(key)
        if environment is None:
            environment = self._known[key] = Environment(key)
        return environment

    def declare_secrets(self, key: EeKey, names: frozenset[str]) -> None:
        """Remember what an EE's charm declares secret, for later processes, too."""
        environment = self.of(key)
        if not names <= environment.secret_names:
            environment.secret_names |= names
            if environment.record is not None:
                self._records.change(environment.record, {"secret_names": sorted(environment.secret_names)})

    async def load(self, key: EeKey, limit: float | None = None) -> Environment:
        """Look an EE up. If the store does not answer, this process may lack news of the EE, but the operation goes on.

        Raises:
            NewerRecordError: a newer release keeps it, in a form that cannot be read.
        """
        environment = self.of(key)
        try:
            environment.take(await self._records.look_up(key, environment.record, limit), self._records.owner)
            environment.unread = None
        except NewerRecordError:
            raise
        except VcaError as error:
            environment.unread = error.message
            environment.is_whole = False  # another process may have operated on it
            _LOG.warning("what is kept of %s is not known: %s", key, error)
        return environment

    async def secret_names(self, key: EeKey) -> frozenset[str]:
        """Return what an EE's charm is known, by this process or another, to declare secret.

        Raises:
            StoreError: the store does not answer.
        """
        known = self._known.get(key)
        record = await self._records.look_up(key, None if known is None else known.record)
        names = frozenset() if record is None else record.secret_names
        return names if known is None else names | known.secret_names

    # What is reported.

    def report(
        self, ee_id: EeId, entity: Entity, native: str | None, detail: str, status: DeploymentStatus | None
    ) -> None:
        """Take a report on an EE (`vca_core.backend.Host.report`)."""
        self._check_thread()
        key = EeKey.of(self._connector, ee_id)
        if self.probe is not None:
            self.probe.note_report(None, key[1:], entity, native, detail, status)
        environment = self.of(key)
        if environment.ee_id != ee_id:
            if environment.ee_id is not None and (environment.record is not None or environment.trail is not None):
                return  # of an earlier EE by this name
            if environment.ee_id is not None:
                environment.states.clear()
            if environment.trail is None:
                environment.ee_id = ee_id
        self._take(environment, environment.trail, entity, native, detail, status)
        self.write_home(environment)
        if not environment.states and environment.record is None and environment.trail is None:
            self.forget(key)

    def report_of(
        self, trail: Trail, entity: Entity, native: str | None, detail: str, status: DeploymentStatus | None
    ) -> None:
        """Take a report of an operation (`vca_core.backend.Operation.report`)."""
        self._check_thread()
        if self.probe is not None:
            self.probe.note_report(trail.id, trail.lane[1:], entity, native, detail, status)
        environment = self._known.get(trail.keys[0]) if trail.keys else None
        if environment is None:
            if not trail.ended:
                self._take(Environment(trail.lane), trail, entity, native, detail, status)
            return
        if trail.ended and environment.trail is not trail and trail.ee_id != environment.ee_id:
            return  # a straggler of an EE that is gone
        self._take(environment, None if trail.ended else trail, entity, native, detail, status)
        self.write_home(environment)

    def _check_thread(self) -> None:
        try:
            running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is None or running is not self.loop:
            raise BackendError(
                "report() is for the event loop's thread; elsewhere use loop.call_soon_threadsafe(report, ...)"
            )

    def _take(
        self,
        environment: Environment,
        trail: Trail | None,
        entity: Entity,
        native: str | None,
        detail: str,
        status: DeploymentStatus | None,
    ) -> None:
        if native is None:
            gone = EntityState(entity, "", self._scrub(detail) or "gone", DeploymentStatus.UNKNOWN)
            self._keep(environment, trail, gone, is_gone=True)
        else:
            self._keep(environment, trail, self._scrub_state(EntityState(entity, native, detail, status)))

    def _keep(
        self, environment: Environment, trail: Trail | None, state: EntityState, *, is_gone: bool = False
    ) -> None:
        """Take over a state without secrets."""
        states, entity = environment.states, state.entity
        if entity.kind == "action":
            if trail is None:
                return  # the operation that ran it is over
            states = trail.actions
        before = states.get(entity)
        if is_gone:
            if before is None:
                return
            del states[entity]
        else:
            if before == state:
                return
            states[entity] = state
        if entity.kind != "action":
            environment.is_known = True
            if environment.news is not None:
                environment.news.add(entity)
        if trail is not None:
            if before is None or is_gone or (before.native, before.detail) != (state.native, state.detail):
                trail.touch()
            if not trail.muted:
                self._tell(trail, state)

    def _tell(self, trail: Trail, state: EntityState) -> None:
        trail.last = state
        if state.entity.kind == "action":
            trail.last_action = state
        for place in trail.places:
            fields = status_fields(state.meaning, state.detail, state.native, state.entity.kind)
            self._outbox.report(trail.lane, place, fields, self.putter(trail, place, fields), trail.id)

    def take_listing(self, environment: Environment, states: Sequence[EntityState]) -> None:
        """Take over what a listing says of an EE, without secrets: an entity that it does not name is gone."""
        trail = environment.trail
        present = {state.entity for state in states}
        for state in states:
            self._keep(environment, trail, state)
        for entity in [entity for entity in environment.states if entity not in present]:
            self._take(environment, trail, entity, None, "", None)
        environment.is_known = environment.is_whole = True

    def learn(self, environment: Environment, states: Sequence[EntityState] | None) -> None:
        """Take over what is listed of an EE before an operation on it; this alone causes no write.

        Args:
            environment: which one.
            states: what the listing says of it, without secrets; None: it does not name it, and what was reported is
                all there is.
        """
        news, environment.news = environment.news or set(), None
        if states is not None:
            listed = {one.entity: one for one in states if one.entity not in news}
            environment.states = {**listed, **{one: state for one, state in environment.states.items() if one in news}}
        environment.is_whole = True

    def scrub_states(self, states: Iterable[EntityState]) -> list[EntityState]:
        """Take the secrets out of what a listing says of an EE; any thread may do it."""
        return [self._scrub_state(state) for state in states]

    def _scrub_state(self, state: EntityState) -> EntityState:
        native = state.native if state.native in STATUS_WORDS else self._scrub(state.native)
        return EntityState(state.entity, native, self._scrub(state.detail), state.status)

    # What is written.

    def write_home(self, environment: Environment, *, is_asked: bool = False) -> asyncio.Future[Written] | None:
        """Write the aggregate to the EE's home, unless another status has to stay there.

        Args:
            environment: whose.
            is_asked: whether a caller wants it to be up to date, whichever process operated on the EE last.

        Returns:
            Done when it is written; None where nothing is to be written.
        """
        home, record, trail = environment.home, environment.record, environment.trail
        if home is None or record is None or not (environment.writes or is_asked):
            return None
        if not (environment.is_known and environment.is_whole):
            return None
        if record.has_failed or environment.key.model in self.deleting:
            return None
        if trail is not None and (home.place in trail.places or trail.traits.removes is Scope.ENVIRONMENT):
            return None
        content = aggregate_content(environment)
        if content == environment.at_home and not is_asked:
            return None
        environment.at_home = content
        fields = status_fields(*content)

        async def may_write(store: StatusStore) -> bool:
            return await self._records.is_current(store, record, owned=not is_asked, has_failed=False)

        async def put(store: StatusStore) -> Written:
            if is_asked:
                home.forget()
            if trail is None and not is_asked and not await may_write(store):
                # The process that has the EE now may have written nothing yet that would show it.
                written = Written.PASSED
            else:
                written = await home.put(store, fields, may_write, only_news=True)
            if written is Written.PASSED:
                environment.at_home = None
            return written

        promise = self._outbox.status(environment.key, home.place, fields, put)

        def note_drop(ended: asyncio.Future[Written]) -> None:
            if not ended.cancelled() and ended.result() is Written.DROPPED and environment.at_home == content:
                environment.at_home = None  # so that the next report writes it again

        promise.add_done_callback(note_drop)
        return promise

    def putter(self, trail: Trail, place: Place, fields: dict[str, Any]) -> Put:
        """Return how to write a status of an operation: at a home, only while this process has the EE."""
        footprint = trail.footprints.get(place)
        if footprint is None:
            footprint = trail.footprints[place] = Footprint()
        return footprint.track(self._untracked_putter(trail, place, fields), fields[TIME])

    def _untracked_putter(self, trail: Trail, place: Place, fields: dict[str, Any]) -> Put:
        for key in trail.concerned:
            environment = self._known.get(key)
            if environment is not None and environment.home is not None and environment.home.place == place:
                return self.home_putter(environment, environment.home, fields)
            if environment is not None and environment.unread is not None:
                return blind_putter(key, trail.own_place(place), fields)
        return PutHere(trail.own_place(place), fields)

    def home_putter(self, environment: Environment, home: Home, fields: dict[str, Any]) -> Put:
        async def may_write(store: StatusStore) -> bool:
            record = environment.record
            return record is not None and await self._records.is_current(store, record, owned=True)

        async def put(store: StatusStore) -> Written:
            return await home.put(store, fields, may_write)

        return put


def aggregate_content(environment: Environment) -> tuple[DeploymentStatus, str, str, str]:
    """Return what an EE's aggregate says, without the time, as arguments of `status_fields`."""
    worst = aggregate(environment.states.values())
    if worst is None:
        return DeploymentStatus.UNKNOWN, NOTHING_PRESENT, "", "machine"
    return worst.meaning, worst.detail, worst.native, worst.entity.kind
