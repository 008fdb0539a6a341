"""A backend as it was written for version 1 of the plugin API: every hook, with every argument that it had.

Never change it. It stands for the plugins of others, which nobody changes when the core grows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from vca_core.artifacts import Artifact
from vca_core.backend import (
    Backend,
    Description,
    ExecutionEnvironment,
    Host,
    InstalledCharm,
    Operation,
    Options,
    OptionState,
    RelationEnd,
    RelationState,
    UnitState,
)
from vca_core.charm import Charm, check_params, coerce
from vca_core.errors import AlreadyExists, BadArguments, ExecutionError, NotFound
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import DeploymentStatus, Entity, EntityState


class FrozenOptions(Options):
    """Options of a connector."""

    label: str = "frozen"


class CreateOptions(Options):
    """Options of create."""

    size: int = 1


class FrozenBackend(Backend[FrozenOptions]):
    """Keeps everything in itself."""

    api_version = 1
    Options: ClassVar[type[BaseModel]] = FrozenOptions
    operation_options: ClassVar[Mapping[str, type[BaseModel]]] = {"create_execution_environment": CreateOptions}

    def __init__(self, host: Host[FrozenOptions]) -> None:
        super().__init__(host)
        self._kept: dict[EeId, Namespace] = {}
        self._charms: dict[EeId, Charm] = {}
        self._config: dict[EeId, dict[str, Any]] = {}
        self._revisions: dict[EeId, int] = {}
        self._units: dict[EeId, int] = {}
        self._relations: set[frozenset[tuple[EeId, str]]] = set()
        self._hosts: dict[str, EeId] = {}
        self.is_open = False

    @hookimpl
    async def open(self) -> None:
        """Begin."""
        self.is_open = True

    @hookimpl
    async def close(self) -> None:
        """End."""
        self.is_open = False

    @hookimpl
    async def create_execution_environment(
        self,
        op: Operation,
        namespace: Namespace,
        artifact: Artifact | None,
        options: CreateOptions,
    ) -> str | None:
        """Make one."""
        ee_id = self._named(namespace)
        if ee_id in self._kept:
            raise AlreadyExists(f"{ee_id} is there", ee_id=str(ee_id))
        await self._keep(op, ee_id, namespace)
        op.report(Entity("machine", ee_id.locator), "started", f"size {options.size}")
        return f"{ee_id.application}.{ee_id.model}.frozen.example"

    @hookimpl
    async def resume_execution_environment(
        self,
        op: Operation,
        ee_id: EeId,
        namespace: Namespace,
        artifact: Artifact | None,
        options: CreateOptions,
    ) -> str | None:
        """Go on with one."""
        self._named(namespace)
        self._check(ee_id)
        await op.created(ee_id.locator)
        op.report(Entity("machine", ee_id.locator), "started", f"size {options.size}")
        return f"{ee_id.application}.{ee_id.model}.frozen.example"

    @hookimpl
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any], options: BaseModel | None
    ) -> str | None:
        """Take a host."""
        ee_id, host = self._named(namespace), str(credentials["hostname"])
        if self._hosts.get(host, ee_id) != ee_id:
            raise AlreadyExists(f"{host} belongs to {self._hosts[host]}")
        await self._keep(op, ee_id, namespace)
        self._hosts[host] = ee_id
        return host

    @hookimpl
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: BaseModel | None,
    ) -> None:
        """Install a charm."""
        self._check(ee_id)
        charm = await artifact.read()
        there = self._charms.get(ee_id)
        if there is not None and there.name != charm.name:
            raise AlreadyExists(f"charm {there.name} is there", ee_id=str(ee_id))
        await op.held()
        self._config[ee_id] = self._config.get(ee_id, {}) | coerce(charm.options, config)
        self._charms[ee_id] = charm
        self._set_units(op, ee_id, num_units)

    @hookimpl
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Set options."""
        checked = coerce(self._charm(ee_id).options, values)
        self._config[ee_id] |= checked

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        """Run an action."""
        check_params(self._charm(ee_id).action(primitive), params)
        units = [f"{ee_id.application}/{number}" for number in range(self._units[ee_id])]
        if unit is not None and unit not in units:
            raise NotFound(f"there is no unit {unit}")
        action = Entity("action", op.id)
        op.report(action, "running", "", DeploymentStatus.RUNNING)
        if primitive == "fail":
            op.report(action, "failed")
            raise ExecutionError("it failed", primitive, {"tried": "yes"})
        op.report(action, "completed")
        return {"on": unit or units[0]}

    @hookimpl
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Relate two."""
        ends = [self._charm(end.ee_id).endpoints.get(end.endpoint) for end in (end_1, end_2)]
        for number, end, endpoint in zip((1, 2), (end_1, end_2), ends, strict=True):
            if endpoint is None:
                raise BadArguments(f"endpoint_{number}: there is no {end.endpoint}", [f"endpoint_{number}"])
        if {endpoint.role for endpoint in ends if endpoint is not None} != {"provides", "requires"}:
            raise BadArguments("they do not fit", ["endpoint_1", "endpoint_2"])
        self._relations.add(frozenset({(end_1.ee_id, end_1.endpoint), (end_2.ee_id, end_2.endpoint)}))

    @hookimpl
    async def remove_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Part two."""
        self._relations.discard(frozenset({(end_1.ee_id, end_1.endpoint), (end_2.ee_id, end_2.endpoint)}))

    @hookimpl
    async def scale(self, op: Operation, ee_id: EeId, num_units: int, options: BaseModel | None) -> None:
        """Have as many units."""
        self._charm(ee_id)
        self._set_units(op, ee_id, num_units)

    @hookimpl
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: BaseModel | None
    ) -> None:
        """Install another version."""
        charm = await artifact.read()
        if charm.name != self._charm(ee_id).name:
            raise BadArguments(f"charm {charm.name} is no version of it", ["artifact_path"])
        related = {endpoint for relation in self._relations for own, endpoint in relation if own == ee_id}
        if lacking := sorted(related - charm.endpoints.keys()):
            raise BadArguments(f"charm {charm.name} lacks {', '.join(lacking)}: related", ["artifact_path"])
        self._config[ee_id] |= coerce(charm.options, config)
        self._charms[ee_id] = charm
        self._revisions[ee_id] = self._revisions.get(ee_id, 0) + 1

    @hookimpl
    async def deregister_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Forget one."""
        self._forget(ee_id)

    @hookimpl
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Remove one."""
        self._forget(ee_id)

    @hookimpl
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        """Remove all of an NS."""
        for ee_id in self._of(namespace):
            self._forget(ee_id)

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        """List all, or those below a namespace."""
        return [
            ExecutionEnvironment(
                ee_id,
                kept,
                f"{ee_id.application}.{ee_id.model}.frozen.example",
                [
                    EntityState(Entity("machine", ee_id.locator), "started"),
                    *(EntityState(self._unit(ee_id, n), "active") for n in range(self._units.get(ee_id, 0))),
                ],
            )
            for ee_id, kept in self._kept.items()
            if namespace is None or namespace.contains(kept)
        ]

    @hookimpl
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        """Describe one."""
        self._check(ee_id)
        charm = self._charms.get(ee_id)
        if charm is None:
            return Description(ee_id)
        reference = f"{charm.name}@{self._revisions.get(ee_id, 0)}"
        config = self._config[ee_id]
        units = [self._unit(ee_id, number) for number in range(self._units[ee_id])]
        host = f"{ee_id.application}.{ee_id.model}.frozen.example"
        return Description(
            ee_id,
            InstalledCharm(charm.name, reference, digest=None, version="1"),
            {
                name: OptionState(config.get(name, option.default), name in config, option.type, secret=False)
                for name, option in charm.options.items()
            },
            [
                UnitState(one.id, EntityState(one, "active"), one is units[0], (f"{number}.{host}",), reference)
                for number, one in enumerate(units)
            ],
            [
                RelationState(endpoint, other, other.application, other_endpoint)
                for relation in self._relations
                for own, endpoint in relation
                for other, other_endpoint in relation - {(own, endpoint)}
                if own == ee_id
            ],
        )

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        """Tell what there is."""
        return {ee_id.application: self._units.get(ee_id, 0) for ee_id in self._some(namespace)}

    @hookimpl
    async def get_metrics(self, namespace: Namespace) -> dict[str, Any]:
        """Tell nothing much."""
        return {f"{ee_id.application}/0": {} for ee_id in self._some(namespace)}

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Tell that it is there."""
        return {"label": self.host.options.label}

    # What they share.

    def _named(self, namespace: Namespace) -> EeId:
        names = self.host.names
        ee_id = EeId(names.model(namespace), names.application(namespace), "0")
        for other, kept in self._kept.items():
            same_model = other.model == ee_id.model and kept.ns_id != namespace.ns_id
            if same_model or (other == ee_id and kept != namespace.canonical):
                raise BadArguments(f"{namespace} would share {ee_id} with {kept}", ["namespace"])
        return ee_id

    async def _keep(self, op: Operation, ee_id: EeId, namespace: Namespace) -> None:
        self._kept[ee_id] = namespace.canonical
        try:
            await op.created(ee_id.locator)
        except BaseException:
            del self._kept[ee_id]
            raise
        self.host.report(ee_id, Entity("machine", ee_id.locator), "started")

    def _check(self, ee_id: EeId) -> None:
        if ee_id not in self._kept:
            raise NotFound(f"there is no {ee_id}", ee_id=str(ee_id))

    def _charm(self, ee_id: EeId) -> Charm:
        self._check(ee_id)
        if ee_id not in self._charms:
            raise NotFound(f"there is no charm in {ee_id}", ee_id=str(ee_id))
        return self._charms[ee_id]

    def _unit(self, ee_id: EeId, number: int) -> Entity:
        return Entity("unit", f"{ee_id.application}/{number}")

    def _set_units(self, op: Operation, ee_id: EeId, number: int) -> None:
        for gone in range(number, self._units.get(ee_id, 0)):
            op.report(self._unit(ee_id, gone), None)
        for there in range(number):
            op.report(self._unit(ee_id, there), "active")
        self._units[ee_id] = number

    def _forget(self, ee_id: EeId) -> None:
        for kept in (self._kept, self._charms, self._config, self._revisions, self._units):
            kept.pop(ee_id, None)
        self._hosts = {host: one for host, one in self._hosts.items() if one != ee_id}
        self._relations = {one for one in self._relations if ee_id not in {end for end, _ in one}}

    def _of(self, namespace: Namespace) -> list[EeId]:
        model = self.host.names.model(namespace)
        found = [ee_id for ee_id in self._kept if ee_id.model == model]
        for ee_id in found:
            if self._kept[ee_id].ns_id != namespace.ns_id:
                raise BadArguments(f"{model} is of {self._kept[ee_id]}", ["namespace"])
        return found

    def _some(self, namespace: Namespace) -> list[EeId]:
        found = self._of(namespace)
        if not found:
            raise NotFound(f"there is nothing of {namespace}")
        return found
