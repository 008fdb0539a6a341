"""Telling a controller that instances are to outlive their machines."""

from __future__ import annotations

from collections.abc import Sequence

from vca_juju_common.client.errors import error_of
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.retries import retry_races
from vca_juju_common.client.things import machine_tag

_IN_USE = frozenset({"machine has assigned units", "machine has containers"})


async def keep_instances(model: Target, machines: Sequence[str]) -> None:
    """Ask the controller to keep the instances of machines when the machines are removed; missing ones are ignored.

    Juju sets a machine dying with its last unit, and then it is too late to say so. There is no request for this alone:
    that a machine is to go without its instance is noted by Juju before it refuses that for the units that are on it.
    By force it would not refuse, and their charms could not clean up on what stays.

    Args:
        model: where.
        machines: their ids.
    """
    tags = [machine_tag(machine) for machine in machines]

    async def work() -> None:
        facade = await model.facade("MachineManager")
        reply = await facade.DestroyMachineWithParams(machine_tags=tags, force=False, keep=True, max_wait=None)
        for result in reply.results:
            error = error_of(result)
            if error is not None and error.code not in _IN_USE and not error.is_not_found:
                raise error

    await retry_races(work)
