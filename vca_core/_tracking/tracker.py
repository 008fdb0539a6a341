"""Follows each operation: what it claims, what its places say when it begins, and what it leaves when it is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any

from vca_core._tracking.claims import Claims
from vca_core._tracking.concerned import Concerned
from vca_core._tracking.entry import Put, Written
from vca_core._tracking.environments import Environment, Environments
from vca_core._tracking.home import Home
from vca_core._tracking.namespaces import Namespaces
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import Place, default_home, end_fields, mark_fields, status_fields
from vca_core._tracking.records import EeRecords
from vca_core._tracking.removals import Removal
from vca_core._tracking.spill import Spill
from vca_core._tracking.standing import Standing
from vca_core._tracking.trail import Trail
from vca_core._tracking.unread import blind_failure_note
from vca_core.errors import AlreadyExists, BadArguments, NotFound, NotSupported, StoreError, VcaError
from vca_core.naming import EeId, EeKey, Namespace
from vca_core.status import DeploymentStatus, EntityState, aggregate
from vca_core.stores import StatusStore
from vca_core.traits import Scope

_LOG = logging.getLogger(__name__)

_REFUSALS = (AlreadyExists, BadArguments, NotFound, NotSupported)
"""Failures to claim an EE after which nothing is worth keeping, not even the claim."""

_SAID = ("status", "detailed-status", "VCA-status", "entity-type")
"""The fields that say something, but for the time."""


class Tracker:
    """Follows the operations of one connector.

    Args:
        environments: what is known of its EEs.
        records: what is kept of them.
        claims: whose models and applications are.
        outbox: writes, in order.
        scrub: takes secrets out of a text of ours, in which names are spared.
        spawn: starts a task that the connector owns.
        spill: keeps outcomes that the store does not take in time; None: nothing does.

    Attributes:
        standing: corrects what stands at homes.
        scrub_states: takes the secrets out of what a listing says of an EE; any thread may do it.
    """

    def __init__(
        self,
        environments: Environments,
        records: EeRecords,
        claims: Claims,
        outbox: Outbox,
        scrub: Callable[[str, Iterable[str]], str],
        spawn: Callable[[Coroutine[Any, Any, Any], str], asyncio.Task[Any]],
        spill: Spill | None = None,
    ) -> None:
        self._spill = spill
        self._environments = environments
        self._records = records
        self._claims = claims
        self._outbox = outbox
        self._scrub = scrub
        self.standing = Standing(environments, records, outbox)
        self.scrub_states = environments.scrub_states
        self._namespaces = Namespaces(environments, records, claims, outbox, spawn)

    # The beginning.

    async def prepare(self, trail: Trail, declared: frozenset[str], limit: float) -> None:
        """Find out which EEs an operation concerns and where its statuses go, holding its locks.

        Args:
            trail: the operation.
            declared: the options and parameters that its charm declares secret; remembered, for later processes, too.
            limit: seconds to wait for the store at most.

        Raises:
            BadArguments: another namespace has the names that the EE needs, or its home has no document.
            StoreError: the store cannot take the claim on them, or a newer release keeps them.
        """
        if trail.traits.claims:
            await self._claim(trail, limit)
            return
        if trail.traits.removes is Scope.NAMESPACE and trail.model is not None:
            await self._namespaces.doom(trail, trail.model, limit)
        concerned = []
        for key in trail.keys:
            if key.connector == trail.connector:
                environment = await self._environments.load(key, limit)
                if key == trail.keys[0] and environment.is_other_than(trail.ee_id):
                    # An id that is not the present one: it has nothing to do with the EE that is there.
                    trail.places = tuple(place for place in trail.places if not environment.is_home(place))
                else:
                    concerned.append(environment)
        for environment in concerned:
            if environment.record is not None:
                environment.record.check_operable()
        trail.concerned = tuple(environment.key for environment in concerned)
        if trail.traits.removes is Scope.ENVIRONMENT and concerned and concerned[0].record is None:
            trail.unfound = concerned[0].unread
        trail.is_informed = all(one.is_whole for one in concerned)
        if declared and concerned:
            self._environments.declare_secrets(concerned[0].key, declared)
        trail.secret_names = declared.union(*(environment.secret_names for environment in concerned))
        if not trail.places and trail.traits.reports_to_home and concerned and concerned[0].home is not None:
            trail.places = (concerned[0].home.place,)

    async def _claim(self, trail: Trail, limit: float) -> None:
        key, namespace = trail.keys[0], trail.namespace
        if namespace is None:
            raise AssertionError("what claims an EE has its namespace")
        given = trail.places[0] if trail.places else None
        asked = given or default_home(key)
        mark = mark_fields(trail.operation)
        claim = await self._claims.claim(key, namespace, asked, mark, trail.host, limit)
        if claim.is_new:
            self._environments.forget(key)
        environment = self._environments.of(key)
        environment.take(claim.record, self._records.owner)
        environment.claim = claim
        is_there = claim.record.ee_id is not None
        trail.home = claim.record.home if is_there and given is None else asked
        if is_there and (not trail.traits.resumes or environment.is_other_than(trail.ee_id)):
            # The backend will most likely refuse: until it makes one, the EE that is there is not this operation's.
            trail.places = () if environment.is_home(trail.home) else (trail.home,)
            trail.is_informed = environment.is_whole  # it refuses by what it knows now
            return
        if not is_there:
            environment.move(Home(trail.home, claim.home_document))
        trail.places = (trail.home,)
        trail.concerned = (key,)
        trail.is_informed = not is_there or environment.is_whole
        if claim.is_new and asked == default_home(key):
            trail.is_marked = True
            self._outbox.announce(key, asked, mark, trail.id)

    def begin(self, trail: Trail) -> list[asyncio.Future[None]]:
        """Note that an operation has its locks: the EEs are its own now, and an earlier failure may go from homes.

        Returns:
            Futures that are done when the records say whose the EEs are, and its places that it runs, or the store
            failed to take that.
        """
        begun: list[asyncio.Future[None]] = []
        for key in trail.concerned:
            environment = self._environments.of(key)
            environment.trail = trail
            environment.writes = True
            environment.before = environment.record
            if environment.record is not None:
                trail.generations[key] = environment.record.generation
                taken = self._records.take_over(environment.record)
                if taken is not None:
                    environment.record, environment.at_home = taken[0], None
                    begun.append(taken[1])
        if trail.traits.removes is Scope.NAMESPACE and trail.model is not None:
            self._environments.deleting.add(trail.model)
        return begun if trail.is_marked else [*begun, *(self.mark(trail, place) for place in trail.places)]

    def mark(self, trail: Trail, place: Place) -> asyncio.Future[None]:
        """Write to a place that an operation runs.

        Returns:
            Done when it does, or the store failed to take it.
        """
        fields = mark_fields(trail.operation)
        return self._outbox.mark(trail.lane, place, fields, self._environments.putter(trail, place, fields), trail.id)

    async def remember(self, trail: Trail, ee_id: EeId) -> None:
        """Store the ee_id of what an operation made.

        Raises:
            AlreadyExists: another process made the EE meanwhile, and keeps it.
            StoreError: the store could not take it; what was written is withdrawn.
        """
        environment = self._environments.of(trail.keys[0])
        if environment.claim is None or trail.home is None:
            raise AssertionError("an operation that claims an EE has a claim and a home")
        known = environment.home
        home = known if known is not None and known.place == trail.home else Home(trail.home)
        record = await self._claims.remember(environment.claim, ee_id, home, is_new=trail.ee_id is None)
        if environment.ee_id not in (None, ee_id):
            environment.states.clear()
        environment.is_whole |= trail.ee_id is None
        environment.ee_id = ee_id
        environment.record = record
        environment.trail = trail
        environment.writes = True
        if not environment.is_home(trail.home):
            environment.move(home)
        if trail.ee_id is not None and environment.claim.record.home != trail.home:
            self.standing.end_home(record, environment.claim.record.home, trail.id)
        trail.generations[environment.key] = record.generation
        trail.concerned = (environment.key,)
        trail.places = trail.places or (trail.home,)

    # What a listing says.

    def is_known(self, trail: Trail) -> bool:
        """Whether all entities of an operation's EE are known."""
        environment = self._environments.get(trail.lane)
        return environment is None or (bool(environment.states) and environment.is_whole)

    def namespace_of(self, trail: Trail) -> Namespace | None:
        """The namespace of an operation's EE, where it is known."""
        environment = self._environments.get(trail.lane)
        record = None if environment is None else environment.record
        return trail.namespace if record is None else record.namespace

    def take_listing(self, trail: Trail, states: Sequence[EntityState]) -> None:
        """Take over what a listing says of an operation's EE, without secrets."""
        self._environments.take_listing(self._environments.of(trail.lane), states)

    def unknown_ees(self, trail: Trail) -> list[tuple[EeKey, EeId, Namespace]]:
        """Return the EEs that an operation concerns, or would make again, and that may not be fully known.

        Returns:
            Each with its namespace.
        """
        found = []
        for key in trail.concerned or (trail.keys if trail.traits.claims else ()):
            environment = self._environments.get(key)
            record = None if environment is None else environment.record
            if environment is not None and record is not None and record.ee_id is not None and not environment.is_whole:
                environment.news = set()
                found.append((key, record.ee_id, record.namespace))
        return found

    def declare_secrets(self, trail: Trail, names: frozenset[str]) -> None:
        """Remember the names of options and parameters of an operation's EE that are secret, for later processes, too.

        Args:
            trail: the operation.
            names: their names.
        """
        if names and trail.concerned:
            self._environments.declare_secrets(trail.concerned[0], names)

    def environments_of(self, trail: Trail) -> list[Concerned]:
        """Return the EEs that an operation concerns and that the store knows."""
        known = [one for key in trail.concerned if (one := self._environments.get(key)) is not None]
        return [
            Concerned(one.key, one.record.ee_id, one.secret_names, None if one.before is None else one.before.owner)
            for one in known
            if one.record is not None and one.record.ee_id is not None
        ]

    async def environments_in(self, model: str | None) -> list[Concerned]:
        """Return the EEs that the store knows in a model, or in all (None); none if it does not answer."""
        try:
            records = await self._records.read_all(model)
        except VcaError as error:
            _LOG.warning("what is kept of %s was not read: %s", model or "the connector's EEs", error)
            return []
        return [Concerned.of(one, one.ee_id) for one in records if one.ee_id is not None]

    async def find(self, ee_id: EeId) -> Concerned:
        """Return what is kept of an EE; only its id if that cannot be read."""
        key = EeKey.of(self._records.connector, ee_id)
        try:
            record = await self._records.look_up(key)
        except VcaError as error:
            _LOG.warning("what is kept of %s is not known: %s", ee_id, error)
            record = None
        return Concerned(key, ee_id) if record is None else Concerned.of(record, ee_id)

    def learn(self, key: EeKey, found: Sequence[EntityState] | None) -> None:
        """Take over what is listed of an EE, without secrets, before an operation on it; None: it is not listed."""
        environment = self._environments.of(key)
        record = environment.record
        if record is not None and record.ee_id is not None:
            self._environments.learn(environment, found)

    # The end.

    def leftover_error(self, trail: Trail) -> StoreError:
        """The error for a delete that is done, but may have left records behind."""
        return self._namespaces.leftover_error(trail)

    def end(self, trail: Trail, failure: BaseException | None) -> list[asyncio.Future[Any]]:
        """Write the outcome of an operation to its places: once to each, as the last status of it there.

        Args:
            trail: the operation.
            failure: why it failed; None: it did not.

        Returns:
            Futures that are done when it is stored.
        """
        trail.end()
        trail.has_failed = failure is not None
        concerned = [one for key in trail.concerned if (one := self._environments.get(key)) is not None]
        stored: list[asyncio.Future[Any]] = []
        if isinstance(failure, AlreadyExists) and trail.traits.claims and not trail.is_created:
            self._lose_the_race(trail)
        for environment in concerned:
            environment.trail = None
            if isinstance(failure, _REFUSALS) or (failure is not None and not trail.is_called):
                self._give_back(environment, trail)
            if failure is not None and environment.record is not None and _is_home_of(environment, trail):
                environment.record = replace(environment.record, has_failed=True)
                stored.append(self._records.change(environment.record, {"has_failed": True}, owned=True))
        if trail.traits.claims and failure is None and concerned:
            stored += self._keep_address(trail, concerned[0])
        fields = self._outcome(trail, concerned[0] if concerned else None, failure)
        is_end = failure is None and trail.traits.removes is Scope.ENVIRONMENT
        for place in trail.places:
            if not is_end or place != default_home(trail.lane):
                put = self._environments.putter(trail, place, fields)
                if failure is not None:
                    put = self._noting_failure(put, place, concerned)
                stored.append(self._outbox.outcome(trail.lane, place, fields, put, trail.id))
        for environment in concerned:
            if is_end:
                stored += self._end_environment(environment, fields, trail)
            elif _is_home_of(environment, trail):
                environment.at_home = tuple(fields[name] for name in _SAID)
            elif self._environments.write_home(environment) is None and self._has_served_a_failure(environment):
                self.standing.replace_mark(environment)
        if trail.traits.claims and failure is not None:
            self._end_claim(trail, failure)
        if trail.traits.removes is Scope.NAMESPACE:
            stored += self._namespaces.end(trail, failure)
        return stored

    async def keep_safe(self, trail: Trail, limit: float) -> None:
        """Make an operation's outcomes outlive this process, if the store did not take them in time.

        Args:
            trail: the operation.
            limit: seconds that a disk may take for it.
        """
        if self._spill is not None:
            await self._spill.keep_outcomes(trail, self._outbox, limit)

    def _noting_failure(self, put: Put, place: Place, concerned: Sequence[Environment]) -> Put:
        """Return how to write a failed outcome: if it comes to stand at a home, the record notes that."""

        async def put_and_note(store: StatusStore) -> Written:
            written = await put(store)
            if written is Written.STORED:
                for environment in concerned:
                    if environment.record is not None and environment.is_home(place):
                        await self._records.note_failure(store, environment.record)
                    elif environment.unread is not None:
                        await blind_failure_note(environment.key, place)(store)
            return written

        return put_and_note

    def _lose_the_race(self, trail: Trail) -> None:
        """Leave the home to the process that made the EE, unless this operation claimed it first."""
        environment = self._environments.get(trail.keys[0])
        if environment is not None and environment.claim is not None and not environment.claim.is_new:
            trail.places = tuple(place for place in trail.places if place != environment.claim.record.home)

    def _has_served_a_failure(self, environment: Environment) -> bool:
        """Whether the operation that ended cleared a failure of another process, perhaps not at the home."""
        before, record = environment.before, environment.record
        is_taken = before is not None and record is not None and before.owner != record.owner == self._records.owner
        return is_taken and before is not None and before.has_failed

    def _give_back(self, environment: Environment, trail: Trail) -> None:
        """Leave an EE to the process that had it, after an operation that was refused or never reached the backend."""
        before, record = environment.before, environment.record
        if before is None or record is None or before is record or _is_home_of(environment, trail):
            return
        environment.record = self._records.give_back(record, before)

    def _keep_address(self, trail: Trail, environment: Environment) -> list[asyncio.Future[Any]]:
        """Keep an EE's address, if it is new."""
        record = environment.record
        if record is None or record.address == trail.address:
            return []
        environment.record = replace(record, address=trail.address)
        return [self._records.change(record, {"address": trail.address}, owned=True)]

    def _outcome(self, trail: Trail, environment: Environment | None, failure: BaseException | None) -> dict[str, Any]:
        last = trail.last_action or trail.last
        kind = last.entity.kind if last else "operation"
        native = last.native if last else ""
        if failure is not None:
            if isinstance(failure, asyncio.CancelledError):
                text = "cancelled"
            else:
                text = self._scrub(failure.message if isinstance(failure, VcaError) else str(failure), trail.names)
            return status_fields(DeploymentStatus.FAILED, text, native or "failed", kind)
        if trail.traits.removes is Scope.ENVIRONMENT:
            return end_fields(trail.traits.end)
        if environment is not None and environment.is_whole and trail.traits.is_aggregate:
            worst = aggregate(environment.states.values())
            if worst is not None:
                return status_fields(worst.meaning, worst.detail, worst.native, worst.entity.kind)
        detail = last.detail if last and last.native else ""
        return status_fields(DeploymentStatus.COMPLETED, detail, native or "completed", kind)

    def _end_claim(self, trail: Trail, failure: BaseException) -> None:
        """Withdraw a claim that nothing was made for; the record stays if the outcome has no other place."""
        environment = self._environments.get(trail.keys[0])
        if environment is None or environment.claim is None or trail.is_created:
            return
        claim = environment.claim
        is_refusal = isinstance(failure, _REFUSALS)
        if claim.is_new and not is_refusal and claim.record.home == default_home(environment.key):
            return
        trail.removals += self._claims.withdraw(claim)
        if claim.is_new:
            self._environments.forget(environment.key)

    def _end_environment(
        self, environment: Environment, fields: dict[str, Any], trail: Trail
    ) -> list[asyncio.Future[Any]]:
        """Write to an EE's home that it has ended, if its operation did not, and forget the EE."""
        self._environments.forget(environment.key)
        home, record = environment.home, environment.record
        if home is None or record is None:
            return []
        stored: list[asyncio.Future[Any]] = []
        remove = self._records.remover(record)
        if home.place == default_home(environment.key):  # what stands there goes with the record
            removed = self._outbox.outcome(environment.key, home.place, fields, remove, trail.id)
        else:
            if home.place not in trail.places:
                put = self._environments.home_putter(environment, home, fields)
                stored.append(self._outbox.outcome(environment.key, home.place, fields, put, trail.id))
            removed = self._outbox.change(environment.key, remove)
        trail.removals.append(Removal(environment.key, record.generation, removed, record.ee_id))
        return [*stored, removed]


def _is_home_of(environment: Environment, trail: Trail) -> bool:
    return any(map(environment.is_home, trail.places))
