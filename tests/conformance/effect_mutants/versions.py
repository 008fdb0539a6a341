"""Mutants: which charm an EE runs, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_fake.options import InstallOptions, UpgradeOptions
from vca_fake.world import Application


class KeepsCharmsByName(EffectMutant):
    """A charm is brought once, and installed in all EEs; another version of it has the same name."""

    CAUGHT_BY = caught_by("two_ees_run_the_versions_that_they_were_given")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._kept: dict[str, Artifact] = {}

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
        kept = self._kept.setdefault((await artifact.read()).name, artifact)
        await super().install_configuration_sw(op, ee_id, kept, config, num_units, options)


class KeepsCharmsByPath(EffectMutant):
    """A charm is brought once; what became of its files since is not looked at."""

    CAUGHT_BY = caught_by("an_upgrade_brings_what_the_files_are_now")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._kept: dict[Path | None, str] = {}

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
        self._kept.setdefault(artifact.path, await self.edit(ee_id, lambda one: one.programs))

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, config, options)
        kept = self._kept.get(artifact.path)
        if kept is not None:
            await self.edit(ee_id, lambda one: setattr(one, "programs", kept))


class InheritsOptions(EffectMutant):
    """Options are kept by names: an EE that is made anew has those of the earlier one."""

    CAUGHT_BY = caught_by("a_new_ee_has_nothing_of_an_earlier_one")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._kept: dict[tuple[str, str], dict[str, Any]] = {}

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
        kept = self._kept.setdefault((ee_id.model, ee_id.application), {})
        kept.update(config)
        await super().install_configuration_sw(op, ee_id, artifact, dict(kept), num_units, options)


class _Resumes(EffectMutant):
    def change(self, application: Application) -> None:
        """What becomes of an EE that is gone on with."""
        raise NotImplementedError

    @hookimpl
    async def resume_execution_environment(
        self, op: Operation, ee_id: EeId, namespace: Namespace, artifact: Artifact | None
    ) -> str:
        address = await super().resume_execution_environment(op, ee_id, namespace, artifact)
        await self.edit(ee_id, self.change)
        return address


class ResumesWithoutUnits(_Resumes):
    """To go on with an EE is to begin again."""

    CAUGHT_BY = caught_by("an_ee_that_is_gone_on_with_stays_as_it_is")

    def change(self, application: Application) -> None:
        for unit in application.units:
            application.drop(unit)


class ResumesWithoutOptions(_Resumes):
    """To go on with an EE is to set it up anew."""

    CAUGHT_BY = caught_by("an_ee_that_is_gone_on_with_stays_as_it_is")

    def change(self, application: Application) -> None:
        application.config.clear()
