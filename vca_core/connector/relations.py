"""Operations on relations."""

from __future__ import annotations

from vca_core import arguments
from vca_core._engine.operation import RunningOperation
from vca_core.arguments import Seconds
from vca_core.backend import RelationEnd
from vca_core.connector.base import ConnectorBase
from vca_core.errors import BadArguments
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId


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
        """Relate two execution environments of this connector (S43, S69; D5). "Exists already" is success.

        Args:
            ee_id_1: one EE.
            ee_id_2: the other one.
            endpoint_1: endpoint of the charm in the first one.
            endpoint_2: endpoint of the charm in the second one.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
        """
        ends = self.relation_end(ee_id_1, endpoint_1, "1"), self.relation_end(ee_id_2, endpoint_2, "2")
        await self.relate("add_relation", *ends, progress_timeout, total_timeout)

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
        """Remove a relation (S44; D4). "Is not there" is success.

        Args:
            ee_id_1: one EE.
            ee_id_2: the other one.
            endpoint_1: endpoint of the charm in the first one.
            endpoint_2: endpoint of the charm in the second one.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
        """
        ends = self.relation_end(ee_id_1, endpoint_1, "1"), self.relation_end(ee_id_2, endpoint_2, "2")
        await self.relate("remove_relation", *ends, progress_timeout, total_timeout)

    def relation_end(self, ee_id: str | EeId, endpoint: str, number: str) -> RelationEnd:
        """Check one end of a relation; `Vca.add_relation` uses it for EEs of two connectors."""
        parsed = EeId.parse(ee_id, f"ee_id_{number}")
        return RelationEnd(
            self.name, self._runtime.session.backend, parsed, arguments.name(endpoint, f"endpoint_{number}")
        )

    async def relate(
        self, hook: str, end_1: RelationEnd, end_2: RelationEnd, progress: Seconds = None, total: Seconds = None
    ) -> None:
        """Add or remove a relation between ends that were checked; the first one is of this connector."""
        runtime = self._runtime
        if (end_1.connector, end_1.ee_id, end_1.endpoint) == (end_2.connector, end_2.ee_id, end_2.endpoint):
            raise BadArguments("a relation has two different ends", ["ee_id_2", "endpoint_2"])
        keys = [(end.connector, end.ee_id.model, end.ee_id.application) for end in (end_1, end_2)]
        op = runtime.operation(
            hook, total=total, progress=progress, keys=keys, ee_id=end_1.ee_id, model=end_1.ee_id.model
        )
        spec = BackendHooks.add_relation if hook == "add_relation" else BackendHooks.remove_relation

        async def body(op: RunningOperation) -> None:
            await runtime.call(op, spec, op=op, end_1=end_1, end_2=end_2)

        await runtime.run(op, body)
