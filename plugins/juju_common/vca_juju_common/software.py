"""Charms in execution environments, whatever these run on: deployed, installed again, upgraded."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.naming import EeId
from vca_core.refusals import broken_relation, lost_storage, lower_limit, not_a_version
from vca_juju_common.charms import Brought, Site, bring_charm, charm_name_of, check_options, refused_charm
from vca_juju_common.client.channels import Channel
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Model
from vca_juju_common.client.values import NewApplication
from vca_juju_common.facts import charm_name, require_environment
from vca_juju_common.finishing import run_uninterrupted
from vca_juju_common.notes import LOCATOR_NOTE, NAMESPACE_NOTE, charm_note
from vca_juju_common.options import CharmOptions
from vca_juju_common.readiness import wait_application_ready
from vca_juju_common.resources import hand_resources
from vca_juju_common.session import Session
from vca_juju_common.trust import asked_trust, trust_first

_BROKEN = re.compile(r'would break relation "([^"]+)"')
"""What a controller says of a charm that lacks an endpoint that is related, or has another one of its name."""

_STORAGE = re.compile(r'\b(?:required|in-use|existing) storage ".*')
"""What it says of a charm that declares the storage of its units otherwise."""

_LIMIT = re.compile(r"imposes a maximum relation limit of (-?\d+) for (\S+)")
"""What it says of a charm that takes fewer relations at an endpoint than there are."""

_UNMET = re.compile(r"feature requirements cannot be met|min version \(.*\) is higher")
"""What it says of a charm that assumes what it does not have, or needs a newer Juju."""


async def bring_and_use(
    session: Session,
    model: Model,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    find_site: Callable[[], Site],
    config: Mapping[str, Any],
    asked: CharmOptions,
    use: Callable[[Brought, Mapping[str, str]], Awaitable[None]],
) -> Brought:
    """Bring a charm into a model and use it, with its resources; brought anew where the controller has dropped it."""
    is_first = True
    while True:
        charm = await bring_charm(session, model, op, ee_id, artifact, find_site(), config, asked)
        try:
            needs_images = session.ground.kind == "caas"
            resources = await hand_resources(model, op, ee_id, charm, artifact, asked, needs_images=needs_images)
            await use(charm, resources)
        except ApiError as error:
            if _UNMET.search(error.message):
                raise refused_charm(charm_name(charm.url), " ".join(error.message.split())) from error
            if not (is_first and error.is_not_found and charm.url in error.message):
                raise
            session.uploads.forget(model.uuid, charm.url)  # the controller drops charms that nothing uses any more
            is_first = False
        else:
            session.facts.learn(model, ee_id.application, charm.url, charm.options, charm.actions)
            return charm


async def _replace_charm(model: Model, new: NewApplication, charm: str) -> None:
    try:
        await run_uninterrupted(model.set_charm(new))
    except ApiError as error:
        if (broken := _BROKEN.search(error.message)) is not None:
            raise broken_relation(charm, broken[1]) from error
        if (limit := _LIMIT.search(error.message)) is not None:
            raise lower_limit(charm, limit[2], int(limit[1])) from error
        if (lost := _STORAGE.search(error.message)) is not None:
            raise lost_storage(charm, lost[0]) from error
        raise


async def note(
    model: Model, ee_id: EeId, namespace: str | None, charm: Brought | None, further: Mapping[str, str] | None = None
) -> None:
    """Note the namespace and the locator at an application: it may outlive its first machine, even while it comes.

    Args:
        model: where it is.
        ee_id: its EE.
        namespace: the canonical one, as a text.
        charm: what was deployed there now; None: it was there before, and what is noted of its charm stays.
        further: what else to note of what was deployed now.
    """
    notes = {LOCATOR_NOTE: ee_id.locator}
    if namespace:
        notes[NAMESPACE_NOTE] = namespace
    if charm is not None:
        notes |= charm_note(charm.url, charm.digest) | dict(further or {})
    await _annotate(model, ee_id, notes)


async def _annotate(model: Model, ee_id: EeId, notes: Mapping[str, str]) -> None:
    tag = f"application-{ee_id.application}"
    if any(model.state.notes(tag).get(name, "") != value for name, value in notes.items()):
        await model.annotate([tag], notes)


async def upgrade(
    session: Session,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    config: Mapping[str, Any],
    asked: CharmOptions,
    find_site: Callable[[Model], Site],
    *,
    force_units: bool = False,
    count_units: Callable[[Model], Awaitable[int]] | None = None,
) -> None:
    """Replace an installed charm by another version of it.

    Args:
        session: the controller.
        op: the operation.
        ee_id: the execution environment.
        artifact: the other version.
        config: values of options.
        asked: the caller's options.
        find_site: finds what the charm has to fit.
        force_units: whether units in error take it, too.
        count_units: reads how many units there are to be, also none, where some may come later than the application;
            None: those that are there are all.
    """
    check_options(artifact, asked)
    async with session.use(ee_id.model, op) as model:
        there = require_environment(model, ee_id)
        # Noted first: what others remove until the charm is set would not be missed afterwards.
        staying = [unit.name for unit in model.state.alive_units_of(ee_id.application)]
        failed = _failed_units(model, ee_id.application) if force_units else []
        installed_name, name = charm_name(there.charm_url), await charm_name_of(artifact)
        if installed_name != name:
            raise not_a_version(installed_name, name)

        trust = asked_trust(asked)
        follows: Channel | None = None
        is_replaced = False
        resting: dict[str, str] = {}
        if artifact.path is None:
            follows = (await model.origin_of(ee_id.application)).channel
            if asked.channel is None and follows is not None:
                asked = asked.model_copy(update={"channel": str(follows)})

        async def use(charm: Brought, resources: Mapping[str, str]) -> None:
            nonlocal is_replaced
            is_replaced = bool(resources) or charm.url != there.charm_url
            moves = charm.url != there.charm_url or charm.origin.channel != follows
            trust_left = trust
            if moves or charm.config or resources:
                new = NewApplication(
                    ee_id.application,
                    charm.url,
                    charm.origin,
                    config=charm.config,
                    resources=resources,
                    force=asked.force,
                    force_units=force_units,
                )
                if resources and charm.url == there.charm_url:
                    # The units run a hook, or get new pods, and nothing but the time of their agents' status shows it.
                    units = model.state.alive_units_of(ee_id.application)
                    resting.update({unit.name: unit.agent_since for unit in units})
                async with trust_first(session, model, ee_id.application, wanted=trust):
                    await _replace_charm(model, new, name)
                trust_left = None
            further = dict.fromkeys(charm.resets) | ({} if trust_left is None else {"trust": trust_left})
            if further:
                await model.set_config(ee_id.application, further)

        charm = await bring_and_use(session, model, op, ee_id, artifact, lambda: find_site(model), config, asked, use)
        await _annotate(model, ee_id, charm_note(charm.url, charm.digest))
        failed += await resolve(model, ee_id.application, asked)
        units = None if count_units is None else await count_units(model)
        wait = partial(
            wait_application_ready,
            model,
            session.ground,
            ee_id.application,
            grace=session.options.hook_error_grace,
            charm_url=charm.url,
            may_have_none=units == 0,
            at_least=units or 0,
            staying=staying,
            pardoned=failed,
            resting=resting,
        )
        await wait_settled(session, model, ee_id.application, wait, looks=not is_replaced)


async def wait_settled(
    session: Session, model: Model, application: str, wait: Callable[[], Awaitable[None]], *, looks: bool
) -> None:
    """Wait until units are ready, and what they run on is not just being replaced.

    Args:
        session: the controller.
        model: where they are.
        application: theirs.
        wait: waits until they are ready, as Juju shows them.
        looks: whether nothing has shown yet that what they run on is there: some of them were not changed, and they may
            be ready at once.
    """
    async with session.watch_ground(model, application) as replacing:
        await wait()
        while await replacing(looks=looks):
            await wait()


async def resolve(model: Model, application: str, asked: CharmOptions) -> list[str]:
    """Have the hooks that failed run again, if that was asked for; the units concerned."""
    failed = _failed_units(model, application) if asked.resolve else []
    if failed:
        await model.resolve_units(failed)
    return failed


def _failed_units(model: Model, application: str) -> list[str]:
    return [unit.name for unit in model.state.alive_units_of(application) if unit.workload.current == "error"]
