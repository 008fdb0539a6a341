"""Which endpoints can be related."""

from __future__ import annotations

from vca_core.backend import RelationEnd
from vca_core.charm import Charm, Endpoint
from vca_core.errors import BadArguments
from vca_core.suggestions import instead
from vca_fake.world import RelationEndKey


def check_pair(
    one: tuple[RelationEnd, Charm], other: tuple[RelationEnd, Charm]
) -> tuple[RelationEndKey, RelationEndKey]:
    """Check that two endpoints fit, and make the relation's key.

    Args:
        one: an end, and the charm that is installed there.
        other: the other end.

    Raises:
        BadArguments: there is no such endpoint, both have the same role, or their interfaces differ.
    """
    endpoints = [_endpoint(end, charm) for end, charm in (one, other)]
    (end_1, _), (end_2, _) = one, other
    if {endpoint.role for endpoint in endpoints} != {"provides", "requires"}:
        raise BadArguments(
            f"one endpoint has to provide and the other to require; {end_1.endpoint} {endpoints[0].role}, "
            f"{end_2.endpoint} {endpoints[1].role}",
            ["endpoint_1", "endpoint_2"],
        )
    if endpoints[0].interface != endpoints[1].interface:
        raise BadArguments(
            f"the interfaces differ: {end_1.endpoint} speaks {endpoints[0].interface}, {end_2.endpoint} "
            f"{endpoints[1].interface}",
            ["endpoint_1", "endpoint_2"],
        )
    first, second = sorted((end.ee_id.model, end.ee_id.application, end.endpoint) for end in (end_1, end_2))
    return first, second


def _endpoint(end: RelationEnd, charm: Charm) -> Endpoint:
    endpoint = charm.endpoints.get(end.endpoint)
    if endpoint is None:
        raise BadArguments(
            f"charm {charm.name} has no endpoint {end.endpoint!r}{instead(end.endpoint, charm.endpoints)}",
            ["endpoint"],
        )
    return endpoint
