"""Operations on relations."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

from vca_core import arguments
from vca_core._engine.answers import check_nothing
from vca_core._engine.request import Request, operation
from vca_core.arguments import Seconds
from vca_core.backend import Operation, RelationEnd
from vca_core.connector.base import ConnectorBase
from vca_core.errors import BadArguments
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId, EeKey

End = tuple[ConnectorBase, str | EeId, str]
"""Connector, ee_id and endpoint."""


class RelationSpec(Protocol):
    """The spec of one of the two hooks on relations."""

    __name__: str

    def __call__(
        self, hooks: Any, /, op: Operation, end_1: RelationEnd, end_2: RelationEnd
    ) -> Coroutine[Any, Any, None]:
        """Be called on the hooks."""


class RelationOperations(ConnectorBase):
    """Operations on relations."""

    async def add_relation(
        self,
        ee_id_1: str | EeId,
        ee_id_2: str | EeId,
        endpoint_1: str,
        endpoint_2: str,
        *,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
    ) -> None:
        """Relate two execution environments of this connector. Adding a relation that exists succeeds.

        Args:
            ee_id_1: one EE.
            ee_id_2: the other one.
            endpoint_1: endpoint of the charm in the first one.
            endpoint_2: endpoint of the charm in the second one.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
        """
        ends = (self, ee_id_1, endpoint_1), (self, ee_id_2, endpoint_2)
        await relate(BackendHooks.add_relation, *ends, progress_timeout, total_timeout)

    async def remove_relation(
        self,
        ee_id_1: str | EeId,
        ee_id_2: str | EeId,
        endpoint_1: str,
        endpoint_2: str,
        *,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
    ) -> None:
        """Remove a relation. Removing one that does not exist succeeds.

        Args:
            ee_id_1: one EE.
            ee_id_2: the other one.
            endpoint_1: endpoint of the charm in the first one.
            endpoint_2: endpoint of the charm in the second one.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
        """
        ends = (self, ee_id_1, endpoint_1), (self, ee_id_2, endpoint_2)
        await relate(BackendHooks.remove_relation, *ends, progress_timeout, total_timeout)


async def relate(spec: RelationSpec, end_1: End, end_2: End, progress: Seconds = None, total: Seconds = None) -> None:
    """Add or remove a relation, also between EEs of two connectors; the first one's backend does it.

    Args:
        spec: the hook's spec: ``BackendHooks.add_relation``.
        end_1: connector, ee_id and endpoint.
        end_2: connector, ee_id and endpoint.
        progress: seconds without any change after which it is given up.
        total: seconds in all.
    """
    try:
        ends = _parse_ends(end_1, end_2)
    except BadArguments as error:
        given = {"ee_id_1": end_1[1], "ee_id_2": end_2[1], "connector_2": end_2[0].name}
        await end_1[0]._engine.refuse_call(spec.__name__, given, error)  # noqa: SLF001 - as below
        raise
    request = Request(
        operation(spec)(end_1=ends[0], end_2=ends[1]),
        check_nothing,
        keys=tuple(EeKey.of(end.connector, end.ee_id) for end in ends),
        model=ends[0].ee_id.model,
        ee_id=ends[0].ee_id,
        progress=progress,
        total=total,
    )
    await end_1[0]._engine.run(request)  # noqa: SLF001 - this module is a part of the connector


def _parse_ends(end_1: End, end_2: End) -> tuple[RelationEnd, RelationEnd]:
    ends = _parse_end(*end_1, "1"), _parse_end(*end_2, "2")
    if (ends[0].connector, ends[0].ee_id, ends[0].endpoint) == (ends[1].connector, ends[1].ee_id, ends[1].endpoint):
        raise BadArguments(
            "ee_id_2, endpoint_2: expected another end than ee_id_1, endpoint_1; a relation has two",
            ["ee_id_2", "endpoint_2"],
        )
    return ends


def _parse_end(connector: ConnectorBase, ee_id: str | EeId, endpoint: str, number: str) -> RelationEnd:
    parsed = EeId.parse(ee_id, f"ee_id_{number}")
    engine = connector._engine  # noqa: SLF001 - as above
    name = arguments.name(endpoint, f"endpoint_{number}")
    return RelationEnd(connector.name, engine.session.backend, parsed, name, engine.open_backend)
