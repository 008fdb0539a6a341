"""Mutants: units, by scale, upgrade and install."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core import refusals
from vca_core.artifacts import Artifact
from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.charm import coerce
from vca_core.errors import BackendError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState
from vca_fake.hook_tools import Action
from vca_fake.options import InstallOptions, UpgradeOptions
from vca_fake.world import Application


def _drop(application: Application, units: Sequence[Entity]) -> None:
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
        await self.edit(ee_id, lambda one: _drop(one, one.units[: max(0, len(one.units) - num_units)]))
        await super().scale(op, ee_id, num_units)


class MakesAllUnitsAnew(EffectMutant):
    """Scaling removes all units, and makes as many as there should be."""

    CAUGHT_BY = caught_by("scaling_to_what_is_there_changes_nothing", "scaling_down_keeps_the_oldest_and_the_leader")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        await self.edit(ee_id, lambda one: _drop(one, one.units))
        await super().scale(op, ee_id, num_units)


class AddsAsManyUnitsAsAreAsked(EffectMutant):
    """The number is taken for how many are to be added."""

    CAUGHT_BY = frozenset({"test_scaling_ends_with_the_units_that_were_asked_for"})

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        await super().scale(op, ee_id, num_units + await self.count_units(ee_id))


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
        await self.edit(ee_id, lambda one: _drop(one, one.units[1:]))
        await super().upgrade(op, ee_id, artifact, config, options)


class UpgradeMakesUnitsAnew(EffectMutant):
    """The units are others than before."""

    CAUGHT_BY = caught_by("an_upgrade_brings_the_new_charm_to_every_unit")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        number = await self.count_units(ee_id)
        await self.edit(ee_id, lambda one: _drop(one, one.units))
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


class InstallsOneUnit(EffectMutant):
    """However many are asked for."""

    CAUGHT_BY = caught_by("an_install_puts_as_many_units_as_were_asked")

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        await super().install_configuration_sw(op, ee_id, artifact, config, 1, options)


class _InstallsAgain(EffectMutant):
    def install_again(self, application: Application, config: Mapping[str, Any], num_units: int) -> None:
        """What is done where the charm is installed already."""
        raise NotImplementedError

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        charm = await artifact.read()

        def change(application: Application, _: float) -> bool:
            if application.charm is None:
                return False
            if application.charm.name != charm.name:
                raise refusals.another_charm(application.charm.name, charm.name, ee_id)
            coerce(charm.options, config)
            self.install_again(application, config, num_units)
            return True

        if not await self._lives.change(ee_id, change):
            await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)
        await self._lives.settle(ee_id)


class InstallingAgainDoesNothing(_InstallsAgain):
    """Whatever is given."""

    CAUGHT_BY = caught_by("installing_again_sets_options_and_adds_units")

    def install_again(self, application: Application, config: Mapping[str, Any], num_units: int) -> None:
        pass


class InstallingAgainReplacesOptions(_InstallsAgain):
    """Options that are not given are reset."""

    CAUGHT_BY = caught_by("installing_again_sets_options_and_adds_units")

    def install_again(self, application: Application, config: Mapping[str, Any], num_units: int) -> None:
        application.config = dict(config)
        application.add_units(num_units - len(application.units), self._clock())


class InstallingAgainRemovesUnits(_InstallsAgain):
    """It scales to what is asked for, or is the default."""

    CAUGHT_BY = caught_by("installing_again_sets_options_and_adds_units", "installing_again_refuses_what_others_do")

    def install_again(self, application: Application, config: Mapping[str, Any], num_units: int) -> None:
        application.config |= config
        application.add_units(num_units - len(application.units), self._clock())
        for unit in application.units[num_units:]:
            application.drop(unit)


class InstallingAnotherVersionIsNothing(EffectMutant):
    """Another version of the charm is taken for the one that is installed."""

    CAUGHT_BY = caught_by("installing_again_refuses_what_others_do")

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        charm = await artifact.read()
        there = await self.edit(ee_id, lambda one: one.charm)
        if there is None or there == charm or there.name != charm.name:
            await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)


class _InstallsWith(EffectMutant):
    """It makes something of what install says of a hook that failed."""

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        try:
            await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)
        except BackendError as error:
            self.tell(error)

    def tell(self, error: BackendError) -> None:
        """Say what is told of it."""
        raise error


class TellsAFailedHookAsSuccess(_InstallsWith):
    """Install returns although a unit's hook failed."""

    CAUGHT_BY = caught_by("a_unit_whose_hook_fails_is_reported")

    def tell(self, error: BackendError) -> None:
        pass


class HearsOfTheFirstUnitOnly(_InstallsWith):
    """Install waits for the unit that leads, and takes the others as they come."""

    CAUGHT_BY = caught_by("a_hook_that_fails_on_one_unit_only_counts")

    def tell(self, error: BackendError) -> None:
        if "/0:" in error.message:
            raise error


class TakesAFailedHookForDone(EffectMutant):
    """A hook that failed is not run again: install that is asked again finds nothing to do."""

    CAUGHT_BY = caught_by("a_hook_that_fails_on_one_unit_only_counts")

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        there = await self.edit(ee_id, lambda one: one.charm)
        try:
            await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)
        except BackendError:
            if there is None:
                raise


class NamesNoUnitThatFailed(_InstallsWith):
    """Install says that something failed, and not what."""

    CAUGHT_BY = caught_by("a_unit_whose_hook_fails_is_reported")

    def tell(self, error: BackendError) -> None:
        raise BackendError("the charm cannot be installed") from error


class RemovesUnitsThatFailed(_InstallsWith):
    """Install undoes what failed, so that nobody can see why."""

    CAUGHT_BY = caught_by("a_unit_whose_hook_fails_is_reported")

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        listed = await super().list_execution_environments(namespace)
        return [
            replace(record, entities=[state for state in record.entities if state.native != "error"])
            for record in listed
        ]


class ListsUnitsThatAreNotUpAsActive(EffectMutant):
    """Whatever became of a unit, it is listed as active."""

    CAUGHT_BY = caught_by("a_unit_whose_hook_fails_is_reported")

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        listed = await super().list_execution_environments(namespace)
        return [replace(record, entities=[_as_active(state) for state in record.entities]) for record in listed]


def _as_active(state: EntityState) -> EntityState:
    return replace(state, native="active", detail="") if state.entity.kind == "unit" else state


class ReportsUnitsThatFailedAsActive(_InstallsWith):
    """What is listed is right, and what is reported is not."""

    CAUGHT_BY = caught_by("a_unit_whose_hook_fails_is_reported")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        report = self._lives._report

        def tell(ee_id: EeId, entity: Entity, native: str | None, detail: str) -> None:
            report(ee_id, entity, "active" if native == "error" else native, detail)

        self._lives._report = tell


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
            _drop(application, sorted(application.units, key=lambda unit: unit.id)[num_units:])

        await self.edit(ee_id, drop)
        await super().scale(op, ee_id, num_units)


class UpgradeChangesTheLeader(EffectMutant):
    """The units come back in the other order."""

    CAUGHT_BY = caught_by("an_upgrade_brings_the_new_charm_to_every_unit")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, config, options)
        await self.edit(ee_id, lambda one: one.states.sort(key=lambda state: state.entity.id, reverse=True))


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
