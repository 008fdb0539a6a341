"""Mutants: Lost connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.mutants.world import Mutant

from vca_core.backend import ExecutionEnvironment, Operation
from vca_core.errors import BackendError, VcaConnectionError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace


class NeverReconnects(Mutant):
    """A connection that was lost stays lost."""

    FAILS = frozenset(
        {
            "test_a_connection_lost_on_the_way_costs_nothing[create_execution_environment]",
            "test_a_connection_lost_on_the_way_costs_nothing[delete_execution_environment]",
            "test_a_connection_lost_on_the_way_costs_nothing[delete_namespace]",
            "test_a_connection_lost_on_the_way_costs_nothing[exec_primitive]",
            "test_a_connection_lost_on_the_way_costs_nothing[resume_execution_environment]",
            "test_a_lost_connection_shows_no_secret",
            "test_what_was_there_is_there_when_the_connection_is_back",
            "test_without_a_connection_it_fails_and_nothing_is_lost[create_execution_environment]",
            "test_without_a_connection_it_fails_and_nothing_is_lost[exec_primitive]",
            "test_without_a_connection_it_fails_and_nothing_is_lost[resume_execution_environment]",
        }
    )

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        if self.world.was_broken:
            raise VcaConnectionError("the connection was lost")
        return await super().list_execution_environments(namespace)


class TellsNobodyToRetry(Mutant):
    """A lost connection is told as if a retry could not help."""

    FAILS = frozenset(
        {
            "test_a_connection_lost_on_the_way_costs_nothing[exec_primitive]",
            "test_without_a_connection_it_fails_and_nothing_is_lost[exec_primitive]",
        }
    )

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        try:
            return await super().exec_primitive(op, ee_id, primitive, params)
        except VcaConnectionError as error:
            raise BackendError("something went wrong") from error


class SaysItIsWell(Mutant):
    """Health does not ask the system."""

    FAILS = frozenset(
        {
            "test_health_says_that_the_connection_is_lost",
        }
    )

    @hookimpl
    async def health(self) -> Mapping[str, Any]:
        return {"well": True}


class ReadsAStatusOverTheOldConnection(Mutant):
    """The first status after a lost connection fails: only then it notices."""

    FAILS = frozenset(
        {
            "test_what_was_there_is_there_when_the_connection_is_back",
        }
    )

    @hookimpl
    async def get_status(self, namespace: Namespace) -> Mapping[str, Any]:
        if self.world.was_broken:
            self.world.was_broken = False
            raise VcaConnectionError("the connection was lost")
        return await super().get_status(namespace)
