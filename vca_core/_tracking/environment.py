"""One execution environment, as this process knows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from vca_core._tracking.home import Home
from vca_core._tracking.place import Place
from vca_core._tracking.records import Claim, EeRecord
from vca_core._tracking.trail import Trail
from vca_core.naming import EeId, EeKey
from vca_core.status import Entity, EntityState


@dataclass(slots=True, eq=False)
class Environment:
    """What is known of one EE.

    Attributes:
        key: where it is.
        ee_id: its id.
        record: what the store keeps of it, as it was read last.
        home: where its aggregate stands.
        states: the last that was reported of its entities.
        is_known: whether anything was reported, or a listing taken: with no states then, nothing of it is present.
        is_whole: whether the states are of all its entities: it was made by this process, or a listing was taken, and
            no other process has operated on it since.
        trail: the operation that runs on it.
        writes: whether this process writes to its home between operations.
        at_home: what was written there last.
        secret_names: what its charm declares secret.
        claim: what the create that runs claimed.
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

    def take(self, record: EeRecord | None) -> None:
        """Take what was read of it in the store."""
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
        self.is_whole &= is_same and before is not None and before.owner == record.owner
        if not is_same or not self.is_home(record.home):
            self.move(Home(record.home))

    def move(self, home: Home) -> None:
        """Have another home from now on."""
        self.home = home
        self.at_home = None

    def is_home(self, place: Place) -> bool:
        """Whether a place is its home."""
        return self.home is not None and self.home.place == place

    def is_other_than(self, ee_id: EeId | None) -> bool:
        """Whether it is another EE than the one that an id names: the id is not the present one."""
        kept = None if self.record is None else self.record.ee_id
        return kept is not None and ee_id is not None and kept != ee_id
