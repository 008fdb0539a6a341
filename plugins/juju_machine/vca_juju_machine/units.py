"""Units of applications, and the machines that they run on."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from vca_core.naming import EeId
from vca_juju_common.client.interface import Model
from vca_juju_common.client.things import Machine, machine_tag
from vca_juju_common.client.values import NewMachine
from vca_juju_common.finishing import finish, has_succeeded, undo_in_time
from vca_juju_common.notes import UNITS_NOTE
from vca_juju_machine.machines import unused_machines
from vca_juju_machine.options import JujuMachineOptions


async def add_units(model: Model, ee_id: EeId, options: JujuMachineOptions, count: int) -> None:
    """Add units to an application: the first one on the EE's own machine where that is free, all others on new ones."""
    units = model.state.alive_units_of(ee_id.application)
    own = model.state.machines.get(ee_id.locator)
    known = [own, *(model.state.machines.get(unit.machine) for unit in units)]
    like = next((machine for machine in known if machine is not None), None)
    is_free = own is not None and own.life not in {"dying", "dead"} and not model.state.is_machine_in_use(own.id)
    machines = [ee_id.locator] if is_free else []
    async with AsyncExitStack() as undo:
        if len(machines) < count:
            machines += await make_further_machines(
                undo, model, ee_id.application, like, options, count - len(machines)
            )
        await place_units(undo, model.add_units(ee_id.application, machines))


async def make_further_machines(
    undo: AsyncExitStack, model: Model, application: str, like: Machine | None, options: JujuMachineOptions, count: int
) -> list[str]:
    """Make machines for further units, and note how to undo that. Each bears its application, so it can be found.

    Args:
        undo: removes them when it is left before everything was taken out of it.
        model: where.
        application: whose units they are for.
        like: a machine of one of its units: theirs have the same base and architecture; None: whatever comes.
        options: the connector's.
        count: how many are needed.

    Returns:
        Their ids; those that an earlier attempt left behind first.
    """
    base = like.base if like is not None else ""
    arch = like.arch if like is not None and not like.is_manual else ""  # a host may be unlike all that a cloud has
    unused = [model.state.machines[one] for one in unused_machines(model, application)]
    there = [one.id for one in unused if one.base == base and not (arch and one.arch and one.arch != arch)][:count]
    if len(there) == count:
        return there
    new = NewMachine(base or None, options.constraints | ({"arch": arch} if arch else {}))
    adding, cancelled = await finish(model.add_machines(new, count - len(there)))
    if has_succeeded(adding):
        undo.push_async_callback(undo_in_time, partial(model.undo_machines, adding.result()))
    if cancelled is not None:
        raise cancelled
    await model.annotate([machine_tag(machine) for machine in adding.result()], {UNITS_NOTE: application})
    return [*there, *adding.result()]


async def place_units(undo: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    """Add units to machines, and wait until they are placed; from then on the machines are not undone."""
    asking, cancelled = await finish(work)
    if has_succeeded(asking):
        undo.pop_all()
    if cancelled is not None:
        raise cancelled
    asking.result()
