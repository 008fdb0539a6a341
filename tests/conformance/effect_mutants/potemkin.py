"""A backend that says of everything that it is done: nothing of it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant

from vca_core import refusals
from vca_core.artifacts import Artifact
from vca_core.backend import Operation, RelationEnd
from vca_core.charm import check_params
from vca_core.errors import ExecutionError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_core.status import Entity
from vca_fake.checks import charm_in
from vca_fake.options import InstallOptions, UpgradeOptions


class Potemkin(EffectMutant):
    """Checks what it is given, reports as it should, lists units, and does nothing."""

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
        await self.set_options(ee_id, {})

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        await super().upgrade(op, ee_id, artifact, config, options)
        await self.set_options(ee_id, {})

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        await super().add_relation(op, end_1, end_2)
        await super().remove_relation(op, end_1, end_2)

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        await super().configure(op, ee_id, values)
        await self.set_options(ee_id, {})

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        there = await self.edit(ee_id, lambda one: [entity.id for entity in one.units])
        check_params((await self.edit(ee_id, charm_in)).action(primitive), params)
        if unit is not None and unit not in there:
            raise refusals.no_unit(unit, ee_id, there)
        action = Entity("action", op.id)
        for native in ("pending", "running", "failed" if primitive == "fail" else "completed"):
            op.report(action, native)
            await self._lives.pause(native)
        if primitive == "fail":
            raise ExecutionError("it failed", primitive, {"tried": "yes"})
        return {"did": "nothing"}
