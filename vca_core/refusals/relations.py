"""What is refused about relations."""

from __future__ import annotations

from vca_core.errors import BadArguments, NotSupported
from vca_core.naming import EeId


def limit_reached(end: str, limit: int) -> BadArguments:
    """An endpoint takes no further relation.

    Args:
        end: the endpoint, with its application.
        limit: how many it takes; less than 0: the charm has it take none.
    """
    takes = f"{limit} relation{'' if limit == 1 else 's'}, and has as many; remove one first"
    if limit < 0:
        takes = "no relation: the charm says so; relate another one"
    return BadArguments(f"endpoint_1, endpoint_2: {end} takes {takes}", ["endpoint_1", "endpoint_2"])


def related_to_itself(ee_id: EeId) -> BadArguments:
    """An EE cannot be related to itself.

    Args:
        ee_id: the EE.
    """
    return BadArguments(
        f"ee_id_1, ee_id_2: both are {ee_id}, and nothing is related to itself; name two EEs", ["ee_id_1", "ee_id_2"]
    )


def container_scope(end: str) -> BadArguments:
    """An endpoint is for subordinates, which no EE is.

    Args:
        end: the endpoint, with its application.
    """
    return BadArguments(
        f"endpoint_1, endpoint_2: {end} has the scope container, which is for a subordinate beside its principal, and "
        "no EE is one; expected an endpoint of the scope global",
        ["endpoint_1", "endpoint_2"],
    )


def unreachable_end(connector: str) -> NotSupported:
    """An EE of another connector cannot be related from here."""
    return NotSupported(f"an EE of connector {connector} cannot be related from here")
