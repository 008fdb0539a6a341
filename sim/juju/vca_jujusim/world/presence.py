"""Whether agents are there: Juju works it out when it is asked for a status, and it is in no delta."""

from __future__ import annotations

from vca_jujusim.world.entities import Machine, Status, Unit
from vca_jujusim.world.model import Model


def machine_status(machine: Machine) -> Status:
    """The status of a machine's agent, as FullStatus and ModelInfo have it: one that never came is not down."""
    if machine.lost and machine.agent.current != "pending":
        return Status("down", "agent is not communicating with the server")
    return machine.agent


def unit_statuses(model: Model, unit: Unit) -> tuple[Status, Status]:
    """The statuses of a unit's agent and of its workload, as FullStatus has them."""
    machine = model.machines.get(unit.machine)
    is_coming = unit.agent.current == "allocating" or unit.agent.message == "running install hook"
    if machine is None or not machine.lost or is_coming:
        return unit.agent, unit.workload
    lost = Status("lost", "agent is not communicating with the server")
    if unit.workload.current in {"error", "terminated"}:
        return lost, unit.workload
    return lost, Status("unknown", f"agent lost, see 'juju show-status-log {unit.name}'")
