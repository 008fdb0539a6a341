"""Which endpoints can be related."""

from __future__ import annotations

from collections.abc import Sequence

from vca_core import refusals
from vca_core.backend import RelationEnd
from vca_core.charm import Charm, Endpoint
from vca_core.charm.storage import storage_lost
from vca_core.errors import BadArguments
from vca_core.naming import EeId
from vca_core.suggestions import instead
from vca_fake.world import Model, RelationEndKey

IMPLICIT = Endpoint("juju-info", "provides", "juju-info")
"""What every charm provides."""


def check_pair(
    one: tuple[RelationEnd, Charm], other: tuple[RelationEnd, Charm]
) -> tuple[RelationEndKey, RelationEndKey]:
    """Check that two endpoints fit, and make the relation's key.

    Args:
        one: an end, and the charm that is installed there.
        other: the other end.

    Raises:
        BadArguments: both are of one EE, there is no such endpoint, both have the same role, their interfaces differ,
            or one is for subordinates.
    """
    (end_1, charm_1), (end_2, charm_2) = one, other
    if end_1.ee_id == end_2.ee_id:
        raise refusals.related_to_itself(end_1.ee_id)
    endpoint_1, endpoint_2 = _endpoint(end_1, charm_1, "endpoint_1"), _endpoint(end_2, charm_2, "endpoint_2")
    has_roles = {endpoint_1.role, endpoint_2.role} == {"provides", "requires"}
    if not has_roles or endpoint_1.interface != endpoint_2.interface:
        raise BadArguments(
            f"endpoint_1, endpoint_2: expected two that fit, got {end_1.endpoint}, which {endpoint_1.role} "
            f"{endpoint_1.interface}, and {end_2.endpoint}, which {endpoint_2.role} {endpoint_2.interface}",
            ["endpoint_1", "endpoint_2"],
        )
    for end, endpoint in ((end_1, endpoint_1), (end_2, endpoint_2)):
        if endpoint.scope == "container":
            raise refusals.container_scope(f"{end.ee_id.application}:{end.endpoint}")
    first, second = sorted((end.ee_id.model, end.ee_id.application, end.endpoint) for end in (end_1, end_2))
    return first, second


def check_limits(model: Model, ends: Sequence[tuple[RelationEnd, Charm]]) -> None:
    """Refuse a further relation of an endpoint that takes no more.

    Args:
        model: where it is to be.
        ends: of the relation, each with the charm that is installed there.

    Raises:
        BadArguments: it has as many as its charm says.
    """
    for number, (end, charm) in enumerate(ends, 1):
        limit = _endpoint(end, charm, f"endpoint_{number}").limit
        key = (end.ee_id.model, end.ee_id.application, end.endpoint)
        if limit is not None and sum(key in pair for pair in model.relations) >= limit:
            raise refusals.limit_reached(f"{end.ee_id.application}:{end.endpoint}", limit)


def check_kept(model: Model, ee_id: EeId, charm: Charm, digest: str | None, *, force: bool) -> None:
    """Refuse a charm that would break a relation of its application, or could not have its storage.

    Args:
        model: where that is.
        ee_id: its EE.
        charm: the other version of its charm.
        digest: of its files; with those that are there already nothing changes.
        force: whether there may be more relations than it says.

    Raises:
        BadArguments: it lacks an endpoint that is related, has it with another role, interface or scope, takes fewer
            relations there, or declares storage otherwise.
    """
    there = model.find(ee_id)
    if there is None or there.charm is None:
        return
    if digest is not None and digest == there.digest:
        return
    for pair in model.relations:
        for model_name, application, name in pair:
            if (model_name, application) == (ee_id.model, ee_id.application) and not _is_kept(name, there.charm, charm):
                ends = " ".join(f"{application}:{endpoint}" for _, application, endpoint in pair)
                raise refusals.broken_relation(charm.name, ends)
    lost = storage_lost(there.charm.storage, charm.storage)
    if lost is not None:
        raise refusals.lost_storage(charm.name, lost)
    for name, endpoint in charm.endpoints.items():
        related = sum((ee_id.model, ee_id.application, name) in pair for pair in model.relations)
        if endpoint.limit is not None and related > endpoint.limit and not force:
            raise refusals.lower_limit(charm.name, f"{ee_id.application}:{name}", endpoint.limit)


def _is_kept(name: str, old: Charm, new: Charm) -> bool:
    was, becomes = _find(old, name), _find(new, name)
    if was is None or becomes is None:
        return False
    return (was.role, was.interface, becomes.scope) == (becomes.role, becomes.interface, "global")


def _find(charm: Charm, name: str) -> Endpoint | None:
    return charm.endpoints.get(name, IMPLICIT if name == IMPLICIT.name else None)


def _endpoint(end: RelationEnd, charm: Charm, argument: str) -> Endpoint:
    endpoint = _find(charm, end.endpoint)
    if endpoint is None:
        raise BadArguments(
            f"{argument}: charm {charm.name} has no endpoint {end.endpoint!r}{instead(end.endpoint, charm.endpoints)}",
            [argument],
        )
    return endpoint


def unrelate(model: Model, end_1: RelationEnd, end_2: RelationEnd) -> None:
    """Remove a relation from a model, if it is there; that of an earlier EE of the same names went with it.

    Args:
        model: the model.
        end_1: one end.
        end_2: the other one.
    """
    ends = {(end.ee_id.model, end.ee_id.application, end.endpoint) for end in (end_1, end_2)}
    for end in (end_1, end_2):
        application = model.applications.get(end.ee_id.application) if end.ee_id.model == model.name else None
        if application is not None and application.ee_id != end.ee_id:
            return
    model.relations = [pair for pair in model.relations if set(pair) != ends]
