"""What backends on Juju have in common: the hooks that know nothing of machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel

from vca_core.backend import Backend, Description, ExecutionEnvironment, Host, Operation, RelationEnd
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.refusals import unreachable_end
from vca_juju_common import crossing, deletes, descriptions, primitives, reads, relations
from vca_juju_common.ground import Ground
from vca_juju_common.options import JujuOptions
from vca_juju_common.session import Session

OptionsT = TypeVar("OptionsT", bound=JujuOptions)


class JujuBackend(Backend[OptionsT]):
    """The hooks that are the same on machines and on Kubernetes.

    Attributes:
        session: the controller, and what is known of it.
    """

    Options: ClassVar[type[BaseModel]] = JujuOptions

    ground: ClassVar[Ground]
    """What execution environments run on."""

    def __init__(self, host: Host[OptionsT]) -> None:
        super().__init__(host)
        self.session = self.make_session()

    def make_session(self) -> Session:
        """Make the connector's side, which is not connected yet."""
        return Session(self.host, self.ground)

    @hookimpl
    async def open(self) -> None:
        """Connect to the controller."""
        try:
            await self.session.open()
        except BaseException:
            await self.close()
            raise

    @hookimpl
    async def close(self) -> None:
        """Disconnect."""
        session, self.session = self.session, self.make_session()
        await session.close()

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Set options of a charm."""
        async with self.session.use(ee_id.model, op) as model:
            await primitives.configure(self.session, model, op, ee_id, values)

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        """Run an action of a charm."""
        async with self.session.use(ee_id.model, op) as model:
            return await primitives.run(self.session, model, op, ee_id, primitive, params, unit)

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Relate two EEs, also of two models or controllers."""
        if end_2.backend is self and end_1.ee_id.model == end_2.ee_id.model:
            async with self.session.use(end_1.ee_id.model, op) as model:
                await relations.relate(model, end_1, end_2)
        else:
            await crossing.relate(op, crossing.Side(self.session, end_1), await self._reach(end_2))

    @hookimpl
    async def remove_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Remove a relation."""
        name = end_1.ee_id.model
        if end_2.backend is not self or name != end_2.ee_id.model:
            await crossing.unrelate(op, crossing.Side(self.session, end_1), await self._reach(end_2))
            return

        async def remove() -> None:
            async with self.session.use(name, op) as model:
                await relations.unrelate(self.session, op, model, end_1, end_2)

        await deletes.delete_until_gone(self.session, name, remove)  # it goes with its model

    async def _reach(self, end: RelationEnd) -> crossing.Side:
        """The other end of a relation.

        Raises:
            NotSupported: it is of a backend that is not on Juju.
        """
        if not isinstance(end.backend, JujuBackend):
            raise unreachable_end(end.connector)
        await end.open()
        return crossing.Side(end.backend.session, end)

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        """Delete the model of an NS."""
        await deletes.delete_model(self.session, op, namespace)

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        """List the EEs in the controller's models."""
        return await reads.list_environments(self.session, namespace)

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        """Describe an EE as its model has it."""
        return await descriptions.describe(self.session, ee_id)

    @hookimpl
    async def get_status(self, namespace: Namespace) -> Mapping[str, Any]:
        """Return what the controller says about a namespace."""
        return await reads.status(self.session, namespace)

    @hookimpl
    async def get_metrics(self, namespace: Namespace) -> Mapping[str, Any]:
        """Return the latest metrics of a namespace's units."""
        return await reads.metrics(self.session, namespace)

    @hookimpl
    async def health(self) -> Mapping[str, Any]:
        """Ask the controller for its version."""
        return await reads.health(self.session)
