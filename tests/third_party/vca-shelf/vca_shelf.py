"""A backend of somebody else: machines are boxes on a shelf, and always ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vca_core.artifacts import Artifact
from vca_core.backend import Backend, ExecutionEnvironment, Host, Operation, Options, RelationEnd
from vca_core.charm import Charm, check_params, coerce
from vca_core.errors import AlreadyExists, NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity, EntityState


class ShelfOptions(Options):
    """Options of a shelf."""

    label: str = "A"


class ShelfBackend(Backend[ShelfOptions]):
    """Keeps boxes."""

    api_version = 1
    Options = ShelfOptions

    def __init__(self, host: Host[ShelfOptions]) -> None:
        super().__init__(host)
        self._boxes: dict[EeId, Namespace] = {}
        self._charms: dict[EeId, Charm] = {}

    @hookimpl
    async def create_execution_environment(self, op: Operation, namespace: Namespace) -> str:
        """Take a box."""
        names = self.host.names
        ee_id = EeId(names.model(namespace), names.application(namespace), self.host.options.label)
        if ee_id in self._boxes:
            raise AlreadyExists(f"box {ee_id} is taken", ee_id=str(ee_id))
        await op.created(ee_id.locator)
        self._boxes[ee_id] = namespace.canonical
        op.report(Entity("machine", ee_id.application), "started", "taken from the shelf")
        return f"{ee_id.application}.shelf.example"

    @hookimpl
    async def install_configuration_sw(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any]
    ) -> None:
        """Put a charm into a box."""
        self._check(ee_id)
        charm = await artifact.read()
        coerce(charm.options, config)
        self._charms[ee_id] = charm
        op.report(Entity("unit", f"{ee_id.application}/0"), "active", f"{charm.name} is in the box")

    @hookimpl
    async def configure(self, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Turn knobs."""
        self._check(ee_id)
        coerce(self._charms[ee_id].options, values)

    @hookimpl
    async def exec_primitive(self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any]) -> Any:
        """Press a button."""
        self._check(ee_id)
        checked = check_params(self._charms[ee_id].action(primitive), params)
        op.report(Entity("action", op.id), "completed")
        return {"pressed": primitive, "with": sorted(checked)}

    @hookimpl
    async def add_relation(self, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Tie two boxes together."""
        for end in (end_1, end_2):
            self._check(end.ee_id)

    @hookimpl
    async def delete_execution_environment(self, ee_id: EeId) -> None:
        """Put a box back."""
        self._boxes.pop(ee_id, None)

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        """Look at the shelf."""
        return [
            ExecutionEnvironment(ee_id, kept, None, [EntityState(Entity("machine", ee_id.application), "started")])
            for ee_id, kept in self._boxes.items()
            if namespace is None or namespace.contains(kept)
        ]

    def _check(self, ee_id: EeId) -> None:
        if ee_id not in self._boxes:
            raise NotFound(f"there is no box {ee_id}", ee_id=str(ee_id))
