"""What exists in the fake: models with applications, each with its machine, units and charm. Plain data, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from vca_core.charm import Charm
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState

RelationEndKey = tuple[str, str, str]
"""Model, application and endpoint."""


@dataclass
class Application:
    """An execution environment: an application with its machine and, once a charm is installed, its units.

    Args:
        ee_id: its id.
        namespace: whose it is.
        address: of its machine or service.
        base: of its machine; empty on Kubernetes.
        arch: of its machine; empty on Kubernetes.
        manual: whether the machine was there before and stays when it goes.
        charm: what is installed.
        digest: of the files that it was installed from.
        revision: how often it was upgraded.
        programs: the folder of what was installed, where its programs are run; else empty.
        config: values of the charm's options.
        resources: what tells the content of those that it was handed from others, by name.
        states: of its entities, in the order in which they came.
        since: when each of them got its state, by the text of the entity.
    """

    ee_id: EeId
    namespace: Namespace
    address: str
    base: str = ""
    manual: bool = False
    charm: Charm | None = None
    config: dict[str, Any] = field(default_factory=dict)
    states: list[EntityState] = field(default_factory=list)
    since: dict[str, float] = field(default_factory=dict)
    has_ssh_key: bool = False
    units_so_far: int = 0
    actions_so_far: int = 0
    revision: int = 0
    programs: str = ""
    digest: str | None = None
    arch: str = ""
    resources: dict[str, str] = field(default_factory=dict)

    @property
    def machine(self) -> Entity:
        """Its machine."""
        return Entity("machine", self.ee_id.locator)

    @property
    def units(self) -> list[Entity]:
        """Its units; the first one is the leader."""
        return [state.entity for state in self.states if state.entity.kind == "unit"]

    def state(self, entity: Entity) -> EntityState | None:
        """The state of an entity; None: there is no such."""
        return next((state for state in self.states if state.entity == entity), None)

    def has_failed(self, entity: Entity) -> bool:
        """Whether a hook of a unit failed."""
        state = self.state(entity)
        return state is not None and state.native == "error"

    def put(self, entity: Entity, native: str, detail: str, now: float) -> None:
        """Give an entity a state."""
        made = EntityState(entity, native, detail)
        for number, state in enumerate(self.states):
            if state.entity == entity:
                self.states[number] = made
                break
        else:
            self.states.append(made)
        self.since[str(entity)] = now

    def drop(self, entity: Entity) -> None:
        """Remove an entity."""
        self.states = [state for state in self.states if state.entity != entity]
        self.since.pop(str(entity), None)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Set options; None resets one."""
        for name, value in values.items():
            if value is None:
                self.config.pop(name, None)
            else:
                self.config[name] = value

    def add_units(self, number: int, now: float) -> None:
        """Make units."""
        for _ in range(number):
            self.put(
                Entity("unit", f"{self.ee_id.application}/{self.units_so_far}"),
                "waiting",
                "waiting for its machine",
                now,
            )
            self.units_so_far += 1


@dataclass
class Model:
    """The applications of an NS and the relations between them.

    Args:
        name: its name.
        applications: by name.
        relations: pairs of ends, each pair sorted.
        machines_so_far: how many machines there were in it.
        deleted: whether it is to go, with all that is in it.
    """

    name: str
    applications: MutableMapping[str, Application] = field(default_factory=dict)
    relations: list[tuple[RelationEndKey, RelationEndKey]] = field(default_factory=list)
    machines_so_far: int = 0
    deleted: bool = False

    def find(self, ee_id: EeId) -> Application | None:
        """The application of an EE; None when it is gone, also when there is a later one of the same name."""
        found = self.applications.get(ee_id.application)
        return found if found is not None and found.ee_id == ee_id else None

    def add(
        self, name: str, namespace: Namespace, *, on_kubernetes: bool, hostname: str | None, base: str, arch: str
    ) -> Application:
        """Add an application.

        Args:
            name: its name.
            namespace: whose it is.
            on_kubernetes: whether it has no machine.
            hostname: of a machine that is there already; None: a new one.
            base: of the machine.
            arch: of the machine.
        """
        if on_kubernetes:
            ee_id, address = EeId(self.name, name, "k8s"), f"{name}.{self.name}.svc.fake.example"
        else:
            ee_id = EeId(self.name, name, str(self.machines_so_far))
            address = hostname or f"{self.name}-{self.machines_so_far}.fake.example"
            self.machines_so_far += 1
        made = Application(ee_id, namespace, address, manual=hostname is not None)
        if not on_kubernetes:
            made.base, made.arch = base, arch
        self.applications[name] = made
        return made

    def remove(self, name: str) -> None:
        """Remove an application with its relations."""
        self.applications.pop(name, None)
        place = (self.name, name)
        self.relations = [pair for pair in self.relations if all(end[:2] != place for end in pair)]

    def of(self, namespace: Namespace) -> Iterator[Application]:
        """The applications at or below a namespace."""
        return (one for one in self.applications.values() if namespace.contains(one.namespace))
