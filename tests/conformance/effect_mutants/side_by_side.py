"""Mutants: of two operations side by side, one gets what the other was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation, RelationEnd
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_fake.options import InstallOptions, UpgradeOptions


class RunsOnePrimitiveAtATime(EffectMutant):
    """Primitives of all EEs take turns, once it has been seen where they are to run."""

    CAUGHT_BY = caught_by("a_primitive_does_not_wait_for_that_of_another_ee")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._turn = asyncio.Lock()

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        await self.count_units(ee_id)
        async with self._turn:
            return await super().exec_primitive(op, ee_id, primitive, params, unit)


class _KeepsTheRequest(EffectMutant):
    """What it was asked for is kept on the backend while it waits."""

    _request: Any

    async def keep(self, *request: Any) -> Any:
        """Keep it, wait, and give what is kept by then."""
        self._request = request
        for _ in range(5):
            await asyncio.sleep(0)
        return self._request


class KeepsTheNumberToInstall(_KeepsTheRequest):
    """The number of units is kept on the backend."""

    CAUGHT_BY = caught_by("two_ees_run_the_versions_that_they_were_given")

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
        (num_units,) = await self.keep(num_units)
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)


class KeepsTheOptionsToInstall(_KeepsTheRequest):
    """The values of options are kept on the backend."""

    CAUGHT_BY = caught_by("two_ees_run_the_versions_that_they_were_given")

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
        (config,) = await self.keep(config)
        await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)


class KeepsTheNumberToScaleTo(_KeepsTheRequest):
    """The number of units is kept on the backend."""

    CAUGHT_BY = caught_by("scaling_leaves_other_ees_alone")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        (num_units,) = await self.keep(num_units)
        await super().scale(op, ee_id, num_units)


class KeepsTheOptionsOfAnUpgrade(_KeepsTheRequest):
    """The values of options are kept on the backend."""

    CAUGHT_BY = caught_by("an_upgrade_leaves_other_ees_alone")

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        (config,) = await self.keep(config)
        await super().upgrade(op, ee_id, artifact, config, options)


class KeepsTheEndsToRelate(_KeepsTheRequest):
    """The ends are kept on the backend."""

    CAUGHT_BY = caught_by("a_relation_is_seen_once_at_both_ends")

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        await super().add_relation(op, *await self.keep(end_1, end_2))


class KeepsTheEndsToPart(_KeepsTheRequest):
    """The ends of a relation that is to go are kept on the backend."""

    CAUGHT_BY = caught_by("a_relation_is_seen_once_at_both_ends")

    @hookimpl
    async def remove_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        await super().remove_relation(op, *await self.keep(end_1, end_2))


class KeepsTheNsToReadOf(_KeepsTheRequest):
    """The NS whose status is asked for is kept on the backend."""

    CAUGHT_BY = caught_by("what_is_read_of_an_ns_shows_no_other_one[get_status]")

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        (namespace,) = await self.keep(namespace)
        return await super().get_status(namespace)
