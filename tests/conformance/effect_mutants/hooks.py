"""Mutants: hooks of charms that are not run when it is their time; first on a fake that runs more than `install`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.hook_tools import Action, run
from vca_fake.options import InstallOptions, UpgradeOptions
from vca_fake.world import Application, Model


class _RunsHooks(EffectMutant):
    CAUGHT_BY = caught_by("hooks_are_run_when_it_is_their_time")
    at_install: ClassVar[tuple[str, ...]] = ("config-changed", "start")
    at_configure: ClassVar[tuple[str, ...]] = ("config-changed",)
    at_upgrade: ClassVar[tuple[str, ...]] = ("upgrade-charm", "config-changed")

    async def run_hooks(self, ee_id: EeId, names: tuple[str, ...]) -> None:
        """Run hooks on all units of an EE."""

        def find(model: Model) -> list[Action | None]:
            application = model.applications[ee_id.application]
            return [
                self._programs._make(model, application, unit.id, name, {}, kind="hooks")
                for unit in application.units
                for name in names
            ]

        for hook in await self._worlds.change(ee_id.model, find):
            if hook is not None and hook.program.is_file():
                await run(hook)

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
        await self.run_hooks(ee_id, self.at_install)

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        await super().configure(op, ee_id, values)
        await self.run_hooks(ee_id, self.at_configure)

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, config, options)
        await self.run_hooks(ee_id, self.at_upgrade)


class RunsNoHookWhenConfigured(_RunsHooks):
    """Options are set, and no unit hears of it."""

    at_configure: ClassVar[tuple[str, ...]] = ()


class UpgradesWithoutItsHook(_RunsHooks):
    """The files are replaced, and no unit hears of it."""

    at_upgrade: ClassVar[tuple[str, ...]] = ("config-changed",)


class StartsNothing(_RunsHooks):
    """A new unit is installed and configured, and never started."""

    at_install: ClassVar[tuple[str, ...]] = ("config-changed",)


class UpgradesFailedUnitsWithoutInstall(EffectMutant):
    """A unit whose hook `install` failed is upgraded like any other: it never runs."""

    CAUGHT_BY = caught_by("a_hook_that_fails_on_one_unit_only_counts")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        def forgive(application: Application) -> None:
            for unit in application.units:
                application.put(unit, "active", "ready", 0)

        await self.edit(ee_id, forgive)
        await super().upgrade(op, ee_id, artifact, config, options)


class UpgradesRunInstallOnAll(EffectMutant):
    """One unit failed, and an upgrade runs its hook `install` on the others, too."""

    CAUGHT_BY = caught_by("a_hook_that_fails_on_one_unit_only_counts")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        def fail(application: Application) -> None:
            for unit in application.units:
                application.put(unit, "error", "one of them failed", 0)

        await self.edit(ee_id, fail)
        await super().upgrade(op, ee_id, artifact, config, options)


class ScalesBesideFailedUnits(EffectMutant):
    """Where the number of units is there, nothing is done, and nothing is said of one that failed."""

    CAUGHT_BY = caught_by("a_hook_that_fails_on_one_unit_only_counts")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        if await self.count_units(ee_id) != num_units:
            await super().scale(op, ee_id, num_units)
