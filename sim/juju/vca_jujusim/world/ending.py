"""How units and relations are asked to go, by whatever else goes."""

from __future__ import annotations

from vca_jujusim.world.entities import ALIVE, DYING, Relation, Status, Unit
from vca_jujusim.world.model import Model
from vca_jujusim.world.settling import settle


def destroy_unit(model: Model, unit: Unit, *, force: bool) -> None:
    """Ask a unit to go. One whose machine has not started goes at once; `force` waits for nobody."""
    if unit.life == ALIVE:
        unit.life = DYING
        unit.agent = Status("executing", "running stop hook") if unit.installed else unit.agent
        model.note_change("unit", unit.name)
    if force:
        unit.life = "dead"
    settle(model, "unit", unit.name)


def destroy_relation(model: Model, relation: Relation, *, force: bool = False) -> None:
    """Ask a relation to go, and subordinates that lived by it.

    It is dying until its units have left it; `force` waits for none of them.
    """
    principals = {end.application for end in relation.endpoints}
    if any(end.scope == "container" for end in relation.endpoints):
        for unit in list(model.units.values()):
            if unit.principal and {unit.application, unit.principal.rpartition("/")[0]} == principals:
                destroy_unit(model, unit, force=False)
    relation.life = DYING
    relation.forced = relation.forced or force
    model.world.keep(model, "relation", relation.key)  # no delta tells of it
    settle(model, "relation", relation.key)
