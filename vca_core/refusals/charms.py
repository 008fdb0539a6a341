"""What is refused about a charm that is to be installed: it cannot run, or not with this Juju."""

from __future__ import annotations

from collections.abc import Iterable

from vca_core.errors import BadArguments


def subordinate_charm(charm: str) -> BadArguments:
    """A subordinate charm has no EE of its own."""
    return unfit(f"charm {charm} is a subordinate; it lives beside another charm and has no EE of its own")


def not_installable(charm: str, obstacles: Iterable[str]) -> BadArguments:
    """A charm cannot be installed as it is.

    Args:
        charm: its name.
        obstacles: why, each a sentence without its end.
    """
    return unfit(
        f"charm {charm} cannot be installed as it is: {'; '.join(obstacles)}; fix that, or pack it first (charmcraft "
        "pack) and name the .charm file"
    )


def unmet_assumptions(
    charm: str, missing: Iterable[str], version: str, *, is_kubernetes: bool, kubernetes: str = ""
) -> BadArguments:
    """A charm assumes something that Juju does not have.

    Args:
        charm: its name.
        missing: what that is, in the charm's words.
        version: of Juju.
        is_kubernetes: whether it is to live there, else on machines.
        kubernetes: its version, where it is known.
    """
    where = f"on Kubernetes {kubernetes}".rstrip() if is_kubernetes else "on machines"
    return unfit(
        f"charm {charm} assumes {'; '.join(missing)}, which Juju {version} does not have {where}; choose another "
        "version of it, or create the EE without the artifact_path and install with the option force"
    )


def forbidden_profile(charm: str, problems: Iterable[str]) -> BadArguments:
    """Juju does not take a charm's profile for LXD.

    Args:
        charm: its name.
        problems: what is in it, each a sentence without its end.
    """
    return unfit(
        f"charm {charm} has a profile for LXD that Juju does not take: {'; '.join(problems)}; fix that, or create the "
        "EE without the artifact_path and install with the option force"
    )


def newer_juju(charm: str, needed: str, version: str) -> BadArguments:
    """A charm needs a newer Juju.

    Args:
        charm: its name.
        needed: the oldest Juju that it runs with.
        version: of the Juju that there is.
    """
    return unfit(f"charm {charm} needs Juju {needed} (min-juju-version), and this is {version}")


def wrong_substrate(charm: str, *, is_kubernetes: bool) -> BadArguments:
    """A charm is made for another kind of system than the backend's.

    Args:
        charm: its name.
        is_kubernetes: whether it is made for Kubernetes, else for machines.
    """
    where, here = ("on Kubernetes", "machines") if is_kubernetes else ("on machines", "Kubernetes")
    return unfit(f"charm {charm} runs {where}, and this connector has {here}; choose another connector")


def pod_specs(charm: str) -> BadArguments:
    """A charm for Kubernetes has no containers: its pods would come of pod specs, which Juju 3 does not know."""
    return unfit(
        f"charm {charm} has no containers; charms with pod specs are not run by Juju 3 any more: it needs a version "
        "with a sidecar"
    )


def block_storage(charm: str, name: str) -> BadArguments:
    """A charm needs what Juju has on machines only."""
    return unfit(
        f"charm {charm} needs block storage ({name}), which Juju does not have on Kubernetes; install it on machines"
    )


def shared_storage(charm: str, name: str) -> BadArguments:
    """A charm has storage that all its units share, which Juju refuses wherever it is to live."""
    return unfit(
        f"charm {charm} has shared storage ({name}), which Juju does not have; it needs a version with storage of each "
        "unit"
    )


def unfit(text: str) -> BadArguments:
    """What is given as the charm cannot be used here, for a reason that a text says."""
    return BadArguments(f"artifact_path: {text}", ["artifact_path"])
