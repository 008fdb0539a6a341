"""Charms in execution environments: installed, scaled, upgraded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.charm import Charm, coerce
from vca_core.errors import AlreadyExists, BadArguments, NotFound, NotSupported
from vca_core.naming import EeId
from vca_core.status import Entity
from vca_juju_common.client.annotations import annotate
from vca_juju_common.client.applications import NewApplication, Origin, add_units, deploy, destroy_units, set_charm
from vca_juju_common.client.model import Model
from vca_juju_common.deletes import remove_machines
from vca_juju_common.facts import installed
from vca_juju_common.notes import LOCATOR_NOTE, NAMESPACE_NOTE
from vca_juju_common.readiness import application_ready
from vca_juju_common.session import Session
from vca_juju_common.state import Machine, machine_tag
from vca_juju_machine.bases import check_fits, check_kind
from vca_juju_machine.options import InstallOptions, JujuMachineOptions


def charm_name(charm_url: str) -> str:
    """The name in a charm's URL: ``local:jammy/simple-router-3`` is ``simple-router``."""
    last = charm_url.rpartition("/")[2].rpartition(":")[2]
    head, _, revision = last.rpartition("-")
    return head if head and revision.isdigit() else last


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
    """Install a charm, or go on with an installation of the same one (S60; D46, D50, D51)."""
    if artifact.path is None:
        raise NotSupported("charms of Charmhub are not supported yet")
    charm = await artifact.read()
    check_kind(charm)
    values = coerce(charm.options, config)
    async with session.use(ee_id.model) as model:
        machine = _machine(model, ee_id)
        there = model.state.applications.get(ee_id.application)
        if there is None:
            if not asked.force:
                check_fits(charm, machine)
            url = await _uploaded(session, model, op, artifact, machine)
            new = _application(ee_id, url, machine, asked)
            new = NewApplication(
                name=new.name,
                charm_url=new.charm_url,
                origin=new.origin,
                machine=ee_id.locator,
                num_units=num_units,
                config=values,
                trust=asked.trust,
                constraints=options.constraints,
                force=asked.force,
            )
            await deploy(model, new)
            session.facts.learn(model, ee_id.application, url, charm)
        elif charm_name(there.charm_url) != charm.name:
            raise AlreadyExists(
                f"charm {charm_name(there.charm_url)} is installed there; {charm.name} needs an EE of its own",
                ee_id=str(ee_id),
            )
        await _noted(model, ee_id)
        await application_ready(
            model, ee_id.application, units=num_units if there is None else None, grace=options.hook_error_grace
        )


async def _noted(model: Model, ee_id: EeId) -> None:
    """Note the namespace and the locator at an application: it may outlive its first machine."""
    tag = f"application-{ee_id.application}"
    notes = {LOCATOR_NOTE: ee_id.locator}
    namespace = model.state.notes(machine_tag(ee_id.locator)).get(NAMESPACE_NOTE)
    if namespace:
        notes[NAMESPACE_NOTE] = namespace
    if any(model.state.notes(tag).get(name) != value for name, value in notes.items()):
        await annotate(model, tag, notes)


def _machine(model: Model, ee_id: EeId) -> Machine:
    machine = model.state.machines.get(ee_id.locator)
    if machine is None or machine.life in {"dying", "dead"}:
        raise NotFound(f"there is no machine {ee_id.locator} in model {ee_id.model}", ee_id=str(ee_id))
    return machine


def _application(ee_id: EeId, url: str, machine: Machine, asked: InstallOptions) -> NewApplication:
    origin = Origin("local", machine.base, machine.arch or "amd64")
    return NewApplication(ee_id.application, url, origin, None, force=asked.force)


async def _uploaded(session: Session, model: Model, op: Operation, artifact: Artifact, machine: Machine) -> str:
    if artifact.path is None:
        raise AssertionError("charms of Charmhub are not uploaded")
    entity = Entity("application", op.ee_id.application if op.ee_id else "")

    def progress(sent: int, size: int) -> None:
        op.report(entity, "waiting", f"uploading charm: {100 * sent // max(size, 1)} %")

    return await session.uploads.charm(model, artifact.path, machine.base or None, machine.arch or "amd64", progress)


async def scale(session: Session, ee_id: EeId, num_units: int) -> None:
    """Add units, each on a machine of its own, or remove the latest ones with theirs."""
    async with session.use(ee_id.model) as model:
        installed(model, ee_id.application)
        units = model.state.units_of(ee_id.application)
        if num_units > len(units):
            await add_units(model, ee_id.application, num_units - len(units))
        elif num_units < len(units):
            # The unit on the EE's own machine stays: the EE's id names that machine.
            spare = [unit for unit in units if unit.machine != ee_id.locator]
            leaving = spare[len(spare) - (len(units) - num_units) :]
            await destroy_units(model, [unit.name for unit in leaving], destroy_storage=session.options.destroy_storage)
            await model.wait(lambda: None if any(unit.name in model.state.units for unit in leaving) else True)
            await remove_machines(model, [unit.machine for unit in leaving if unit.machine])
        await application_ready(model, ee_id.application, units=num_units, grace=session.options.hook_error_grace)


async def upgrade(
    session: Session, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], asked: InstallOptions
) -> None:
    """Replace an installed charm by another version of it (D46)."""
    if artifact.path is None:
        raise NotSupported("charms of Charmhub are not supported yet")
    charm: Charm = await artifact.read()
    check_kind(charm)
    values = coerce(charm.options, config)
    async with session.use(ee_id.model) as model:
        there = installed(model, ee_id.application)
        name = charm_name(there.charm_url)
        if name != charm.name:
            raise BadArguments(
                f"artifact_path: charm {name} is installed; {charm.name} is no other version of it", ["artifact_path"]
            )
        machine = _machine(model, ee_id)
        if not asked.force:
            check_fits(charm, machine)
        url = await _uploaded(session, model, op, artifact, machine)
        new = _application(ee_id, url, machine, asked)
        if url != there.charm_url or values:
            await set_charm(
                model, NewApplication(new.name, new.charm_url, new.origin, None, config=values, force=asked.force)
            )
        session.facts.learn(model, ee_id.application, url, charm)
        await application_ready(model, ee_id.application, grace=session.options.hook_error_grace, charm_url=url)


__all__ = ["charm_name", "install", "scale", "upgrade"]
