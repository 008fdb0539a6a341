"""Charms in execution environments: installed, scaled, upgraded."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.naming import EeId
from vca_core.refusals import broken_relation, not_a_version
from vca_juju_common.client.channels import Channel
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Model
from vca_juju_common.client.state import machine_tag
from vca_juju_common.client.values import NewApplication
from vca_juju_common.facts import charm_name, require_environment
from vca_juju_common.finishing import run_uninterrupted
from vca_juju_common.notes import LOCATOR_NOTE, NAMESPACE_NOTE, charm_note
from vca_juju_common.readiness import wait_application_ready, wait_known
from vca_juju_common.session import Session
from vca_juju_machine.charms import Brought, bring_charm, charm_name_of, check_options, machine_of
from vca_juju_machine.machines import remove_machines
from vca_juju_machine.options import InstallOptions, JujuMachineOptions, UpgradeOptions
from vca_juju_machine.repeats import install_again
from vca_juju_machine.resources import hand_resources
from vca_juju_machine.units import add_units, make_further_machines, place_units

_BROKEN = re.compile(r'would break relation "([^"]+)"')
"""What a controller says of a charm that lacks an endpoint that is related."""


async def install(
    session: Session,
    options: JujuMachineOptions,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    config: Mapping[str, Any],
    num_units: int,
    asked: InstallOptions,
) -> None:
    """Install a charm, or go on with an installation of the same one."""
    check_options(artifact, asked)
    async with session.use(ee_id.model, op) as model:
        machine_of(session, model, ee_id)
        namespace = model.state.notes(machine_tag(ee_id.locator)).get(NAMESPACE_NOTE)
        there = model.state.applications.get(ee_id.application)
        charm: Brought | None = None
        units: int | None = num_units
        if there is None:
            try:
                charm = await _deploy(session, options, model, op, ee_id, artifact, config, num_units, asked)
            except ApiError as error:
                if not error.is_there_already:
                    raise
                await wait_known(model, "application", ee_id.application)  # another process was faster
        if charm is None:
            units = await install_again(session, options, model, op, ee_id, artifact, config, num_units, asked)
        await _note(model, ee_id, namespace, charm)
        failed = await _resolve(model, ee_id.application, asked)
        await wait_application_ready(
            model,
            session.ground,
            ee_id.application,
            units=units,
            grace=options.hook_error_grace,
            machine=ee_id.locator if charm is not None else None,
            pardoned=failed,
        )


async def _deploy(
    session: Session,
    options: JujuMachineOptions,
    model: Model,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    config: Mapping[str, Any],
    num_units: int,
    asked: InstallOptions,
) -> Brought:
    machine = machine_of(session, model, ee_id)
    machines = [ee_id.locator]
    async with AsyncExitStack() as undo:

        async def use(charm: Brought, resources: Mapping[str, str]) -> None:
            if len(machines) < num_units:
                machines.extend(
                    await make_further_machines(undo, model, ee_id.application, machine, options, num_units - 1)
                )
            new = NewApplication(
                name=ee_id.application,
                charm_url=charm.url,
                origin=charm.origin,
                machines=machines,
                config=charm.config,
                trust=asked.trust,
                resources=resources,
                constraints=options.constraints,
                force=asked.force,
            )
            await place_units(undo, model.deploy(new))

        return await _bring_and_use(session, model, op, ee_id, artifact, config, asked, use)


async def _bring_and_use(
    session: Session,
    model: Model,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    config: Mapping[str, Any],
    asked: InstallOptions,
    use: Callable[[Brought, Mapping[str, str]], Awaitable[None]],
) -> Brought:
    """Bring a charm into a model and use it, with its resources; brought anew where the controller has dropped it."""
    machine = machine_of(session, model, ee_id)
    is_first = True
    while True:
        charm = await bring_charm(session, model, op, ee_id, artifact, machine, config, asked)
        try:
            await use(charm, await hand_resources(model, op, ee_id, charm, artifact, asked))
        except ApiError as error:
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
        broken = _BROKEN.search(error.message)
        if broken is None:
            raise
        raise broken_relation(charm, broken[1]) from error


async def _note(model: Model, ee_id: EeId, namespace: str | None, charm: Brought | None) -> None:
    """Note the namespace and the locator at an application: it may outlive its first machine, even while it comes.

    Args:
        model: where it is.
        ee_id: its EE.
        namespace: the canonical one, as a text.
        charm: what was deployed there now; None: it was there before, and what is noted of its charm stays.
    """
    notes = {LOCATOR_NOTE: ee_id.locator}
    if namespace:
        notes[NAMESPACE_NOTE] = namespace
    if charm is not None:
        notes |= charm_note(charm.url, charm.digest)
    await _annotate(model, ee_id, notes)


async def _annotate(model: Model, ee_id: EeId, notes: Mapping[str, str]) -> None:
    tag = f"application-{ee_id.application}"
    if any(model.state.notes(tag).get(name, "") != value for name, value in notes.items()):
        await model.annotate([tag], notes)


async def scale(session: Session, options: JujuMachineOptions, op: Operation, ee_id: EeId, num_units: int) -> None:
    """Add units, each on a machine of its own, or remove the latest ones with theirs; those that go do not count."""
    async with session.use(ee_id.model, op) as model:
        require_environment(model, ee_id)
        units = model.state.alive_units_of(ee_id.application)
        staying = {unit.name for unit in units}
        if num_units > len(units):
            await add_units(model, ee_id, options, num_units - len(units))
        elif num_units < len(units):
            # The unit on the EE's own machine stays: the EE's id names that machine.
            spare = [unit for unit in units if unit.machine != ee_id.locator]
            leaving = spare[len(spare) - (len(units) - num_units) :]
            staying -= {unit.name for unit in leaving}
            await model.destroy_units([unit.name for unit in leaving], destroy_storage=session.options.destroy_storage)
            await model.wait(lambda: None if any(unit.name in model.state.units for unit in leaving) else True)
            await remove_machines(model, [unit.machine for unit in leaving if unit.machine])
        grace = session.options.hook_error_grace
        await wait_application_ready(
            model, session.ground, ee_id.application, units=num_units, grace=grace, staying=staying
        )


async def upgrade(
    session: Session, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], asked: UpgradeOptions
) -> None:
    """Replace an installed charm by another version of it."""
    check_options(artifact, asked)
    async with session.use(ee_id.model, op) as model:
        there = require_environment(model, ee_id)
        # Noted first: what others remove until the charm is set would not be missed afterwards.
        staying = [unit.name for unit in model.state.alive_units_of(ee_id.application)]
        failed = _failed_units(model, ee_id.application) if asked.force_units else []
        installed_name, name = charm_name(there.charm_url), await charm_name_of(artifact)
        if installed_name != name:
            raise not_a_version(installed_name, name)

        follows: Channel | None = None
        if artifact.path is None:
            follows = (await model.origin_of(ee_id.application)).channel
            if asked.channel is None and follows is not None:
                asked = asked.model_copy(update={"channel": str(follows)})

        async def use(charm: Brought, resources: Mapping[str, str]) -> None:
            moves = charm.url != there.charm_url or charm.origin.channel != follows
            if moves or charm.config or resources:
                new = NewApplication(
                    ee_id.application,
                    charm.url,
                    charm.origin,
                    config=charm.config,
                    resources=resources,
                    force=asked.force,
                    force_units=asked.force_units,
                )
                await _replace_charm(model, new, name)
            further = dict.fromkeys(charm.resets) | ({"trust": True} if asked.trust else {})
            if further:
                await model.set_config(ee_id.application, further)

        charm = await _bring_and_use(session, model, op, ee_id, artifact, config, asked, use)
        await _annotate(model, ee_id, charm_note(charm.url, charm.digest))
        failed += await _resolve(model, ee_id.application, asked)
        await wait_application_ready(
            model,
            session.ground,
            ee_id.application,
            grace=session.options.hook_error_grace,
            charm_url=charm.url,
            staying=staying,
            pardoned=failed,
        )


async def _resolve(model: Model, application: str, asked: InstallOptions) -> list[str]:
    """Have the hooks that failed run again, if that was asked for; the units concerned."""
    failed = _failed_units(model, application) if asked.resolve else []
    if failed:
        await model.resolve_units(failed)
    return failed


def _failed_units(model: Model, application: str) -> list[str]:
    return [unit.name for unit in model.state.alive_units_of(application) if unit.workload.current == "error"]
