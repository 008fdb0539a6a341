"""Reads: plain data about what exists; they create nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from vca_core.backend import ExecutionEnvironment
from vca_core.errors import NotFound
from vca_core.naming import Namespace
from vca_juju_common.client.holding import ask_first
from vca_juju_common.client.interface import Model
from vca_juju_common.controller_errors import translate_refusals
from vca_juju_common.environments import environments_in, states_of
from vca_juju_common.session import CONTROLLER_MODEL, Session


async def list_environments(session: Session, namespace: Namespace | None) -> list[ExecutionEnvironment]:
    """List the EEs that the controller's models hold.

    Those of a namespace are listed with all that other clients have done so far: the core asks for them before it
    operates on what another process has operated on.
    """
    if namespace is None:
        with translate_refusals(), ask_first(None):
            names = sorted(set(await session.controller.models()) - {CONTROLLER_MODEL})
    else:
        names = [session.names.model(namespace)]
    listed: list[ExecutionEnvironment] = []
    for name in names:
        try:
            async with session.read(name, anew=namespace is not None) as model:
                await model.check_presence()
                listed += _list(session, model, namespace)
        except NotFound:  # it went away meanwhile, or never was
            continue
    return listed


def _list(session: Session, model: Model, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
    return [
        ExecutionEnvironment(
            one.ee_id,
            one.namespace,
            session.ground.address_of(model, one.ee_id),
            tuple(
                session.reporter.complete(model.name, state)
                for state in states_of(model, session.names, session.ground, one.ee_id)
            ),
        )
        for one in environments_in(model, session.names, session.ground).values()
        if namespace is None or (one.namespace is not None and namespace.contains(one.namespace))
    ]


async def status(session: Session, namespace: Namespace) -> dict[str, Any]:
    """What the controller says about a namespace, as its wire has it, and the actions that were run there.

    Raises:
        NotFound: there is nothing of it.
    """
    async with session.read(session.names.model(namespace)) as model:
        own = None if namespace.is_ns else session.names.application(namespace)
        result = await model.full_status(own)
        actions = [
            {"id": run.id, "name": run.name, "unit": run.receiver, "status": run.status, "message": run.message}
            for run in sorted(model.state.actions.values(), key=lambda run: int(run.id))
            if own in {None, run.receiver.rpartition("/")[0]}
        ]
        return {**result, "executed-actions": actions}


async def metrics(session: Session, namespace: Namespace) -> dict[str, Any]:
    """The latest metrics of a namespace's units: a list of ``{key, value, time}`` by unit."""
    async with session.read(session.names.model(namespace)) as model:
        names = [
            one.ee_id.application
            for one in environments_in(model, session.names, session.ground).values()
            if one.namespace is not None and namespace.contains(one.namespace)
        ]
        names = [name for name in names if name in model.state.applications]
        result: dict[str, Any] = {unit.name: [] for name in names for unit in model.state.units_of(name)}
        if names:
            result |= await model.get_metrics(names)
        return result


async def health(session: Session) -> Mapping[str, Any]:
    """Whether the controller answers, how fast, and which machines of the connected models have no owner."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    with translate_refusals():
        version = await session.controller.version()
    unclaimed = session.controller.unclaimed_machines()
    return {
        "version": version,
        "seconds": round(clock() - begun, 4),
        "unclaimed_machines": [f"{model}:{machine}" for model, machines in unclaimed.items() for machine in machines],
    }
