"""What exists in the fake: models with applications, each with its machine, units and charm. Plain data, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vca_core.charm import Charm
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState

Change = tuple[Entity, str | None, str]
"""An entity, its native word (None: it is gone) and a detail."""

_NEXT = {
    ("machine", "pending"): ("started", "running"),
    ("unit", "waiting"): ("maintenance", "installing charm software"),
    ("unit", "maintenance"): ("active", "ready"),
}
"""The lives of machines and units: what comes behind a native word."""


@dataclass(eq=False)
class Application:
    """An execution environment: an application with its machine and, once a charm is installed, its units.

    Args:
        ee_id: its id.
        namespace: whose it is.
        address: of its machine.
        manual: whether the machine was there before and stays when it goes.
    """

    ee_id: EeId
    namespace: Namespace
    address: str
    manual: bool = False
    charm: Charm | None = None
    config: dict[str, Any] = field(default_factory=dict)
    states: dict[Entity, EntityState] = field(default_factory=dict)
    has_ssh_key: bool = False
    units_so_far: int = 0
    actions_so_far: int = 0

    @property
    def machine(self) -> Entity:
        """Its machine."""
        return Entity("machine", self.ee_id.locator)

    @property
    def units(self) -> list[Entity]:
        """Its units; the first one is the leader."""
        return [entity for entity in self.states if entity.kind == "unit"]

    def next_changes(self) -> list[Change]:
        """What happens to it next by itself: first the machine comes up, then all units settle side by side."""
        machine = self.states.get(self.machine)
        waits_for_machine = machine is not None and machine.native == "pending"
        return [
            (entity, *_NEXT[entity.kind, state.native])
            for entity, state in self.states.items()
            if (entity.kind, state.native) in _NEXT and (entity.kind == "machine" or not waits_for_machine)
        ]

    def new_units(self, number: int) -> list[Change]:
        """Make units."""
        names = [f"{self.ee_id.application}/{self.units_so_far + one}" for one in range(number)]
        self.units_so_far += number
        return [(Entity("unit", name), "waiting", "waiting for its machine") for name in names]


@dataclass
class Model:
    """The applications of an NS and the relations between them."""

    applications: dict[str, Application] = field(default_factory=dict)
    machines_so_far: int = 0


RelationKey = frozenset[tuple[str, str, str]]
"""Two times model, application and endpoint."""


class World:
    """All models. It outlives the connection to it, as a real system does."""

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.relations: set[RelationKey] = set()

    def find(self, ee_id: EeId) -> Application | None:
        """The application of an EE; None when it is gone, also when there is a later one of the same name."""
        model = self.models.get(ee_id.model)
        found = model.applications.get(ee_id.application) if model else None
        return found if found is not None and found.ee_id == ee_id else None

    def named(self, model: str, application: str) -> Application | None:
        """The application of a name."""
        return self.models[model].applications.get(application) if model in self.models else None

    def add(self, model: str, name: str, namespace: Namespace, hostname: str | None) -> Application:
        """Add an application with a new machine, or with one that is there already.

        Args:
            model: its model, made if it is not there.
            name: its name.
            namespace: whose it is.
            hostname: of the machine that is there already; None: a new one.
        """
        home = self.models.setdefault(model, Model())
        locator = str(home.machines_so_far)
        home.machines_so_far += 1
        application = Application(
            EeId(model, name, locator),
            namespace,
            hostname or f"{model}-{locator}.fake.example",
            manual=hostname is not None,
        )
        home.applications[name] = application
        return application

    def remove(self, application: Application) -> None:
        """Remove an application with its relations."""
        ee_id = application.ee_id
        applications = self.models[ee_id.model].applications
        if applications.get(ee_id.application) is application:
            del applications[ee_id.application]
        place = (ee_id.model, ee_id.application)
        self.relations = {key for key in self.relations if all(end[:2] != place for end in key)}

    def applications(self) -> Iterator[Application]:
        """All applications."""
        for model in self.models.values():
            yield from model.applications.values()
