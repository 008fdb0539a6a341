"""The fake: every hook, in memory. It refuses what has no meaning, with the errors that real backends raise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from vca_core.artifacts import Artifact
from vca_core.backend import Backend, ExecutionEnvironment, Host, Operation, RelationEnd
from vca_core.charm import Charm, Endpoint, check_params, coerce
from vca_core.errors import AlreadyExists, BadArguments, NotFound, NotSupported
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity
from vca_fake.lives import Lives
from vca_fake.options import FakeOptions
from vca_fake.primitives import output_of
from vca_fake.world import Application, RelationKey, World


class FakeBackend(Backend[FakeOptions]):
    """A backend without a system: what it has is in memory, and stays there until its `Vca` is thrown away."""

    api_version = 1
    Options: ClassVar[type[BaseModel]] = FakeOptions

    def __init__(self, host: Host[FakeOptions]) -> None:
        super().__init__(host)
        self._world = World()
        self._lives = Lives(host.options.latency, host.report)

    @hookimpl
    async def open(self) -> None:
        """Let time go on."""
        self._lives.start(self._world.applications())

    @hookimpl
    async def close(self) -> None:
        """Stop time; what there is stays."""
        await self._lives.stop()

    # Execution environments.

    @hookimpl
    async def create_execution_environment(
        self, op: Operation, namespace: Namespace, reuse: EeId | None, artifact: Artifact | None
    ) -> str:
        """Bring up a machine, or go on with one."""
        if artifact is not None:
            _on_a_machine(await artifact.read())
        if reuse is None:
            application = await self._added(op, namespace, None)
        else:
            application = self._found(reuse)
            self._check_namespace(application, namespace)
            await op.created(reuse.locator)
        await self._lives.settled(application)
        return application.address

    @hookimpl
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any]
    ) -> None:
        """Take a machine that is there already."""
        await self._lives.settled(await self._added(op, namespace, credentials["hostname"]))

    @hookimpl
    async def deregister_execution_environment(self, ee_id: EeId) -> None:
        """Forget an EE and leave its machine."""
        await self._remove(ee_id)

    @hookimpl
    async def delete_execution_environment(self, ee_id: EeId) -> None:
        """Remove an EE with its machine."""
        await self._remove(ee_id)

    @hookimpl
    async def delete_namespace(self, namespace: Namespace) -> None:
        """Remove a model with all that is in it."""
        name = self.host.names.model(namespace)
        model = self._world.models.get(name)
        if model is None:
            return
        for application in model.applications.values():
            self._check_ns(application, namespace)
        await self._lives.pause()
        for application in list(model.applications.values()):
            self._lives.end(application)
            self._world.remove(application)
        self._world.models.pop(name, None)

    # Charms.

    @hookimpl
    async def install_configuration_sw(
        self, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], num_units: int
    ) -> None:
        """Install a charm; where it is installed already, wait until its units are ready."""
        application = self._found(ee_id)
        charm = await artifact.read()
        if application.charm is None:
            _on_a_machine(charm)
            application.config = coerce(charm.options, config)
            application.charm = charm
            self._lives.change(application, application.new_units(num_units))
        elif application.charm.name != charm.name:
            raise AlreadyExists(
                f"charm {application.charm.name} is installed there; {charm.name} needs an EE of its own",
                ee_id=str(ee_id),
            )
        await self._lives.settled(application)

    @hookimpl
    async def upgrade(self, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any]) -> None:
        """Replace a charm by another version of it."""
        application = self._found(ee_id)
        installed, charm = _charm_in(application), await artifact.read()
        if installed.name != charm.name:
            raise BadArguments(
                f"artifact_path: charm {installed.name} is installed; {charm.name} is no other version of it",
                ["artifact_path"],
            )
        kept = {name: value for name, value in application.config.items() if name in charm.options}
        application.config = kept | coerce(charm.options, config)
        application.charm = charm
        self._lives.change(application, [(unit, "maintenance", "upgrading charm") for unit in application.units])
        await self._lives.settled(application)

    @hookimpl
    async def scale(self, ee_id: EeId, num_units: int) -> None:
        """Add units, or remove the latest ones."""
        application = self._found(ee_id)
        _charm_in(application)
        units = application.units
        if num_units >= len(units):
            self._lives.change(application, application.new_units(num_units - len(units)))
        else:
            await self._lives.pause()
            self._lives.change(application, [(unit, None, "") for unit in reversed(units[num_units:])])
        await self._lives.settled(application)

    @hookimpl
    async def configure(self, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Set options."""
        application = self._found(ee_id)
        converted = coerce(_charm_in(application).options, values)
        await self._lives.pause()
        application.config |= converted

    @hookimpl
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        """Run an action."""
        application = self._found(ee_id)
        charm = _charm_in(application)
        checked = check_params(charm.action(primitive), params)
        names = [entity.id for entity in application.units]
        if unit is not None and unit not in names:
            raise NotFound(f"there is no unit {unit!r} in {ee_id}; there are: {', '.join(names)}")
        application.actions_so_far += 1
        action = Entity("action", f"{ee_id.application}-{application.actions_so_far}")
        op.report(action, "pending", primitive)
        await self._lives.pause()
        op.report(action, "running", primitive)
        await self._lives.pause()
        try:
            output = output_of(application, charm, primitive, checked, unit or names[0])
        except Exception:
            op.report(action, "failed", primitive)
            raise
        op.report(action, "completed", primitive)
        return output

    # Relations.

    @hookimpl
    async def add_relation(self, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Relate two EEs."""
        key = self._relation(end_1, end_2)
        endpoints = [self._endpoint(end) for end in (end_1, end_2)]
        if {endpoint.role for endpoint in endpoints} != {"provides", "requires"}:
            raise BadArguments(
                f"one endpoint has to provide and the other to require; {end_1.endpoint} {endpoints[0].role}, "
                f"{end_2.endpoint} {endpoints[1].role}",
                ["endpoint_1", "endpoint_2"],
            )
        if endpoints[0].interface != endpoints[1].interface:
            raise BadArguments(
                f"the interfaces differ: {end_1.endpoint} speaks {endpoints[0].interface}, {end_2.endpoint} "
                f"{endpoints[1].interface}",
                ["endpoint_1", "endpoint_2"],
            )
        await self._lives.pause()
        self._world.relations.add(key)

    @hookimpl
    async def remove_relation(self, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Remove a relation."""
        key = self._relation(end_1, end_2)
        await self._lives.pause()
        self._world.relations.discard(key)

    # Reads.

    @hookimpl
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        """List what there is."""
        return [
            ExecutionEnvironment(one.ee_id, one.namespace, one.address, tuple(one.states.values()))
            for one in self._world.applications()
            if namespace is None or namespace.contains(one.namespace)
        ]

    @hookimpl
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        """Tell of a model what `juju status` would."""
        return {
            "model": self.host.names.model(namespace),
            "applications": {
                application.ee_id.application: {
                    "charm": application.charm.name if application.charm else None,
                    "address": application.address,
                    "entities": {
                        str(state.entity): {"status": state.native, "detail": state.detail}
                        for state in application.states.values()
                    },
                }
                for application in self._of(namespace)
            },
            "relations": sorted(
                sorted(f"{application}:{endpoint}" for _, application, endpoint in key)
                for key in self._world.relations
                if any(model == self.host.names.model(namespace) for model, _, _ in key)
            ),
        }

    @hookimpl
    async def get_metrics(self, namespace: Namespace) -> dict[str, Any]:
        """Tell how many actions were run, by unit."""
        return {
            unit.id: {"actions": application.actions_so_far}
            for application in self._of(namespace)
            for unit in application.units
        }

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Tell how much there is."""
        return {"models": len(self._world.models), "applications": sum(1 for _ in self._world.applications())}

    async def _added(self, op: Operation, namespace: Namespace, hostname: str | None) -> Application:
        model, name = self.host.names.model(namespace), self.host.names.application(namespace)
        there = self._world.named(model, name)
        if there is not None:
            self._check_namespace(there, namespace)
            raise AlreadyExists(f"namespace {namespace} has an EE already: {there.ee_id}", ee_id=str(there.ee_id))
        for neighbour in self._world.models[model].applications.values() if model in self._world.models else ():
            self._check_ns(neighbour, namespace)
        application = self._world.add(model, name, namespace.canonical, hostname)
        try:
            await op.created(application.ee_id.locator)
        except BaseException:
            self._world.remove(application)
            raise
        self._lives.change(application, [(application.machine, "pending", "asked for")])
        return application

    async def _remove(self, ee_id: EeId) -> None:
        application = self._world.find(ee_id)
        if application is not None:
            await self._lives.pause()
            self._lives.end(application)
            self._world.remove(application)

    def _found(self, ee_id: EeId) -> Application:
        application = self._world.find(ee_id)
        if application is None:
            raise NotFound(f"there is no execution environment {ee_id}", ee_id=str(ee_id))
        return application

    def _of(self, namespace: Namespace) -> list[Application]:
        model = self._world.models.get(self.host.names.model(namespace))
        if model is None:
            raise NotFound(f"there is nothing of namespace {namespace}")
        return [one for one in model.applications.values() if namespace.contains(one.namespace)]

    @staticmethod
    def _check_namespace(application: Application, namespace: Namespace) -> None:
        if application.namespace != namespace.canonical:
            raise BadArguments(
                f"namespace {namespace} would share {application.ee_id} with namespace {application.namespace}",
                ["namespace"],
            )

    @staticmethod
    def _check_ns(neighbour: Application, namespace: Namespace) -> None:
        if neighbour.namespace.ns_id != namespace.ns_id:
            raise BadArguments(
                f"namespace {namespace} would share the model {neighbour.ee_id.model} with namespace "
                f"{neighbour.namespace}",
                ["namespace"],
            )

    def _relation(self, end_1: RelationEnd, end_2: RelationEnd) -> RelationKey:
        if end_2.backend is not self:
            raise NotSupported(f"an EE of connector {end_2.connector} cannot be reached from the fake's memory")
        return frozenset((end.ee_id.model, end.ee_id.application, end.endpoint) for end in (end_1, end_2))

    def _endpoint(self, end: RelationEnd) -> Endpoint:
        charm = _charm_in(self._found(end.ee_id))
        endpoint = charm.endpoints.get(end.endpoint)
        if endpoint is None:
            raise BadArguments(
                f"charm {charm.name} has no endpoint {end.endpoint!r}; it has: {', '.join(charm.endpoints) or 'none'}",
                ["endpoint"],
            )
        return endpoint


def _charm_in(application: Application) -> Charm:
    if application.charm is None:
        raise NotFound(f"no charm is installed in {application.ee_id}", ee_id=str(application.ee_id))
    return application.charm


def _on_a_machine(charm: Charm) -> None:
    if charm.subordinate:
        raise BadArguments(
            f"artifact_path: charm {charm.name} is a subordinate; it lives beside another charm and has no EE",
            ["artifact_path"],
        )
