"""Mutants: What is reported."""

from __future__ import annotations

from typing import Any

from conformance.mutants.named import GOES_ON, both
from conformance.mutants.world import MACHINE, Mutant

from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity


class ReportsOutOfOrder(Mutant):
    """The machine is reported as started before it is reported as pending."""

    FAILS = frozenset(
        {
            "test_what_is_reported_goes_forward",
        }
    )

    async def come_up(self, op: Operation, ee_id: EeId) -> None:
        op.report(MACHINE, "started")
        await super().come_up(op, ee_id)


class ReportsTheWrongEnd(Mutant):
    """The last that is reported of the machine is not what is listed."""

    FAILS = frozenset(
        {
            "test_the_outcome_comes_last_and_once[resume_execution_environment]",
            "test_what_was_reported_last_is_what_is_listed",
        }
    ) | both(GOES_ON, operations=["resume_execution_environment"])

    async def come_up(self, op: Operation, ee_id: EeId) -> None:
        await super().come_up(op, ee_id)
        self.find(ee_id).native = "started"
        op.report(MACHINE, "down")


class ReportsNothing(Mutant):
    """Nothing of the machine is ever reported."""

    FAILS = frozenset(
        {
            "test_what_is_listed_was_reported",
        }
    )

    async def come_up(self, op: Operation, ee_id: EeId) -> None:
        await self.go_on(op, Entity("action", op.id))
        self.find(ee_id).native = "started"


class SpeaksInTongues(Mutant):
    """Words that nobody knows are reported, and not explained."""

    FAILS = frozenset(
        {
            "test_native_words_mean_something",
        }
    )

    @hookimpl
    async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str | None:
        address = await super().create_execution_environment(op, namespace)
        op.report(Entity("rack", "r"), "humming")
        return address


class ReportsTheDead(Mutant):
    """Deleted EEs are reported on and on."""

    FAILS = frozenset(
        {
            "test_a_deleted_ee_is_not_reported_any_more",
        }
    )

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._dead: list[EeId] = []

    def remove(self, ee_id: EeId) -> None:
        super().remove(ee_id)
        self._dead.append(ee_id)

    async def come_up(self, op: Operation, ee_id: EeId) -> None:
        for dead in self._dead:
            self.host.report(dead, MACHINE, "down")
        await super().come_up(op, ee_id)
