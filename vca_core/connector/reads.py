"""Operations that only read: they take no lock and create nothing."""

from __future__ import annotations

from typing import Any, TypeVar

from vca_core._engine.operation import Body, RunningOperation
from vca_core.arguments import Seconds
from vca_core.backend import ExecutionEnvironment
from vca_core.connector.base import ConnectorBase, plain_mapping
from vca_core.errors import BackendError, NotFound
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId, Namespace
from vca_core.status import DeploymentStatus, aggregate

R = TypeVar("R")


class ReadOperations(ConnectorBase):
    """Operations that only read: they take no lock and create nothing."""

    async def list_execution_environments(
        self, namespace: str | Namespace | None = None, *, total_timeout: Seconds = None
    ) -> list[ExecutionEnvironment]:
        """List what the backend's system holds.

        Args:
            namespace: only what lies at or below it; None: everything.
            total_timeout: seconds in all.

        Returns:
            The records, sorted by ee_id.
        """
        wanted = None if namespace is None else Namespace.parse(namespace)

        async def body(op: RunningOperation) -> list[ExecutionEnvironment]:
            records = await self._runtime.call(op, BackendHooks.list_execution_environments, namespace=wanted)
            for record in records or ():
                if not isinstance(record, ExecutionEnvironment):
                    raise BackendError(
                        f"the backend listed {type(record).__name__} where ExecutionEnvironment is expected"
                    )
            within = [
                record
                for record in records or ()
                if wanted is None or (record.namespace is not None and wanted.contains(record.namespace))
            ]
            return sorted(within, key=lambda record: str(record.ee_id))

        return await self._read("list_execution_environments", body, total_timeout, wanted)

    async def refresh_status(self, ee_id: str | EeId, *, total_timeout: Seconds = None) -> DeploymentStatus:
        """Report what the backend's listing says now of an EE, so that its home is up to date.

        Args:
            ee_id: which one.
            total_timeout: seconds in all.

        Returns:
            Its aggregate status.

        Raises:
            NotFound: the backend does not list it.
        """
        parsed = EeId.parse(ee_id)
        self._require("list_execution_environments")
        page = await self._runtime.page(parsed)
        for record in await self.list_execution_environments(total_timeout=total_timeout):
            if record.ee_id == parsed:
                break
        else:
            raise NotFound(f"the backend does not list the execution environment {parsed}", ee_id=str(parsed))
        present = {state.entity for state in record.entities}
        for state in record.entities:
            self._runtime.book.report(parsed, state.entity, state.native, state.detail, state.status)
        for entity in [entity for entity in page.states if entity not in present]:
            self._runtime.book.report(parsed, entity, None, "", None)
        worst = aggregate(record.entities)
        return DeploymentStatus.UNKNOWN if worst is None else worst.meaning

    # Reads.

    async def get_status(self, namespace: str | Namespace, *, total_timeout: Seconds = None) -> dict[str, Any]:
        """Tell the native status of a namespace as plain data (S38; D48, D53). Reading creates nothing.

        Args:
            namespace: which one.
            total_timeout: seconds in all.

        Raises:
            NotFound: the backend's system has nothing of this namespace.
        """
        parsed = Namespace.parse(namespace)
        runtime = self._runtime

        async def body(op: RunningOperation) -> dict[str, Any]:
            return plain_mapping(await runtime.call(op, BackendHooks.get_status, namespace=parsed), "get_status")

        return await self._read("get_status", body, total_timeout, parsed)

    async def get_metrics(self, namespace: str | Namespace, *, total_timeout: Seconds = None) -> dict[str, Any]:
        """Tell the metrics of a namespace's units as plain data, by unit name.

        Args:
            namespace: which one.
            total_timeout: seconds in all.

        Raises:
            NotFound: the backend's system has nothing of this namespace.
        """
        parsed = Namespace.parse(namespace)
        runtime = self._runtime

        async def body(op: RunningOperation) -> dict[str, Any]:
            return plain_mapping(await runtime.call(op, BackendHooks.get_metrics, namespace=parsed), "get_metrics")

        return await self._read("get_metrics", body, total_timeout, parsed)

    async def health(self, *, total_timeout: Seconds = None) -> dict[str, Any]:
        """Ask the backend's system whether it is there, over the connection that operations use.

        Args:
            total_timeout: seconds in all.

        Returns:
            Plain data about it.

        Raises:
            VcaConnectionError: it does not answer.
        """

        async def body(op: RunningOperation) -> dict[str, Any]:
            return plain_mapping(await self._runtime.call(op, BackendHooks.health), "health")

        return await self._read("health", body, total_timeout, None)

    async def _read(
        self,
        hook: str,
        body: Body[R],
        total: Seconds,
        namespace: Namespace | None,
    ) -> R:
        return await self._runtime.run(self._runtime.operation(hook, total=total, namespace=namespace, read=True), body)
