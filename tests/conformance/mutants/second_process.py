"""Mutants: What a second process does to what the first one made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.mutants.world import MACHINE, Box, Good, Mutant

from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace

LOOKS = "test_a_second_process_that_only_looks_changes_nothing"
OPERATES = "test_a_second_process_changes_what_its_operation_changes"
MAKES = "test_an_ee_that_a_second_process_makes_is_its_own"
CREATE_REFUSED = "test_a_create_refused_in_a_second_process_changes_nothing"
NAMES_REFUSED = "test_a_second_process_takes_no_names_of_another_namespace"
DELETES = "test_a_second_process_deletes_only_what_the_id_names"
FAILS_THERE = "test_a_failure_in_a_second_process_leaves_the_home_alone"
FAILURE = "test_a_failure_stands_for_a_second_process"
VANISHED = "test_an_ee_that_vanished_is_told_as_gone_to_who_asks"


def _both(*checks: str, operations: Sequence[str] = ()) -> set[str]:
    """Checks, beside the first process and after it; of `OPERATES` those of some operations."""
    named = [(check, "") for check in checks] + [(OPERATES, f"{operation}-") for operation in operations]
    return {f"{check}[{operation}{first}]" for check, operation in named for first in ("connected", "gone")}


class Distrustful(Good):
    """Tells what it made from what others made."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._mine: set[EeId] = set()

    def made(self, namespace: Namespace, reuse: EeId | None) -> EeId:
        ee_id = super().made(namespace, reuse)
        self._mine.add(ee_id)
        return ee_id

    def of_others(self) -> dict[EeId, Box]:
        return {ee_id: box for ee_id, box in self.world.boxes.items() if ee_id not in self._mine}


class ReportsOthersAsGone(Distrustful, Mutant):
    """When it is opened, what others made is reported as gone."""

    FAILS = frozenset(_both(LOOKS))

    @hookimpl
    async def open(self) -> None:
        for ee_id in self.of_others():
            self.host.report(ee_id, MACHINE, None)


class ReportsAnEarlierState(Distrustful, Mutant):
    """Before a primitive on what others made, it reports the state that it began with."""

    FAILS = frozenset(_both(FAILS_THERE, operations=["exec_primitive"]))

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        if ee_id in self.of_others():
            op.report(MACHINE, "pending")
        return await super().exec_primitive(op, ee_id, primitive, params)


class StartsOverWhenOpened(Distrustful, Mutant):
    """When it is opened, what others made comes up anew."""

    FAILS = frozenset(
        _both(
            LOOKS,
            CREATE_REFUSED,
            NAMES_REFUSED,
            DELETES,
            FAILS_THERE,
            FAILURE,
            operations=["create_execution_environment", "exec_primitive"],
        )
        | {f"{MAKES}[gone]", "test_another_process_finds_what_this_one_made"}
    )

    @hookimpl
    async def open(self) -> None:
        for box in self.of_others().values():
            box.native = "pending"


class MarksWhatItLists(Distrustful, Mutant):
    """What others made looks different once it has listed it."""

    FAILS = frozenset(
        _both(
            LOOKS,
            MAKES,
            CREATE_REFUSED,
            NAMES_REFUSED,
            DELETES,
            FAILS_THERE,
            FAILURE,
            operations=["create_execution_environment", "exec_primitive"],
        )
    )

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        listed = await super().list_execution_environments(namespace)
        for box in self.of_others().values():
            box.native = "error"
        return listed


class DeletesItsOwnOnly(Distrustful, Mutant):
    """A delete of what others made is success, and nothing else."""

    FAILS = frozenset(_both(VANISHED, operations=["delete_execution_environment", "delete_namespace"]))

    def remove(self, ee_id: EeId) -> None:
        if ee_id not in self.of_others():
            super().remove(ee_id)


class DeletesByName(Mutant):
    """A delete does not look at the locator."""

    FAILS = frozenset(_both(DELETES))

    def remove(self, ee_id: EeId) -> None:
        super().remove(replace(ee_id, locator="m"))


class ListsWhatItRemembers(Mutant):
    """What others do to what it has seen once is not seen."""

    FAILS = frozenset(_both(operations=["delete_execution_environment", "delete_namespace"]))

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._seen: dict[EeId, ExecutionEnvironment] = {}

    def remove(self, ee_id: EeId) -> None:
        super().remove(ee_id)
        self._seen.pop(ee_id, None)

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        self._seen.update({one.ee_id: one for one in await super().list_execution_environments(namespace)})
        return [
            one
            for one in self._seen.values()
            if namespace is None or (one.namespace is not None and namespace.contains(one.namespace))
        ]
