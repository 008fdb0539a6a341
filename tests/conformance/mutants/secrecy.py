"""Mutants: Secrets."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from conformance.mutants.world import Mutant

from vca_core.backend import Operation
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId

_LOG = logging.getLogger("mutants")


class LogsItsToken(Mutant):
    """The secret of its options is logged, by a logger of its own."""

    FAILS = frozenset(
        {
            "test_secrets_of_options_are_nowhere_to_be_read",
        }
    )

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        _LOG.debug("logging in with %s", self.host.options.token.get_secret_value())
        await super().delete_execution_environment(op, ee_id)


class LogsParameters(Mutant):
    """The values of parameters are logged."""

    FAILS = frozenset(
        {
            "test_a_lost_connection_shows_no_secret",
            "test_values_of_parameters_are_nowhere_to_be_read",
        }
    )

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        _LOG.info("running %s with %s", primitive, params)
        return await super().exec_primitive(op, ee_id, primitive, params)
