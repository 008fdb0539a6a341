"""Requests about actions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from vca_juju_common.client.errors import ConnectionLost, check_result, error_of
from vca_juju_common.client.requests.target import Target
from vca_juju_common.client.retries import retry_races
from vca_juju_common.client.things import unit_tag
from vca_juju_common.client.transport.generated import classes
from vca_juju_common.client.values import Ended

_ALL = 1_000_000


def _id_of(tag: str) -> str:
    return tag.removeprefix("action-")


async def enqueue_action(
    model: Target, application: str, unit: str | None, action: str, params: Mapping[str, Any]
) -> str:
    """Ask for a run of an action. One that begins when the caller was cancelled meanwhile is cancelled.

    Args:
        model: where.
        application: its name.
        unit: which one; None: the leader, which the controller finds.
        action: its name.
        params: its parameters.

    Returns:
        The run's id. Where the answer was lost, the controller is asked for it: one operation at a time runs in an
        application, so a new run of that action there is the one.
    """
    return await model.answer_or_undo(_enqueue(model, application, unit, action, params), partial(cancel_action, model))


async def _enqueue(model: Target, application: str, unit: str | None, action: str, params: Mapping[str, Any]) -> str:
    receiver = f"{application}/leader" if unit is None else unit_tag(unit)
    wanted = classes().Action(name=action, receiver=receiver, parameters=dict(params))
    before = set(model.state.actions)

    async def work() -> str:
        while True:
            facade = await model.facade("Action", repeat=False)
            try:
                result = check_result((await facade.EnqueueOperation(actions=[wanted])).actions[0])
            except ConnectionLost:
                for id_ in await _runs(model, application, unit, action):
                    if id_ not in before:
                        return id_
            else:
                return _id_of(result.action.tag)

    return await retry_races(work)


async def _runs(model: Target, application: str, unit: str | None, action: str) -> list[str]:
    """The runs that the controller itself knows: what a watcher reports may be older than the answer that was lost."""
    facade = await model.facade("Action")
    receiver = {"applications": [application]} if unit is None else {"units": [unit]}
    listed = await facade.ListOperations(actions=[action], limit=_ALL, **receiver)  # else the oldest 50
    return [
        _id_of(run.action.tag) for operation in listed.results or () for run in operation.actions or () if run.action
    ]


async def action_result(model: Target, action: str) -> Ended:
    """The output of a run, or its state."""

    async def work() -> dict[str, Any]:
        reply = await model.call("Action", "Actions", {"entities": [{"tag": f"action-{action}"}]})
        found: dict[str, Any] = check_result(reply["results"][0])
        return found

    result = await retry_races(work)
    receiver = (result.get("action") or {}).get("receiver") or ""
    return Ended(result.get("status") or "", result.get("message") or "", dict(result.get("output") or {}), receiver)


async def cancel_action(model: Target, action: str) -> None:
    """Ask for the end of a run; one that has ended, or is gone, is not an error."""

    async def work() -> None:
        facade = await model.facade("Action")
        reply = await facade.Cancel(entities=[classes().Entity(tag=f"action-{action}")])
        for result in reply.results or ():
            error = error_of(result)
            if error is not None and error.is_race:
                raise error

    await retry_races(work)


async def declared_actions(model: Target, application: str) -> dict[str, Mapping[str, Any]]:
    """The schemas of the actions that an application's charm declares, by name."""

    async def work() -> Any:
        facade = await model.facade("Action")
        reply = await facade.ApplicationsCharmsActions(entities=[classes().Entity(tag=f"application-{application}")])
        return check_result(reply.results[0])

    reply = await retry_races(work)
    return {name: spec.params or {} for name, spec in (reply.actions or {}).items()}
