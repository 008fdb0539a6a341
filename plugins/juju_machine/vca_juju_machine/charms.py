"""The machine that a charm is installed on."""

from __future__ import annotations

from vca_core.charm import Charm
from vca_core.charm.storage_requests import check_storage
from vca_core.naming import EeId
from vca_core.refusals import no_environment
from vca_juju_common.charms import Site, check_assumptions
from vca_juju_common.client.interface import Model
from vca_juju_common.client.things import Machine
from vca_juju_common.client.values import StoreCharm
from vca_juju_common.session import Session
from vca_juju_machine.bases import check_fits, check_kind
from vca_juju_machine.machines import owner_of
from vca_juju_machine.options import InstallOptions

DEFAULT_BASE = "ubuntu@22.04"
"""What a machine is taken to have that does not say."""


def machine_of(session: Session, model: Model, ee_id: EeId) -> Machine:
    """An EE's machine.

    Raises:
        NotFound: it is gone, or now another one's.
    """
    machine = model.state.machines.get(ee_id.locator)
    is_ours = owner_of(model, session.names, ee_id.locator) in {None, ee_id.application}
    if machine is None or machine.life in {"dying", "dead"} or not is_ours:
        raise no_environment(ee_id)
    return machine


def site_on(session: Session, machine: Machine, asked: InstallOptions) -> Site:
    """What a charm on a machine has to fit."""

    async def check(charm: Charm) -> None:
        check_kind(charm)
        check_storage(charm.name, charm.storage, {})
        check_assumptions(session, charm, force=asked.force)
        if not asked.force:
            check_fits(charm, machine)

    async def check_store(_: StoreCharm) -> None:
        """Nothing more: the controller has refused what does not fit."""

    return Site(machine.base or DEFAULT_BASE, machine.arch or "amd64", check, check_store)
