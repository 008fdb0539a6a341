"""A model: what is in it, and who learns of changes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from vca_jujusim.charms import Charm
from vca_jujusim.problems import Refusal, denial, not_found
from vca_jujusim.world.entities import (
    DEAD,
    Action,
    Application,
    Machine,
    ModelRecord,
    Offer,
    Relation,
    RemoteApplication,
    Status,
    Unit,
)

if TYPE_CHECKING:
    from vca_jujusim.watcher import Watcher
    from vca_jujusim.world.places import Place
    from vca_jujusim.world.world import World

SEVERITY = ("error", "blocked", "waiting", "maintenance", "active", "terminated", "unknown")
_CONSUMER = re.compile("remote-[0-9a-f]{32}")
ACCESS = ("read", "write", "admin")


def is_consumer(name: str) -> bool:
    """Whether a remote application is one that consumes an offer of the model: no delta tells of it."""
    return _CONSUMER.fullmatch(name) is not None


class Model:
    """A model with its entities.

    Args:
        world: the controller that it belongs to.
        record: what it is.
    """

    def __init__(self, world: World, record: ModelRecord) -> None:
        self.world = world
        self.record = record
        self.machines: dict[str, Machine] = {}
        self.applications: dict[str, Application] = {}
        self.units: dict[str, Unit] = {}
        self.actions: dict[str, Action] = {}
        self.relations: dict[str, Relation] = {}
        self.offers: dict[str, Offer] = {}
        self.remotes: dict[str, RemoteApplication] = {}
        self.charms: dict[str, Charm] = {}
        self.pending_resources: dict[str, dict[str, Any]] = {}
        self.relation_ids: dict[str, int] = {}
        self.watchers: set[Watcher] = set()
        self.place: Place | None = None

    @property
    def kind(self) -> str:
        """What it holds: machines (``iaas``) or containers (``caas``)."""
        return "caas" if self.world.clouds[self.record.cloud]["type"] == "kubernetes" else "iaas"

    def _of(self, kind: str) -> MutableMapping[str, Any]:
        kinds: dict[str, MutableMapping[str, Any]] = {
            "machine": self.machines,
            "application": self.applications,
            "unit": self.units,
            "action": self.actions,
            "relation": self.relations,
            "applicationOffer": self.offers,
            "remoteApplication": self.remotes,
            "charm": self.charms,
        }
        return kinds[kind]

    def has(self, kind: str, key: str) -> bool:
        """Whether an entity is there."""
        if kind == "model":
            return self.record.life != DEAD
        if kind == "annotation":
            with contextlib.suppress(Refusal):
                return bool(self.annotations_of(key))
            return False
        return key in self._of(kind)

    def all_keys(self) -> Iterator[tuple[str, str]]:
        """All entities, in the order in which a new watcher reports them."""
        yield "model", self.record.uuid
        for kind in ("machine", "charm", "application", "unit", "relation", "remoteApplication", "applicationOffer"):
            for key in self._of(kind):
                if not (kind == "remoteApplication" and is_consumer(key)):
                    yield kind, key
        for key in self.actions:
            yield "action", key
        for tag in self._annotated_tags():
            yield "annotation", tag

    def put(self, kind: str, key: str, entity: object) -> None:
        """Add an entity."""
        self._of(kind)[key] = entity
        self.note_change(kind, key)

    def restore(self, kind: str, key: str, entity: object) -> None:
        """Put back an entity that was kept, without any delta."""
        self._of(kind)[key] = entity

    def find(self, kind: str, key: str) -> object | None:
        """An entity, or None."""
        return self._of(kind).get(key)

    def remove(self, kind: str, key: str) -> None:
        """An entity goes."""
        gone = self._of(kind).pop(key, None)
        if isinstance(gone, Relation):
            self.relation_ids[key] = gone.id
        if isinstance(gone, Unit) and self.world.programs is not None:
            self.world.programs.forget(self, gone.name)
        if gone is not None:
            self.note_change(kind, key)

    def note_change(self, kind: str, key: str) -> None:
        """Tell the watchers, and keep it where the world is kept."""
        watchers = set() if kind == "remoteApplication" and is_consumer(key) else self.watchers
        for watcher in watchers:
            watcher.note_change(kind, key)
        self.world.keep(self, kind, key)
        if kind == "application" and self.place is not None:
            self.place.follow(key)

    def note_annotations(self, tag: str) -> None:
        """Annotations of an entity changed."""
        for watcher in self.watchers:
            watcher.note_change("annotation", tag)
        kind, _, rest = tag.partition("-")
        if kind == "machine":
            rest = rest.replace("-", "/")
        elif kind == "unit":
            rest = "/".join(rest.rsplit("-", 1))
        self.world.keep(self, kind, rest)

    def next_number(self, name: str) -> int:
        """A sequence of the model: machines, relations, tasks, charms."""
        number = self.record.counters.get(name, 0)
        self.record.counters[name] = number + 1
        self.world.keep(self, "model", self.record.uuid)
        return number

    @property
    def is_suspended(self) -> bool:
        """Whether Juju does nothing in its cloud, as the credential is not valid."""
        return self.record.status.current == "suspended"

    def suspend(self, reason: str) -> None:
        """Do nothing in its cloud any more, for a reason; an empty one ends that."""
        if bool(reason) == self.is_suspended:
            return
        rest = Status("available") if self.record.life == "alive" else Status("destroying", "cleaning up")
        message = "suspended since cloud credential is not valid"
        self.record.status = Status("suspended", message, {"reason": reason}) if reason else rest
        self.note_change("model", self.record.uuid)
        if not reason:
            self.world.on_resumed(self)

    # --- what is asked often

    def machine(self, key: str) -> Machine:
        """A machine, or "not found"."""
        found = self.machines.get(key)
        if found is None:
            raise not_found("machine", key)
        return found

    def application(self, name: str) -> Application:
        """An application, or "not found"."""
        found = self.applications.get(name)
        if found is None:
            raise not_found("application", name)
        return found

    def unit(self, name: str) -> Unit:
        """A unit, or "not found"."""
        found = self.units.get(name)
        if found is None:
            raise not_found("unit", name)
        return found

    def charm_of(self, application: Application) -> Charm:
        """The charm of an application."""
        return self.charms[application.charm_url]

    def units_of(self, application: str) -> list[Unit]:
        """Its units, in the order of their numbers."""
        return [unit for unit in self.units.values() if unit.application == application]

    def units_on(self, machine: str) -> list[Unit]:
        """The units on a machine, without those of its containers."""
        return [unit for unit in self.units.values() if unit.machine == machine]

    def release_charm(self, url: str) -> None:
        """A charm goes with the last application or unit that has it; one that none ever had stays."""
        urls = {one.charm_url for one in self.applications.values()} | {one.charm_url for one in self.units.values()}
        if url not in urls:
            self.remove("charm", url)

    def relations_of(self, application: str) -> list[Relation]:
        """The relations that an application, or a consumed one, is in."""
        return [rel for rel in self.relations.values() if any(end.application == application for end in rel.endpoints)]

    def offer_consumers(self, offer: Offer) -> list[RemoteApplication]:
        """Who consumes an offer of the model, and is related to it."""
        return [
            remote
            for remote in self.remotes.values()
            if is_consumer(remote.name) and remote.offer_uuid == offer.uuid and self.relations_of(remote.name)
        ]

    def application_status(self, application: Application) -> Status:
        """The worst of its units' workload statuses."""
        statuses = [unit.workload for unit in self.units_of(application.name)]
        if not statuses:
            return Status("unknown", since=application.since)
        return min(statuses, key=lambda one: SEVERITY.index(one.current) if one.current in SEVERITY else len(SEVERITY))

    def annotations_of(self, tag: str) -> dict[str, str]:
        """The annotations of an entity, to be read or changed.

        Raises:
            Refusal: there is no such entity.
        """
        kind, _, rest = tag.partition("-")
        match kind:
            case "model" if rest == self.record.uuid:
                return self.record.annotations
            case "machine":
                return self.machine(rest.replace("-", "/")).annotations
            case "application":
                return self.application(rest).annotations
            case "unit":
                return self.unit("/".join(rest.rsplit("-", 1))).annotations
        raise Refusal(f'"{tag}" is not a valid tag')

    def _annotated_tags(self) -> Iterator[str]:
        if self.record.annotations:
            yield f"model-{self.record.uuid}"
        for machine in self.machines.values():
            if machine.annotations:
                yield f"machine-{machine.id.replace('/', '-')}"
        for application in self.applications.values():
            if application.annotations:
                yield f"application-{application.name}"
        for unit in self.units.values():
            if unit.annotations:
                yield f"unit-{unit.name.replace('/', '-')}"

    def check_access(self, user: str, wanted: str) -> None:
        """Refuse a user without the right to read, write or administer this model."""
        if self.world.is_superuser(user):
            return
        has = self.record.access.get(user)
        if has is None or ACCESS.index(has) < ACCESS.index(wanted):
            raise denial()

    def check_alive(self) -> None:
        """Nothing is added to a model that goes."""
        if self.record.life != "alive":
            raise Refusal(f'model "{self.record.name}" is no longer alive')
