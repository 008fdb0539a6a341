"""What execution environments on Kubernetes run on: nothing. Their model bears their namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from vca_core.errors import BackendError, BadArguments
from vca_core.naming import EeId, NameRules, Namespace
from vca_core.status import DeploymentStatus, Entity, EntityState
from vca_juju_common.client.interface import Model
from vca_juju_common.client.state import State
from vca_juju_common.client.things import Unit
from vca_juju_common.client.values import Kind
from vca_juju_common.ground import NOTED, Bearer

LOCATOR = "k8s"
"""The locator of each execution environment: there is no other place for an application than its model."""

_PREFIX = "vca-ee-"


class KubernetesGround:
    """Execution environments are reserved at their model, and run on nothing that Juju knows by itself."""

    kind: ClassVar[Kind] = "caas"

    def bearers(self, state: State) -> Iterable[Bearer]:
        """The reservations."""
        for uuid in state.models:
            for name, text in state.notes(model_tag(uuid)).items():
                namespace = reserved_in(text) if name.startswith(_PREFIX) else None
                if namespace is not None:
                    yield Bearer(LOCATOR, namespace)

    def locator_of(self, units: Sequence[Unit]) -> str:
        """The same for all, also for one without units."""
        del units
        return LOCATOR

    def tag_of(self, model: Model, ee_id: EeId) -> str:
        """The tag of the model."""
        del ee_id
        return model_tag(model.uuid)

    def states_of(self, model: Model, rules: NameRules, ee_id: EeId) -> list[EntityState]:
        """The state of its reservation, which is all that there is of it before a charm is installed."""
        del rules
        if reservation_name(ee_id.application) not in model.state.notes(model_tag(model.uuid)):
            return []
        return [EntityState(Entity(NOTED, ee_id.application), "reserved", "", DeploymentStatus.COMPLETED)]

    def address_of(self, model: Model, ee_id: EeId) -> str | None:
        """The name of its service, from the start and for good: addresses of pods change."""
        del model
        return f"{ee_id.application}.{ee_id.model}.svc"

    def check(self, model: Model, units: Sequence[Unit], since: int) -> None:
        """Refuse to wait where Juju does nothing in the cluster; nothing else that a pod runs on shows in it."""
        del units, since
        if (reason := suspension(model)) is not None:
            raise reason


def suspension(model: Model) -> BackendError | None:
    """Why Juju does nothing in the cluster for a model; None: it does."""
    there = model.state.models.get(model.uuid)
    if there is None or there.status.current != "suspended":
        return None
    return BackendError(
        f"model {model.name} is suspended: {there.status.message or 'no reason given'}; give its cloud a valid "
        "credential (vca-k8s onboard, or juju update-credential)"
    )


def model_tag(uuid: str) -> str:
    """The tag of a model."""
    return f"model-{uuid}"


def reservation_name(application: str) -> str:
    """The name of the note, at the model, that reserves an application."""
    return f"{_PREFIX}{application}"


def reserved_in(text: str) -> Namespace | None:
    """The namespace in the text of a reservation, which a mark follows; None: there is none in it."""
    try:
        return Namespace.parse(text.rpartition(" ")[0])
    except BadArguments:
        return None
