"""Mutants: what an upgrade makes of the units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by
from conformance.effect_mutants.units import drop_units

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.options import UpgradeOptions


class UpgradesNothing(EffectMutant):
    """It returns, and the old charm runs."""

    CAUGHT_BY = caught_by("an_upgrade_brings_the_new_charm_to_every_unit")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await artifact.read()


class UpgradeTellsOnly(EffectMutant):
    """The new charm is told of, and the old program is run."""

    CAUGHT_BY = caught_by("an_upgrade_brings_the_new_charm_to_every_unit")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        before = await self.edit(ee_id, lambda one: one.programs)
        await super().upgrade(op, ee_id, artifact, config, options)
        await self.edit(ee_id, lambda one: setattr(one, "programs", before))


class UpgradeLeavesOneUnit(EffectMutant):
    """Of several units, the first is upgraded and the others are gone."""

    CAUGHT_BY = caught_by("an_upgrade_brings_the_new_charm_to_every_unit")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await self.edit(ee_id, lambda one: drop_units(one, one.units[1:]))
        await super().upgrade(op, ee_id, artifact, config, options)


class UpgradeMakesUnitsAnew(EffectMutant):
    """The units are others than before."""

    CAUGHT_BY = caught_by("an_upgrade_brings_the_new_charm_to_every_unit")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        number = await self.count_units(ee_id)
        await self.edit(ee_id, lambda one: drop_units(one, one.units))
        await super().upgrade(op, ee_id, artifact, config, options)
        await self.scale(op, ee_id, number)


class UpgradesAllOfTheNs(EffectMutant):
    """Every EE with the charm is upgraded."""

    CAUGHT_BY = caught_by("an_upgrade_leaves_other_ees_alone")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        for model in await self._worlds.models():
            for one in list(model.applications.values()):
                if one.charm is not None and model.name == ee_id.model:
                    await super().upgrade(op, one.ee_id, artifact, config, options)


class UpgradeChangesTheLeader(EffectMutant):
    """The units come back in the other order."""

    CAUGHT_BY = caught_by("an_upgrade_brings_the_new_charm_to_every_unit")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, config, options)
        await self.edit(ee_id, lambda one: one.states.sort(key=lambda state: state.entity.id, reverse=True))
