"""Units on Kubernetes: each is a pod, and what becomes of that its image says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from vca_jujusim.charms import Charm
from vca_jujusim.images import is_reference
from vca_jujusim.problems import ALREADY_EXISTS, NOT_SUPPORTED, NOT_VALID, Refusal
from vca_jujusim.world.actions import begin_actions, finish_action
from vca_jujusim.world.entities import Application, Status, Unit
from vca_jujusim.world.model import Model
from vca_jujusim.world.settling import settle

if TYPE_CHECKING:
    from vca_jujusim.world.deployment import Deployment
    from vca_jujusim.world.places import Place
    from vca_jujusim.world.world import World

SLOW = 5
"""How many steps the image `slow` is pulled in."""

_TROUBLE = {
    "missing": 'ImagePullBackOff: Back-off pulling image "{image}"',
    "crash": "CrashLoopBackOff: back-off 10s restarting failed container={container}",
}
TAKEN = (
    "the model cannot be created because a namespace with the proposed\n"
    "model name already exists in the k8s cluster.\n"
    "Please choose a different model name.\n"
)


def check_namespace(world: World, cloud: str, name: str) -> None:
    """Refuse a model whose namespace is taken.

    Raises:
        Refusal: somebody else has it, another model, or it is on its way out.
    """
    held = world.namespaces.get((cloud, name))
    if held in {"foreign", "terminating"}:
        raise Refusal(TAKEN, ALREADY_EXISTS)
    if held == "in use":
        raise Refusal(f'creating namespace "{name}": namespace may be in use: not found')
    if held == "other controller":
        raise not_owned(world, name, str(uuid4()), str(uuid4()))
    for model in world.models.values():
        if (model.record.cloud, model.record.name) == (cloud, name) and not model.record.namespace_gone:
            raise not_owned(world, name, world.uuid, model.record.uuid)


def not_owned(world: World, name: str, controller: str, model: str) -> Refusal:
    """That a namespace is Juju's, and of another model."""
    has = f"map[controller.juju.is/id:{controller} model.juju.is/id:{model}]"
    wanted = f"map[controller.juju.is/id:{world.uuid} model.juju.is/id:{uuid4()}]"
    return Refusal(
        f'failed to open kubernetes client: annotations {has} for namespace "{name}" not valid must include {wanted}',
        NOT_VALID,
    )


def check_deployment(model: Model, wanted: Deployment) -> None:
    """Refuse what Juju does not deploy there.

    Raises:
        Refusal: as Juju does.
    """
    charm = wanted.charm
    is_for_pods = bool(charm.meta.get("containers"))
    if model.kind != "caas":
        if is_for_pods:
            raise Refusal(
                "Charm feature requirements cannot be met:\n"
                '  - charm requires feature "k8s-api" but model does not support it',
                NOT_SUPPORTED,
            )
        return
    if not is_for_pods:
        raise Refusal(f'charm "{charm.name}" has no containers: not supported on a container model', NOT_SUPPORTED)
    if len(wanted.placement) > 1:
        raise Refusal(
            f"only 1 placement directive is supported for container models, got {len(wanted.placement)}", NOT_VALID
        )
    if wanted.attach_storage:
        raise Refusal("AttachStorage may not be specified for container models", NOT_SUPPORTED)
    for name, declared in charm.storage.items():
        if declared["type"] == "block":
            raise Refusal(f'block storage "{name}" is not supported for container charms', NOT_SUPPORTED)
        is_made = declared["count-min"] > 0 or name in wanted.storage
        if is_made and not _pool(model, wanted.storage.get(name)):
            raise Refusal(
                f'storage pool for "{name}" must be specified since there\'s no model default storage class', NOT_VALID
            )
    lacking = sorted(
        name
        for name, spec in (charm.meta.get("resources") or {}).items()
        if spec.get("type") == "oci-image" and not wanted.resources.get(name, {}).get("image")
    )
    if lacking:
        raise Refusal(f'resource "{lacking[0]}" of charm "{charm.name}" not found', "not found")


def _pool(model: Model, given: dict[str, Any] | None) -> str:
    config = model.world.clouds[model.record.cloud].get("config") or {}
    own = model.record.config.get("workload-storage") or config.get("workload-storage")
    return str((given or {}).get("pool") or (given or {}).get("Pool") or own or "")


def check_upgrade(model: Model, application: Application, charm: Charm) -> None:
    """Refuse a charm that declares storage, devices or its deployment in another way, be it by a word.

    Raises:
        Refusal: as Juju does.
    """
    old = model.charm_of(application)
    if model.kind != "caas":
        return
    declared = ((one.storage, one.devices, one.meta.get("deployment") or {}) for one in (old, charm))
    for what, was, becomes in zip(("storage", "devices", "deployment"), *declared, strict=True):
        if was != becomes:
            raise Refusal(
                f"Juju on containers does not support updating {what} on a statefulset.\n"
                f"The new charm's metadata contains updated {what} declarations.\nnot supported",
                NOT_SUPPORTED,
            )


def check_image(reference: str) -> None:
    """Refuse what cannot be the name of an image.

    Raises:
        Refusal: as Juju does.
    """
    if not is_reference(reference):
        raise Refusal(f'docker image path "{reference}" not valid', NOT_VALID)


def may_go_on(model: Model, unit: Unit) -> bool:
    """Whether a unit's pod runs; else it takes a step there, if there is one to take."""
    application = model.applications.get(unit.application)
    if application is None:
        return False
    if model.place is not None:
        return _follow_pod(model, unit, model.place)
    if unit.provider_id and unit.address:
        return True
    trouble = _trouble(model, application)
    if trouble:
        unit.provider_id = unit.pod_name
        _tell(model, unit, Status("allocating", trouble))
        return False
    if not unit.provider_id:
        unit.provider_id = unit.pod_name
    elif unit.pulls < SLOW and any(_fate(image) == "slow" for image in _images(application).values()):
        unit.pulls += 1
        _tell(model, unit, Status("allocating", f"ContainerCreating: pulling, {20 * unit.pulls} %"))
    else:  # no delta tells of an address
        number = model.world.next_address()
        unit.address = f"10.1.{number >> 8 & 255}.{number & 255}"
        unit.agent = Status("allocating")
    model.world.keep(model, "unit", unit.name)
    settle(model, "unit", unit.name)
    return False


def _follow_pod(model: Model, unit: Unit, place: Place) -> bool:
    """Know of a unit what the cluster says of its pod; whether it runs."""
    pod = place.pod(unit.pod_name)
    found = (unit.pod_name, pod.address, pod.uid) if pod is not None else (unit.provider_id, "", unit.pod)
    if found[2] != unit.pod and unit.pod:
        _lose_running(model, unit)
    if found != (unit.provider_id, unit.address, unit.pod):  # no delta tells of it
        unit.provider_id, unit.address, unit.pod = found
        model.world.keep(model, "unit", unit.name)
        if unit.address:
            begin_actions(model, unit)
    trouble = place.trouble(unit.application) or (pod.trouble if pod is not None else "")
    if unit.address:
        if unit.agent.current == "allocating":
            _tell(model, unit, Status("allocating"))
        return True
    if trouble:
        _tell(model, unit, Status("allocating", trouble))
    return False


def _lose_running(model: Model, unit: Unit) -> None:
    """An action ends with the pod that it ran in."""
    for action in list(model.actions.values()):
        if action.unit == unit.name and action.status in {"running", "aborting"}:
            finish_action(model, action, "failed", "action terminated")


def has_to_wait(model: Model, unit: Unit) -> bool:
    """Whether pods of higher numbers get the new charm first."""
    application = model.applications[unit.application]
    if model.place is not None:
        pod = model.place.pod(unit.pod_name)
        return pod is None or pod.version != str(application.charm_modified)
    number = _number(unit)
    return any(
        _number(other) > number
        and (other.charm_modified != application.charm_modified or other.agent.current != "idle")
        for other in model.units_of(unit.application)
    )


def replace_next(model: Model, unit: Unit) -> None:
    """Let the next pod be replaced when one has its new charm."""
    for other in model.units_of(unit.application):
        if other.charm_modified != unit.charm_modified:
            settle(model, "unit", other.name)


def renew(unit: Unit) -> None:
    """Give a pod that is made anew no address yet: Juju's old one is of no use."""
    if not unit.pod:
        unit.address, unit.pulls = "", 0


def _trouble(model: Model, application: Application) -> str:
    charm = model.charm_of(application)
    for container, spec in (charm.meta.get("containers") or {}).items():
        image = _images(application).get(str((spec or {}).get("resource")), "")
        text = _TROUBLE.get(_fate(image))
        if text:
            return text.format(image=image, container=container)
    return ""


def _images(application: Application) -> dict[str, str]:
    return {name: str(resource.get("image") or "") for name, resource in application.resources.items()}


def _fate(image: str) -> str:
    """What an image's name says about its pods: the last part, without tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _tell(model: Model, unit: Unit, status: Status) -> None:
    if (unit.agent.current, unit.agent.message) != (status.current, status.message):
        unit.agent = status
        model.note_change("unit", unit.name)


def _number(unit: Unit) -> int:
    return int(unit.name.rpartition("/")[2])
