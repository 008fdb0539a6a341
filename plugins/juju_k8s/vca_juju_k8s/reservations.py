"""Execution environments that nothing is in yet: Juju has no word for them, so they are noted at their model.

A reservation is the canonical namespace and a random mark. Of two processes that reserve the same at once, the one
whose mark stands has it. The later one may write after the first has looked: so each looks twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.naming import EeId, Namespace
from vca_core.refusals import already_exists, no_environment, shared_application
from vca_juju_common.charms import check_assumptions
from vca_juju_common.client.interface import Model
from vca_juju_common.client.making import has_made
from vca_juju_common.environments import check_free, environments_in
from vca_juju_common.finishing import finish, has_succeeded, undo_in_time
from vca_juju_common.readiness import wait_noted
from vca_juju_common.session import Session
from vca_juju_k8s.fitting import check_kind
from vca_juju_k8s.ground import LOCATOR, model_tag, reservation_name, reserved_in


async def create(session: Session, op: Operation, namespace: Namespace, artifact: Artifact | None) -> str | None:
    """Make a model where there is none, and reserve an application in it.

    Returns:
        The address that it will have.

    Raises:
        AlreadyExists: the namespace has an execution environment.
        BadArguments: the charm cannot live there.
        ConflictError: its model was removed after its id was stored.
    """
    if artifact is not None and artifact.path is not None:
        charm = await artifact.read()
        await session.uploads.check_limit(artifact.path, artifact.stamp)
        check_kind(charm)
        check_assumptions(session, charm)

    async def make(model: Model) -> str | None:
        await check_free(model, session.names, session.ground, namespace)
        ee_id = EeId(model.name, session.names.application(namespace), LOCATOR)
        async with AsyncExitStack() as undo:
            mark = await _reserve(undo, model, ee_id, namespace)
            await op.created(LOCATOR)
            undo.pop_all()
        tag = model_tag(model.uuid)
        await wait_noted(model, tag, reservation_name(ee_id.application))
        _check(model.state.notes(tag), ee_id, namespace, mark)
        session.reporter.adopt(model, ee_id)
        return session.ground.address_of(model, ee_id)

    return await session.make(session.names.model(namespace), op, make)


async def resume(session: Session, op: Operation, ee_id: EeId, namespace: Namespace) -> str | None:
    """Go on with an execution environment.

    Returns:
        Its address.

    Raises:
        NotFound: it is gone.
        BadArguments: it is another namespace's.
    """
    async with session.use(ee_id.model, op) as model:
        there = environments_in(model, session.names, session.ground).get(ee_id.application)
        if there is None or there.ee_id != ee_id:
            raise no_environment(ee_id)
        if there.namespace is None:
            await model.annotate([model_tag(model.uuid)], {reservation_name(ee_id.application): _text(namespace)})
        elif there.namespace != namespace.canonical:
            raise shared_application(namespace, there.namespace, ee_id.model, ee_id.application)
        await op.created(LOCATOR)
        session.reporter.adopt(model, ee_id)
        return session.ground.address_of(model, ee_id)


def require_reserved(session: Session, model: Model, ee_id: EeId) -> Namespace | None:
    """The namespace of an execution environment that is to be there; None: others made it, and it has none.

    Raises:
        NotFound: it is not there.
    """
    there = environments_in(model, session.names, session.ground).get(ee_id.application)
    if there is None or there.ee_id != ee_id:
        raise no_environment(ee_id)
    return there.namespace


def note_of(model: Model, application: str) -> str | None:
    """The reservation of an application, as far as it is known; None: there is none."""
    return model.state.notes(model_tag(model.uuid)).get(reservation_name(application))


async def cancel(model: Model, application: str, text: str | None) -> None:
    """Take the reservation of an application away; one that is not there is success.

    Args:
        model: where it is.
        application: its name.
        text: the reservation, when its end was asked for: another one is of an EE that was made since.
    """
    if text is not None and note_of(model, application) == text:
        await model.annotate([model_tag(model.uuid)], {reservation_name(application): ""})


async def _reserve(undo: AsyncExitStack, model: Model, ee_id: EeId, namespace: Namespace) -> str:
    """Note a reservation, and how to undo that, also when this is cancelled.

    Returns:
        Its text.

    Raises:
        AlreadyExists: another process has it.
    """
    tag, name, text = model_tag(model.uuid), reservation_name(ee_id.application), _text(namespace)
    if not has_made(model.uuid) and reserved_in((await model.read_notes(tag)).get(name, "")) is not None:
        raise already_exists(ee_id, namespace)  # another process has just reserved it: that is not written over
    undo.push_async_callback(undo_in_time, partial(model.undo_note, tag, name, text))
    noting, cancelled = await finish(model.annotate([tag], {name: text}))
    if cancelled is not None:
        has_succeeded(noting)
        raise cancelled
    noting.result()
    _check(await model.read_notes(tag), ee_id, namespace, text)
    return text


def _check(notes: Mapping[str, str], ee_id: EeId, namespace: Namespace, text: str) -> None:
    """Refuse to go on where the reservation is another process's, or gone."""
    stands = notes.get(reservation_name(ee_id.application))
    if stands is None:
        raise no_environment(ee_id)
    if stands != text:
        raise already_exists(ee_id, namespace)


def _text(namespace: Namespace) -> str:
    return f"{namespace.canonical} {secrets.token_hex(8)}"
