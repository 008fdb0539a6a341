"""The controller's world: models, users, clouds and credentials, and the clock by which lives go on."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from vca_jujusim.charms import Charm
from vca_jujusim.problems import ALREADY_EXISTS, MODEL_NOT_FOUND, NOT_FOUND, Refusal, denial, not_found
from vca_jujusim.world.clock import Clock
from vca_jujusim.world.entities import DEAD, ModelRecord, User
from vca_jujusim.world.model import Model
from vca_jujusim.world.places import Clusters

if TYPE_CHECKING:
    from vca_jujusim.faults import LifeFaults
    from vca_jujusim.world.programs import Programs
    from vca_jujusim.world.running import Script

CONTROLLER_ACCESS = ("login", "add-model", "superuser")
Keeper = Callable[["Model | None", str, str], None]
Step = Callable[["Model", str, str], None]


class World:
    """Everything the controller knows.

    Args:
        clock: by which lives go on.
        faults: what goes wrong in lives.
        admin: name and password of the first user, a superuser.
        step: what an entity of a model (its kind, its key) does when its turn has come.
    """

    def __init__(self, clock: Clock, faults: LifeFaults, admin: tuple[str, str], step: Step) -> None:
        self.clock = clock
        self.faults = faults
        self.step = step
        self.uuid = str(uuid.uuid4())
        self.models: dict[str, Model] = {}
        self.removed: set[str] = set()
        self.users: dict[str, User] = {}
        self.clouds: dict[str, dict[str, Any]] = {
            "localhost": {
                "type": "lxd",
                "auth-types": ["certificate"],
                "endpoint": "https://10.0.0.1:8443",
                "regions": [{"name": "default"}],
            },
        }
        self.credentials: dict[str, dict[str, Any]] = {}
        self.namespaces: dict[tuple[str, str], Literal["foreign", "terminating", "in use", "other controller"]] = {}
        self.kubernetes_version = "1.30.4"
        self.invalid_credentials: set[str] = set()
        self.refused_tokens: dict[str, str] = {}
        self.store: dict[str, list[tuple[str, Charm]]] = {}
        self.metrics: dict[tuple[str, str], dict[str, str]] = {}
        self.scripts: dict[str, Script] = {}
        self.programs: Programs | None = None
        self.clusters: Clusters | None = None
        self.config: dict[str, Any] = {}
        self.addresses = 0
        self.keeper: Keeper | None = None
        self.on_resumed: Callable[[Model], None] = lambda _model: None
        self.on_model_dead: Callable[[Model], None] = lambda _model: None
        self.users[admin[0]] = User(*admin, access="superuser")
        self.credentials[f"localhost/{admin[0]}/default"] = {"auth-type": "certificate", "attrs": {}}

    def next_address(self) -> int:
        """A number for the address of a new machine."""
        self.addresses += 1
        return self.addresses

    def keep(self, model: Model | None, kind: str, key: str) -> None:
        """Note a change, if the world is kept on disk."""
        if self.keeper is not None:
            self.keeper(model, kind, key)

    def bootstrap(self, admin: str) -> None:
        """Make the model `controller`, once."""
        if not any(model.record.name == "controller" for model in self.models.values()):
            self.add_model("controller", admin, "localhost", "default", {})

    def check_name(self, name: str, owner: str) -> None:
        """Refuse a model of a name that one of the owner's has."""
        if any(model.record.name == name and model.record.owner == owner for model in self.models.values()):
            raise Refusal(f'failed to create new model: model "{name}" for {owner} already exists', ALREADY_EXISTS)

    def add_model(self, name: str, owner: str, cloud: str, region: str, config: dict[str, Any], key: str = "") -> Model:
        """Make a model; its uuid is made anew where none is given.

        Raises:
            Refusal: the owner has one of that name.
        """
        self.check_name(name, owner)
        record = ModelRecord(key or str(uuid.uuid4()), name, owner, cloud, region, access={owner: "admin"})
        record.config = {"name": name, "uuid": record.uuid, "type": self.clouds[cloud]["type"], **config}
        model = Model(self, record)
        self.models[record.uuid] = model
        self.keep(model, "model", record.uuid)
        return model

    def kill_model(self, model: Model) -> None:
        """A model is dead: nothing can be asked of it any more, its name is taken, and it is listed."""
        model.record.life = DEAD
        self.on_model_dead(model)
        self.keep(model, "model", model.record.uuid)

    def remove_model(self, model: Model) -> None:
        """A dead model is gone."""
        self.models.pop(model.record.uuid, None)
        if model.kind == "caas" and self.faults.take("stick", "namespace", model.record.name) is not None:
            self.namespaces[model.record.cloud, model.record.name] = "terminating"
        self.removed.add(model.record.uuid)
        self.keep(model, "model", model.record.uuid)

    def model(self, key: str) -> Model:
        """A model by its uuid.

        Raises:
            Refusal: there is none, or it is dead.
        """
        found = self.models.get(key)
        if key in self.removed:
            raise Refusal(f"model {key} has been removed", NOT_FOUND)
        if found is None or found.record.life == DEAD:
            raise Refusal(f'unknown model: "{key}"', MODEL_NOT_FOUND)
        return found

    def model_named(self, name: str) -> Model:
        """A model by its name, for tests.

        Raises:
            KeyError: there is none.
        """
        for model in self.models.values():
            if model.record.name == name:
                return model
        raise KeyError(name)

    def is_superuser(self, user: str) -> bool:
        """Whether a user may do everything."""
        return user in self.users and self.users[user].access == "superuser"

    def check_superuser(self, user: str) -> None:
        """Refuse anybody else."""
        if not self.is_superuser(user):
            raise denial()

    def check_can_add_models(self, user: str) -> None:
        """Refuse a user with neither `add-model` nor `superuser`."""
        if self.users[user].access not in {"add-model", "superuser"}:
            raise denial()

    def put_credential(self, key: str, held: dict[str, Any], reason: str = "") -> None:
        """Take a credential; why the cloud does not take it, where that is so: then its models are suspended."""
        self.credentials[key] = held
        self.keep(None, "credential", key)
        self.invalid_credentials.discard(key)
        if reason:
            self.invalid_credentials.add(key)
        for model in list(self.models.values()):
            if model.record.credential == key:
                model.suspend(reason)

    def user(self, name: str) -> User:
        """A user, or "not found"."""
        found = self.users.get(name)
        if found is None:
            raise not_found("user", name)
        return found
