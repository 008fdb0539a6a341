"""Mutants: Cancellation, deadlines, and what stands in the way of others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from conformance.mutants.world import Mutant

from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_core.status import DeploymentStatus, Entity


class SwallowsCancellation(Mutant):
    """A cancelled primitive is told to have ended well."""

    FAILS = frozenset(
        {
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[exec_primitive]",
        }
    )

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        try:
            return await super().exec_primitive(op, ee_id, primitive, params)
        except asyncio.CancelledError:
            return {}


class IgnoresTheTotalDeadline(Mutant):
    """A primitive goes on after its cancellation, for as long as it likes."""

    FAILS = frozenset(
        {
            "test_a_cancellation_at_any_moment_leaves_nothing_unknown[exec_primitive]",
            "test_a_stream_of_events_ends_at_the_total_limit[exec_primitive]",
            "test_silence_ends_at_the_progress_limit[exec_primitive]",
            "test_silence_ends_at_the_total_limit[exec_primitive]",
            "test_what_waits_ends_at_its_total_limit[exec_primitive]",
        }
    )

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        try:
            return await super().exec_primitive(op, ee_id, primitive, params)
        except asyncio.CancelledError:
            await asyncio.sleep(4)
            raise


class PretendsProgress(Mutant):
    """A primitive reports changes while nothing changes."""

    FAILS = frozenset(
        {
            "test_silence_ends_at_the_progress_limit[exec_primitive]",
        }
    )

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        going = asyncio.ensure_future(super().exec_primitive(op, ee_id, primitive, params))
        try:
            number = 0
            while not going.done():
                number += 1
                op.report(Entity("primitive", op.id), "going on", f"({number})", DeploymentStatus.RUNNING)
                await asyncio.wait((going,), timeout=0.01)
            return await going
        finally:
            going.cancel()


class BlocksTheLoop(Mutant):
    """A primitive blocks the event loop."""

    FAILS = frozenset(
        {
            "test_the_event_loop_goes_on",
        }
    )

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        output = await super().exec_primitive(op, ee_id, primitive, params)
        time.sleep(0.6)  # noqa: ASYNC251 - the defect
        return output


class StandsInLine(Mutant):
    """Only one primitive at a time, of all EEs."""

    FAILS = frozenset(
        {
            "test_operations_on_different_ees_do_not_wait_for_each_other[exec_primitive]",
        }
    )

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._lock = asyncio.Lock()

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        async with self._lock:
            return await super().exec_primitive(op, ee_id, primitive, params)
