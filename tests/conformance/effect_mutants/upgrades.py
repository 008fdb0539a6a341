"""Mutants: what is kept of an earlier version of a charm, and what is not reset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.effect_mutants.base import EffectMutant, PersistentMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Description, Operation
from vca_core.charm import Charm
from vca_core.errors import BadArguments
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.checks import charm_in
from vca_fake.options import InstallOptions, UpgradeOptions


def _without_none(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if value is not None}


class UpgradeDoesNotReset(EffectMutant):
    """None leaves an option as it was."""

    CAUGHT_BY = caught_by("an_upgrade_keeps_the_options")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, _without_none(config), options)


class DoesNotUpgradeToWhatIsThere(EffectMutant):
    """An upgrade to the charm that is there ends at once, and so do the options that it was given."""

    CAUGHT_BY = caught_by("an_upgrade_keeps_the_options")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        if await artifact.digest() != await self.edit(ee_id, lambda one: one.digest):
            await super().upgrade(op, ee_id, artifact, config, options)


class KeepsWhatDoesNotFitTheNewType(EffectMutant):
    """The value of an option is kept, though its type is another one now."""

    CAUGHT_BY = caught_by("an_option_that_a_version_lacks_goes_with_it")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        before = await self.options_of(ee_id)
        await super().upgrade(op, ee_id, artifact, config, options)
        there = await self.edit(ee_id, lambda one: frozenset(charm_in(one).options))
        kept = {name: value for name, value in before.items() if name in there}
        await self.set_options(ee_id, kept | await self.options_of(ee_id))


class InstallingAgainDoesNotReset(EffectMutant):
    """None leaves an option as it was."""

    CAUGHT_BY = caught_by("installing_again_sets_options_and_adds_units")

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
        await super().install_configuration_sw(op, ee_id, artifact, _without_none(config), num_units, options)


class RefusesToResetWhatIsNotSet(EffectMutant):
    """An option that has its default already cannot be reset."""

    CAUGHT_BY = caught_by("an_option_that_is_reset_has_its_default_again")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        there = await self.options_of(ee_id)
        for name, value in values.items():
            if value is None and name not in there:
                raise BadArguments(f"option {name} is not set")
        await super().configure(op, ee_id, values)


class DescribesTheFirstCharmsOptions(EffectMutant):
    """Which options there are is asked once."""

    CAUGHT_BY = caught_by("an_upgrade_keeps_the_options")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._names: dict[EeId, frozenset[str]] = {}

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        described = await super().describe_execution_environment(ee_id)
        if described.charm is None:
            return described
        names = self._names.setdefault(ee_id, frozenset(described.options))
        return replace(described, options={name: one for name, one in described.options.items() if name in names})


class _KeepsTheCharm(EffectMutant):
    """What a charm declares is read once, and kept."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._charms: dict[EeId, Charm] = {}

    async def charm_of(self, ee_id: EeId) -> Charm | None:
        """The charm that was there when it was first asked for."""
        charm = await self.edit(ee_id, lambda one: one.charm)
        return None if charm is None else self._charms.setdefault(ee_id, charm)


class ChecksOptionsByTheFirstCharm(_KeepsTheCharm):
    """Options that came with an upgrade are refused."""

    CAUGHT_BY = caught_by("an_upgrade_keeps_the_options")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        charm = await self.charm_of(ee_id)
        unknown = [] if charm is None else [name for name in values if name not in charm.options]
        if unknown:
            raise BadArguments(f"there are no options {', '.join(unknown)}")
        await super().configure(op, ee_id, values)


class RunsPrimitivesOfTheFirstCharm(_KeepsTheCharm):
    """Primitives that came with an upgrade are refused."""

    CAUGHT_BY = caught_by("an_upgraded_charm_has_the_options_of_its_new_version")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        charm = await self.charm_of(ee_id)
        if charm is not None:
            charm.action(primitive)
        return await super().exec_primitive(op, ee_id, primitive, params, unit)


class KeepsTheCharmUntilItsOwnUpgrade(PersistentMutant):
    """What a charm declares is read anew after upgrades of this process, and not after another one's."""

    CAUGHT_BY = caught_by("options_set_by_two_processes_are_all_kept")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._options: dict[EeId, frozenset[str]] = {}

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        charm = await self.edit(ee_id, lambda one: one.charm)
        known = self._options.setdefault(ee_id, frozenset(charm.options if charm is not None else ()))
        unknown = [name for name in values if charm is not None and name not in known]
        if unknown:
            raise BadArguments(f"there are no options {', '.join(unknown)}")
        await super().configure(op, ee_id, values)

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, config, options)
        self._options.pop(ee_id, None)
