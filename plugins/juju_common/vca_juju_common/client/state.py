"""The state of a model: what its deltas have said so far, and what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vca_juju_common.client.things import (
    KINDS,
    SEVERITY,
    STATUS_KINDS,
    UNSET,
    Action,
    AddedCharm,
    Annotations,
    Application,
    Change,
    Key,
    Machine,
    ModelState,
    Offer,
    Relation,
    Remote,
    Thing,
    Unit,
    Word,
    filled_in,
    has_lost_agent,
    with_agent_of,
)

REMEMBERED = 10_000
"""How many removals are remembered, at the most: by then, those who waited for one have seen it."""


@dataclass(slots=True)
class State:
    """All that is known of one model.

    Attributes:
        begun: the number of the reading as a whole that began last.
        readings: the number of the last reading that is in it. One that began before something was asked for does not
            report it, however late it comes.
        removed: what was reported as gone, seen before or not.
        reported_notes: what was reported as noted, by tag, without what we just noted ourselves.
    """

    machines: dict[str, Machine] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)
    annotations: dict[str, Annotations] = field(default_factory=dict)
    remotes: dict[str, Remote] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    models: dict[str, ModelState] = field(default_factory=dict)
    charms: dict[str, AddedCharm] = field(default_factory=dict)
    begun: int = 0
    readings: int = 0
    removed: set[Key] = field(default_factory=set)
    reported_notes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _lost: dict[Key, tuple[Thing, Thing, int]] = field(default_factory=dict)
    _spoken: dict[Key, int] = field(default_factory=dict)
    _status_taken: int = 0
    _tables: dict[str, dict[str, Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._tables = {
            "machine": self.machines,
            "application": self.applications,
            "unit": self.units,
            "action": self.actions,
            "relation": self.relations,
            "annotation": self.annotations,
            "remoteApplication": self.remotes,
            "applicationOffer": self.offers,
            "model": self.models,
            "charm": self.charms,
        }

    def expect(self, kind: str, id_: str) -> None:
        """Note that something is about to be asked for: that one of its name was removed before means nothing more."""
        self.removed.discard((kind, id_))

    def table(self, kind: str) -> dict[str, Any]:
        """The entities of one kind, as deltas name kinds."""
        return self._tables[kind]

    def agents(self) -> list[Key]:
        """The keys of what has an agent: machines and units."""
        return [*(("machine", id_) for id_ in self.machines), *(("unit", name) for name in self.units)]

    def agents_of(self, application: str) -> list[Key]:
        """The keys of an application's units, and of the machines that they are on."""
        units = self.units_of(application)
        machines = dict.fromkeys(("machine", unit.machine) for unit in units if unit.machine)
        return [*machines, *(("unit", unit.name) for unit in units)]

    def begin_reading(self) -> int:
        """Number a reading that is about to be asked for."""
        self.begun += 1
        return self.begun

    def apply(self, deltas: Iterable[Any], *, whole: bool = False, number: int | None = None) -> list[Change]:
        """Take deltas in.

        Args:
            deltas: as ``[kind, "change" or "remove", data]``; those of unknown kinds are left alone.
            whole: they are all there is: what they do not name is gone.
            number: of that reading; None: it begins now.

        Returns:
            What is different now; deltas that repeat what is known change nothing.
        """
        changes: dict[Key, Thing | None] = {}
        named: set[Key] = set()
        if len(self.removed) > REMEMBERED:
            self.removed.clear()
        for kind, verb, data in deltas:
            if kind not in KINDS:
                continue
            id_field, read = KINDS[kind]
            key = (kind, str(data[id_field]))
            thing = None if verb == "remove" else read(data)
            named.add(key)
            if isinstance(thing, Annotations):
                self.reported_notes[thing.tag] = thing.values
            elif kind == "annotation":
                self.reported_notes.pop(key[1], None)
            (self.removed.add if thing is None else self.removed.discard)(key)
            if self._put(key, self._with_presence(key, thing)):
                changes[key] = self.table(kind).get(key[1])
        if whole:
            tags = {id_ for kind, id_ in named if kind == "annotation"}
            self.reported_notes = {tag: notes for tag, notes in self.reported_notes.items() if tag in tags}
            self.readings = max(self.readings, self.begin_reading() if number is None else number)
            for kind in KINDS:
                for id_ in [id_ for id_ in self.table(kind) if (kind, id_) not in named]:
                    self._put((kind, id_), self._with_presence((kind, id_), None))
                    self.removed.add((kind, id_))
                    changes[kind, id_] = None
        return list(changes.items())

    def take_status(self, number: int, things: Mapping[Key, Thing], *, is_watched: bool) -> list[Change]:
        """Take in a reading of FullStatus.

        Args:
            number: of the reading. One that began before the last one that was taken is old news, and so is, while a
                watcher reports, what it says of an agent that spoke since it began.
            things: all that is there, of the kinds that FullStatus reports.
            is_watched: whether a watcher reports, too. It knows all but which agents are lost; without it, the reading
                is what is known: it is one as a whole, and what it does not name is gone.

        Returns:
            What is different now.
        """
        if number <= self._status_taken:
            return []
        self._status_taken = number
        return self._take_agents(number, things) if is_watched else self._take_whole(number, things)

    def is_behind(self, number: int, things: Mapping[Key, Thing]) -> bool:
        """Whether a reading of FullStatus has machines or units as no delta has reported them, and none did since.

        Args:
            number: of the reading.
            things: all that is there.
        """
        return any(
            isinstance(read, Machine | Unit)
            and not has_lost_agent(read)
            and self._spoken.get(key, 0) < number
            and key not in self.removed
            and _words(read) != _words(self.table(key[0]).get(key[1]))
            for key, read in things.items()
        )

    def _take_agents(self, number: int, things: Mapping[Key, Thing]) -> list[Change]:
        changes: list[Change] = []
        for key, read in things.items():
            known = self.table(key[0]).get(key[1])
            if not isinstance(read, Machine | Unit) or known is None or self._spoken.get(key, 0) >= number:
                continue
            thing, *_ = self._lost.pop(key, (known, read, number))
            if has_lost_agent(read):
                self._lost[key] = (thing, read, number)
                thing = with_agent_of(thing, read)
            if self._put(key, thing):
                changes.append((key, thing))
        return changes

    def _take_whole(self, number: int, things: Mapping[Key, Thing]) -> list[Change]:
        if number <= self.readings:
            return []
        self.readings = number
        changes: list[Change] = []
        for key, read in things.items():
            thing = filled_in(read, self.table(key[0]).get(key[1]))
            self._lost.pop(key, None)
            self.removed.discard(key)
            if has_lost_agent(thing):
                self._lost[key] = (thing, thing, number)
            if self._put(key, thing):
                changes.append((key, thing))
        for kind in STATUS_KINDS:
            for id_ in [id_ for id_ in self.table(kind) if (kind, id_) not in things]:
                self._put((kind, id_), self._with_presence((kind, id_), None))
                self.removed.add((kind, id_))
                changes.append(((kind, id_), None))
        return changes

    def is_lost(self, kind: str, id_: str, since: int) -> bool:
        """Whether a reading that began after another one reports that an agent is lost: it may have come back since.

        Args:
            kind: ``machine`` or ``unit``.
            id_: which one.
            since: the number of the other reading.
        """
        return (kind, id_) in self._lost and self._lost[kind, id_][2] > since

    def _with_presence(self, key: Key, thing: Thing | None) -> Thing | None:
        """What a delta says, with an agent that is lost still lost, unless it spoke."""
        if not isinstance(thing, Machine | Unit):
            self._lost.pop(key, None)
            self._spoken.pop(key, None)
            return thing
        seen, presence, number = self._lost.get(key, (self.table(key[0]).get(key[1]), None, 0))
        if seen is None or seen.agent != thing.agent:  # type: ignore[union-attr]  # of its kind: it has an agent
            self._spoken[key] = self.begun
            self._lost.pop(key, None)
            return thing
        if presence is None:
            return thing
        self._lost[key] = (thing, presence, number)
        return with_agent_of(thing, presence)

    def _put(self, key: Key, thing: Thing | None) -> bool:
        kind, id_ = key
        table = self.table(kind)
        if table.get(id_) == thing:
            return False
        if thing is None:
            del table[id_]
        else:
            table[id_] = thing
        return True

    def relation_between(self, one: str, other: str) -> Relation | None:
        """The relation between two ends, ``application:endpoint`` each; None: there is none."""
        return next((there for there in self.relations.values() if set(there.ends) == {one, other}), None)

    def has_relation(self, id_: str) -> bool:
        """Whether there is a relation of an id: one that is made anew between the same ends has another."""
        return any(there.id == id_ for there in self.relations.values())

    def units_of(self, application: str) -> list[Unit]:
        """The units of an application, by number."""
        return sorted(
            (unit for unit in self.units.values() if unit.application == application),
            key=lambda unit: int(unit.name.rpartition("/")[2]),
        )

    def alive_units_of(self, application: str) -> list[Unit]:
        """The units of an application that are not on their way out, by number."""
        return [unit for unit in self.units_of(application) if unit.life not in {"dying", "dead"}]

    def status_of(self, application: Application) -> Word:
        """An application's status: what its charm sets, or the worst of its units'; unknown where there are none."""
        if application.status.current not in UNSET:
            return application.status
        words = [unit.workload for unit in self.units_of(application.name)]
        return min(
            words,
            key=lambda word: SEVERITY.index(word.current) if word.current in SEVERITY else len(SEVERITY),
            default=Word("unknown"),
        )

    def notes(self, tag: str) -> Mapping[str, str]:
        """What is annotated at an entity."""
        found = self.annotations.get(tag)
        return found.values if found else {}

    def is_machine_in_use(self, machine: str) -> bool:
        """Whether a unit lives on a machine, or a container in it."""
        return any(unit.machine == machine for unit in self.units.values()) or any(
            id_.startswith(f"{machine}/") for id_ in self.machines
        )


def _words(thing: Thing | None) -> tuple[str, ...]:
    """How a machine or a unit is, in the controller's words."""
    if isinstance(thing, Unit):
        return thing.agent.current, thing.workload.current
    return (thing.agent.current,) if isinstance(thing, Machine) else ()
