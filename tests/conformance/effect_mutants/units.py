"""Mutants: units, by scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity
from vca_fake.hook_tools import Action
from vca_fake.world import Application


def drop_units(application: Application, units: Sequence[Entity]) -> None:
    """Remove units."""
    for unit in units:
        application.drop(unit)


class ScalesNothing(EffectMutant):
    """It returns, and the units are as many as before."""

    CAUGHT_BY = frozenset({"test_scaling_ends_with_the_units_that_were_asked_for"})

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        pass


class RemovesTheOldestUnits(EffectMutant):
    """Scaling down takes those that were first."""

    CAUGHT_BY = caught_by("scaling_down_keeps_the_oldest_and_the_leader")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        await self.edit(ee_id, lambda one: drop_units(one, one.units[: max(0, len(one.units) - num_units)]))
        await super().scale(op, ee_id, num_units)


class MakesAllUnitsAnew(EffectMutant):
    """Scaling removes all units, and makes as many as there should be."""

    CAUGHT_BY = caught_by("scaling_to_what_is_there_changes_nothing", "scaling_down_keeps_the_oldest_and_the_leader")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        await self.edit(ee_id, lambda one: drop_units(one, one.units))
        await super().scale(op, ee_id, num_units)


class AddsAsManyUnitsAsAreAsked(EffectMutant):
    """The number is taken for how many are to be added."""

    CAUGHT_BY = frozenset({"test_scaling_ends_with_the_units_that_were_asked_for"})

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        await super().scale(op, ee_id, num_units + await self.count_units(ee_id))


class ScalesAllOfTheNs(EffectMutant):
    """Every EE with a charm is scaled."""

    CAUGHT_BY = caught_by("scaling_leaves_other_ees_alone")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        for model in await self._worlds.models():
            for one in list(model.applications.values()):
                if one.charm is not None and model.name == ee_id.model:
                    await super().scale(op, one.ee_id, num_units)


class ScalesWithoutACharm(EffectMutant):
    """Where no charm is installed, there is nothing to do."""

    CAUGHT_BY = caught_by("an_ee_without_a_charm_has_nothing_to_scale")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        if await self.edit(ee_id, lambda one: one.charm) is not None:
            await super().scale(op, ee_id, num_units)


class HasNoAddressWithSeveralUnits(EffectMutant):
    """An EE is listed with the address of its unit, if it has one only."""

    CAUGHT_BY = caught_by("scaling_ends_with_the_units_that_were_asked_for")

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        listed = await super().list_execution_environments(namespace)
        return [
            replace(one, address=None) if sum(state.entity.kind == "unit" for state in one.entities) > 1 else one
            for one in listed
        ]


class NewUnitsHaveWhatOldOnesHad(EffectMutant):
    """The number of a unit that was removed is given again, and with it come the files of the earlier one."""

    CAUGHT_BY = caught_by("scaling_down_keeps_the_oldest_and_the_leader")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        await super().scale(op, ee_id, num_units)

        def count(application: Application) -> None:
            application.units_so_far = 1 + max(int(unit.id.rpartition("/")[2]) for unit in application.units)

        await self.edit(ee_id, count)


class RemovesUnitsByTheirNames(EffectMutant):
    """Units are sorted as texts, and the last ones go: of eleven, the third."""

    CAUGHT_BY = caught_by("scaling_ends_with_the_units_that_were_asked_for")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        def drop(application: Application) -> None:
            drop_units(application, sorted(application.units, key=lambda unit: unit.id)[num_units:])

        await self.edit(ee_id, drop)
        await super().scale(op, ee_id, num_units)


class UnitsKeepTheOptionsTheyHadFirst(EffectMutant):
    """What is configured reaches the leader, and no other unit."""

    CAUGHT_BY = caught_by("configure_changes_what_it_is_given_only")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._first: dict[str, Mapping[str, Any]] = {}
        self._made = self._programs._make
        vars(self._programs).update(_make=self._make)

    def _make(self, *given: Any, **named: Any) -> Action | None:
        made = self._made(*given, **named)
        if made is None or made.leader or made.kind == "hooks":
            return made
        return replace(made, options=self._first.setdefault(str(made.folder), made.options))


class NewUnitsSeeNoRelations(EffectMutant):
    """A relation reaches the units that there are when it is made."""

    CAUGHT_BY = caught_by("relations_outlast_what_is_done_to_their_ends")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._made = self._programs._make
        vars(self._programs).update(_make=self._make)

    def _make(self, *given: Any, **named: Any) -> Action | None:
        made = self._made(*given, **named)
        return made if made is None or made.leader else replace(made, relations={})
