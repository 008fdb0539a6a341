"""What a controller holds. Entities know each other by id, so that each can be stored by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ALIVE, DYING, DEAD = "alive", "dying", "dead"


def now() -> str:
    """The time, as Juju writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass(slots=True)
class Status:
    """A status with its message, and since when."""

    current: str
    message: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    since: str = field(default_factory=now)


@dataclass(slots=True)
class Base:
    """An operating system and its channel, as ubuntu and 22.04/stable."""

    name: str
    channel: str

    @property
    def version(self) -> str:
        """The channel without its risk."""
        return self.channel.partition("/")[0]

    def matches(self, other: Base) -> bool:
        """Whether both are the same, whatever the risk."""
        return self.name == other.name and self.version == other.version

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def as_json(self) -> dict[str, Any]:
        """As the wire has it."""
        return {"name": self.name, "channel": self.channel}


@dataclass(slots=True)
class Machine:
    """A machine or a container; `addresses` are those of the wire."""

    id: str
    base: Base
    arch: str = "amd64"
    life: str = ALIVE
    agent: Status = field(default_factory=lambda: Status("pending"))
    instance: Status = field(default_factory=lambda: Status("pending"))
    instance_id: str = ""
    nonce: str = ""
    manual: bool = False
    script_run: bool = False
    lost: bool = False
    addresses: list[dict[str, Any]] = field(default_factory=list)
    constraints: dict[str, Any] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    keep: bool = False
    clean: bool = True
    """Whether no unit ever was on it."""

    @property
    def parent(self) -> str | None:
        """The machine that a container is on."""
        return self.id.rsplit("/", 2)[0] if "/" in self.id else None


@dataclass(slots=True)
class Application:
    """An application; `config` are the values that were set, without defaults.

    On Kubernetes, `scale` is how many units it is to have, and one that is `stuck` never goes.
    """

    name: str
    charm_url: str
    origin: dict[str, Any]
    base: Base
    subordinate: bool = False
    life: str = ALIVE
    config: dict[str, Any] = field(default_factory=dict)
    trust: bool = False
    exposed: bool = False
    constraints: dict[str, Any] = field(default_factory=dict)
    bindings: dict[str, str] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    storage: dict[str, dict[str, Any]] = field(default_factory=dict)
    scale: int | None = None
    stuck: bool = False
    next_unit: int = 0
    charm_modified: int = 0
    since: str = field(default_factory=now)


@dataclass(slots=True)
class Unit:
    """A unit.

    `hook` is what it runs or failed in, `retry` whether Juju runs a failed one again by itself, `forced` whether it
    takes another charm although it is in error, `charm_modified` which change of charm and resources it has. On
    Kubernetes it has no machine: `provider_id` is its pod, and `pod` the uid of that, in a cluster.
    """

    name: str
    machine: str
    charm_url: str
    life: str = ALIVE
    leader: bool = False
    principal: str = ""
    workload: Status = field(default_factory=lambda: Status("waiting", "waiting for machine"))
    agent: Status = field(default_factory=lambda: Status("allocating"))
    installed: bool = False
    ssh_key: bool = False
    hook: str = "install"
    retry: bool = True
    forced: bool = False
    charm_modified: int = 0
    provider_id: str = ""
    address: str = ""
    pod: str = ""
    pulls: int = 0
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def application(self) -> str:
        """The name of its application."""
        return self.name.rpartition("/")[0]

    @property
    def pod_name(self) -> str:
        """The name of its pod, on Kubernetes."""
        return self.name.replace("/", "-")


@dataclass(slots=True)
class Action:
    """An action on a unit, part of an operation."""

    id: str
    operation: str
    unit: str
    name: str
    params: dict[str, Any]
    status: str = "pending"
    message: str = ""
    output: dict[str, Any] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    enqueued: str = field(default_factory=now)
    started: str | None = None
    completed: str | None = None


@dataclass(slots=True)
class Endpoint:
    """One end of a relation; `role` is provider, requirer or peer."""

    application: str
    name: str
    interface: str
    role: str
    scope: str = "global"
    limit: int = 0
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.application}:{self.name}"


@dataclass(slots=True)
class Relation:
    """A relation between two applications, or of one with itself (a peer relation)."""

    id: int
    key: str
    endpoints: list[Endpoint]
    life: str = ALIVE
    status: Status = field(default_factory=lambda: Status("joined"))
    across: str = ""
    """The key of its other half, where it reaches into another model."""
    forced: bool = False
    """Whether it goes without waiting for its units."""


@dataclass(slots=True)
class Offer:
    """Endpoints of an application that other models may consume."""

    name: str
    uuid: str
    application: str
    endpoints: dict[str, str]
    description: str = ""


@dataclass(slots=True)
class RemoteApplication:
    """An offer of another model, consumed; or who consumes one of this model, by a name that is a token."""

    name: str
    offer_url: str
    offer_uuid: str
    source_model: str
    endpoints: list[dict[str, Any]]
    life: str = ALIVE
    status: Status = field(default_factory=lambda: Status("active"))


@dataclass(slots=True)
class ModelRecord:
    """What a model is, without what is in it."""

    uuid: str
    name: str
    owner: str
    cloud: str
    region: str
    credential: str = ""
    life: str = ALIVE
    config: dict[str, Any] = field(default_factory=dict)
    constraints: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    access: dict[str, str] = field(default_factory=dict)
    status: Status = field(default_factory=lambda: Status("available"))
    destroy_storage: bool | None = None
    force: bool = False
    namespace_gone: bool = False
    counters: dict[str, int] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    blocks: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    """Instances that run on in the cloud although their machines are gone."""


@dataclass(slots=True)
class User:
    """Somebody who may log in."""

    name: str
    password: str
    access: str = "login"
    display_name: str = ""
    disabled: bool = False
    created: str = field(default_factory=now)
    last_connection: str | None = None


Entity = Machine | Application | Unit | Action | Relation | Offer | RemoteApplication
