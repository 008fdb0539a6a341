"""Charms in execution environments on Kubernetes: installed, scaled, upgraded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.charm import Charm
from vca_core.charm.assumptions import is_kubernetes_version_assumed
from vca_core.errors import BackendError, BadArguments
from vca_core.naming import EeId
from vca_juju_common import software
from vca_juju_common.charms import Brought, Site, check_assumptions, check_options
from vca_juju_common.client.errors import ApiError
from vca_juju_common.client.explaining import explain
from vca_juju_common.client.interface import Model
from vca_juju_common.client.values import Declared, NewApplication, StoreCharm
from vca_juju_common.facts import require_environment
from vca_juju_common.finishing import run_uninterrupted
from vca_juju_common.options import CharmOptions
from vca_juju_common.readiness import wait_application_ready, wait_known
from vca_juju_common.repeats import install_again
from vca_juju_common.resources import check_images
from vca_juju_common.software import bring_and_use, note, resolve, wait_settled
from vca_juju_common.trust import asked_trust
from vca_juju_k8s.fitting import (
    DEFAULT_BASE,
    arch_of,
    base_of,
    check_kind,
    check_same_parts,
    check_storage,
    check_store_charm,
    declared_by,
    storage_in,
)
from vca_juju_k8s.kept import check_kept, storage_note
from vca_juju_k8s.options import InstallOptions, UpgradeOptions
from vca_juju_k8s.reservations import require_reserved
from vca_juju_k8s.session import KubernetesSession


async def install(
    session: KubernetesSession,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    config: Mapping[str, Any],
    num_units: int,
    asked: InstallOptions,
) -> None:
    """Install a charm, or go on with an installation of the same one."""
    check_config(session, config, "config")
    check_options(artifact, asked)
    _check_trust(session, asked)
    async with session.use(ee_id.model, op) as model:
        namespace = require_reserved(session, model, ee_id)
        charm: Brought | None = None

        async def add(further: int) -> None:
            del further  # those that there are to be already may not all be reported
            await model.scale_to(ee_id.application, num_units)

        async def count_units() -> int:
            return await _read_scale(model, ee_id.application)

        units: int | None = num_units
        if ee_id.application not in model.state.applications:
            try:
                charm = await _deploy(session, model, op, ee_id, artifact, config, num_units, asked)
            except ApiError as error:
                if not error.is_there_already:
                    raise
                await wait_known(model, "application", ee_id.application)  # another process was faster
        if charm is None:
            again = (session, model, op, ee_id, artifact, config, num_units, asked, add)
            units = await install_again(*again, count_units, partial(check_kept, model, ee_id, asked))
        await note(model, ee_id, None if namespace is None else str(namespace), charm, storage_note(asked))
        failed = await resolve(model, ee_id.application, asked)
        wait = partial(
            wait_application_ready,
            model,
            session.ground,
            ee_id.application,
            units=units,
            grace=session.options.hook_error_grace,
            pardoned=failed,
        )
        await wait_settled(session, model, ee_id.application, wait, looks=charm is None)


async def _deploy(
    session: KubernetesSession,
    model: Model,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    config: Mapping[str, Any],
    num_units: int,
    asked: InstallOptions,
) -> Brought:
    found, said = await _site_for(session, artifact, asked), asked_trust(asked)

    async def check(charm: Charm) -> None:
        await found.check(charm)
        await _check_version(session, model, charm, asked)

    site = replace(found, check=check)

    async def use(charm: Brought, resources: Mapping[str, str]) -> None:
        new = NewApplication(
            name=ee_id.application,
            charm_url=charm.url,
            origin=charm.origin,
            num_units=num_units,
            config=charm.config,
            trust=session.options.trust if said is None else said,
            resources=resources,
            constraints=asked.constraints,
            storage=asked.storage,
            force=asked.force,
        )
        await run_uninterrupted(model.deploy(new))

    return await bring_and_use(session, model, op, ee_id, artifact, lambda: site, config, asked, use)


async def scale(session: KubernetesSession, op: Operation, ee_id: EeId, num_units: int) -> None:
    """Have so many units, also none; those of the highest numbers go."""
    async with session.use(ee_id.model, op) as model:
        require_environment(model, ee_id)
        units = model.state.alive_units_of(ee_id.application)
        staying = {unit.name for unit in units[:num_units]}
        if num_units != len(units) or num_units != await _read_scale(model, ee_id.application):
            try:
                await model.scale_to(ee_id.application, num_units)
            except ApiError:  # Juju says the same where it is being scaled, and where others remove it
                await model.reread()
                require_environment(model, ee_id)
                raise
            left: list[str] = []
            with explain(lambda: _held(model, ee_id.application, num_units, left)):
                async with session.watch_going(model, ee_id.application, num_units) as left:
                    await model.wait(lambda: _are_gone(session, model, ee_id.application, num_units))
        wait = partial(
            wait_application_ready,
            model,
            session.ground,
            ee_id.application,
            units=num_units,
            grace=session.options.hook_error_grace,
            staying=staying,
        )
        # Whatever is scaled, Juju shows those that stay as they were, also while their pods go.
        await wait_settled(session, model, ee_id.application, wait, looks=bool(staying))


async def _read_scale(model: Model, application: str) -> int:
    """How many units an application is to have: some may not be reported yet."""
    found = ((await model.full_status(application)).get("applications") or {}).get(application) or {}
    return int(found.get("int") or 0)


def _are_gone(session: KubernetesSession, model: Model, application: str, staying: int) -> bool | None:
    units = model.state.units_of(application)
    session.ground.check(model, units, model.state.begun)
    return None if len(units) > staying else True


def _held(model: Model, application: str, staying: int, pods: Sequence[str]) -> BackendError | None:
    """Which units do not go, as far as Juju and the cluster show it; None: there are none."""
    units = [unit.name for unit in model.state.units_of(application)[staying:]]
    if not units:
        return None
    seen = f" (in the cluster: {'; '.join(pods)})" if pods else ""
    return BackendError(f"of application {application}, these are to go and are still there: {', '.join(units)}{seen}")


async def upgrade(
    session: KubernetesSession,
    op: Operation,
    ee_id: EeId,
    artifact: Artifact,
    config: Mapping[str, Any],
    asked: UpgradeOptions,
) -> None:
    """Replace an installed charm by another version of it: its pods one by one, from the highest number down."""
    check_config(session, config, "config")
    _check_trust(session, asked)
    site = await _site_for(session, artifact, asked)

    def find_site(model: Model) -> Site:
        async def check(charm: Charm) -> None:
            await site.check(charm)
            await _check_version(session, model, charm, asked)
            await check_parts(charm.name, declared_by(charm))

        async def check_store(charm: StoreCharm) -> None:
            await site.check_store(charm)
            await check_parts(charm.name, charm.declared)

        async def check_parts(name: str, declared: Declared) -> None:
            there = require_environment(model, ee_id)
            check_same_parts(name, await model.declared_parts(there.charm_url), declared)

        return Site(site.base, site.arch, check, check_store)

    async def count_units(model: Model) -> int:
        return await _read_scale(model, ee_id.application)

    await software.upgrade(
        session, op, ee_id, artifact, config, asked, find_site, force_units=asked.force_units, count_units=count_units
    )


def check_config(session: KubernetesSession, config: Mapping[str, Any], argument: str) -> None:
    """Refuse what Juju's account cannot give: an option of this name is the application's trust, not the charm's.

    Args:
        session: of the connector.
        config: options by name.
        argument: that they are.

    Raises:
        BadArguments: the charm is to have trust.
    """
    cluster, trust = session.options.cluster, config.get("trust")
    if cluster is not None and cluster.untrusted and trust is not None and str(trust).lower() != "false":
        raise _no_trust(f"{argument}.trust")


def _no_trust(argument: str) -> BadArguments:
    return BadArguments(
        f"{argument}: Juju's account may not give a charm all rights in this cluster; expected false, or a "
        "connector without `untrusted` in `options.cluster`",
        [argument],
    )


def _check_trust(session: KubernetesSession, asked: CharmOptions) -> None:
    """Refuse what Juju's account cannot give: it may do only what it needs itself."""
    cluster = session.options.cluster
    if cluster is not None and cluster.untrusted and asked.trust:
        raise _no_trust("options.trust")


async def _check_version(session: KubernetesSession, model: Model, charm: Charm, asked: CharmOptions) -> None:
    """Refuse a charm that assumes another version of Kubernetes; the controller is asked if there is one that does."""
    if is_kubernetes_version_assumed(charm) and not asked.force:
        kubernetes = (await session.controller.read_features(model.uuid)).get("k8s-api", "")
        check_assumptions(session, charm, kubernetes=kubernetes)


async def _site_for(session: KubernetesSession, artifact: Artifact, asked: CharmOptions) -> Site:
    """What a charm has to fit, and what it runs on."""
    has_default = session.has_storage_class
    storage = asked.storage if isinstance(asked, InstallOptions) else None
    arch = str(asked.constraints.get("arch") or "") if isinstance(asked, InstallOptions) else ""

    async def check(charm: Charm) -> None:
        check_kind(charm)
        check_assumptions(session, charm, force=asked.force)
        if storage is not None:
            check_storage(charm.name, charm.storage, storage, has_default=has_default)
        check_images(charm.resources, asked)

    async def check_store(charm: StoreCharm) -> None:
        check_store_charm(charm)
        if storage is not None:
            check_storage(charm.name, storage_in(charm.declared), storage, has_default=has_default)

    if artifact.path is None:
        return Site(DEFAULT_BASE, arch or "amd64", check, check_store)
    charm = await artifact.read()
    return Site(base_of(charm), arch_of(charm, arch or None), check, check_store)
