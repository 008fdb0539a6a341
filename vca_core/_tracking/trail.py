"""What an operation leaves on its way: where its statuses go, and what it reported last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vca_core._tracking.footprint import Footprint
from vca_core._tracking.home import Home
from vca_core._tracking.place import Place
from vca_core._tracking.records import EeRecord
from vca_core._tracking.removals import Removal
from vca_core.naming import EeId, EeKey, Namespace
from vca_core.status import Entity, EntityState
from vca_core.traits import OperationTraits


def _no_clock() -> None:
    """Do nothing: there is no progress limit."""


@dataclass(slots=True, eq=False)
class Trail:
    """What is tracked of one run of an operation.

    Args:
        id: names this run, for logs and the conformance kit's probe.
        operation: its name.
        traits: what is true of the operation.
        connector: name of the connector it runs on.
        keys: the EEs it concerns; the first one is its own.
        model: the model it works in; None for what concerns no model.
        namespace: the namespace it was given, where it was given one.
        ee_id: the EE; None until it is created.
        places: where its events and its outcome go.
        home: the home of the EE that it makes or resumes; None for other operations.
        host: of the machine that it takes into service; see `vca_core.hosts.same_host`.
        touch: called when something changed, to restart the progress limit.

    Attributes:
        concerned: the EEs whose statuses it changes: those of its keys that are the EEs that the caller named.
        ended: whether it is over; reports that come later are not its own.
        doomed: what is kept of the EEs of the namespace that it deletes.
        unfound: why records of what it deletes may be there that it does not know; None: it knows them all.
        is_gone: whether what it deletes is gone, though the operation failed.
        secret_names: what the charms of its EEs declare secret.
        muted: whether what it reports is kept from its places.
        is_informed: whether it can begin without a listing.
        is_marked: whether its places say that it runs before it begins.
        is_called: whether the backend was asked to do it.
        is_created: whether the ee_id is stored.
        address: of the EE that it made or resumed.
        generations: of the records of the EEs that it concerns, as it had them.
        footprints: for each place, what its statuses may have left there.
        seen: for each place of its own, what it last saw there.
        has_failed: whether it failed.
        removals: of what is kept, which come with its end.
        last: the state that was reported last.
        last_action: the same, of an action.
        actions: the actions that it runs.
    """

    id: str
    operation: str
    traits: OperationTraits
    connector: str
    keys: tuple[EeKey, ...] = ()
    model: str | None = None
    namespace: Namespace | None = None
    ee_id: EeId | None = None
    places: tuple[Place, ...] = ()
    home: Place | None = None
    host: str | None = None
    touch: Callable[[], None] = _no_clock

    concerned: tuple[EeKey, ...] = field(init=False, default=())
    doomed: Sequence[EeRecord] = field(init=False, default=())
    unfound: str | None = field(init=False, default=None)
    is_gone: bool = field(init=False, default=False)
    secret_names: frozenset[str] = field(init=False, default=frozenset())
    ended: bool = field(init=False, default=False)
    muted: bool = field(init=False, default=False)
    is_informed: bool = field(init=False, default=True)
    is_marked: bool = field(init=False, default=False)
    is_called: bool = field(init=False, default=False)
    is_created: bool = field(init=False, default=False)
    address: str | None = field(init=False, default=None)
    generations: dict[EeKey, str | None] = field(init=False, default_factory=dict)
    footprints: dict[Place, Footprint] = field(init=False, default_factory=dict)
    seen: dict[Place, Home] = field(init=False, default_factory=dict)
    has_failed: bool = field(init=False, default=False)
    removals: list[Removal] = field(init=False, default_factory=list)
    last: EntityState | None = field(init=False, default=None)
    last_action: EntityState | None = field(init=False, default=None)
    actions: dict[Entity, EntityState] = field(init=False, default_factory=dict)

    @property
    def lane(self) -> EeKey:
        """The key that what it writes is ordered under: its EE's, or its model's."""
        return self.keys[0] if self.keys else EeKey(self.connector, self.model or "", "")

    @property
    def names(self) -> list[str]:
        """The names of what it concerns, as they appear in texts of the core."""
        named = [self.namespace, self.ee_id, self.model, *(key.application for key in self.keys), self.operation]
        return [str(one) for one in named if one is not None]

    def own_place(self, place: Place) -> Home:
        """Return a place that is no home of an EE, as the operation last saw it."""
        seen = self.seen.get(place)
        if seen is None:
            seen = self.seen[place] = Home(place)
        return seen

    def end(self) -> None:
        """Note that it is over, and break the cycle with its clock, so that neither waits for the garbage collector."""
        self.ended = True
        self.touch = _no_clock
