"""What is refused about a machine: its base, its architecture, or where it should be."""

from __future__ import annotations

from collections.abc import Iterable

from vca_core.errors import BadArguments
from vca_core.refusals.charms import unfit


def unsupported_base(charm: str, bases: Iterable[str], machine: str, base: str) -> BadArguments:
    """A charm does not support the base of its machine.

    Args:
        charm: its name.
        bases: those that it supports, such as ``ubuntu@22.04``.
        machine: the machine's id.
        base: the machine's base.
    """
    return unfit(
        f"charm {charm} supports {', '.join(sorted(set(bases)))}, and machine {machine} has {base}; create it with the "
        "artifact_path, so that it gets a base that fits, or install with the option force"
    )


def old_bases(charm: str, bases: Iterable[str], supported: Iterable[str]) -> BadArguments:
    """A charm supports nothing that the backend's system makes machines of.

    Args:
        charm: its name.
        bases: those that it supports, such as ``ubuntu@18.04``.
        supported: those that there are.
    """
    return unfit(
        f"charm {charm} supports {', '.join(sorted(set(bases)))}, and Juju makes machines of {', '.join(supported)}; "
        "to try it there, create the EE with the option base, and install with the option force"
    )


def unmade_base(base: str, supported: Iterable[str], *, asked: bool = True, charm: str | None = None) -> BadArguments:
    """The backend's system makes no machines of a base.

    Args:
        base: such as ``ubuntu@18.04``.
        supported: those that it may make machines of.
        asked: whether the caller asked for it; otherwise the charm did, or else the connector's options.
        charm: the charm that is to live there, if that is known.
    """
    why = f"the controller makes no machines of {base}"
    remedy = f"create the EE with options.base, such as {', '.join(supported)}"
    forced = "; a charm that does not support that is installed with the option force"
    if asked:
        return BadArguments(f"options.base: {why}; {remedy}{forced}", ["options.base"])
    if charm is not None:
        return unfit(f"charm {charm} supports {base}, and {why}; {remedy}{forced}")
    return BadArguments(
        f"options.base: {why}, which the connector's options name; change them in the config, or {remedy}",
        ["options.base"],
    )


def unmade_host_base(host: str, base: str, supported: Iterable[str]) -> BadArguments:
    """The backend's system does not take a host of a base for a machine.

    Args:
        host: its name.
        base: such as ``ubuntu@18.04``.
        supported: those that it may take.
    """
    return BadArguments(
        f"credentials: host {host} has {base}, which the controller does not take; it may take {', '.join(supported)}: "
        "install one of them on the host, or register another one",
        ["credentials"],
    )


def refused_placement(placement: str, reason: str) -> BadArguments:
    """The backend's system makes no machine in a place.

    Args:
        placement: as the caller wrote it.
        reason: why, as the system says it.
    """
    return BadArguments(f"options.placement: there can be no machine at {placement}: {reason}", ["options.placement"])


def unfit_architecture(charm: str, supported: Iterable[str], machine: str, arch: str) -> BadArguments:
    """A charm does not run on its machine's architecture.

    Args:
        charm: its name.
        supported: those that it runs on.
        machine: the machine's id.
        arch: the machine's.
    """
    return unfit(
        f"charm {charm} supports {', '.join(sorted(supported))}; machine {machine} is {arch}; install it on another "
        "machine"
    )
