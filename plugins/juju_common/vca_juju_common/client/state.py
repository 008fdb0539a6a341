"""What a model's deltas say, and no more of it than we need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Key = tuple[str, str]
"""Kind and id of an entity, as in ``("unit", "app/0")``."""

REMEMBERED = 10_000
"""How many removals are remembered, at the most: by then, those who waited for one have seen it."""

UNSET = frozenset({"", "unset", "unknown"})
"""Words for the status of an application whose charm sets none, as most do."""

SEVERITY = ("error", "blocked", "waiting", "maintenance", "active", "terminated", "unknown")
"""Words for workloads, the worst first: which of its units' an application shows."""

DEAD_AGENTS = frozenset({"failed", "lost"})
"""Words for agents of units that do nothing any more, whatever is said of their workload."""

FINAL_ACTIONS = frozenset({"completed", "failed", "cancelled", "aborted", "error"})
"""In which an action ends (6: not only completed and failed)."""


@dataclass(frozen=True, slots=True)
class Word:
    """A status: Juju's word, and what is said beside it."""

    current: str = ""
    message: str = ""

    @classmethod
    def of(cls, data: Any) -> Word:
        """Read it from a delta."""
        return cls(str(data.get("current") or ""), str(data.get("message") or "")) if isinstance(data, dict) else cls()


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine; its id has slashes for a container."""

    id: str
    agent: Word
    instance: Word
    life: str
    instance_id: str
    hostname: str
    addresses: tuple[tuple[str, str], ...]
    base: str
    arch: str

    @property
    def address(self) -> str | None:
        """The address to reach it by: a public one where there is one."""
        by_scope = {scope: value for value, scope in reversed(self.addresses)}
        for scope in ("public", "local-cloud", "fan-local"):
            if scope in by_scope:
                return by_scope[scope]
        return next((value for value, scope in self.addresses if scope not in {"local-machine", "link-local"}), None)

    @property
    def is_manual(self) -> bool:
        """Whether it was there before Juju took it."""
        return self.instance_id.startswith("manual:")


@dataclass(frozen=True, slots=True)
class Application:
    """An application."""

    name: str
    charm_url: str
    life: str
    status: Word
    subordinate: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of an application."""

    name: str
    application: str
    machine: str
    workload: Word
    agent: Word
    life: str
    charm_url: str
    address: str


@dataclass(frozen=True, slots=True)
class Action:
    """A run of an action; its output is not in deltas."""

    id: str
    name: str
    receiver: str
    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation, by its ends ``application:endpoint``."""

    id: str
    key: str
    ends: tuple[str, ...]
    life: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote application: another model's offer, where it is consumed. By `offer` it is known which one."""

    id: str
    life: str
    url: str
    offer: str
    status: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What an application offers to other models."""

    id: str
    application: str


@dataclass(frozen=True, slots=True)
class ModelState:
    """The model as a whole."""

    id: str
    life: str
    owner: str
    status: Word


@dataclass(frozen=True, slots=True)
class AddedCharm:
    """A charm that is in the model: it only has to be there or not."""

    url: str
    life: str


@dataclass(frozen=True, slots=True)
class Annotations:
    """What is noted at an entity, by its tag."""

    tag: str
    values: Mapping[str, str]


Thing = Machine | Application | Unit | Action | Relation | Remote | Offer | ModelState | AddedCharm | Annotations
Change = tuple[Key, Thing | None]
"""What an entity is now; None: it is gone."""


def _base(value: Any) -> str:
    """A base without the risk of its channel, from a text or a mapping."""
    if isinstance(value, dict):
        value = f"{value['name']}@{value.get('channel') or ''}" if value.get("name") else ""
    return str(value or "").partition("/")[0]


def _machine(data: dict[str, Any]) -> Machine:
    hardware = data.get("hardware-characteristics") or {}
    return Machine(
        str(data["id"]),
        Word.of(data.get("agent-status")),
        Word.of(data.get("instance-status")),
        data.get("life") or "",
        data.get("instance-id") or "",
        data.get("hostname") or "",
        tuple((one.get("value") or "", one.get("scope") or "") for one in data.get("addresses") or ()),
        _base(data.get("base")),
        hardware.get("arch") or "",
    )


def _application(data: dict[str, Any]) -> Application:
    return Application(
        data["name"],
        data.get("charm-url") or "",
        data.get("life") or "",
        Word.of(data.get("status")),
        bool(data.get("subordinate")),
    )


def _unit(data: dict[str, Any]) -> Unit:
    return Unit(
        data["name"],
        data.get("application") or data["name"].partition("/")[0],
        data.get("machine-id") or "",
        Word.of(data.get("workload-status")),
        Word.of(data.get("agent-status")),
        data.get("life") or "",
        data.get("charm-url") or "",
        data.get("public-address") or data.get("private-address") or "",
    )


def _action(data: dict[str, Any]) -> Action:
    return Action(
        str(data["id"]),
        data.get("name") or "",
        data.get("receiver") or "",
        data.get("status") or "",
        data.get("message") or "",
    )


def _relation(data: dict[str, Any]) -> Relation:
    ends = tuple(
        f"{end.get('application-name')}:{(end.get('relation') or {}).get('name')}"
        for end in data.get("endpoints") or ()
    )
    return Relation(str(data.get("id", "")), data["key"], ends, data.get("life") or "")


def _remote(data: dict[str, Any]) -> Remote:
    return Remote(
        data["name"],
        data.get("life") or "",
        data.get("offer-url") or "",
        data.get("offer-uuid") or "",
        Word.of(data.get("status")).current,
    )


def _model(data: dict[str, Any]) -> ModelState:
    return ModelState(data["model-uuid"], data.get("life") or "", data.get("owner") or "", Word.of(data.get("status")))


_KINDS: Mapping[str, tuple[str, Callable[[dict[str, Any]], Thing]]] = {
    "machine": ("id", _machine),
    "application": ("name", _application),
    "unit": ("name", _unit),
    "action": ("id", _action),
    "relation": ("key", _relation),
    "annotation": ("tag", lambda data: Annotations(data["tag"], dict(data.get("annotations") or {}))),
    "remoteApplication": ("name", _remote),
    "applicationOffer": ("offer-name", lambda data: Offer(data["offer-name"], data.get("application-name") or "")),
    "model": ("model-uuid", _model),
    "charm": ("charm-url", lambda data: AddedCharm(data["charm-url"], data.get("life") or "")),
}


@dataclass(frozen=True, slots=True)
class Presence:
    """How the agent of a machine or a unit is, as the controller works it out when it is asked: it is not in deltas.

    Args:
        agent: of the agent; ``down`` or ``lost`` when nothing is heard of it.
        workload: of a unit's workload.
    """

    agent: Word
    workload: Word = Word()

    @property
    def is_lost(self) -> bool:
        """Whether nothing is heard of the agent."""
        return self.agent.current in {"down", "lost"}

    def of(self, thing: Thing) -> Thing:
        """A machine or a unit, with its agent as it is."""
        if isinstance(thing, Unit):
            return replace(thing, agent=self.agent, workload=self.workload)
        return replace(thing, agent=self.agent) if isinstance(thing, Machine) else thing


@dataclass(slots=True)
class State:
    """All that is known of one model.

    Attributes:
        begun: the number of the reading as a whole that began last.
        readings: the number of the last reading that is in it. One that began before something was asked for does not
            tell of it, however late it comes.
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
    _lost: dict[Key, tuple[Thing, Presence, int]] = field(default_factory=dict)
    _spoken: dict[Key, int] = field(default_factory=dict)
    _presence: int = 0

    def expect(self, kind: str, id_: str) -> None:
        """Note that something is about to be asked for: that one of its name was removed before means nothing more."""
        self.removed.discard((kind, id_))

    def table(self, kind: str) -> dict[str, Any]:
        """The entities of one kind, as deltas name kinds."""
        return {  # type: ignore[return-value]
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
        }[kind]

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
            if kind not in _KINDS:
                continue
            id_field, read = _KINDS[kind]
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
            for kind in _KINDS:
                for id_ in [id_ for id_ in self.table(kind) if (kind, id_) not in named]:
                    self._put((kind, id_), self._with_presence((kind, id_), None))
                    self.removed.add((kind, id_))
                    changes[kind, id_] = None
        return list(changes.items())

    def take_presence(self, number: int, presences: Mapping[Key, Presence]) -> list[Change]:
        """Take in how agents are.

        Args:
            number: of the reading. One that began before the last one that was taken is old news, and so is one of an
                agent that spoke since it began.
            presences: of machines and units.

        Returns:
            What is different now.
        """
        if number <= self._presence:
            return []
        self._presence = number
        changes: list[Change] = []
        for key, presence in presences.items():
            known = self.table(key[0]).get(key[1])
            if known is None or self._spoken.get(key, 0) >= number:
                continue
            thing, *_ = self._lost.pop(key, (known, presence, number))
            if presence.is_lost:
                self._lost[key] = (thing, presence, number)
                thing = presence.of(thing)
            if self._put(key, thing):
                changes.append((key, thing))
        return changes

    def is_lost(self, kind: str, id_: str, since: int) -> bool:
        """Whether a reading that began after another one tells that an agent is lost: it may have come back since.

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
        return presence.of(thing)

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


def machine_order(machine: str) -> tuple[int, str]:
    """By which ids compare as numbers; all processes order them alike."""
    return len(machine), machine


def machine_tag(machine: str) -> str:
    """The tag of a machine: those of containers have dashes for slashes."""
    return "machine-" + machine.replace("/", "-")


def unit_tag(unit: str) -> str:
    """The tag of a unit."""
    return "unit-" + unit.replace("/", "-")
