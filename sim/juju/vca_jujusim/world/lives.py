"""What entities do by themselves: each step follows from the state alone, so that lives go on after a restart."""

from __future__ import annotations

from vca_jujusim.world import crossing, pods, removal
from vca_jujusim.world.actions import advance_action, begin_actions
from vca_jujusim.world.deploying import follow_scale
from vca_jujusim.world.entities import ALIVE, DEAD, Machine, Relation, Status, Unit
from vca_jujusim.world.model import Model
from vca_jujusim.world.running import missing_for_ssh
from vca_jujusim.world.settling import settle


def step(model: Model, kind: str, key: str) -> None:
    """Do what an entity has to do now that its turn has come."""
    if kind == "model":
        _model(model)
        return
    if not model.has(kind, key):
        return
    name = model.actions[key].name if kind == "action" else key
    if model.world.faults.take("freeze", kind, name) is not None:
        return
    if model.is_suspended and kind in {"machine", "unit", "application"}:
        return
    match kind:
        case "machine":
            _advance_machine(model, model.machines[key])
        case "unit":
            _advance_unit(model, model.units[key])
        case "action":
            advance_action(model, model.actions[key])
        case "relation":
            _advance_relation(model, model.relations[key])
        case "remoteApplication":
            crossing.advance_remote(model, model.remotes[key])
        case "application":
            if model.place is not None:
                model.place.follow(key)
            if model.applications[key].life != ALIVE:
                removal.finish_application(model, model.applications[key])
                settle(model, "model", model.record.uuid)
            elif model.kind == "caas":
                follow_scale(model, model.applications[key])


def _advance_relation(model: Model, relation: Relation) -> None:
    if relation.life == ALIVE:
        crossing.reach_out(model, relation)
        return
    units = [unit for end in relation.endpoints for unit in model.units_of(end.application)]
    if not (relation.forced or model.record.force) and any(_is_held_in_relations(model, unit) for unit in units):
        return
    model.remove("relation", relation.key)
    crossing.follow_end(model, relation)
    for name in {end.application for end in relation.endpoints} & model.applications.keys():
        settle(model, "application", name)


def _is_held_in_relations(model: Model, unit: Unit) -> bool:
    """Whether a unit cannot leave a relation that goes: its agent is away, or a hook of it failed."""
    machine = model.machines.get(unit.machine)
    return unit.installed and (unit.workload.current == "error" or (machine is not None and machine.lost))


def _model(model: Model) -> None:
    """A dying model is dead when nothing is in it any more; it is removed when its cloud is torn down."""
    record, world = model.record, model.world
    if record.life == ALIVE or record.uuid not in world.models:
        return
    is_dead = record.life == DEAD
    if world.faults.take("freeze", "dead model" if is_dead else "model", record.name) is not None:
        return
    if is_dead and model.place is not None:
        model.place.bury()
    elif is_dead:
        world.remove_model(model)
    elif removal.is_empty(model):
        world.kill_model(model)
        settle(model, "model", record.uuid, after=world.clock.burial)


def _advance_machine(model: Model, machine: Machine) -> None:
    if machine.life != ALIVE:
        removal.finish_machine(model, machine)
        settle(model, "model", model.record.uuid)
        if machine.parent in model.machines:
            settle(model, "machine", machine.parent)
        return
    parent = model.machines.get(machine.parent or "")
    if machine.lost or (parent is not None and parent.agent.current != "started"):
        return
    if machine.manual and not machine.script_run:
        return
    if machine.instance.current == "pending":
        fault = model.world.faults.take("provisioning", "machine", machine.id)
        if fault is not None:
            machine.instance = Status("provisioning error", fault.message)
            model.note_change("machine", machine.id)
            return
        _provision(model, machine)
    elif machine.instance.current == "running" and machine.agent.current == "pending":
        machine.agent = Status("started")
        model.note_change("machine", machine.id)
        for unit in model.units_on(machine.id):
            settle(model, "unit", unit.name)
        for other in model.machines.values():
            if other.parent == machine.id:
                settle(model, "machine", other.id)
        return
    else:
        return
    model.note_change("machine", machine.id)
    settle(model, "machine", machine.id)


def _provision(model: Model, machine: Machine) -> None:
    if machine.manual:
        machine.instance = Status("running", "Manually provisioned machine")
        return
    number = model.world.next_address()
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    machine.instance = Status("running", "Running")
    machine.instance_id = f"juju-{model.record.uuid[-6:]}-{machine.id.replace('/', '-')}"
    machine.addresses = [{"value": address, "type": "ipv4", "scope": "local-cloud"}]
    machine.hardware = {
        "arch": machine.arch,
        "cpu-cores": machine.constraints.get("cores") or 1,
        "mem": machine.constraints.get("mem") or 1024,
        "availability-zone": "default",
    }


def _advance_unit(model: Model, unit: Unit) -> None:
    machine = model.machines.get(unit.machine)
    if unit.life != ALIVE:
        removal.finish_unit(model, unit)
        settle(model, "application", unit.application)
        if machine is not None and machine.life != ALIVE:
            settle(model, "machine", machine.id)
        return
    application = model.applications.get(unit.application)
    if model.kind == "caas":
        if not pods.may_go_on(model, unit):
            return
    elif machine is None or machine.lost or machine.agent.current != "started":
        return
    is_old = application is not None and unit.charm_modified != application.charm_modified
    if is_old and model.kind == "caas" and pods.has_to_wait(model, unit):
        return  # the pod that is made anew next, or another of a higher number
    if unit.workload.current == "error" and not unit.retry and not (is_old and unit.forced):
        return
    if application is not None and is_old:
        unit.forced = False
        old, unit.charm_url = unit.charm_url, application.charm_url
        unit.charm_modified = application.charm_modified
        model.release_charm(old)
        unit.agent = Status("executing", "running upgrade-charm hook")
        if model.kind == "caas":
            pods.renew(unit)
        model.note_change("unit", unit.name)
        settle(model, "unit", unit.name)
    elif unit.workload.message == "waiting for machine":
        unit.workload = Status("waiting", "installing agent")
        model.note_change("unit", unit.name)
    elif fault := model.world.faults.take("agent", "unit", unit.name):
        unit.agent = Status("failed", fault.message)
        model.note_change("unit", unit.name)
        return
    elif unit.workload.current == "waiting" or (unit.workload.current == "error" and unit.hook == "install"):
        if not _run_hook(model, unit, "install"):
            return
        unit.workload = Status("maintenance", "installing charm software")
        unit.agent = Status("executing", "running install hook")
        model.note_change("unit", unit.name)
    else:
        _finish_setup(model, unit)
        return
    settle(model, "unit", unit.name)


def _finish_setup(model: Model, unit: Unit) -> None:
    """The hooks after install, then what the charm says about itself."""
    hook = "start" if not unit.installed else "config-changed"
    if unit.workload.current == "error":
        hook = unit.hook
    if not _run_hook(model, unit, hook):
        return
    first, unit.installed = not unit.installed, True
    status = _workload(model, unit)
    before = (unit.workload.current, unit.workload.message, unit.agent.current)
    if before != (status.current, status.message, "idle"):
        unit.workload = status
        unit.agent = Status("idle")
        model.note_change("unit", unit.name)
    if model.kind == "caas":
        pods.replace_next(model, unit)
    if first:
        begin_actions(model, unit)
    for relation in model.relations_of(unit.application):
        settle(model, "relation", relation.key)


def _workload(model: Model, unit: Unit) -> Status:
    fault = model.world.faults.take("blocked", "unit", unit.name)
    if fault is not None:
        return Status("blocked", fault.message)
    if unit.workload.current == "blocked" and not unit.workload.message.startswith("needs ssh-") and unit.installed:
        return unit.workload
    missing = missing_for_ssh(model, unit)
    return Status("blocked", f"needs {missing}") if missing else Status("active", "ready")


def _run_hook(model: Model, unit: Unit, hook: str) -> bool:
    """Run a hook; whether it went well."""
    unit.hook = hook
    fault = model.world.faults.take("hook", "unit", unit.name, hook)
    if fault is None:
        unit.retry = True
        return True
    unit.workload = Status("error", f'hook failed: "{hook}"', {"hook": hook})
    unit.agent = Status("idle")
    unit.retry = fault.retry
    model.note_change("unit", unit.name)
    if fault.retry:
        settle(model, "unit", unit.name, after=model.world.clock.hook_retry)
    return False
