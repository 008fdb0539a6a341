"""Mutants: what was cancelled, and is asked for again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_fake.options import InstallOptions, UpgradeOptions
from vca_fake.world import Application

_AGAIN = caught_by("what_was_cancelled_is_done_when_asked_again")


class TakesHalfAnInstallForAWholeOne(EffectMutant):
    """A cancelled install leaves a charm without units; where a charm is, nothing is installed."""

    CAUGHT_BY = _AGAIN

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
        if await self.edit(ee_id, lambda one: one.charm is not None and not one.units):
            return
        try:
            await super().install_configuration_sw(op, ee_id, artifact, config, num_units, options)
        except asyncio.CancelledError:
            await self.edit(ee_id, _drop_units)
            raise


class TakesOptionsAwayForAnUpgrade(EffectMutant):
    """Options are taken away, and set again with the new version: a cancellation in between costs them."""

    CAUGHT_BY = _AGAIN

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        before = await self.options_of(ee_id)
        await self.set_options(ee_id, {})
        await super().upgrade(op, ee_id, artifact, {**before, **config}, options)


class ScalesFromWhereItBegan(EffectMutant):
    """How many units are missing is worked out once, and asked for again after a cancellation."""

    CAUGHT_BY = _AGAIN

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._begun: dict[EeId, int] = {}

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        there = await self.count_units(ee_id)
        began = self._begun.setdefault(ee_id, there)
        await super().scale(op, ee_id, there + num_units - began)
        del self._begun[ee_id]


def _drop_units(application: Application) -> None:
    for unit in application.units:
        application.drop(unit)
