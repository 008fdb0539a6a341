"""Mutants: what two connectors of one process share, and should not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from conformance.effect_mutants.base import EffectMutant, caught_by

from vca_core.backend import ExecutionEnvironment
from vca_core.errors import VcaConnectionError
from vca_core.hookspecs import hookimpl
from vca_core.naming import Namespace

_NOTHING_SHARED = caught_by("two_connectors_of_one_vca_share_nothing")


class ReportsThroughTheNewestConnector(EffectMutant):
    """Its host is the class's: each connector that is made replaces that of all others."""

    CAUGHT_BY = _NOTHING_SHARED
    _newest: ClassVar[Any] = None

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        type(self)._newest = host
        self._lives._report = self._tell

    def _tell(self, *report: Any) -> None:
        type(self)._newest.report(*report)


class EndsForAllConnectors(EffectMutant):
    """There is one connection for all; the first connector that ends closes it, and the others do not notice."""

    CAUGHT_BY = _NOTHING_SHARED
    _is_open: ClassVar[bool] = False

    @hookimpl
    async def open(self) -> None:
        await super().open()
        type(self)._is_open = True

    @hookimpl
    async def close(self) -> None:
        type(self)._is_open = False
        await super().close()

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        if not type(self)._is_open:
            raise VcaConnectionError("the connection is closed")
        return await super().list_execution_environments(namespace)
