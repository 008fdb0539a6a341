"""Mutants: Primitives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.mutants.named import FAILS_THERE, FAILURE, OVERLAPS, both
from conformance.mutants.world import Mutant

from vca_core.backend import Operation
from vca_core.errors import ExecutionError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId
from vca_core.status import Entity


class ReportsCompletedForAFailure(Mutant):
    """The action of a primitive that failed is reported as completed."""

    FAILS = frozenset(
        {
            "test_a_primitive_that_fails_is_reported_as_failed",
        }
    )

    def finish(self, op: Operation, action: Entity, primitive: str) -> Mapping[str, Any]:
        op.report(action, "completed")
        if primitive == "fail":
            raise ExecutionError("it failed", primitive, {"tried": "yes"})
        return {"done": primitive}


class TakesAFailureForSuccess(Mutant):
    """A primitive that failed returns."""

    FAILS = frozenset(
        {
            "test_a_failed_primitive_is_an_execution_error_with_output",
            "test_a_primitive_that_fails_is_reported_as_failed",
            OVERLAPS,
        }
    ) | both(FAILS_THERE, FAILURE)

    def finish(self, op: Operation, action: Entity, primitive: str) -> Mapping[str, Any]:
        op.report(action, "failed" if primitive == "fail" else "completed")
        return {"done": primitive}


class LosesTheOutput(Mutant):
    """The error of a failed primitive has no output."""

    FAILS = frozenset(
        {
            "test_a_failed_primitive_is_an_execution_error_with_output",
        }
    )

    def finish(self, op: Operation, action: Entity, primitive: str) -> Mapping[str, Any]:
        try:
            return super().finish(op, action, primitive)
        except ExecutionError as error:
            raise ExecutionError(error.message, primitive) from None


class NeverEndsAnAction(Mutant):
    """The action of a primitive is never reported to its end."""

    FAILS = frozenset(
        {
            "test_a_primitive_that_succeeds_is_reported_to_its_end",
        }
    )

    def finish(self, op: Operation, action: Entity, primitive: str) -> Mapping[str, Any]:
        if primitive == "fail":
            return super().finish(op, action, primitive)
        return {"done": primitive}


class TellsAbsenceAsACrash(Mutant):
    """What is absent is a KeyError."""

    FAILS = frozenset(
        {
            "test_a_deleted_ee_is_not_found[exec_primitive]",
            "test_an_ee_that_never_was_is_not_found[exec_primitive]",
        }
    )

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        _ = self.world.boxes[ee_id]
        return await super().exec_primitive(op, ee_id, primitive, params)
