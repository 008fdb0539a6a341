"""Mutants: values of parameters where few look for them."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections.abc import Mapping
from typing import Any

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId


class _Tells(EffectMutant):
    CAUGHT_BY = caught_by("values_of_parameters_are_nowhere_to_be_read")


class WarnsOfParameters(_Tells):
    """A parameter that will not be taken for long is warned of, with its value."""

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        with contextlib.suppress(Warning):  # where warnings are errors
            warnings.warn(f"{primitive} will not take {dict(params)} for long", stacklevel=1)
        return await super().exec_primitive(op, ee_id, primitive, params, unit)


class NamesTasksByParameters(_Tells):
    """A task is named after what it does: the event loop shows that name in what it says of tasks."""

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        work = super().exec_primitive(op, ee_id, primitive, params, unit)
        return await asyncio.create_task(work, name=f"{primitive} {dict(params)}")
