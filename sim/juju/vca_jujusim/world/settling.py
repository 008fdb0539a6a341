"""When it is an entity's turn: whoever changes one, or what it hangs on, has it looked at soon."""

from __future__ import annotations

from vca_jujusim.world.model import Model

KINDS = ("machine", "unit", "action", "application", "model", "relation", "remoteApplication")
"""What has a life."""


def settle(model: Model, kind: str, key: str, *, after: float = 0.0) -> None:
    """See soon whether an entity has something to do."""
    model.world.clock.run_soon((model.record.uuid, kind, key), lambda: model.world.step(model, kind, key), after=after)


def wake(model: Model) -> None:
    """See soon what all entities of a model have to do."""
    for kind, key in list(model.all_keys()):
        if kind in KINDS:
            settle(model, kind, key)
