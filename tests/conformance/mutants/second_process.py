"""Mutants: What a second process does to what the first one made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.mutants.named import (
    CREATE_REFUSED,
    DELETES,
    FAILS_THERE,
    FAILURE,
    LOOKS,
    MAKES,
    NAMES_REFUSED,
    OVERLAPS,
    RETURNS,
    VANISHED,
    after,
    both,
)
from conformance.mutants.world import MACHINE, Box, Good, Mutant

from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.errors import ExecutionError, NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity


class Distrustful(Good):
    """Tells what it made from what others made."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._mine: set[EeId] = set()

    def make(self, namespace: Namespace, reuse: EeId | None) -> EeId:
        ee_id = super().make(namespace, reuse)
        self._mine.add(ee_id)
        return ee_id

    def of_others(self) -> dict[EeId, Box]:
        return {ee_id: box for ee_id, box in self.world.boxes.items() if ee_id not in self._mine}


class ReportsOthersAsGone(Distrustful, Mutant):
    """When it is opened, what others made is reported as gone."""

    FAILS = both(LOOKS)

    @hookimpl
    async def open(self) -> None:
        for ee_id in self.of_others():
            self.host.report(ee_id, MACHINE, None)


class ReportsAnEarlierState(Distrustful, Mutant):
    """Before a primitive on what others made, it reports the state that it began with."""

    FAILS = both(FAILS_THERE, operations=["exec_primitive"])

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
        both(
            LOOKS,
            CREATE_REFUSED,
            NAMES_REFUSED,
            DELETES,
            FAILS_THERE,
            FAILURE,
            operations=["create_execution_environment", "exec_primitive"],
        )
        | after("gone", MAKES)
        | {"test_another_process_finds_what_this_one_made"}
    )

    @hookimpl
    async def open(self) -> None:
        for box in self.of_others().values():
            box.native = "pending"


class MarksWhatItLists(Distrustful, Mutant):
    """What others made looks different once it has listed it."""

    FAILS = both(
        LOOKS,
        MAKES,
        CREATE_REFUSED,
        NAMES_REFUSED,
        DELETES,
        FAILS_THERE,
        FAILURE,
        operations=["create_execution_environment", "exec_primitive"],
    )

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        listed = await super().list_execution_environments(namespace)
        for box in self.of_others().values():
            box.native = "error"
        return listed


class DeletesItsOwnOnly(Distrustful, Mutant):
    """A delete of what others made is success, and nothing else."""

    FAILS = both(VANISHED, operations=["delete_execution_environment", "delete_namespace"])

    def remove(self, ee_id: EeId) -> None:
        if ee_id not in self.of_others():
            super().remove(ee_id)


class DeletesByName(Mutant):
    """A delete does not look at the locator."""

    FAILS = both(DELETES)

    def remove(self, ee_id: EeId) -> None:
        super().remove(replace(ee_id, locator="m"))


class ListsWhatItRemembers(Mutant):
    """What others do to what it has seen once is not seen."""

    FAILS = both(operations=["delete_execution_environment", "delete_namespace"]) | {RETURNS}

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


class EndsWhatRunsBeside(Mutant):
    """A primitive that fails ends all that runs on its EE, whoever asked for it."""

    FAILS = frozenset({OVERLAPS})

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        failures = self.world.failures.get(ee_id, 0)
        answer = await super().exec_primitive(op, ee_id, primitive, params)
        if self.world.failures.get(ee_id, 0) > failures:
            raise ExecutionError("it was ended", primitive, answer)
        return answer

    def finish(self, op: Operation, action: Entity, primitive: str) -> Mapping[str, Any]:
        if primitive == "fail" and op.ee_id is not None:
            self.world.failures[op.ee_id] = self.world.failures.get(op.ee_id, 0) + 1
        return super().finish(op, action, primitive)


class PutsBackWhatItFound(Mutant):
    """A primitive that fails puts its EE back as it was when the primitive began, whatever came of it meanwhile."""

    FAILS = frozenset({RETURNS})

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        found = self.world.boxes.get(ee_id)
        try:
            return await super().exec_primitive(op, ee_id, primitive, params)
        except (ExecutionError, NotFound):
            if found is not None:
                self.world.boxes[ee_id] = found
            raise
