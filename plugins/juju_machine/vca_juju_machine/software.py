"""Charms in execution environments: installed, scaled, upgraded."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.naming import EeId
from vca_juju_common import software
from vca_juju_common.charms import Brought, Site, check_options
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Model
from vca_juju_common.client.things import machine_tag
from vca_juju_common.client.values import NewApplication
from vca_juju_common.facts import require_environment
from vca_juju_common.notes import NAMESPACE_NOTE
from vca_juju_common.readiness import wait_application_ready, wait_known
from vca_juju_common.repeats import install_again
from vca_juju_common.session import Session
from vca_juju_common.software import bring_and_use, note, resolve
from vca_juju_machine.charms import machine_of, site_on
from vca_juju_machine.machines import remove_machines
from vca_juju_machine.options import InstallOptions, JujuMachineOptions, UpgradeOptions
from vca_juju_machine.units import add_units, make_further_machines, place_units


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

        async def add(count: int) -> None:
            await add_units(model, ee_id, options, count)

        units: int | None = num_units
        if there is None:
            try:
                charm = await _deploy(session, options, model, op, ee_id, artifact, config, num_units, asked)
            except ApiError as error:
                if not error.is_there_already:
                    raise
                await wait_known(model, "application", ee_id.application)  # another process was faster
        if charm is None:
            units = await install_again(session, model, op, ee_id, artifact, config, num_units, asked, add)
        await note(model, ee_id, namespace, charm)
        failed = await resolve(model, ee_id.application, asked)
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

        def find_site() -> Site:
            return site_on(session, machine_of(session, model, ee_id), asked)

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

        return await bring_and_use(session, model, op, ee_id, artifact, find_site, config, asked, use)


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

    def find_site(model: Model) -> Site:
        return site_on(session, machine_of(session, model, ee_id), asked)

    await software.upgrade(session, op, ee_id, artifact, config, asked, find_site, force_units=asked.force_units)
