"""Installing a charm where it is: what is asked again with other content is done, or refused by its name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.charm import coerce
from vca_core.naming import EeId
from vca_core.refusals import another_channel, another_charm, another_revision, another_version, fewer_units
from vca_juju_common.charms import Brought, charm_name_of, no_store_charm
from vca_juju_common.client.channels import Channel, parse_channel
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.interface import Model
from vca_juju_common.client.values import NewApplication
from vca_juju_common.facts import charm_name, require_application
from vca_juju_common.finishing import run_uninterrupted
from vca_juju_common.notes import digest_in
from vca_juju_common.options import CharmOptions
from vca_juju_common.primitives import set_options
from vca_juju_common.resources import hand_missing
from vca_juju_common.session import Session
from vca_juju_common.trust import asked_trust


async def _check_same(model: Model, ee_id: EeId, artifact: Artifact, asked: CharmOptions) -> None:
    """Refuse a charm that is not the one that is installed.

    It is the same if it has the same name and, for a local one, the same digest; one of Charmhub has the revision and
    follows the channel that are asked for, if any.
    """
    there = require_application(model, ee_id.application)
    installed, name = charm_name(there.charm_url), await charm_name_of(artifact)
    if installed != name:
        raise another_charm(installed, name, ee_id)
    if there.charm_url.startswith("ch:") != (artifact.path is None):
        raise another_version(name)
    if artifact.path is not None:
        noted = digest_in(model.state.notes(f"application-{ee_id.application}"), there.charm_url)
        if noted is not None and noted != await artifact.digest():
            raise another_version(name)
        return
    if asked.revision is not None and not there.charm_url.endswith(f"-{asked.revision}"):
        raise another_revision(name, there.charm_url.rpartition("-")[2], asked.revision)
    if asked.channel is not None:
        await _check_channel(model, ee_id.application, name, parse_channel(asked.channel))


async def _check_channel(model: Model, application: str, name: str, asked: Channel) -> None:
    origin = await model.origin_of(application)
    if origin.channel is None or origin.channel.is_same(asked):
        return
    try:
        found = await model.resolve_channel(name, origin.base, origin.arch, asked)  # it may lack the track or the risk
    except ApiError as error:
        raise no_store_charm(name, error) from error
    if found is None or not found.is_same(origin.channel):
        raise another_channel(name, str(origin.channel), str(asked))


async def install_again(
    session: Session,
    model: Model,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    config: Mapping[str, Any],
    num_units: int,
    asked: CharmOptions,
    add: Callable[[int], Awaitable[None]],
    count_units: Callable[[], Awaitable[int]] | None = None,
    check_kept: Callable[[], Awaitable[None]] | None = None,
) -> int | None:
    """Go on with an installation: set the options that are given, add missing units, hand missing resources over.

    Args:
        session: the controller.
        model: where.
        op: the operation.
        ee_id: the execution environment.
        artifact: the charm.
        config: values of options.
        num_units: how many units are asked for.
        asked: the caller's options.
        add: asks for so many further units.
        count_units: reads how many units there are to be, where some may come later than the application; None: those
            that are there are all.
        check_kept: refuses what is asked for and cannot be changed.

    Returns:
        How many units there are to be; None: as many as are there.

    Raises:
        AlreadyExists: another charm is installed.
        BadArguments: it is another version of the charm, an option or a resource does not fit, the application holds
            another resource, there are more units, or something else is asked for that cannot be changed.
    """
    await _check_same(model, ee_id, artifact, asked)
    there = require_application(model, ee_id.application)
    declared = await session.facts.options(model, there)
    values = coerce(declared, config)
    units = len(model.state.alive_units_of(ee_id.application)) if count_units is None else await count_units()
    is_scaled_to_none = count_units is not None and units == 0
    if 1 < num_units < units:
        raise fewer_units(num_units, units)
    if check_kept is not None:
        await check_kept()
    if asked.resources:
        charm = Brought(
            there.charm_url,
            await model.origin_of(ee_id.application),
            declared,
            None,
            await model.declared_resources(there.charm_url),
            from_store=artifact.path is None,
        )
        ids = await hand_missing(model, op, ee_id, charm, artifact, asked)
        if ids:
            new = NewApplication(ee_id.application, charm.url, charm.origin, resources=ids, force=asked.force)
            await run_uninterrupted(model.set_charm(new))
    if values:
        await set_options(model, ee_id.application, values)
    if (trust := asked_trust(asked)) is not None:
        await model.set_config(ee_id.application, {"trust": trust})
    if num_units <= units or (is_scaled_to_none and num_units == 1):
        return None if count_units is None else units
    await add(num_units - units)
    return num_units
