"""How actions go: each waits for its unit, runs, and ends."""

from __future__ import annotations

from vca_jujusim.world.entities import Action, Unit, now
from vca_jujusim.world.hook_tools import Ended
from vca_jujusim.world.model import Model
from vca_jujusim.world.running import run
from vca_jujusim.world.settling import settle

FINAL = {"completed", "failed", "cancelled", "aborted", "error"}


def begin_actions(model: Model, unit: Unit) -> None:
    """Let the actions begin that wait for a unit, which has come up."""
    for action in model.actions.values():
        if action.unit == unit.name and action.status == "pending":
            settle(model, "action", action.id)


def advance_action(model: Model, action: Action) -> None:
    """Let an action begin, run or end, if its unit can."""
    unit = model.units.get(action.unit)
    if action.status in FINAL:
        return
    if unit is None:
        finish_action(model, action, "cancelled", "unit removed")
        return
    machine = model.machines.get(unit.machine)
    is_there = _is_up(model, unit) if model.kind == "caas" else (machine is not None and not machine.lost)
    if not unit.installed or not is_there:
        return
    if action.status == "pending":
        action.status, action.started = "running", now()
        model.note_change("action", action.id)
        settle(model, "action", action.id)
        return
    if action.status == "aborting":
        if model.world.programs is not None:
            model.world.programs.abort(model, action)
        finish_action(model, action, "aborted", "action aborted")
        return
    fault = model.world.faults.take("action", "action", action.name)
    if fault is not None and fault.outcome == "hang":
        action.log.append({"message": "working", "timestamp": now()})
        model.note_change("action", action.id)
        return
    if fault is not None:
        action.output = dict(fault.output or {})
        message = fault.message or f"action {fault.outcome}"
        finish_action(model, action, fault.outcome, "" if fault.outcome == "completed" else message)
        return
    if _start_program(model, unit, action):
        return
    action.log.append({"message": f"running {action.name}", "timestamp": now()})
    status, message, action.output = run(model, unit, action)
    finish_action(model, action, status, message)


def _start_program(model: Model, unit: Unit, action: Action) -> bool:
    """Run the charm's own program, where there is one and no test has a script for the action."""
    programs = model.world.programs
    charm = model.charms[unit.charm_url]
    if programs is None or action.name in model.world.scripts or not programs.has(charm, action.name):
        return False

    def finish(ended: Ended) -> None:
        if action.status not in FINAL and model.actions.get(action.id) is action:
            action.output = ended.output
            finish_action(model, action, "completed" if ended.failure is None else "failed", ended.failure or "")

    programs.start(model, unit, action, finish)
    return True


def finish_action(model: Model, action: Action, status: str, message: str) -> None:
    """An action ends."""
    action.status, action.message, action.completed = status, message, now()
    model.note_change("action", action.id)


def _is_up(model: Model, unit: Unit) -> bool:
    """Whether the pod of a unit runs."""
    return model.place is None or bool(unit.address)
