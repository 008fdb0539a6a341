"""What is refused because of the charm that an EE has: the same charm is installed again, or upgraded."""

from __future__ import annotations

from vca_core.errors import AlreadyExists, BadArguments
from vca_core.naming import EeId
from vca_core.refusals.charms import unfit


def another_charm(installed: str, charm: str, ee_id: EeId) -> AlreadyExists:
    """A charm cannot be installed where another one is.

    Args:
        installed: name of the charm that is there.
        charm: name of the refused one.
        ee_id: the EE.
    """
    return AlreadyExists(f"charm {installed} is installed there; {charm} needs an EE of its own", ee_id=str(ee_id))


def another_version(charm: str) -> BadArguments:
    """A charm cannot be installed where another version of it is.

    Args:
        charm: its name.
    """
    return unfit(f"another version of charm {charm} is installed; call upgrade to bring this one")


def another_channel(charm: str, there: str, asked: str) -> BadArguments:
    """A charm that is installed follows another channel.

    Args:
        charm: its name.
        there: the channel that it follows.
        asked: the one that is asked for.
    """
    return BadArguments(
        f"options.channel: charm {charm} follows {there}; call upgrade to follow {asked}", ["options.channel"]
    )


def another_revision(charm: str, there: str, asked: int) -> BadArguments:
    """Another revision of a charm is installed.

    Args:
        charm: its name.
        there: the revision that is installed.
        asked: the one that is asked for.
    """
    return BadArguments(
        f"options.revision: revision {there} of charm {charm} is installed; call upgrade to bring {asked}",
        ["options.revision"],
    )


def another_resource(name: str) -> BadArguments:
    """Installing again replaces no resource.

    Args:
        name: of the resource.
    """
    return BadArguments(
        f"options.resources.{name}: there is another one already; call upgrade with this one to replace it",
        [f"options.resources.{name}"],
    )


def another_storage(name: str, there: str, asked: str) -> BadArguments:
    """Installing again changes no storage.

    Args:
        name: of the storage.
        there: what it was installed with; empty: nothing was asked for.
        asked: what is asked for.
    """
    place = f"options.storage.{name}"
    return BadArguments(
        f"{place}: expected {there or 'nothing'}, as the charm was installed, got {asked}; Juju does not change the "
        "storage of an application: leave it out, or install the charm in an EE of its own",
        [place],
    )


def another_constraint(name: str, there: str, asked: str) -> BadArguments:
    """Installing again changes no constraints.

    Args:
        name: of the constraint.
        there: what it was installed with; empty: nothing was asked for.
        asked: what is asked for.
    """
    return BadArguments(
        f"options.constraints: expected {there or 'nothing'} for {name}, as the charm was installed, got {asked}; Juju "
        "does not change it for an application that runs: leave it out, or install the charm in an EE of its own",
        ["options.constraints"],
    )


def fewer_units(asked: int, there: int) -> BadArguments:
    """Installing again removes no units.

    Args:
        asked: how many are asked for.
        there: how many there are.
    """
    return BadArguments(
        f"num_units: {asked} are asked for, and there are {there}; installing removes none, scale does",
        ["num_units"],
    )


def not_a_version(installed: str, charm: str) -> BadArguments:
    """A charm cannot be upgraded to another one.

    Args:
        installed: name of the charm that is there.
        charm: name of the refused one.
    """
    return unfit(f"charm {installed} is installed; {charm} is not another version of it")


def lower_limit(charm: str, end: str, limit: int) -> BadArguments:
    """A charm's endpoint takes fewer relations than it has.

    Args:
        charm: its name.
        end: the endpoint, with its application.
        limit: how many it takes.
    """
    return unfit(
        f"the new version of charm {charm} takes {limit} relation{'' if limit == 1 else 's'} at {end}, which has more; "
        "remove some first"
    )


def broken_relation(charm: str, relation: str) -> BadArguments:
    """A charm lacks an endpoint that is related, or has it with another role, interface or scope.

    Args:
        charm: its name.
        relation: its ends, each an application with its endpoint.
    """
    return unfit(f"the new version of charm {charm} would break the relation {relation}; remove that first")


def lost_storage(charm: str, reason: str) -> BadArguments:
    """A version of a charm cannot have the storage that its units hold.

    Args:
        charm: its name.
        reason: what of it is otherwise.
    """
    return unfit(
        f"the new version of charm {charm} cannot keep the storage of its units: {reason}; declare it as before"
    )
