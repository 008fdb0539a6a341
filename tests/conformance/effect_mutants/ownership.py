"""Mutants: what is another process's, or another EE's."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.backend import Description, Operation
from vca_core.errors import ConflictError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId


class _Unasked:
    """An operation that is never asked whether it still holds its EE, or not heard."""

    def __init__(self, op: Operation, *, asks: bool) -> None:
        self._op = op
        self._asks = asks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._op, name)

    async def held(self) -> None:
        if self._asks:
            with contextlib.suppress(ConflictError):
                await self._op.held()


class NeverAsksWhetherItHoldsTheEe(EffectMutant):
    """It changes options without having asked."""

    CAUGHT_BY = caught_by("nothing_is_changed_once_the_ee_is_lost[configure]")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        await super().configure(_Unasked(op, asks=False), ee_id, values)


class GoesOnWithoutTheEe(EffectMutant):
    """It asks, and scales whatever the answer is."""

    CAUGHT_BY = caught_by("nothing_is_changed_once_the_ee_is_lost[scale]")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        await super().scale(_Unasked(op, asks=True), ee_id, num_units)


class HearsOnlyTheFirstAnswer(EffectMutant):
    """It asks twice, and sets options whatever the second answer is."""

    CAUGHT_BY = caught_by("an_operation_ends_when_it_loses_its_ee_later[configure]")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        await op.held()
        await super().configure(_Unasked(op, asks=True), ee_id, values)


class UndoesWhatItHasLost(EffectMutant):
    """When it hears that the EE is lost, it takes back what it had done before."""

    CAUGHT_BY = caught_by("an_operation_ends_when_it_loses_its_ee_later[scale]")

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        before = await self.count_units(ee_id)
        await super().scale(op, ee_id, num_units)
        try:
            await op.held()
        except ConflictError:
            await super().scale(_Unasked(op, asks=False), ee_id, before)
            raise


class AsksTooLate(EffectMutant):
    """It asks when it has made its change."""

    CAUGHT_BY = caught_by("nothing_is_changed_once_the_ee_is_lost[delete_execution_environment]")

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        await super().delete_execution_environment(_Unasked(op, asks=False), ee_id)
        await op.held()


class _TakesNamesForIds(EffectMutant):
    async def present(self, ee_id: EeId) -> EeId:
        """The EE that has the names now, whatever the locator."""

        def find(model: Any) -> EeId:
            there = model.applications.get(ee_id.application)
            return ee_id if there is None else there.ee_id

        return await self._worlds.change(ee_id.model, find)


class DeletesBySuccessorsName(_TakesNamesForIds):
    """A delete takes the EE that has the names now."""

    CAUGHT_BY = caught_by("an_id_of_an_earlier_ee_deletes_nothing[delete_execution_environment]")

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        await super().delete_execution_environment(op, await self.present(ee_id))


class ConfiguresBySuccessorsName(_TakesNamesForIds):
    """Options go to the EE that has the names now."""

    CAUGHT_BY = caught_by("an_id_of_an_earlier_ee_is_not_found_any_more[configure]")

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        await super().configure(op, await self.present(ee_id), values)


class RunsBySuccessorsName(_TakesNamesForIds):
    """Primitives are run in the EE that has the names now."""

    CAUGHT_BY = caught_by("an_id_of_an_earlier_ee_is_not_found_any_more[exec_primitive]")

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        return await super().exec_primitive(op, await self.present(ee_id), primitive, params, unit)


class DescribesBySuccessorsName(_TakesNamesForIds):
    """What is described is the EE that has the names now."""

    CAUGHT_BY = caught_by("an_id_of_an_earlier_ee_describes_nothing")

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        return await super().describe_execution_environment(await self.present(ee_id))
