"""Requests about machines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from vca_core.charm.placement import parse_placement
from vca_core.errors import NotFound, VcaError
from vca_juju_common.client.debts import Undo
from vca_juju_common.client.errors import ApiError, ConnectionLost, check_result, error_of
from vca_juju_common.client.holding import ask_first
from vca_juju_common.client.making import has_made
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.retries import retry_races
from vca_juju_common.client.things import machine_order, machine_tag
from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import NewMachine

_LOG = logging.getLogger(__name__)

LATE = 60.0
"""Seconds after which a request whose answer was lost is taken not to have been done."""

CLAIM = 5.0
"""Seconds in which the maker of a machine notes whose it is, or places a unit on it."""


async def add_machine(model: Target, new: NewMachine) -> str:
    """Ask for a machine; see `add_machines`."""
    return (await add_machines(model, new, 1))[0]


async def add_machines(model: Target, new: NewMachine, count: int) -> list[str]:
    """Ask for machines that are alike. Those that are made when the caller was cancelled meanwhile are destroyed.

    One request is under way in a model at a time: so, when its answer is lost, what it made can be recognised as far as
    anything tells; see `_find_unheard`. Otherwise the machines are asked for again.

    Returns:
        The machines' ids.

    Raises:
        ApiError: the controller refuses some; those that it made are destroyed.
    """
    async with model.lock:
        return await model.answer_or_undo(_add(model, new, count), partial(undo_machines, model))


async def _add(model: Target, new: NewMachine, count: int) -> list[str]:
    params = _params(model, new)
    before: frozenset[str] = frozenset()
    made: list[str] = []

    def take(machine: str) -> None:
        made.append(machine)
        model.debts.claimed.add(machine)

    async def work() -> None:
        nonlocal before
        facade = await model.facade("MachineManager", repeat=False)
        before = frozenset(model.state.machines)
        results = (await facade.AddMachines(params=[params] * (count - len(made)))).machines
        for result in results:
            if error_of(result) is None:
                take(str(result.machine))
        for result in results:
            check_result(result)

    try:
        while len(made) < count:
            try:
                await retry_races(work)
            except ConnectionLost as lost:
                for machine in await _find_unheard(model, before, new, count - len(made)) if lost.sent else ():
                    take(machine)
    except VcaError:
        if made:
            await undo_machines(model, made)
        raise
    return made


async def _find_unheard(model: Target, before: frozenset[str], new: NewMachine, count: int) -> list[str]:
    """The machines that a request has made so far whose answer was lost, where that can be known.

    Nothing marks what `AddMachines` made. A host that was named is known by its name, and what is new in a model that
    the operation made itself is its own. Any other machine may belong to others: it is neither used nor destroyed.
    """
    readings = model.state.readings
    is_known = new.manual is not None or has_made(model.uuid)
    look = _find_undo if is_known else _note_unclaimed
    find = partial(look, before=before, new=new, count=count)
    try:
        await model.resync()
    except BaseException:
        if model.state.readings == readings:
            model.debts.doubt(find)
        elif (undo := find(model)) is not None:
            model.debts.owe(undo)
        raise
    made = _new_machines(model, before, new, count) if is_known else []
    if not is_known:
        find(model)
    if len(made) < count:  # they may come yet, beside those that are asked for now
        find = partial(look, before=before, new=new, count=count - len(made))
        model.debts.doubt(find, until=asyncio.get_running_loop().time() + LATE)
    return made


def _new_machines(model: Target, before: Collection[str], new: NewMachine, count: int) -> list[str]:
    """The machines that are new in the state, as far as is known: the first ones."""
    known = model.debts.claimed.union(before)
    made = [id_ for id_ in model.state.machines if id_ not in known and _may_be(model, id_, new)]
    return sorted(made, key=machine_order)[:count]


def _find_undo(model: Target, before: Collection[str], new: NewMachine, count: int) -> Undo[Target] | None:
    """Return how to undo a request whose answer was lost, if it made machines that are not in use."""
    made = _new_machines(model, before, new, count)
    return partial(_undo, machines=made, claim=CLAIM if new.manual is None else 0.0) if made else None


def _note_unclaimed(model: Target, before: Collection[str], new: NewMachine, count: int) -> None:
    """Note what a request whose answer was lost may have made: only an operator can say."""
    for machine in _new_machines(model, before, new, count):
        if machine not in model.debts.unclaimed:
            model.debts.unclaimed.add(machine)
            _LOG.warning(
                "machine %s of model %s came while an answer was lost; it bears no note, so it is neither used nor"
                " destroyed. If nobody uses it, 'juju remove-machine --force %s' removes it",
                *(machine, model.name, machine),
            )


def unclaimed_machines(model: Target) -> list[str]:
    """The machines of a model without an owner: not claimed, not noted, not on their way out, and without a unit.

    Args:
        model: where.
    """
    machines = model.state.machines.values()
    return _free_machines(model, [one.id for one in machines if one.life not in {"dying", "dead"}])


def unheard_machines(model: Target) -> list[str]:
    """The machines that appeared while an answer was lost, and still have no owner.

    Args:
        model: where.
    """
    return _free_machines(model, model.debts.unclaimed)


def _free_machines(model: Target, machines: Iterable[str]) -> list[str]:
    """Those of some machines that exist and have no owner: not claimed, not noted, and without a unit."""
    state = model.state
    there = [one for one in machines if one in state.machines and one not in model.debts.claimed]
    free = [one for one in there if not state.notes(machine_tag(one)) and not state.is_machine_in_use(one)]
    return sorted(free, key=machine_order)


async def _undo(model: Target, machines: Sequence[str], claim: float) -> None:
    """Destroy machines, except for those that turn out to have an owner in so many seconds: noted, or with a unit."""

    def nobodys() -> list[str]:
        mine = (one for one in machines if one in model.state.machines and one not in model.debts.claimed)
        return [
            one for one in mine if not model.state.notes(machine_tag(one)) and not model.state.is_machine_in_use(one)
        ]

    try:
        async with asyncio.timeout(claim):
            await model.wait(lambda: None if nobodys() else True)
    except TimeoutError:
        await destroy_machines(model, nobodys())


async def undo_machines(model: Target, machines: Sequence[str]) -> None:
    """Destroy machines that have lost their owner: now, or, if that fails, when the controller is back.

    Those that a unit came to after all stay. Those that the controller does not let go have no owner any more.
    """

    async def undo(model: Target) -> None:
        if not (unused := [one for one in machines if not model.state.is_machine_in_use(one)]):
            return
        try:
            await destroy_machines(model, unused)
        except ApiError as error:
            model.debts.claimed.difference_update(unused)
            log(f"and the controller does not remove them ({error.code or 'no code'})")
            raise

    def log(what: str) -> None:
        _LOG.warning(
            "machines %s of model %s were made in vain, %s; by hand, 'juju remove-machine --force %s' removes them",
            *(", ".join(machines), model.name, what, " ".join(machines)),
        )

    try:
        with ask_first(None):
            await undo(model)
    except NotFound:  # the model is gone, and they with it
        raise
    except ApiError:
        model.debts.owe(undo)
        raise
    except BaseException:
        log("and are removed when the controller is back, if this process lives")
        model.owe(undo)
        raise


async def destroy_machines(
    model: Target, machines: Sequence[str], *, keep: bool = False, max_wait: float | None = None
) -> None:
    """Ask for the end of machines, by force: they may not answer. Those that are gone are not an error.

    Args:
        model: where.
        machines: their ids.
        keep: whether what they are stays, and only Juju forgets it.
        max_wait: seconds for each step.
    """
    tags = [machine_tag(machine) for machine in machines]

    async def work() -> None:
        facade = await model.facade("MachineManager")
        reply = await facade.DestroyMachineWithParams(
            machine_tags=tags, force=True, keep=keep, max_wait=None if max_wait is None else int(max_wait * 1e9)
        )
        for result in reply.results:
            error = error_of(result)
            if error is not None and not error.is_not_found:
                raise error

    await retry_races(work)


async def provisioning_script(model: Target, machine: str, nonce: str) -> str:
    """The script that makes a host a machine. It is a secret: it holds the agent's password."""
    facade = await model.facade("MachineManager")
    reply = await facade.ProvisioningScript(
        machine_id=machine, nonce=nonce, data_dir="", disable_package_commands=False
    )
    return str(reply.script)


def _may_be(model: Target, machine: str, new: NewMachine) -> bool:
    there = model.state.machines[machine]
    if new.manual is not None:
        return there.instance_id == new.manual.instance_id
    if there.is_manual or model.state.notes(machine_tag(machine)) or model.state.is_machine_in_use(machine):
        return False
    return new.base is None or not there.base or there.base == new.base


def _params(model: Target, new: NewMachine) -> Any:
    juju = classes()
    base = None
    if new.base is not None:  # 10, 11, 31: the high-level objects lose it
        name, _, channel = new.base.partition("@")
        base = juju.Base(name=name, channel=channel)
    params = juju.AddMachineParams(
        base=base, jobs=["JobHostUnits"], constraints=constraints_value(new.constraints or {})
    )
    if new.placement is not None:
        placement = parse_placement(new.placement)
        if placement.is_container:
            params.container_type = placement.scope
            params.parent_id = placement.directive or None
        else:
            params.placement = juju.Placement(scope=placement.scope or model.uuid, directive=placement.directive)
    if new.manual is not None:
        manual = new.manual
        params.instance_id, params.nonce = manual.instance_id, manual.nonce
        params.addresses = [juju.Address(value=manual.address, type_=_address_type(manual.address), scope="public")]
        params.hardware_characteristics = juju.HardwareCharacteristics(
            arch=manual.arch, cpu_cores=manual.cores, mem=manual.memory
        )
    return params


def _address_type(address: str) -> str:
    import ipaddress  # only manual machines have addresses to look at

    try:
        return f"ipv{ipaddress.ip_address(address).version}"
    except ValueError:
        return "hostname"


def constraints_value(constraints: Mapping[str, Any]) -> Any:
    """Constraints as the generated class has them.

    Args:
        constraints: by Juju's names, checked.
    """
    known = {name.replace("-", "_"): value for name, value in constraints.items()}
    return classes().Value(**known)
