"""How things go: what is asked for sets them dying, and they end when nothing holds them any more."""

from __future__ import annotations

from vca_jujusim.problems import HAS_STORAGE, Refusal
from vca_jujusim.world.crossing import destroy_remote, remove_offer
from vca_jujusim.world.ending import destroy_relation, destroy_unit
from vca_jujusim.world.entities import ALIVE, DYING, Application, Machine, Status, Unit
from vca_jujusim.world.model import Model
from vca_jujusim.world.settling import settle


def destroy_application(model: Model, application: Application, *, force: bool) -> list[Unit]:
    """Ask an application to go; which units go with it.

    Raises:
        Refusal: one of its endpoints is offered.
    """
    offered = sum(offer.application == application.name for offer in model.offers.values())
    if offered and not force:
        plural = "" if offered == 1 else "s"
        raise Refusal(
            f'cannot destroy application "{application.name}": application is used by {offered} offer{plural}'
        )
    for offer in [offer for offer in model.offers.values() if offer.application == application.name]:
        remove_offer(model, offer)
    units = model.units_of(application.name)
    if model.kind == "caas":
        _stick(model, application, units)
    _let_die(model, "application", application.name)
    for relation in model.relations_of(application.name):
        destroy_relation(model, relation, force=force)
    for unit in units:
        destroy_unit(model, unit, force=force)
    settle(model, "application", application.name)
    return units


def _stick(model: Model, application: Application, units: list[Unit]) -> None:
    """Where Juju gets stuck: nothing but the end of the model by force helps then."""
    took = model.world.faults.take
    name = application.name
    is_empty = not units and took("stick", "empty application", name) is not None
    is_early = bool(units) and not any(unit.address for unit in units)
    is_early = is_early and took("stick", "early application", name) is not None
    if is_empty or is_early or took("stick", "application", name) is not None:
        application.stuck = True


def destroy_machine(model: Model, machine: Machine, *, force: bool, keep: bool = False) -> list[Unit]:
    """Ask a machine to go; which units go with it.

    That its instance is to be kept is noted even where the machine is refused to go, and never taken back.

    Raises:
        Refusal: it has units that stay, or containers, and force was not asked for.
    """
    machine.keep = machine.keep or (keep and bool(machine.instance_id))  # there is nothing to keep before
    units = model.units_on(machine.id)
    containers = [other for other in model.machines.values() if other.parent == machine.id]
    if not force and containers:
        names = ", ".join(f'"{one.id}"' for one in containers)
        raise Refusal(f"machine {machine.id} is hosting containers {names}", "machine has containers")
    principals = [unit for unit in units if not unit.principal]
    if not force and any(unit.life == ALIVE for unit in principals):
        names = ", ".join(f'"{unit.name}"' for unit in principals)
        plural = "" if len(principals) == 1 else "s"
        raise Refusal(f"machine {machine.id} has unit{plural} {names} assigned", "machine has assigned units")
    _let_die(model, "machine", machine.id)
    if force:
        machine.lost = False
        for container in containers:
            units += destroy_machine(model, container, force=True, keep=keep)
        for unit in model.units_on(machine.id):
            destroy_unit(model, unit, force=True)
    settle(model, "machine", machine.id)
    return units


def destroy_model(model: Model, *, destroy_storage: bool | None, force: bool) -> None:
    """Ask a model to go.

    Raises:
        Refusal: it is the controller's, has manual machines, or storage and was not told what to do with it.
    """
    record = model.record
    if record.name == "controller":
        raise Refusal("controller model cannot be destroyed", "not supported")
    if destroy_storage is None and has_storage(model):
        raise Refusal("cannot destroy model: model contains persistent storage", HAS_STORAGE)
    if any(machine.manual and machine.life == ALIVE for machine in model.machines.values()) and not force:
        raise Refusal("manually provisioned machines must first be removed with `juju remove-machine`")
    record.destroy_storage = destroy_storage
    record.force = record.force or force
    record.life = DYING
    if not (model.is_suspended and not force):
        record.status = Status("destroying", "cleaning up")
    model.note_change("model", record.uuid)
    for application in list(model.applications.values()):
        for offer in [offer for offer in model.offers.values() if offer.application == application.name]:
            remove_offer(model, offer)
        destroy_application(model, application, force=force)
    for name in list(model.remotes):
        destroy_remote(model, name)
    for machine in list(model.machines.values()):
        if machine.parent is None:
            destroy_machine(model, machine, force=True)
    settle(model, "model", record.uuid)


def has_storage(model: Model) -> bool:
    """Whether a unit has storage that is kept."""
    return any(
        model.charm_of(app).meta.get("storage") and model.units_of(app.name) for app in model.applications.values()
    )


def finish_unit(model: Model, unit: Unit) -> None:
    """A dying unit goes, unless its machine is lost, a hook of it failed, or its pod is there still."""
    if unit.life != "dead" and model.place is not None and not model.place.is_without(unit.pod_name):
        return
    machine = model.machines.get(unit.machine)
    stuck = (machine is not None and machine.lost) or unit.workload.current == "error"
    if stuck and unit.life != "dead":
        return
    for other in list(model.units.values()):
        if other.principal == unit.name:
            model.remove("unit", other.name)
            model.release_charm(other.charm_url)
    model.remove("unit", unit.name)
    model.release_charm(unit.charm_url)
    for action in model.actions.values():
        if action.unit == unit.name:
            settle(model, "action", action.id)
    for relation in model.relations_of(unit.application):
        settle(model, "relation", relation.key)
    _elect(model, unit)
    if machine is None or unit.principal or model.units_on(machine.id):
        return
    if not any(other.parent == machine.id for other in model.machines.values()):
        _let_die(model, "machine", machine.id)  # the last principal unit takes its machine with it
        settle(model, "machine", machine.id)


def finish_application(model: Model, application: Application) -> None:
    """A dying application goes when its units are gone."""
    is_held = application.stuck or (model.place is not None and not model.place.has_cleared(application.name))
    if is_held and not model.record.force:
        return
    if not model.units_of(application.name) and not model.relations_of(application.name):
        model.remove("application", application.name)
        model.release_charm(application.charm_url)


def finish_machine(model: Model, machine: Machine) -> None:
    """A dying machine goes when its units and containers are gone, and its agent is there to say so."""
    held = model.units_on(machine.id) or any(other.parent == machine.id for other in model.machines.values())
    if not held and not machine.lost:
        if machine.keep:
            model.record.kept.append(machine.instance_id)
            model.note_change("model", model.record.uuid)
        model.remove("machine", machine.id)


def is_empty(model: Model) -> bool:
    """Whether a dying model has nothing in it any more."""
    if model.record.namespace_gone and not model.record.force:
        return False  # what removes it from the cluster finds nothing there, and tries again for ever (juju#22105)
    return not (model.machines or model.applications or model.units or model.remotes)


def _elect(model: Model, gone: Unit) -> None:
    """The next unit leads where the leader went."""
    if gone.leader and (left := [unit for unit in model.units_of(gone.application) if unit.life == ALIVE]):
        left[0].leader = True
        model.note_change("unit", left[0].name)


def _let_die(model: Model, kind: str, key: str) -> None:
    entity = model.applications[key] if kind == "application" else model.machines[key]
    if entity.life == ALIVE:
        entity.life = DYING
        model.note_change(kind, key)
