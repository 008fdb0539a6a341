"""Mutants: how many units an install puts, and what installing again does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core import refusals
from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.charm import coerce
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.options import InstallOptions
from vca_fake.world import Application


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
