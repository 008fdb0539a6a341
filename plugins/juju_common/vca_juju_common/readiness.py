"""Waiting until machines and applications are ready, or until it is certain that they will not be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any

from vca_core.errors import BackendError, NotFound
from vca_juju_common.client.interface import Model
from vca_juju_common.client.things import Key, Unit
from vca_juju_common.ground import Ground

UNSEEN = 5.0
"""Seconds after which something that was asked for should have been reported. A watcher never reports what came and
went between two of its answers, so then the state is read anew."""

CHANCE = 60.0
"""Seconds that a unit in error has to get out of it once it was given another charm, or its hook is to run again: Juju
runs a failed hook again after 5 s for the first time, then after longer pauses."""

WAYS_OUT = "the option resolve runs the hook again, upgrade with force_units brings a charm that fixes it"
"""What gets a unit out of its error."""

_SETTLED = frozenset({"active", "blocked"})


def begin_looking(model: Model, kind: str, id_: str) -> Callable[[], Any | None]:
    """Begin to look for an entity that was just asked for, or should be there.

    Args:
        model: where.
        kind: as deltas name it.
        id_: its id.

    Returns:
        Gives the entity; None: it was not reported yet. Raises NotFound when it is gone.
    """
    begun_before = model.state.begun
    model.state.removed.discard((kind, id_))  # of an earlier one of that name
    seen = False

    def look() -> Any | None:
        nonlocal seen
        there = model.state.table(kind).get(id_)
        if there is not None and there.life not in {"dying", "dead"}:
            seen = True
            return there
        if there is not None or seen or (kind, id_) in model.state.removed or model.state.readings > begun_before:
            raise NotFound(f"{kind} {id_} of model {model.name} was removed")
        return None

    return look


async def wait_known(model: Model, kind: str, id_: str) -> None:
    """Wait until something that was asked for is reported.

    Raises:
        NotFound: it is gone already.
    """
    find = begin_looking(model, kind, id_)
    while True:
        try:
            async with asyncio.timeout(UNSEEN):
                await model.wait(find)
                return
        except TimeoutError:
            await model.reread()


async def wait_noted(model: Model, tag: str, name: str) -> None:
    """Wait until a note that was just made is reported, or what others have put in its place since.

    Args:
        model: where.
        tag: of the entity that bears it.
        name: of the note.
    """
    try:
        async with asyncio.timeout(UNSEEN):
            await model.wait(lambda: True if name in model.state.reported_notes.get(tag, ()) else None)
    except TimeoutError:
        await model.reread()


async def wait_application_ready(
    model: Model,
    ground: Ground,
    name: str,
    *,
    units: int | None = None,
    grace: float = 0.0,
    charm_url: str | None = None,
    machine: str | None = None,
    may_have_none: bool = False,
    at_least: int = 0,
    staying: Collection[str] = (),
    pardoned: Collection[str] = (),
    resting: Mapping[str, str] | None = None,
) -> None:
    """Wait until an application's units are ready: active, or blocked, which is reported as such.

    Args:
        model: where.
        ground: what its units run on.
        name: of the application.
        units: how many there are to be, without those on their way out; None: at least one, unless it may have none.
        grace: seconds that a unit may be in error.
        charm_url: of the charm that they are to run, at rest; None: whichever.
        staying: units that were there before, and are to be there still.
        pardoned: units whose present error does not count for `CHANCE`: something was done about it.
        resting: by units that have to run a hook first, since when their agents had been at rest before.
        may_have_none: whether it is ready without units, too, once it has the charm.
        at_least: how many units there are to be at least, of which some may not be reported yet.
        machine: the one that its first unit was placed on; None: the application may have outlived it.

    Raises:
        NotFound: the application, or a machine of it, is gone.
        BackendError: it will not become ready.
    """
    since = model.state.begun
    await wait_known(model, "application", name)
    find = begin_looking(model, "application", name)
    clock = asyncio.get_running_loop().time
    failing: dict[str, float] = {}
    pardoned = set(pardoned)
    resting = resting or {}

    def _limit(unit: str) -> float:
        return max(grace, CHANCE) if unit in pardoned else grace

    def look() -> bool | None:
        application = find()
        if application is None:
            return None
        there = model.state.alive_units_of(name)
        ground.check(model, there, since)
        alive = {unit.name for unit in there}
        for unit_name in staying:
            if unit_name not in alive:
                raise NotFound(f"unit {unit_name} of application {name} was removed")
        troubles = {unit.name: trouble for unit in there if (trouble := _trouble(model, unit, since))}
        pardoned.intersection_update(troubles)
        for gone in failing.keys() - troubles.keys():
            del failing[gone]
        for unit_name, trouble in troubles.items():
            if clock() - failing.setdefault(unit_name, clock()) >= _limit(unit_name):
                raise BackendError(trouble)
        if not there and machine is not None and machine not in model.state.machines:
            raise NotFound(f"machine {machine} of application {name} was removed")
        if may_have_none and not there:
            return True if charm_url in {None, application.charm_url} else None
        if len(there) < at_least or (len(there) != units if units is not None else not there):
            return None
        return True if all(_is_ready(unit, charm_url, resting.get(unit.name)) for unit in there) else None

    def pause() -> float | None:
        ends = [begun + _limit(unit) for unit, begun in failing.items()]
        return max(0.0, min(ends) - clock()) if ends else None

    await model.wait(look, pause, agents=partial(model.state.agents_of, name))


def lost_agent(model: Model, agents: Iterable[Key]) -> BackendError | None:
    """Find the first of some agents that is lost, or has failed, for the error of a wait that its return may end.

    Args:
        model: where.
        agents: keys of machines and units.

    Returns:
        An error that says it; None: the controller did not say that one is.
    """
    for kind, id_ in agents:
        there = model.state.table(kind).get(id_)
        if there is None:
            continue
        if model.state.is_lost(kind, id_, 0):
            name = f"machine {id_}" if kind == "machine" else f"the agent of unit {id_}"
            return BackendError(f"{name} is {there.agent.current}: {there.agent.message or 'no reason given'}")
        if kind == "unit" and there.agent.current == "failed":
            return BackendError(f"the agent of unit {id_} has failed: {there.agent.message or 'no reason given'}")
    return None


def _trouble(model: Model, unit: Unit, since: int) -> str:
    """What keeps a unit from becoming ready; empty: nothing."""
    if unit.workload.current == "error":
        return f"unit {unit.name} is in error: {unit.workload.message or 'no reason given'}; {WAYS_OUT}"
    is_lost = model.state.is_lost("unit", unit.name, since)
    if is_lost or unit.agent.current == "failed":
        has_ended = "is lost" if is_lost else "has failed"
        return f"the agent of unit {unit.name} {has_ended}: {unit.agent.message or 'no reason given'}"
    return ""


def _is_ready(unit: Unit, charm_url: str | None, resting: str | None) -> bool:
    at_rest = unit.agent.current == "idle"
    if resting is not None and unit.agent_since == resting:
        return False
    if charm_url is not None and (unit.charm_url != charm_url or not at_rest):
        return False
    # A charm that never sets a status leaves it unknown; at rest it has done its work.
    return unit.workload.current in _SETTLED or (unit.workload.current == "unknown" and at_rest)
