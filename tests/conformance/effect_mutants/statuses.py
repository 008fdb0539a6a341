"""Mutants: what is reported on the way, and what a status shows or leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity


class ReportsUnitsReadyTooEarly(EffectMutant):
    """A unit is reported as active as soon as it is there, and then as what it is."""

    CAUGHT_BY = caught_by("what_is_reported_goes_forward")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        report = self._lives._report

        def tell(ee_id: EeId, entity: Entity, native: str | None, detail: str) -> None:
            if entity.kind == "unit" and native == "maintenance":
                report(ee_id, entity, "active", "")
            report(ee_id, entity, native, detail)

        self._lives._report = tell


class StatusOmitsWhatHasNoCharm(EffectMutant):
    """The status of an NS is that of the EEs with a charm."""

    CAUGHT_BY = caught_by("a_status_follows_what_was_done")

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        found = await super().get_status(namespace)
        return {**found, "applications": {name: one for name, one in found["applications"].items() if one["charm"]}}


class StatusShowsTheLastParameters(EffectMutant):
    """The status of an NS says what was run last, and with what."""

    CAUGHT_BY = caught_by("values_of_parameters_are_nowhere_to_be_read")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._last: dict[str, Any] = {}

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        self._last[ee_id.application] = {"primitive": primitive, "params": dict(params)}
        return await super().exec_primitive(op, ee_id, primitive, params, unit)

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        return {**await super().get_status(namespace), "last": dict(self._last)}
