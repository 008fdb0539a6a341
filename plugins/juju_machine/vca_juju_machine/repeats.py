"""Installing a charm where it is: what is asked again with other content is done, or refused by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.charm import coerce
from vca_core.naming import EeId
from vca_core.refusals import another_charm, another_version, fewer_units
from vca_juju_common.client.interface import Model
from vca_juju_common.client.values import NewApplication, Origin
from vca_juju_common.facts import charm_name, require_application
from vca_juju_common.finishing import run_uninterrupted
from vca_juju_common.notes import digest_in
from vca_juju_common.primitives import set_options
from vca_juju_common.session import Session
from vca_juju_machine.charms import DEFAULT_BASE, Brought, charm_name_of, hand_resources, machine_of
from vca_juju_machine.options import InstallOptions, JujuMachineOptions
from vca_juju_machine.units import add_units


async def check_same(session: Session, model: Model, ee_id: EeId, artifact: Artifact, asked: InstallOptions) -> None:
    """Refuse a charm that is not the one that is installed: of another name or, for a local one, another digest.

    Raises:
        AlreadyExists: it is another one.
        BadArguments: it is another version of it.
    """
    there = require_application(model, ee_id.application)
    installed, name = charm_name(there.charm_url), await charm_name_of(artifact)
    if installed != name:
        raise another_charm(installed, name, ee_id)
    if artifact.path is None:
        is_same = there.charm_url.startswith("ch:") and (
            asked.revision is None or there.charm_url.endswith(f"-{asked.revision}")
        )
    else:
        noted = digest_in(model.state.notes(f"application-{ee_id.application}"), there.charm_url)
        is_same = not there.charm_url.startswith("ch:") and (
            noted is None or noted == await session.uploads.digest(artifact.path)
        )
    if not is_same:
        raise another_version(name)


async def install_again(
    session: Session,
    options: JujuMachineOptions,
    model: Model,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    config: Mapping[str, Any],
    num_units: int,
    asked: InstallOptions,
) -> int | None:
    """Go on with an installation: set the options that are given, add missing units, hand resources over.

    Returns:
        How many units there are to be; None: as many as there are.

    Raises:
        AlreadyExists: another charm is installed.
        BadArguments: it is another version of the charm, an option or a resource does not fit, or there are more units.
    """
    await check_same(session, model, ee_id, artifact, asked)
    there = require_application(model, ee_id.application)
    declared = await session.facts.options(model, there)
    values = coerce(declared, config)
    units = len(model.state.alive_units_of(ee_id.application))
    if 1 < num_units < units:
        raise fewer_units(num_units, units)
    if asked.resources and artifact.path is not None:
        machine = machine_of(session, model, ee_id)
        origin = Origin("local", machine.base or DEFAULT_BASE, machine.arch or "amd64")
        charm = Brought(there.charm_url, origin, declared, None, dict((await artifact.read()).resources))
        ids = await hand_resources(model, op, ee_id, charm, artifact, asked)
        new = NewApplication(ee_id.application, charm.url, origin, resources=ids, force=asked.force)
        await run_uninterrupted(model.set_charm(new))
    if values:
        await set_options(model, ee_id.application, values)
    if asked.trust:
        await model.set_config(ee_id.application, {"trust": True})
    if num_units <= units:
        return None
    await add_units(model, ee_id, options, num_units - units)
    return num_units
