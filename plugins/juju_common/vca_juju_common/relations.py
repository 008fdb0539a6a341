"""Relations between execution environments of one model."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial

from vca_core.backend import Operation, RelationEnd
from vca_core.errors import BackendError, BadArguments
from vca_core.refusals import limit_reached, related_to_itself
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.interface import Model
from vca_juju_common.facts import is_succeeded, require_application, require_environment
from vca_juju_common.finishing import run_uninterrupted
from vca_juju_common.offers import sever
from vca_juju_common.readiness import WAYS_OUT, lost_agent
from vca_juju_common.session import Session
from vca_juju_common.vanishing import wait_gone

_ABOUT_ENDPOINTS = re.compile(
    r"(^|: )(no relations found|ambiguous relation: .* could refer to .*|a relation must involve two applications|"
    r'application ".*" has no ".*" relation|endpoints do not relate|'
    r"principal and subordinate applications' (bases|series) must match|"
    r"container scoped relation requires at least one subordinate application|"
    r'invalid endpoint ".*"|".*" is not a valid endpoint|is a peer relation)$'
)
"""What Juju says where endpoints are not there or do not fit, word by word, whatever it puts before; all else is about
the controller or the model."""

ASK_AGAIN = 5.0
"""Seconds after which a relation is asked for again while an earlier one of the same ends goes: what is taken for that
may be one that others made meanwhile."""

_LIMIT = re.compile(r"new relation for (\S+) would exceed its maximum relation limit of (-?\d+)")
"""What it says where an endpoint takes no further relation."""


async def relate(model: Model, end_1: RelationEnd, end_2: RelationEnd) -> None:
    """Relate two applications; related ones stay so.

    The controller is asked also where they seem to be related: another process may have removed that just now.

    Raises:
        NotFound: an application is not there.
        BadArguments: both are of one execution environment, the endpoints do not fit, or one takes no further relation.
    """
    one, other = _ends(model, end_1, end_2)
    if end_1.ee_id == end_2.ee_id:
        raise related_to_itself(end_1.ee_id)
    await relate_anew(model, one, other)

    def look() -> bool | None:
        require_application(model, end_1.ee_id.application)
        require_application(model, end_2.ee_id.application)
        return are_related(model, one, other) or None

    await model.wait(look)


async def relate_anew(model: Model, one: str, other: str) -> None:
    """Ask for a relation, after the end of an earlier one of the same ends that is going.

    Args:
        model: where.
        one: ``application:endpoint``.
        other: the other end.

    Raises:
        BadArguments: the endpoints do not fit, or one takes no further relation.
    """
    while not await run_uninterrupted(_ask_to_relate(model, one, other)):
        if model.state.relation_between(one, other) is None:
            await model.reread()  # another process made and removed it, and none of that has been reported yet
        going = model.state.relation_between(one, other)
        if going is not None:
            with _explain_what_holds(model, one, other):
                await wait_gone(model, partial(_is_gone, model, going.id), ASK_AGAIN)


async def _ask_to_relate(model: Model, one: str, other: str) -> bool:
    """Ask for a relation; False: an earlier one of the same ends is going still."""
    try:
        return await model.add_relation(one, other)
    except ApiError as error:
        limit = _LIMIT.search(error.message)
        if limit is not None:
            raise limit_reached(limit[1], int(limit[2])) from error
        if not _ABOUT_ENDPOINTS.search(error.message):
            raise
        raise BadArguments(
            f"endpoint_1, endpoint_2: {one} and {other} cannot be related: {error.message}",
            ["endpoint_1", "endpoint_2"],
        ) from error


async def unrelate(session: Session, op: Operation, model: Model, end_1: RelationEnd, end_2: RelationEnd) -> None:
    """Remove a relation; one that is missing is success, such as one that went with an earlier EE of the same names.

    Args:
        session: the controller.
        op: the operation.
        model: where.
        end_1: one end.
        end_2: the other one.
    """
    if is_succeeded(model, end_1.ee_id) or is_succeeded(model, end_2.ee_id):
        return
    one, other = (f"{end.ee_id.application}:{end.endpoint}" for end in (end_1, end_2))
    with _explain_what_holds(model, one, other):
        async with watch_units(session, op, model, end_1.ee_id.application, end_2.ee_id.application):
            await sever(model, one, other, session.options.delete_grace)


@asynccontextmanager
async def watch_units(session: Session, op: Operation, model: Model, *applications: str) -> AsyncIterator[None]:
    """Look at what the units of applications run on, in a ``with`` block that waits until they have left a relation.

    Args:
        session: the controller.
        op: the operation.
        model: where they are.
        applications: theirs.
    """
    async with AsyncExitStack() as watched:
        for application in applications:
            agents = partial(model.state.agents_of, application)
            await watched.enter_async_context(session.watch_run(model, application, op, agents, lambda: False))
        yield


@contextmanager
def _explain_what_holds(model: Model, one: str, other: str) -> Iterator[None]:
    """Have the error of a limit say which unit a relation that goes is held by: all of them have to leave it first."""

    def held() -> BackendError | None:
        agents = [agent for end in (one, other) for agent in model.state.agents_of(end.partition(":")[0])]
        for kind, id_ in agents:
            unit = model.state.units.get(id_) if kind == "unit" else None
            if unit is not None and unit.workload.current == "error":
                return BackendError(
                    f"unit {id_} has to leave the relation, and is in error: "
                    f"{unit.workload.message or 'no reason given'}; {WAYS_OUT}"
                )
        return lost_agent(model, agents)

    with explain(held):
        yield


def _ends(model: Model, end_1: RelationEnd, end_2: RelationEnd) -> tuple[str, str]:
    for end in (end_1, end_2):
        require_environment(model, end.ee_id)
    return f"{end_1.ee_id.application}:{end_1.endpoint}", f"{end_2.ee_id.application}:{end_2.endpoint}"


def are_related(model: Model, one: str, other: str) -> bool:
    """Whether a model has a relation between two ends; one that is dying does not count."""
    there = model.state.relation_between(one, other)
    return there is not None and there.life not in {"dying", "dead"}


def _is_gone(model: Model, id_: str) -> bool:
    return not model.state.has_relation(id_)
