"""Mutants: what is asked for a second time, or after something else was, and taken for what it was the first time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation, RelationEnd
from vca_core.errors import BadArguments, NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_fake.options import InstallOptions, UpgradeOptions
from vca_fake.world import Application


class RelatesOnce(EffectMutant):
    """A relation that this process has made is taken to be there, also when it was removed since."""

    CAUGHT_BY = caught_by("a_relation_is_seen_once_at_both_ends")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._made: set[frozenset[tuple[EeId, str]]] = set()

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        ends = frozenset((end.ee_id, end.endpoint) for end in (end_1, end_2))
        if ends not in self._made:
            await super().add_relation(op, end_1, end_2)
            self._made.add(ends)


class AnswersFromMemory(EffectMutant):
    """A primitive that is run again with the same parameters is taken for a request that was sent again."""

    CAUGHT_BY = caught_by("a_primitive_is_run_once")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._answers: dict[str, dict[str, Any]] = {}

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        asked = repr((ee_id, primitive, sorted(params.items()), unit))
        if asked not in self._answers:
            self._answers[asked] = await super().exec_primitive(op, ee_id, primitive, params, unit)
        return self._answers[asked]


class RunsForUnitsThatAreGone(EffectMutant):
    """A unit that was there is known, and where it is gone the leader stands in."""

    CAUGHT_BY = caught_by("a_unit_that_is_not_there_is_not_found")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._known: set[str] = set()

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        there = await self.edit(ee_id, lambda application: [one.id for one in application.units])
        self._known.update(there)
        is_gone = unit in self._known and unit not in there
        return await super().exec_primitive(op, ee_id, primitive, params, None if is_gone else unit)


class NewUnitsHaveTheOptionsOfTheInstall(EffectMutant):
    """What was set since the install reaches the units that there were then: a new one is as the install said."""

    CAUGHT_BY = caught_by("new_units_have_the_options")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._installed: dict[EeId, dict[str, Any]] = {}

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
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)
        self._installed.setdefault(ee_id, await self.options_of(ee_id))

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        there = await self.count_units(ee_id)
        await super().scale(op, ee_id, num_units)
        if num_units > there:  # the options of all of them, as the fake has one set of them
            await self.set_options(ee_id, self._installed[ee_id])


class RefusesToResetAtTheInstall(EffectMutant):
    """Nothing is set yet, so that None is taken for a value."""

    CAUGHT_BY = caught_by("an_option_that_is_reset_has_its_default_again")

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
        if None in config.values() and not await self.count_units(ee_id):
            raise BadArguments("config: None is not a value")
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)


class RefusesToSetNothing(EffectMutant):
    """Who sets options is taken to set some."""

    CAUGHT_BY = caught_by("configure_changes_what_it_is_given_only")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        if not values:
            raise BadArguments("values: expected some, got none")
        await super().configure(op, ee_id, values)


class _Upgrades(EffectMutant):
    async def values_for(self, ee_id: EeId, artifact: Artifact, there: Mapping[str, Any]) -> dict[str, Any]:
        """What is set beside what was given.

        Args:
            ee_id: the EE that is upgraded.
            artifact: the new version.
            there: the options that are set.
        """
        raise NotImplementedError

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        beside = await self.values_for(ee_id, artifact, await self.options_of(ee_id))
        await super().upgrade(op, ee_id, artifact, {**beside, **config}, options)


class RefusesToLoseOptions(_Upgrades):
    """A version that lacks an option which is set does not fit."""

    CAUGHT_BY = caught_by("an_option_that_a_version_lacks_goes_with_it")

    async def values_for(self, ee_id: EeId, artifact: Artifact, there: Mapping[str, Any]) -> dict[str, Any]:
        lost = there.keys() - (await artifact.read()).options.keys()
        if lost:
            raise BadArguments(f"config: {', '.join(lost)} would be lost")
        return {}


class BringsLostOptionsBack(_Upgrades):
    """An option that a version lacks has its earlier value again when a later version has it."""

    CAUGHT_BY = caught_by("an_option_that_a_version_lacks_goes_with_it")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._lost: dict[EeId, dict[str, Any]] = {}

    async def values_for(self, ee_id: EeId, artifact: Artifact, there: Mapping[str, Any]) -> dict[str, Any]:
        known = (await artifact.read()).options
        lost = self._lost.setdefault(ee_id, {})
        lost.update({name: value for name, value in there.items() if name not in known})
        return {name: value for name, value in lost.items() if name in known and name not in there}


class ForgetsValuesThatAreDefaults(EffectMutant):
    """An option that is set to its default is not set any more after an upgrade, whatever the new default is."""

    CAUGHT_BY = caught_by("an_upgrade_keeps_the_options")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        def forget(application: Application) -> None:
            known = {} if application.charm is None else application.charm.options
            application.config = {
                name: value for name, value in application.config.items() if value != known[name].default
            }

        await self.edit(ee_id, forget)
        await super().upgrade(op, ee_id, artifact, config, options)


class ReportsNothingWhenOpenedAgain(EffectMutant):
    """What is watched is asked for once, and not again by the next connection."""

    CAUGHT_BY = caught_by("what_is_listed_was_reported")
    _opened = 0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._tell, self._lives._report = self._lives._report, self._tell_at_first

    def _tell_at_first(self, *said: Any) -> None:
        if self._opened < 2:
            self._tell(*said)

    @hookimpl
    async def open(self) -> None:
        self._opened += 1
        await super().open()


class MeasuresWhatIsGone(EffectMutant):
    """A unit that was measured once is measured for ever."""

    CAUGHT_BY = caught_by("metrics_name_no_unit_that_is_gone")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._measured: dict[str, dict[str, Any]] = {}

    @hookimpl
    async def get_metrics(self, namespace: Namespace) -> dict[str, Any]:
        measured = self._measured.setdefault(namespace.ns_id, {})
        measured.update(await super().get_metrics(namespace))
        return dict(measured)


class RemembersWhatWasNotThere(EffectMutant):
    """A namespace that was looked for in vain is not looked for again."""

    CAUGHT_BY = caught_by("reading_creates_nothing")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._absent: set[str] = set()

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        if namespace.ns_id in self._absent:
            raise NotFound(f"there is nothing of namespace {namespace}")
        try:
            return await super().get_status(namespace)
        except NotFound:
            self._absent.add(namespace.ns_id)
            raise
