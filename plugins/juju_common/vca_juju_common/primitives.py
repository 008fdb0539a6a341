"""Primitives: runs of a charm's actions, and the configuration of its options."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from vca_core.backend import Operation
from vca_core.charm import check_params_aside, coerce
from vca_core.errors import BadArguments, ExecutionError, NotFound, VcaError
from vca_core.naming import EeId
from vca_core.refusals import no_unit
from vca_core.status import Entity
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.interface import Model
from vca_juju_common.client.retries import pauses
from vca_juju_common.client.things import FINAL_ACTIONS, Key, unit_tag
from vca_juju_common.client.values import Ended, OptionValue
from vca_juju_common.facts import require_application, require_environment
from vca_juju_common.finishing import finish, has_succeeded, seconds_left
from vca_juju_common.readiness import lost_agent
from vca_juju_common.session import Session

VERIFY = "verify-ssh-credentials"
"""The action by which a proxy charm says whether it reaches its VNF."""

UNHEARD = 5.0
"""Seconds without news of a run after which the controller is asked how it is: its deltas may come no more. They double
each time."""

LEADER_PAUSE = 1.0
"""Seconds between two looks for a leader, unless units change: deltas do not say who leads."""


async def run(
    session: Session,
    model: Model,
    op: Operation,
    ee_id: EeId,
    primitive: str,
    params: Mapping[str, Any],
    unit: str | None,
) -> dict[str, Any]:
    """Run an action and wait for its end.

    Returns:
        Its output.

    Raises:
        NotFound: the application or the unit is not there, or went away meanwhile.
        BadArguments: there is no such action, or it does not take the parameters.
        ExecutionError: it did not complete; carries the output.
    """
    name = ee_id.application
    declared = await session.facts.action(model, require_environment(model, ee_id), primitive)
    checked = await check_params_aside(declared, params, fill=False)  # Juju does that, and checks what it is given
    units = [there.name for there in model.state.units_of(name)]
    if unit is not None and unit not in units:
        raise no_unit(unit, ee_id, units)
    action = ""  # none yet

    def has_begun() -> bool:
        run = model.state.actions.get(action)
        return run is not None and run.status != "pending"

    async with session.watch_run(model, name, op, lambda: _agents_of(model, action, name), has_begun):
        action = await _enqueue(model, name, unit, primitive, checked)
        ended = await _wait_ended(model, op, action, name)
    if ended.status != "completed":
        if ended.status == "cancelled" and ended.receiver not in map(unit_tag, model.state.units):
            raise NotFound(f"primitive {primitive} was cancelled: its unit was removed")
        reason = ended.message or "no reason given"
        raise ExecutionError(f"primitive {primitive} {ended.status}: {reason}", primitive, ended.output)
    return dict(ended.output)


async def _enqueue(model: Model, application: str, unit: str | None, primitive: str, params: Mapping[str, Any]) -> str:
    """Ask for a run. One that was asked for while the caller was cancelled is cancelled too."""
    begun = asyncio.get_running_loop().time()
    while True:
        asking, cancelled = await finish(model.enqueue_action(application, unit, primitive, params))
        if cancelled is not None:
            if has_succeeded(asking):
                await _cancel(model, asking.result())
            raise cancelled
        try:
            return asking.result()
        except ApiError as error:
            if unit is not None or not error.has_no_leader:
                raise
        await _wait_changed(model, application, begun)


async def _wait_changed(model: Model, application: str, since: float) -> None:
    """Wait for a change of an application's units, or a while; `since` is when the wait for a leader began."""
    before = list(model.state.units_of(application))
    end = asyncio.get_running_loop().time() + LEADER_PAUSE

    def look() -> bool | None:
        require_application(model, application)
        if not model.state.units_of(application):
            raise NotFound(f"{application} of model {model.name} has no units any more")
        is_over = asyncio.get_running_loop().time() >= end
        return True if is_over or before != list(model.state.units_of(application)) else None

    agents = partial(model.state.agents_of, application)
    with explain(lambda: lost_agent(model, agents())):
        await model.wait(look, lambda: max(0.0, end - asyncio.get_running_loop().time()), agents=agents, since=since)


async def _wait_ended(model: Model, op: Operation, action: str, application: str) -> Ended:
    entity = Entity("action", action)
    begun_before = model.state.begun
    last: tuple[str, str] | None = None
    waits = pauses(0.1, 5.0)
    clock = asyncio.get_running_loop().time
    begun = clock()
    patience, ask_at = UNHEARD, begun + UNHEARD

    def look() -> bool | None:
        nonlocal last, ask_at
        run = model.state.actions.get(action)
        if run is None:
            if ("action", action) in model.state.removed or model.state.readings > begun_before:
                return True  # the controller knows how it ended, if it still knows it
            require_application(model, application)
        elif last != (run.status, run.message):
            last = (run.status, run.message)
            ask_at = clock() + patience
            op.report(entity, run.status or "pending", run.message)
        return True if (last and last[0] in FINAL_ACTIONS) or clock() >= ask_at else None

    def pause() -> float:
        return max(0.0, ask_at - clock())

    agents = partial(_agents_of, model, action, application)
    try:
        while True:
            with explain(lambda: lost_agent(model, agents())):
                await model.wait(look, pause, agents=agents, since=begun)
            is_unheard = clock() >= ask_at
            ended = await _ask(model, action)
            if ended.status in FINAL_ACTIONS:
                if last is None or last[0] != ended.status:
                    op.report(entity, ended.status, ended.message)
                return ended
            begun_before = model.state.begun
            model.state.removed.discard(("action", action))
            if is_unheard:
                patience *= 2
                ask_at = clock() + patience
                if last is None or last[0] != ended.status:  # what should have told that is dead
                    await model.reread()
            else:
                # The state and the controller differ: news are waited for, and where they differ still, after a while.
                await asyncio.sleep(next(waits))
    except asyncio.CancelledError:
        await _cancel(model, action)
        raise


def _agents_of(model: Model, action: str, application: str) -> list[Key]:
    """The agents that have to do a run: those of its unit, or of all units while that is not known."""
    run = model.state.actions.get(action)
    for unit in model.state.units_of(application):
        if run is not None and unit_tag(unit.name) == run.receiver:
            return [*([("machine", unit.machine)] if unit.machine else []), ("unit", unit.name)]
    return model.state.agents_of(application)


async def _ask(model: Model, action: str) -> Ended:
    try:
        return await model.action_result(action)
    except ApiError as error:
        if error.is_not_found:
            raise NotFound(f"action {action} is gone: {error.message}") from error
        raise


async def _cancel(model: Model, action: str) -> None:
    """Cancel a run; its caller is being cancelled, and waits no longer than needed."""
    with suppress(VcaError, TimeoutError):
        async with asyncio.timeout(seconds_left()):
            await model.cancel_action(action)


async def configure(session: Session, model: Model, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
    """Set options and verify that they are set; a proxy charm verifies that it reaches its VNF.

    Raises:
        NotFound: no charm is installed there.
        BadArguments: there is no such option, or a value does not fit.
        ExecutionError: the controller has other values afterwards, or the VNF cannot be reached.
    """
    name = ee_id.application
    application = require_environment(model, ee_id)
    wanted = coerce(await session.facts.options(model, application), values)
    if wanted:
        await set_options(model, name, wanted)
    if VERIFY in await session.facts.actions(model, require_application(model, name)):
        await _verify(session, model, op, ee_id)


async def set_options(model: Model, application: str, wanted: Mapping[str, Any]) -> None:
    """Set options of an application and verify that they are set.

    Args:
        model: where.
        application: its name.
        wanted: in their types, by option; None: the charm's default again.

    Raises:
        ExecutionError: the controller has other values afterwards.
    """
    await model.set_config(application, wanted)
    now = await model.get_config(application)
    wrong = sorted(key for key, value in wanted.items() if not _is_same(now.get(key), value))
    if wrong:
        raise ExecutionError(
            f"options {', '.join(wrong)} of {application} have other values than they were given", "config"
        )


def _is_same(now: OptionValue | None, wanted: Any) -> bool:
    """Compare values in the option's type; an empty text is as good as none."""
    if now is None:
        return False
    if wanted is None:
        return not now.is_set
    if now.value is None:
        return bool(wanted == "")
    name = now.option.name
    try:
        return bool(coerce({name: now.option}, {name: now.value})[name] == wanted)
    except BadArguments:
        return False


async def _verify(session: Session, model: Model, op: Operation, ee_id: EeId) -> None:
    options = session.options
    for left in range(options.verify_attempts - 1, -1, -1):
        try:
            await run(session, model, op, ee_id, VERIFY, {}, None)
        except ExecutionError as error:  # an end in failure is a failure
            if not left or op.remaining() <= options.verify_interval:
                raise ExecutionError(
                    f"the charm is configured but cannot reach its VNF: {error.message}", VERIFY, error.output
                ) from error
        else:
            return
        await asyncio.sleep(options.verify_interval)
