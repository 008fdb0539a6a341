"""The machines that execution environments are, and that their units are on: whose they are, and how they go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from vca_core.errors import BackendError, NotFound
from vca_core.naming import EeId, NameRules
from vca_core.status import EntityState
from vca_juju_common.client.interface import Model
from vca_juju_common.client.state import State
from vca_juju_common.client.things import Machine, Unit, machine_order, machine_tag
from vca_juju_common.client.values import Kind
from vca_juju_common.environments import entity_state
from vca_juju_common.ground import Bearer
from vca_juju_common.notes import UNITS_NOTE, namespace_in
from vca_juju_common.readiness import begin_looking, wait_known
from vca_juju_common.vanishing import ask_until_taken, wait_gone


class MachineGround:
    """Execution environments run on machines; the id of the first one is the locator."""

    kind: ClassVar[Kind] = "iaas"

    def bearers(self, state: State) -> Iterable[Bearer]:
        """The machines that bear a namespace. Of two for one, that of the higher id is another process's, and goes."""
        for machine in sorted(state.machines, key=machine_order):
            namespace = namespace_in(state.notes(machine_tag(machine)))
            if namespace is not None:
                yield Bearer(machine, namespace)

    def locator_of(self, units: Sequence[Unit]) -> str:
        """The machine of the first unit."""
        return units[0].machine if units else ""

    def tag_of(self, model: Model, ee_id: EeId) -> str:
        """The tag of its machine."""
        del model
        return machine_tag(ee_id.locator)

    def states_of(self, model: Model, rules: NameRules, ee_id: EeId) -> list[EntityState]:
        """The states of its machines."""
        machines = model.state.machines
        return [entity_state(machines[one]) for one in machines_of(model, rules, ee_id) if one in machines]

    def address_of(self, model: Model, ee_id: EeId) -> str | None:
        """The address of its machine."""
        machine = model.state.machines.get(ee_id.locator)
        return machine.address if machine is not None else None

    def check(self, model: Model, units: Sequence[Unit], since: int) -> None:
        """Refuse to wait for units on machines that will not come, or that were removed."""
        for unit in units:
            machine = model.state.machines.get(unit.machine)
            if machine is not None:
                _check_machine(model, machine, since)
            elif unit.machine and ("machine", unit.machine) in model.state.removed:
                raise NotFound(f"machine {unit.machine} of unit {unit.name} was removed")


def machines_of(model: Model, rules: NameRules, ee_id: EeId) -> list[str]:
    """The machines of an execution environment: its own and those of further units, also of units that never came.

    The machine that the id names may be another one's: ids of what was deleted go on to be used, and so do numbers
    of machines in a model that was made anew.
    """
    units = [unit.machine for unit in model.state.units_of(ee_id.application) if unit.machine]
    is_own = owner_of(model, rules, ee_id.locator) == ee_id.application
    return list(
        dict.fromkeys([*([ee_id.locator] if is_own else []), *units, *unused_machines(model, ee_id.application)])
    )


def unused_machines(model: Model, application: str) -> list[str]:
    """The machines that were made for further units of an application, and that no unit has come to."""
    noted = (one for one in model.state.machines if model.state.notes(machine_tag(one)).get(UNITS_NOTE) == application)
    return [machine for machine in noted if not model.state.is_machine_in_use(machine)]


def owner_of(model: Model, rules: NameRules, machine: str) -> str | None:
    """The application of the execution environment that a machine is; None: it bears no namespace."""
    namespace = namespace_in(model.state.notes(machine_tag(machine)))
    return None if namespace is None else rules.application(namespace)


async def wait_machine_started(model: Model, machine: str) -> Machine:
    """Wait until a machine's agent runs.

    Raises:
        NotFound: the machine is gone.
        BackendError: it will not start.
    """
    since = model.state.begun
    await wait_known(model, "machine", machine)
    find = begin_looking(model, "machine", machine)

    def look() -> Machine | None:
        there: Machine | None = find()
        if there is None:
            return None
        _check_machine(model, there, since)
        return there if there.agent.current == "started" else None

    return await model.wait(look, agents=lambda: [("machine", machine)])


def _check_machine(model: Model, machine: Machine, since: int) -> None:
    """Refuse to wait for a machine that will not come.

    Args:
        model: where.
        machine: which one.
        since: the number of the reading before which one that is lost may have come back.

    Raises:
        BackendError: it will not.
    """
    if machine.instance.current == "provisioning error":
        raise BackendError(f"machine {machine.id} cannot be provisioned: {machine.instance.message}")
    if machine.agent.current == "error" or model.state.is_lost("machine", machine.id, since):
        raise BackendError(
            f"machine {machine.id} is {machine.agent.current}: {machine.agent.message or 'no reason given'}"
        )


async def remove_machines(model: Model, machines: Sequence[str], *, keep: bool = False) -> None:
    """Remove machines that nothing else lives on, and see them gone; with `keep` only Juju forgets them."""
    state = model.state
    there = [one for one in machines if one in state.machines and not state.is_machine_in_use(one)]

    def is_gone() -> bool:
        return not any(one in state.machines for one in there)

    if there:
        await ask_until_taken(model, is_gone, lambda: model.destroy_machines(there, keep=keep))
        await wait_gone(model, is_gone)


async def keep_machines(model: Model, application: str, machines: Sequence[str]) -> None:
    """Have what an application's machines are outlive it: Juju would take it along with the last unit.

    Manual machines outlive it anyway, and one that others are on does not go.
    """
    state = model.state
    mine = {unit.machine for unit in state.units_of(application)}
    principals = {one.name for one in state.applications.values() if not one.subordinate} - {application}
    others = {unit.machine for unit in state.units.values() if unit.application in principals}
    others |= {machine.rpartition("/")[0].rpartition("/")[0] for machine in state.machines}  # what has containers

    def kept_machines() -> list[str]:
        candidates = [state.machines[one] for one in machines if one in state.machines and one in mine - others]
        return [machine.id for machine in candidates if not machine.is_manual]

    if kept_machines():
        await ask_until_taken(model, lambda: not kept_machines(), lambda: model.keep_instances(kept_machines()))
