"""Mutants: relations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation, RelationEnd
from vca_core.errors import BadArguments
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.options import UpgradeOptions
from vca_fake.relations import check_limits
from vca_fake.world import Model


class RelatesNothing(EffectMutant):
    """A relation is told to be there."""

    CAUGHT_BY = caught_by("a_relation_is_seen_once_at_both_ends")

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        pass


class KnowsDeclaredEndpointsOnly(EffectMutant):
    """What every charm provides is not known."""

    CAUGHT_BY = caught_by("every_charm_provides_an_endpoint_by_itself")

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        for end in (end_1, end_2):
            if end.endpoint == "juju-info":
                raise BadArguments(f"the charm has no endpoint {end.endpoint}", ["endpoint"])
        await super().add_relation(op, end_1, end_2)


class RelatesAgain(EffectMutant):
    """A relation that is made twice is there twice."""

    CAUGHT_BY = caught_by("a_relation_is_seen_once_at_both_ends")

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        await super().add_relation(op, end_1, end_2)
        _name = end_1.ee_id.model

        def double(model: Model) -> None:
            model.relations += [pair[::-1] for pair in model.relations if pair[::-1] not in model.relations]

        await self._worlds.change(_name, double)


class RelatesALaterEe(EffectMutant):
    """Whether it is an earlier EE is not asked for the end that is named last: the one of its names is related."""

    CAUGHT_BY = caught_by("an_id_of_an_earlier_ee_is_not_related")

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        there = await self._worlds.change(
            end_2.ee_id.model, lambda model: model.applications.get(end_2.ee_id.application)
        )
        await super().add_relation(op, end_1, replace(end_2, ee_id=there.ee_id) if there else end_2)


class LimitsTheFirstEndOnly(EffectMutant):
    """How many relations an endpoint takes is asked for the end that is named first."""

    CAUGHT_BY = caught_by("an_endpoint_takes_no_more_than_its_limit[second]")

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        charm = await self.edit(end_1.ee_id, lambda one: one.charm)
        assert charm is not None
        try:
            await super().add_relation(op, end_1, end_2)
        except BadArguments:

            def relate(model: Model) -> None:
                check_limits(model, [(end_1, charm)])
                first, second = [(one.ee_id.model, one.ee_id.application, one.endpoint) for one in (end_1, end_2)]
                model.relations.append((first, second))

            await self._worlds.change(end_1.ee_id.model, relate)


class _RemovesOthers(EffectMutant):
    def keep(self, model: Model, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """What is done to the relations instead of removing one."""
        raise NotImplementedError

    @hookimpl
    async def remove_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        await self._lives.pause("unrelate")
        await self._worlds.change(end_1.ee_id.model, lambda model: self.keep(model, end_1, end_2))


class RemovesNoRelation(_RemovesOthers):
    """A relation is told to be gone."""

    CAUGHT_BY = caught_by("only_the_relation_that_is_named_is_removed")

    def keep(self, model: Model, end_1: RelationEnd, end_2: RelationEnd) -> None:
        pass


class RemovesAllRelationsOfAnEnd(_RemovesOthers):
    """All relations of an endpoint go."""

    CAUGHT_BY = caught_by("only_the_relation_that_is_named_is_removed")

    def keep(self, model: Model, end_1: RelationEnd, end_2: RelationEnd) -> None:
        gone = (model.name, end_2.ee_id.application, end_2.endpoint)
        model.relations = [pair for pair in model.relations if gone not in pair]


class RemovesAllRelationsOfAPair(_RemovesOthers):
    """All relations between two EEs go, whatever their endpoints."""

    CAUGHT_BY = caught_by("only_the_relation_that_is_named_is_removed")

    def keep(self, model: Model, end_1: RelationEnd, end_2: RelationEnd) -> None:
        both = {end_1.ee_id.application, end_2.ee_id.application}
        model.relations = [pair for pair in model.relations if {end[1] for end in pair} != both]


class RemovesRelationsOfALaterEe(_RemovesOthers):
    """An id of an earlier EE removes the relation of the one that has come since."""

    CAUGHT_BY = caught_by("an_id_of_an_earlier_ee_removes_no_relation[first]")

    def keep(self, model: Model, end_1: RelationEnd, end_2: RelationEnd) -> None:
        gone = {(model.name, end.ee_id.application, end.endpoint) for end in (end_1, end_2)}
        model.relations = [pair for pair in model.relations if set(pair) != gone]


class LooksAtTheFirstEndOnly(RemovesRelationsOfALaterEe):
    """Whether an EE is an earlier one is asked for the end that is named first, and not for the other."""

    CAUGHT_BY = caught_by("an_id_of_an_earlier_ee_removes_no_relation[second]")

    def keep(self, model: Model, end_1: RelationEnd, end_2: RelationEnd) -> None:
        if end_1.ee_id in [application.ee_id for application in model.applications.values()]:
            super().keep(model, end_1, end_2)


class LeavesRelationsOfTheDead(EffectMutant):
    """A relation outlives its EE."""

    CAUGHT_BY = caught_by("relations_go_with_their_ee")

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        before = await self._worlds.change(ee_id.model, lambda model: list(model.relations))
        await super().delete_execution_environment(op, ee_id)
        await self._worlds.change(ee_id.model, lambda model: setattr(model, "relations", before))


class TakesAllRelationsWithAnEe(EffectMutant):
    """With an EE go the relations of its neighbours."""

    CAUGHT_BY = caught_by("relations_go_with_their_ee")

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        await super().delete_execution_environment(op, ee_id)
        await self._worlds.change(ee_id.model, lambda model: model.relations.clear())


class UpgradeLosesRelations(EffectMutant):
    """An upgrade puts a new charm in place of the old one, without what was related to it."""

    CAUGHT_BY = caught_by("relations_outlast_what_is_done_to_their_ends")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, config, options)
        await self._worlds.change(ee_id.model, lambda model: model.relations.clear())


class RelatesAnEndpointOnce(EffectMutant):
    """A further relation of an endpoint that requires takes the place of the one before."""

    CAUGHT_BY = caught_by("only_the_relation_that_is_named_is_removed")

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        await super().add_relation(op, end_1, end_2)
        end = next(end for end in (end_1, end_2) if end.endpoint == "into")
        key = (end.ee_id.model, end.ee_id.application, end.endpoint)

        def keep_the_last(model: Model) -> None:
            earlier = [pair for pair in model.relations[:-1] if key in pair]
            model.relations = [pair for pair in model.relations if pair not in earlier]

        await self._worlds.change(end.ee_id.model, keep_the_last)


class RelatesWithoutACharm(EffectMutant):
    """Where no charm is installed, there is nothing to do."""

    CAUGHT_BY = caught_by("an_ee_without_a_charm_has_nothing_to_relate")

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        charms = [await self.edit(end.ee_id, lambda one: one.charm) for end in (end_1, end_2)]
        if None not in charms:
            await super().add_relation(op, end_1, end_2)


class UpgradeDropsWhatItCannotKeep(EffectMutant):
    """Relations of endpoints that the new charm does not have are removed."""

    CAUGHT_BY = caught_by("an_upgrade_that_breaks_a_relation_is_refused")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        endpoints = (await artifact.read()).endpoints
        own = (ee_id.model, ee_id.application)

        def drop(model: Model) -> None:
            model.relations = [
                pair for pair in model.relations if all(end[:2] != own or end[2] in endpoints for end in pair)
            ]

        await self._worlds.change(ee_id.model, drop)
        await super().upgrade(op, ee_id, artifact, config, options)
