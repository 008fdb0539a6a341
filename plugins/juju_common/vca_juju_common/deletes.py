"""Deletes: in order, seen to be gone, and forced only when asking did not help."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from vca_core.backend import Operation
from vca_core.errors import BadArguments, ConflictError, NotFound, VcaTimeoutError
from vca_core.naming import EeId, Namespace
from vca_juju_common import offers
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.interface import Model
from vca_juju_common.client.retries import pauses
from vca_juju_common.controller_errors import translate_refusals
from vca_juju_common.environments import check_namespace
from vca_juju_common.facts import is_succeeded
from vca_juju_common.session import CONTROLLER_MODEL, Session
from vca_juju_common.vanishing import ask_until_taken, wait_gone

LONGEST_STEP = 60.0
"""Seconds that a step of an end by force may take, at the most."""


async def _force_after_grace(
    session: Session,
    model: Model,
    is_gone: Callable[[], bool],
    ask: Callable[[], Awaitable[None]],
    force: Callable[[], Awaitable[None]],
    limit: float | None = None,
) -> None:
    """Ask for an end, wait, and after the grace ask for it by force; wait then for so many seconds, or as it takes."""
    grace = session.options.delete_grace
    await ask_until_taken(model, is_gone, ask, grace)
    if await wait_gone(model, is_gone, grace):
        return
    await ask_until_taken(model, is_gone, force, float("inf") if limit is None else limit)
    await wait_gone(model, is_gone, limit)


async def remove_application(session: Session, model: Model, name: str, *, limit: float | None = None) -> None:
    """Remove an application with its units; at once by force where a unit is in error and would never go.

    Args:
        session: the controller.
        model: where it is.
        name: of the application.
        limit: seconds to wait for its end by force; None: as long as it takes.
    """
    state = model.state
    storage = session.options.destroy_storage

    def is_gone() -> bool:
        return name not in state.applications and not state.units_of(name)

    def destroy(*, force: bool) -> Awaitable[None]:
        is_stuck = force or any(unit.workload.current == "error" for unit in state.units_of(name))
        longest = min(LONGEST_STEP, session.options.delete_grace) if is_stuck else None
        return model.destroy_applications([name], destroy_storage=storage, force=is_stuck, max_wait=longest)

    if not is_gone():
        await offers.release(session, model, name)
        await _force_after_grace(
            session, model, is_gone, partial(destroy, force=False), partial(destroy, force=True), limit
        )


async def delete_environment(
    session: Session, op: Operation, ee_id: EeId, remove: Callable[[Model], Awaitable[None]]
) -> None:
    """Delete an EE; absent is success.

    Args:
        session: the controller.
        op: the operation.
        ee_id: which one.
        remove: removes what it is made of, and sees it gone; what is gone already it leaves alone.
    """

    async def delete() -> None:
        async with session.use(ee_id.model, op) as model:
            if ee_id.application not in model.state.applications:
                await model.reread()  # another client may just have made or installed it
            if is_succeeded(model, ee_id):
                return
            await remove(model)
            session.forget(model, ee_id)

    await delete_until_gone(session, ee_id.model, delete)


async def delete_model(session: Session, op: Operation, namespace: Namespace) -> list[str]:
    """Delete an NS with all that is in it, and see it gone; absent is success.

    Returns:
        The uuids of the models that were there.

    Raises:
        BadArguments: the model is the controller's own, or another NS's.
    """
    name = session.names.model(namespace)
    if name == CONTROLLER_MODEL:
        raise BadArguments(
            f"namespace: {namespace} names the controller's own model, which must not be deleted; name another one",
            ["namespace"],
        )
    models: list[Model] = []

    async def delete() -> None:
        async with session.use(name, op) as model:
            models.append(model)
            check_namespace(model, session.names, session.ground, namespace)
            await _empty(session, model)
            await _destroy(session, model, op)

    await delete_until_gone(session, name, delete)
    for model in models:
        await session.forget_model(model)
    return [model.uuid for model in models]


async def delete_until_gone(session: Session, name: str, delete: Callable[[], Awaitable[None]]) -> None:
    """Delete something in a model. That the model is not found is believed when the controller lists it no more.

    Args:
        session: the controller.
        name: of the model.
        delete: deletes it; others may be faster.
    """
    for pause in pauses(0.1, 5.0):
        try:
            await delete()
        except NotFound as error:
            left = _still_listed(name, error)
        else:
            return
        with explain(left.duplicate):
            with translate_refusals():
                listed = await session.controller.models()
            if name not in listed:
                return
            await asyncio.sleep(pause)


def _still_listed(name: str, error: NotFound) -> ConflictError:
    """Make the error that says what is left when nothing can be deleted in a model any more."""
    return ConflictError(
        f"model {name} is dead, and listed still: Juju has not removed it ({error.message}), which some controllers"
        " never do (juju#20658); see 'juju show-model'"
    )


async def _empty(session: Session, model: Model) -> None:
    """Remove what would keep a model from going: in the order in which each step leaves the next one free."""
    state = model.state
    for relation in list(state.relations.values()):
        if len(relation.ends) == 2 and relation.life not in {"dying", "dead"}:
            is_gone = partial(lambda key: key not in state.relations, relation.key)
            await ask_until_taken(model, is_gone, partial(model.remove_relation, *relation.ends))
    await offers.let_go(session, model, list(state.remotes.values()))
    if state.offers:
        await offers.withdraw_all(session, model, list(state.offers))
    # One that never goes must not hold up the rest: the end of the model by force takes it along.
    grace = session.options.delete_grace
    await asyncio.gather(*(remove_application(session, model, name, limit=grace) for name in list(state.applications)))
    manual = [machine.id for machine in state.machines.values() if machine.is_manual]
    if manual:  # they keep a model alive
        are_gone = lambda: not any(one in state.machines for one in manual)  # noqa: E731 - asked for twice
        await ask_until_taken(model, are_gone, lambda: model.destroy_machines(manual))
        await wait_gone(model, are_gone)


async def _destroy(session: Session, model: Model, op: Operation) -> None:
    grace = session.options.delete_grace
    ask = partial(session.controller.destroy, model.uuid, destroy_storage=session.options.destroy_storage)
    await ask_until_taken(model, lambda: model.is_gone, partial(ask, force=False), grace)
    if not await _wait_vanished(session, model, grace):
        await ask_until_taken(model, lambda: model.is_gone, partial(ask, force=True, max_wait=min(LONGEST_STEP, grace)))
        left = op.remaining()
        if not await _wait_vanished(session, model, left - min(1.0, left / 10)):  # while there is time to say why
            raise VcaTimeoutError(
                f"model {model.name} is still listed after its removal was forced: something in it holds it up, or"
                " it is dead and Juju never removes it; 'juju show-model' says which",
                "total",
                left,
            )


async def _wait_vanished(session: Session, model: Model, limit: float | None) -> bool:
    """Wait until the controller lists a model no more, for at most so many seconds."""
    try:
        async with asyncio.timeout(limit):
            await session.controller.wait_gone(model)
    except TimeoutError:
        return False
    return True
