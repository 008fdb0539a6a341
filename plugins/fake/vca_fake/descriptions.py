"""What the fake says of one of its applications."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vca_core.backend import Description, InstalledCharm, OptionState, RelationState, UnitState
from vca_core.charm import Charm
from vca_core.naming import EeId
from vca_fake.world import Application, Model, RelationEndKey

Find = Callable[[RelationEndKey], EeId | None]
"""Finds the EE that an end of a relation is of."""


def description_of(model: Model, application: Application, find: Find) -> Description:
    """Describe an application as it is now.

    Args:
        model: where it is.
        application: which one.
        find: finds the EEs at the other ends of its relations.
    """
    charm = application.charm
    if charm is None:
        return Description(application.ee_id)
    reference = f"local:{charm.name}-{application.revision}"
    return Description(
        application.ee_id,
        InstalledCharm(charm.name, reference),
        dict(_options(application, charm)),
        tuple(_units(application, reference)),
        tuple(_relations(model, application, find)),
    )


def _options(application: Application, charm: Charm) -> Iterator[tuple[str, OptionState]]:
    for name, option in charm.options.items():
        is_set = name in application.config
        value = application.config[name] if is_set else option.default
        yield name, OptionState(value, is_set, option.type, secret=name in charm.secret_names)


def _units(application: Application, reference: str) -> Iterator[UnitState]:
    for number, state in enumerate(state for state in application.states if state.entity.kind == "unit"):
        yield UnitState(state.entity.id, state, number == 0, (application.address,), reference)


def _relations(model: Model, application: Application, find: Find) -> Iterator[RelationState]:
    own = (model.name, application.ee_id.application)
    for pair in model.relations:
        for end, other in (pair, pair[::-1]):
            if end[:2] == own:
                yield RelationState(end[2], find(other), other[1], other[2])
