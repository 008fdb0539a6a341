"""The things of a model, as deltas describe them, and no more of each than we need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Key = tuple[str, str]
"""Kind and id of an entity, as in ``("unit", "app/0")``."""

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
    """A unit of an application; `agent_since` is when its agent's status was set, as the controller writes it."""

    name: str
    application: str
    machine: str
    workload: Word
    agent: Word
    life: str
    charm_url: str
    address: str
    agent_since: str = ""


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


def read_base(value: Any) -> str:
    """Read a base, from a text or a mapping, without the risk of its channel."""
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
        read_base(data.get("base")),
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
        str((data.get("agent-status") or {}).get("since") or ""),
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


KINDS: Mapping[str, tuple[str, Callable[[dict[str, Any]], Thing]]] = {
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


STATUS_KINDS = frozenset(
    {"machine", "application", "unit", "relation", "remoteApplication", "applicationOffer", "model"}
)
"""Kinds of which FullStatus reports each one that there is."""


def has_lost_agent(thing: Thing) -> bool:
    """Whether nothing is heard of an agent. The controller works this out when it is asked: it is not in deltas."""
    return isinstance(thing, Machine | Unit) and thing.agent.current in {"down", "lost"}


def with_agent_of(thing: Thing, other: Thing) -> Thing:
    """A machine or a unit as it is, but with the agent, and the workload of a unit, that another reading reports."""
    if isinstance(thing, Unit) and isinstance(other, Unit):
        return replace(thing, agent=other.agent, workload=other.workload, agent_since=other.agent_since)
    if isinstance(thing, Machine) and isinstance(other, Machine):
        return replace(thing, agent=other.agent)
    return thing


def filled_in(thing: Thing, known: Thing | None) -> Thing:
    """What FullStatus reports of something, with what it leaves out and is known: it does not change."""
    if isinstance(thing, ModelState) and isinstance(known, ModelState):
        return replace(thing, owner=thing.owner or known.owner)
    if isinstance(thing, Remote) and isinstance(known, Remote):
        return replace(thing, offer=thing.offer or known.offer)
    return thing


def machine_order(machine: str) -> tuple[int, str]:
    """By which ids compare as numbers; all processes order them alike."""
    return len(machine), machine


def machine_tag(machine: str) -> str:
    """The tag of a machine: those of containers have dashes for slashes."""
    return "machine-" + machine.replace("/", "-")


def unit_tag(unit: str) -> str:
    """The tag of a unit."""
    return "unit-" + unit.replace("/", "-")
