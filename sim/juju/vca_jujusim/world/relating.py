"""How relations come."""

from __future__ import annotations

from vca_jujusim.charms import Charm
from vca_jujusim.problems import ALREADY_EXISTS, NOT_FOUND, Refusal
from vca_jujusim.world.deploying import add_unit
from vca_jujusim.world.entities import ALIVE, Endpoint, Relation
from vca_jujusim.world.model import Model
from vca_jujusim.world.settling import settle

_ORDER = {"requirer": 0, "provider": 1, "peer": 2}


def endpoints_of(model: Model, application: str) -> dict[str, Endpoint]:
    """The ends that an application, or a consumed one, has.

    Raises:
        Refusal: there is none of that name.
    """
    remote = model.remotes.get(application)
    if remote is not None:
        return {
            str(end["name"]): Endpoint(application, str(end["name"]), str(end["interface"]), str(end["role"]))
            for end in remote.endpoints
        }
    return model.charm_of(model.application(application)).endpoints(application)


def infer(model: Model, given: list[str]) -> list[Endpoint]:
    """The two ends meant by `application` or `application:endpoint`, the requirer first.

    Raises:
        Refusal: they do not fit, or more than one pair does.
    """
    if len(given) != 2:
        raise Refusal("a relation must involve two applications")
    sides = [_candidates(model, one) for one in given]
    pairs = [
        (left, right)
        for left in sides[0]
        for right in sides[1]
        if left.application != right.application
        and left.interface == right.interface
        and {left.role, right.role} == {"provider", "requirer"}
    ]
    explicit = [pair for pair in pairs if not any(end.name == "juju-info" for end in pair)]
    pairs = explicit or pairs
    if not pairs:
        raise Refusal("no relations found", NOT_FOUND)
    if len(pairs) > 1:
        shown = "; ".join(f'"{left} {right}"' for left, right in pairs)
        raise Refusal(f'ambiguous relation: "{given[0]} {given[1]}" could refer to {shown}')
    return sorted(pairs[0], key=lambda end: _ORDER[end.role])


def add_relation(model: Model, given: list[str]) -> Relation:
    """Relate two applications.

    Raises:
        Refusal: as Juju does.
    """
    model.check_alive()
    ends = infer(model, given)
    key = " ".join(str(end) for end in ends)
    if key in model.relations:
        how = "already exists" if model.relations[key].life == ALIVE else "is dying, but not yet removed"
        raise Refusal(f'cannot add relation "{key}": relation {key} {how}', ALREADY_EXISTS)
    for end in ends:
        application = model.applications.get(end.application)
        if application is not None and application.life != ALIVE:
            raise Refusal(f'cannot add relation "{key}": application "{end.application}" is not alive')
        used = sum(any(str(other) == str(end) for other in rel.endpoints) for rel in model.relations.values())
        if end.limit and used >= end.limit:
            raise Refusal(
                f'cannot add relation "{key}": establishing a new relation for {end} would exceed its maximum '
                f"relation limit of {end.limit}",
                "quota limit exceeded",
            )
    applications = [model.applications[end.application] for end in ends if end.application in model.applications]
    if any(end.scope == "container" for end in ends) and not any(one.subordinate for one in applications):
        raise Refusal(
            f'cannot add relation "{key}": container scoped relation requires at least one subordinate application'
        )
    relation = Relation(model.next_number("relation"), key, ends)
    model.put("relation", key, relation)
    settle(model, "relation", key)
    _bring_subordinates(model, relation)
    return relation


def check_kept(model: Model, application: str, charm: Charm, *, force: bool) -> None:
    """Refuse another charm of an application that would break a relation of it.

    Raises:
        Refusal: as Juju does.
    """
    ends = charm.endpoints(application)
    used = [(one, end) for one in model.relations_of(application) for end in one.endpoints]
    for relation, end in used:
        # A peer relation goes with its endpoint.
        if end.role == "peer" or end.application != application:
            continue
        new = ends.get(end.name)
        is_same = new is not None and (new.role, new.interface) == (end.role, end.interface)
        if new is None or not is_same or (new.scope == "container" != end.scope):
            raise Refusal(f'would break relation "{relation.key}"')
    for name, end in ends.items():
        number = sum(
            (one.application, one.name, one.interface) == (application, name, end.interface) for _, one in used
        )
        if end.limit and number > end.limit and not force:
            raise Refusal(
                f"new charm version imposes a maximum relation limit of {end.limit} for {application}:{name} which "
                f"cannot be satisfied by the number of already established relations ({number})",
                "quota limit exceeded",
            )


def find_relation(model: Model, given: list[str]) -> Relation:
    """The relation between two ends.

    Raises:
        Refusal: there is none.
    """
    key = " ".join(str(end) for end in infer(model, given))
    found = model.relations.get(key)
    if found is None:
        raise Refusal(f'relation "{key}" not found', NOT_FOUND)
    return found


def _candidates(model: Model, given: str) -> list[Endpoint]:
    application, _, name = given.partition(":")
    ends = endpoints_of(model, application)
    if not name:
        return [end for end in ends.values() if end.role != "peer"]
    if name not in ends:
        raise Refusal(f'application "{application}" has no "{name}" relation', NOT_FOUND)
    return [ends[name]]


def _bring_subordinates(model: Model, relation: Relation) -> None:
    """A relation within machines brings a unit of the subordinate to each unit of the principal."""
    if not any(end.scope == "container" for end in relation.endpoints):
        return
    apps = [model.applications[end.application] for end in relation.endpoints if end.application in model.applications]
    for subordinate in [app for app in apps if app.subordinate]:
        for principal in [app for app in apps if not app.subordinate]:
            for unit in model.units_of(principal.name):
                add_unit(model, subordinate, model.machines[unit.machine], unit.name)
