"""Whether a charm fits the machine that is there."""

from __future__ import annotations

from vca_core.charm import Charm
from vca_core.charm.places import check_machine
from vca_core.refusals import not_installable, subordinate_charm, wrong_substrate
from vca_juju_common.client.things import Machine


def check_kind(charm: Charm) -> None:
    """Refuse a charm that cannot have an execution environment here.

    Raises:
        BadArguments: it is a subordinate, for Kubernetes, or cannot be installed as it is.
    """
    if charm.subordinate:
        raise subordinate_charm(charm.name)
    if charm.is_kubernetes:
        raise wrong_substrate(charm.name, is_kubernetes=True)
    if charm.obstacles:
        raise not_installable(charm.name, charm.obstacles)


def check_fits(charm: Charm, machine: Machine) -> None:
    """Refuse a charm that does not support a machine's base or architecture.

    Raises:
        BadArguments: it does not.
    """
    check_machine(charm, machine.id, machine.base, machine.arch)
