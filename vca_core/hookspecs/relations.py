"""The hooks that relate execution environments; see `vca_core.hookspecs`."""

from __future__ import annotations

from typing import Protocol

from vca_core.backend import Operation, RelationEnd
from vca_core.traits import operation_hook


class RelationHooks(Protocol):
    """The hooks that relate execution environments."""

    @operation_hook()
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Relate two execution environments.

        Relating what is related already succeeds, and changes nothing. A relation goes with either of its EEs. Every
        charm also provides the endpoint ``juju-info``, with the interface of that name, without declaring it.

        Args:
            op: this run.
            end_1: one end, always of this connector: its connector, backend, ee_id and endpoint.
            end_2: the other end, possibly of another connector.

        Raises:
            NotSupported: this backend cannot reach the other end's connector.
            NotFound: one of the EEs does not exist, or has no charm installed.
            BadArguments: an endpoint does not exist, takes no further relation, or the two do not fit together.

        Example::

            @hookimpl
            async def add_relation(self, op, end_1, end_2):
                if end_2.backend is not self:
                    raise refusals.unreachable_end(end_2.connector)
                # each by its whole id; NotFound if there is no such EE, or it has no charm
                ends = [(await self._find_installed(end.ee_id), end.endpoint) for end in (end_1, end_2)]
                await op.held()
                await self._client.relate(*ends)
                await self._client.wait_related(*ends)
        """

    @operation_hook()
    async def remove_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Remove a relation and wait until it is gone.

        Only the relation between these two endpoints goes. Removing a relation that does not exist succeeds, also where
        one of the EEs does not exist.

        Args:
            op: this run.
            end_1: one end, always of this connector: its connector, backend, ee_id and endpoint.
            end_2: the other end, possibly of another connector.

        Raises:
            NotSupported: this backend cannot reach the other end's connector.

        Example::

            @hookimpl
            async def remove_relation(self, op, end_1, end_2):
                if end_2.backend is not self:
                    raise refusals.unreachable_end(end_2.connector)
                try:
                    ends = [(await self._find(end.ee_id), end.endpoint) for end in (end_1, end_2)]
                except NotFound:
                    return  # the relation went with that EE; a later EE of the same names keeps its own
                await op.held()
                await self._client.unrelate(*ends)
                await self._client.wait_unrelated(*ends)
        """
