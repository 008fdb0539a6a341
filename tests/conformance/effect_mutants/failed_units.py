"""Mutants: what is told of a unit whose hook fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.errors import BackendError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState
from vca_fake.options import InstallOptions
from vca_fake.world import Application


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


class ReplacesUnitsThatFailed(EffectMutant):
    """Scale makes units anew where a hook failed, so that as many work as were asked for."""

    CAUGHT_BY = caught_by("a_hook_that_fails_on_one_unit_only_counts")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        def drop(application: Application) -> None:
            for unit in application.units:
                if application.has_failed(unit):
                    application.drop(unit)

        await self.edit(ee_id, drop)
        await super().scale(op, ee_id, num_units)
