"""Mutants: options."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.options import InstallOptions, UpgradeOptions


def _arrive(*cases: str) -> frozenset[str]:
    return caught_by(*(f"options_arrive_at_every_unit[{case}]" for case in cases))


class _InstallsOtherOptions(EffectMutant):
    def other(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """What is set instead of what was given."""
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
        await super().install_configuration_sw(op, ee_id, artifact, self.other(config), num_units, options)


class InstallDropsOptions(_InstallsOtherOptions):
    """What is given at the install is not set."""

    CAUGHT_BY = _arrive("some-install_configuration_sw")

    def other(self, config: Mapping[str, Any]) -> dict[str, Any]:
        return {}


class InstallDropsWhatIsEmpty(_InstallsOtherOptions):
    """Empty text, zero and false are taken for nothing."""

    CAUGHT_BY = _arrive("empty-install_configuration_sw")

    def other(self, config: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in config.items() if value}


class InstallTakesTheFirstOption(_InstallsOtherOptions):
    """Of several options, one is set."""

    CAUGHT_BY = _arrive("some-install_configuration_sw")

    def other(self, config: Mapping[str, Any]) -> dict[str, Any]:
        return dict(list(config.items())[:1])


class InstallStripsTexts(_InstallsOtherOptions):
    """Texts are kept up to their first line."""

    CAUGHT_BY = _arrive("some-install_configuration_sw")

    def other(self, config: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v.partition("\n")[0] if isinstance(v, str) else v for k, v in config.items()}


class _ConfiguresOther(EffectMutant):
    async def change(self, ee_id: EeId, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is set instead of what was given."""
        raise NotImplementedError

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        await super().configure(op, ee_id, await self.change(ee_id, values))


class ConfigureSetsNothing(_ConfiguresOther):
    """It returns, and nothing is set."""

    CAUGHT_BY = _arrive("some-configure", "empty-configure")

    async def change(self, ee_id: EeId, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}


class ConfigureMakesFloatsOfNumbers(_ConfiguresOther):
    """Numbers pass through a language that has one kind of them."""

    CAUGHT_BY = _arrive("some-configure")

    async def change(self, ee_id: EeId, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: int(float(value)) if type(value) is int else value for name, value in values.items()}


class ConfigureDropsWhatIsEmpty(_ConfiguresOther):
    """Empty text, zero and false are taken for nothing."""

    CAUGHT_BY = _arrive("empty-configure")

    async def change(self, ee_id: EeId, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value for name, value in values.items() if value or value is None}


class ConfigureResetsTheOthers(_ConfiguresOther):
    """Options that are not named lose their values."""

    CAUGHT_BY = caught_by("configure_changes_what_it_is_given_only", "options_outlast_a_disconnect")

    async def change(self, ee_id: EeId, values: Mapping[str, Any]) -> Mapping[str, Any]:
        await self.set_options(ee_id, {})
        return values


class ConfigureDoesNotReset(_ConfiguresOther):
    """None leaves an option as it was."""

    CAUGHT_BY = caught_by("an_option_that_is_reset_has_its_default_again")

    async def change(self, ee_id: EeId, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value for name, value in values.items() if value is not None}


class ConfigureResetsAll(_ConfiguresOther):
    """None resets every option."""

    CAUGHT_BY = caught_by("an_option_that_is_reset_has_its_default_again")

    async def change(self, ee_id: EeId, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if None in values.values():
            await self.set_options(ee_id, {})
        return values


class ConfigureRemembersOneEe(_ConfiguresOther):
    """What one EE was given last goes to the next one, too."""

    CAUGHT_BY = caught_by("options_of_one_ee_are_no_other_ones")
    _last: Mapping[str, Any] = {}

    async def change(self, ee_id: EeId, values: Mapping[str, Any]) -> Mapping[str, Any]:
        last, self._last = self._last, values
        return {**values, **last}


class ForgetsOptionsWhenClosed(EffectMutant):
    """Options are kept with the connection."""

    CAUGHT_BY = caught_by("options_outlast_a_disconnect")

    @hookimpl
    async def close(self) -> None:
        for model in await self._worlds.models():
            for application in model.applications.values():
                await self.set_options(application.ee_id, {})
        await super().close()


class _Upgrades(EffectMutant):
    async def before(self, ee_id: EeId, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is set instead of what was given."""
        raise NotImplementedError

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, await self.before(ee_id, config), options)


class UpgradeDropsOptions(_Upgrades):
    """What is given at the upgrade is not set."""

    CAUGHT_BY = _arrive("some-upgrade") | caught_by("an_upgrade_keeps_the_options")

    async def before(self, ee_id: EeId, config: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}


class UpgradeResetsOptions(_Upgrades):
    """What was set before the upgrade is lost."""

    CAUGHT_BY = caught_by("an_upgrade_keeps_the_options")

    async def before(self, ee_id: EeId, config: Mapping[str, Any]) -> Mapping[str, Any]:
        await self.set_options(ee_id, {})
        return config


class ScaleResetsOptions(EffectMutant):
    """Where units are added, options are lost."""

    CAUGHT_BY = caught_by("new_units_have_the_options")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        await self.set_options(ee_id, {})
        await super().scale(op, ee_id, num_units)


class ConfigureDropsDefaults(_ConfiguresOther):
    """A value that the option has anyway is not set, and another version of the charm may have another default."""

    CAUGHT_BY = caught_by("options_arrive_at_every_unit[defaults-configure]")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        charm = await self.edit(ee_id, lambda one: one.charm)
        options = {} if charm is None else charm.options
        other = {name: value for name, value in values.items() if name not in options or value != options[name].default}
        await super().configure(op, ee_id, other)


class ConfigureResetsOrSets(EffectMutant):
    """Where options are set, those that are to be reset in the same call are left out."""

    CAUGHT_BY = caught_by("an_option_that_is_reset_has_its_default_again")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        is_set = {name: value for name, value in values.items() if value is not None}
        await super().configure(op, ee_id, is_set or values)


class ConfigureSetsBeforeItRefuses(EffectMutant):
    """Options are set one by one, until one is refused."""

    CAUGHT_BY = caught_by("a_refused_option_leaves_all_as_it_was[configure]")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            await super().configure(op, ee_id, {name: value})


class InstallsBeforeItRefuses(EffectMutant):
    """Options are looked at once the charm is installed."""

    CAUGHT_BY = caught_by("a_refused_option_leaves_all_as_it_was[install_configuration_sw]")

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
        await super().install_configuration_sw(op, ee_id, artifact, {}, num_units, options)
        await self.configure(op, ee_id, config)


class UpgradesBeforeItRefuses(EffectMutant):
    """Options are looked at once the charm is upgraded."""

    CAUGHT_BY = caught_by("a_refused_option_leaves_all_as_it_was[upgrade]")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, {}, options)
        await self.configure(op, ee_id, config)


class LogsOptionsOfAnUpgrade(EffectMutant):
    """What an upgrade sets is logged."""

    CAUGHT_BY = caught_by("values_of_parameters_are_nowhere_to_be_read")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        logging.getLogger(__name__).debug("upgrading with %s", dict(config))
        await super().upgrade(op, ee_id, artifact, config, options)


class ConfigureStripsTexts(_ConfiguresOther):
    """Blanks at the ends of texts are lost."""

    CAUGHT_BY = _arrive("some-configure")

    async def change(self, ee_id: EeId, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}


class ConfigureRoundsNumbers(_ConfiguresOther):
    """Of numbers, six digits are kept."""

    CAUGHT_BY = _arrive("some-configure")

    async def change(self, ee_id: EeId, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}


class ConfigureTakesTruthsForNumbers(EffectMutant):
    """True is 1 in its language."""

    CAUGHT_BY = caught_by("configure_refuses_a_mistyped_value_without_showing_it")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        await super().configure(
            op,
            ee_id,
            {name: int(value) if value is True and name == "count" else value for name, value in values.items()},
        )
