"""Units of applications, and the machines that they stand on."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from vca_core.naming import EeId
from vca_juju_common.client.interface import Model
from vca_juju_common.client.state import machine_tag
from vca_juju_common.client.values import NewMachine
from vca_juju_common.finishing import finish, was_made
from vca_juju_common.notes import UNITS_NOTE
from vca_juju_machine.machines import unused_machines
from vca_juju_machine.options import JujuMachineOptions


async def add_units(model: Model, ee_id: EeId, options: JujuMachineOptions, count: int) -> None:
    """Add units to an application: the first one on the EE's own machine where that is free, all others on new ones."""
    units = model.state.alive_units_of(ee_id.application)
    own = model.state.machines.get(ee_id.locator)
    known = [own, *(model.state.machines.get(unit.machine) for unit in units)]
    base = next((machine.base for machine in known if machine is not None), "")
    is_free = own is not None and own.life not in {"dying", "dead"} and not model.state.machine_in_use(own.id)
    machines = [ee_id.locator] if is_free else []
    async with AsyncExitStack() as undo:
        if len(machines) < count:
            machines += await make_further_machines(
                undo, model, ee_id.application, base, options, count - len(machines)
            )
        await place_units(undo, model.add_units(ee_id.application, machines))


async def make_further_machines(
    undo: AsyncExitStack, model: Model, application: str, base: str, options: JujuMachineOptions, count: int
) -> list[str]:
    """Make machines for further units, and note how to undo that. Each bears its application, so it can be found."""
    there = [one for one in unused_machines(model, application) if model.state.machines[one].base == base][:count]
    if len(there) == count:
        return there
    new = NewMachine(base or None, options.constraints)
    adding, cancelled = await finish(model.add_machines(new, count - len(there)))
    if was_made(adding):
        undo.push_async_callback(model.undo_machines, adding.result())
    if cancelled is not None:
        raise cancelled
    await model.annotate([machine_tag(machine) for machine in adding.result()], {UNITS_NOTE: application})
    return [*there, *adding.result()]


async def place_units(undo: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    """Add units to machines, and wait until they are placed; from then on the machines are not undone."""
    asking, cancelled = await finish(work)
    if was_made(asking):
        undo.pop_all()
    if cancelled is not None:
        raise cancelled
    asking.result()
