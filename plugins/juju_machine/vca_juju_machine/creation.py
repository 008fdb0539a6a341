"""Machines that are execution environments: made, or resumed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.charm.constraints import merge_constraints
from vca_core.charm.placement import parse_placement
from vca_core.charm.places import SUPPORTED, Place, place_for
from vca_core.errors import AlreadyExists, BadArguments
from vca_core.naming import EeId, Namespace
from vca_core.refusals import already_exists, no_environment, refused_placement, shared_application, unmade_base
from vca_juju_common.charms import check_assumptions
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Model
from vca_juju_common.client.things import Machine, machine_order, machine_tag
from vca_juju_common.client.values import NewMachine
from vca_juju_common.environments import check_free
from vca_juju_common.finishing import finish, has_succeeded, undo_in_time
from vca_juju_common.notes import NAMESPACE_NOTE, namespace_in
from vca_juju_common.session import Session
from vca_juju_machine.bases import check_kind
from vca_juju_machine.machines import wait_machine_started
from vca_juju_machine.options import CreateOptions, JujuMachineOptions

YIELDING = 2.0
"""Seconds that a machine of a lower id has to go, where another process was refused and removes it."""

_ABOUT_BASE = re.compile(
    r"(?:^|: )(?:(?:parsing|invalid|unsupported|unknown|missing) (?:base|series)\b"
    r"|(?:base|series) \S+ (?:is )?not (?:valid|supported|found)\b"
    r"|os \S+ version \S+ not found\b)"
)
"""What a controller says of a base that it makes no machines of. Other texts may name one beside what went wrong."""

_ABOUT_PLACEMENT = re.compile(
    r"(?:^|: )(?:(?:unknown|invalid|unsupported|cannot parse) placement\b"
    r"|(?:machine )?placement (?:directive )?(?:\S+ )?(?:is )?not (?:valid|supported)\b"
    r"|container type (?:\S+ not (?:valid|supported)|and placement are mutually exclusive)\b"
    r"|(?:parent )?machine \"?\S+ (?:not found|cannot host)\b"
    r"|parent machine specified without container type\b"
    r"|invalid model name\b"
    r"|(?:invalid|unknown) (?:availability )?zone\b"
    r"|(?:availability )?zone \S+ (?:is )?(?:not (?:valid|supported|found|available)|unavailable)\b)"
)
"""What it says of a place where it makes none. Other texts may name one beside what went wrong."""


async def choose_machine(
    session: Session, options: JujuMachineOptions, artifact: Artifact | None, asked: CreateOptions
) -> NewMachine:
    """Choose the machine to ask for.

    Raises:
        BadArguments: the charm is too large to be uploaded, cannot live on one, or on none that Juju makes, or assumes
            what Juju does not have.
    """
    constraints = merge_constraints(options.constraints, asked.constraints)
    suited = Place(asked.base, None)
    if artifact is not None and artifact.path is not None:
        charm = await artifact.read()
        await session.uploads.check_limit(artifact.path, artifact.stamp)
        check_kind(charm)
        suited = place_for(charm, asked.base, constraints.get("arch") or None)
        check_assumptions(session, charm)
    in_container = asked.placement is not None and parse_placement(asked.placement).is_container
    if suited.arch is not None and not in_container:  # a container has what its machine has
        constraints["arch"] = suited.arch
    return NewMachine(base=suited.base or options.base, constraints=constraints, placement=asked.placement)


def check_first(session: Session, model: Model, namespace: Namespace, machine: str) -> None:
    """Refuse a machine where another process just made one for the same: the lowest id is the one that stays.

    What others did just now is not in the state yet. So this is called twice: as soon as the machine bears its
    namespace, and when it started; by then what was noted meanwhile has been reported.

    Raises:
        AlreadyExists: another machine of a lower id bears the namespace, or is the same host.
    """
    state = model.state
    own = state.machines.get(machine)
    for other in state.machines.values():
        if machine_order(other.id) >= machine_order(machine) or other.life in {"dying", "dead"}:
            continue
        if namespace_in(state.notes(machine_tag(other.id))) == namespace.canonical:
            raise already_exists(_ee_id(session, model, namespace, other.id), namespace)
        if own is not None and own.is_manual and own.instance_id == other.instance_id:
            raise AlreadyExists(f"{own.instance_id} is machine {other.id} of model {model.name} already")


async def _wait_first(session: Session, model: Model, namespace: Namespace, machine: str) -> None:
    """Wait for a moment until no machine of a lower id bears the namespace.

    The store may have refused another process, which then removes what it made.

    Raises:
        AlreadyExists: one stays.
    """

    def is_first() -> bool | None:
        try:
            check_first(session, model, namespace, machine)
        except AlreadyExists:
            return None
        return True

    try:
        async with asyncio.timeout(YIELDING):
            await model.wait(is_first)
    except TimeoutError:
        check_first(session, model, namespace, machine)


async def make_machine(
    undo: AsyncExitStack,
    session: Session,
    model: Model,
    namespace: Namespace,
    new: NewMachine,
    refuse_base: Callable[[str], BadArguments],
) -> str:
    """Make a machine that bears its namespace, and note how to undo that, also when this is cancelled.

    Args:
        undo: removes the machine when it is left before everything was taken out of it.
        session: the controller.
        model: where.
        namespace: of the execution environment.
        new: what to ask for.
        refuse_base: makes the error where the controller makes no machines of that base.

    Returns:
        The machine's id.

    Raises:
        AlreadyExists: another process was faster.
        BadArguments: the controller makes no machines of that base, or none there.
    """
    adding, cancelled = await finish(model.add_machine(new))
    if has_succeeded(adding):
        undo.push_async_callback(undo_in_time, partial(model.undo_machines, [adding.result()]))
    if cancelled is not None:
        raise cancelled
    try:
        machine = adding.result()
    except ApiError as error:
        if new.base is not None and _ABOUT_BASE.search(error.message):
            raise refuse_base(new.base) from error
        if new.placement is not None and _ABOUT_PLACEMENT.search(error.message):
            raise refused_placement(new.placement, error.message) from error
        raise
    await model.annotate([machine_tag(machine)], {NAMESPACE_NOTE: str(namespace.canonical)})
    check_first(session, model, namespace, machine)
    return machine


def report_from_now_on(session: Session, model: Model, namespace: Namespace, machine: str) -> None:
    """Report what is seen of a new execution environment from now on, beginning with its present state."""
    session.reporter.adopt(model, _ee_id(session, model, namespace, machine))


async def wait_started_first(
    session: Session, model: Model, namespace: Namespace, machine: str, made: AsyncExitStack
) -> Machine:
    """Wait until a new machine's agent runs; give it up if another process was faster after all.

    Args:
        session: the controller.
        model: where.
        namespace: of the execution environment.
        machine: its id.
        made: undoes all that was made for it; not used otherwise.

    Raises:
        AlreadyExists: another process was faster.
        BackendError: the machine will not start.
        NotFound: it is gone.
    """
    there = await wait_machine_started(model, machine)
    try:
        await _wait_first(session, model, namespace, machine)
    except AlreadyExists:
        async with made:
            session.forget(model, _ee_id(session, model, namespace, machine))
        raise
    return there


async def create(
    session: Session,
    options: JujuMachineOptions,
    op: Operation,
    namespace: Namespace,
    artifact: Artifact | None,
    asked: CreateOptions,
) -> str | None:
    """Make an execution environment.

    Returns:
        The machine's address.

    Raises:
        AlreadyExists: the namespace has one.
        ConflictError: its model was removed after its id was stored.
    """
    new = await choose_machine(session, options, artifact, asked)
    charm = await artifact.read() if artifact is not None and artifact.path is not None else None
    suits = charm is not None and new.base in {one.release for one in charm.bases}

    def refuse_base(base: str) -> BadArguments:
        name = charm.name if charm is not None and suits else None
        return unmade_base(base, SUPPORTED, asked=asked.base is not None, charm=name)

    async def make(model: Model) -> str | None:
        await check_free(model, session.names, session.ground, namespace)
        async with AsyncExitStack() as undo:
            machine = await make_machine(undo, session, model, namespace, new, refuse_base)
            await op.created(machine)
            made = undo.pop_all()
        report_from_now_on(session, model, namespace, machine)
        return (await wait_started_first(session, model, namespace, machine, made)).address

    return await session.make(session.names.model(namespace), op, make)


async def resume(session: Session, op: Operation, ee_id: EeId, namespace: Namespace) -> str | None:
    """Go on with an execution environment.

    Returns:
        The machine's address.

    Raises:
        NotFound: the machine is gone.
        BadArguments: it is another namespace's.
    """
    async with session.use(ee_id.model, op) as model:
        if ee_id.locator not in model.state.machines:
            raise no_environment(ee_id)
        tag = machine_tag(ee_id.locator)
        other = namespace_in(model.state.notes(tag))
        if other is None:
            await model.annotate([tag], {NAMESPACE_NOTE: str(namespace.canonical)})
        elif other != namespace.canonical:
            raise shared_application(namespace, other, ee_id.model, ee_id.application)
        await op.created(ee_id.locator)
        session.reporter.adopt(model, ee_id)
        return (await wait_machine_started(model, ee_id.locator)).address


def _ee_id(session: Session, model: Model, namespace: Namespace, machine: str) -> EeId:
    return EeId(model.name, session.names.application(namespace), machine)
