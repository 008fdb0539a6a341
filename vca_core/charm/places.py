"""What machine a charm gets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from vca_core.charm.bases import ARCHITECTURES
from vca_core.charm.model import Base, Charm
from vca_core.errors import BadArguments
from vca_core.refusals import old_bases, unfit_architecture, unsupported_base

SUPPORTED = ("ubuntu@24.04", "ubuntu@22.04", "ubuntu@20.04")
"""What Juju 3.6 makes machines of, the newest first."""

MADE = (*SUPPORTED, "centos@7", "centos@9")
"""The same with what it makes them of when it is asked to."""

_LONG_TERM = re.compile(r"ubuntu@[0-9]?[02468]\.04")
"""Ubuntu's releases of each second spring; Juju makes no machines of those in between."""

USUAL_ARCHITECTURE = "amd64"
"""The base of machines for which none is given."""


class Place(NamedTuple):
    """What a machine is made of; None: as it comes."""

    base: str | None
    arch: str | None


def place_for(charm: Charm, base: str | None = None, arch: str | None = None) -> Place:
    """Choose base and architecture together: the newest base that both a charm and Juju support, on what it runs there.

    Args:
        charm: what is to live there.
        base: the one that is asked for; None: any.
        arch: the architecture that is asked for; None: any.

    Returns:
        The base that is asked for, else one that suits; an architecture only where it has to be another one than usual.

    Raises:
        BadArguments: the charm supports none that Juju makes machines of, or none on that architecture.
    """
    if base is not None:
        declared = next((one for one in charm.bases if one.release == base), None)
        if declared is None:
            return Place(base, None)  # an installation with the option force may do
        if arch is not None and not _runs_on(declared, arch):
            raise _contradiction(charm, arch, [declared])
        return Place(base, _unusual(declared) if arch is None else None)
    if not charm.bases:
        return Place(None, None)
    by_release = {one.release: one for one in charm.bases}
    known = [by_release[release] for release in MADE if release in by_release]
    possible = [one for one in known or charm.bases if one in known or _may_be_made(one)]
    possible = [one for one in possible if any(_runs_on(one, each) for each in ARCHITECTURES)] or possible
    if not possible:
        raise old_bases(charm.name, by_release, SUPPORTED)
    fitting = next((one for one in possible if _runs_on(one, arch or USUAL_ARCHITECTURE)), None)
    if fitting is not None:
        return Place(fitting.release, None)
    if arch is None:
        return Place(possible[0].release, _unusual(possible[0]))
    raise _contradiction(charm, arch, possible)


def check_machine(charm: Charm, machine: str, base: str, arch: str) -> None:
    """Refuse a charm that does not run on a machine.

    Args:
        charm: the charm.
        machine: the machine's id.
        base: the machine's; empty: it does not say, and nothing is refused.
        arch: the machine's, likewise.

    Raises:
        BadArguments: it does not support that base, or not on that architecture.
    """
    if not charm.bases or not base:
        return
    fitting = [one for one in charm.bases if one.release == base]
    if not fitting:
        raise unsupported_base(charm.name, (one.release for one in charm.bases), machine, base)
    if arch and not any(_runs_on(one, arch) for one in fitting):
        raise unfit_architecture(charm.name, {each for one in fitting for each in one.architectures}, machine, arch)


def check_made(charm: Charm) -> None:
    """Refuse a charm whose bases are all others than those that Juju is known to make machines of.

    Raises:
        BadArguments: they are; a later Juju may make some.
    """
    if charm.bases and not any(one.release in MADE for one in charm.bases):
        raise old_bases(charm.name, (one.release for one in charm.bases), SUPPORTED)


def _contradiction(charm: Charm, arch: str, possible: Iterable[Base]) -> BadArguments:
    choices = "; ".join(f"{one.release} on {', '.join(one.architectures)}" for one in possible)
    return BadArguments(
        f"options.constraints: arch is {arch}, and charm {charm.name} supports {choices}; leave it out or change it",
        ["options.constraints"],
    )


def _runs_on(base: Base, arch: str) -> bool:
    return not base.architectures or arch in base.architectures or "all" in base.architectures


def _unusual(base: Base) -> str | None:
    if _runs_on(base, USUAL_ARCHITECTURE):
        return None
    return next((one for one in base.architectures if one in ARCHITECTURES), base.architectures[0])


def _may_be_made(base: Base) -> bool:
    """Whether a later Juju may make machines of what is not known here: then the controller is asked."""
    return base.name == "ubuntu" and base.release > SUPPORTED[0] and _LONG_TERM.fullmatch(base.release) is not None
