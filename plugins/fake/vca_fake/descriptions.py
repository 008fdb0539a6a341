"""What the fake says of one of its applications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vca_core.backend import Description, InstalledCharm, OptionState, RelationState, UnitState
from vca_core.charm import Charm
from vca_core.naming import EeId, Namespace
from vca_fake.world import Application, Model, RelationEndKey


def description_of(models: Mapping[str, Model], model: Model, application: Application) -> Description:
    """Describe an application as it is now.

    Args:
        models: all models by name; the other ends of its relations are looked up in them.
        model: where it is.
        application: which one.
    """
    charm = application.charm
    if charm is None:
        return Description(application.ee_id)
    reference = f"local:{charm.name}-{application.revision}"
    return Description(
        application.ee_id,
        InstalledCharm(charm.name, reference, application.digest),
        dict(_options(application, charm)),
        tuple(_units(application, reference)),
        tuple(_relations(models, model, application)),
    )


def status_of(model: Model, namespace: Namespace) -> dict[str, Any]:
    """Say what `juju status` would say about a model.

    Args:
        model: the model.
        namespace: which of its applications are described.
    """
    return {
        "model": model.name,
        "applications": {
            application.ee_id.application: {
                "charm": application.charm.name if application.charm else None,
                "address": application.address,
                "base": application.base,
                "entities": {
                    str(state.entity): {"status": state.native, "detail": state.detail} for state in application.states
                },
            }
            for application in model.of(namespace)
        },
        "relations": sorted(
            sorted(f"{application}:{endpoint}" for _, application, endpoint in pair) for pair in model.relations
        ),
    }


def _options(application: Application, charm: Charm) -> Iterator[tuple[str, OptionState]]:
    for name, option in charm.options.items():
        is_set = name in application.config
        value = application.config[name] if is_set else option.default
        yield name, OptionState(value, is_set, option.type, secret=name in charm.secret_names)


def _units(application: Application, reference: str) -> Iterator[UnitState]:
    for number, state in enumerate(state for state in application.states if state.entity.kind == "unit"):
        yield UnitState(state.entity.id, state, number == 0, (application.address,), reference)


def _relations(models: Mapping[str, Model], model: Model, application: Application) -> Iterator[RelationState]:
    own = (model.name, application.ee_id.application)
    for pair in model.relations:
        for end, other in (pair, pair[::-1]):
            if end[:2] == own:
                yield RelationState(end[2], _find(models, other), other[1], other[2])


def _find(models: Mapping[str, Model], end: RelationEndKey) -> EeId | None:
    model = models.get(end[0])
    application = None if model is None else model.applications.get(end[1])
    return None if application is None else application.ee_id
