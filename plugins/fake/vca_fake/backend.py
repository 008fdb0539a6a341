"""The fake: every hook, in memory or in a file. It refuses what has no meaning, with the errors of real backends."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from vca_core import refusals
from vca_core.artifacts import Artifact
from vca_core.backend import Backend, Description, ExecutionEnvironment, Host, Operation, RelationEnd
from vca_core.charm import Charm, check_params_aside, coerce
from vca_core.errors import NotFound, NotSupported
from vca_core.hookspecs import hookimpl
from vca_core.hosts import same_host
from vca_core.naming import EeId, Namespace
from vca_core.status import Entity
from vca_core.tasks import settle
from vca_fake.charms import check_fits
from vca_fake.checks import charm_in, check_namespace, check_ns, read_charm
from vca_fake.descriptions import description_of, status_of
from vca_fake.latency import Latency
from vca_fake.lives import Lives, find_application
from vca_fake.options import CreateOptions, FakeOptions, InstallOptions, UpgradeOptions
from vca_fake.programs import Programs
from vca_fake.relations import check_kept, check_limits, check_pair, unrelate
from vca_fake.requests import Ground, arch_on, check_request, ground_for
from vca_fake.script import Script
from vca_fake.scripted import follow_script, text_of
from vca_fake.software import install_again, merge_options, replace_charm, require_version, set_options
from vca_fake.unit_programs import UnitPrograms
from vca_fake.world import Application, Model
from vca_fake.worlds import FileWorlds, MemoryWorlds, Worlds


class FakeBackend(Backend[FakeOptions]):
    """A backend without a system.

    Attributes:
        script: what is to happen instead of what would.
        recorder: records all calls of hooks; None: they are not recorded.
    """

    api_version = 1
    Options: ClassVar[type[BaseModel]] = FakeOptions
    operation_options: ClassVar[Mapping[str, type[BaseModel]]] = {
        "create_execution_environment": CreateOptions,
        "install_configuration_sw": InstallOptions,
        "upgrade": UpgradeOptions,
    }

    def __init__(self, host: Host[FakeOptions]) -> None:
        super().__init__(host)
        options = host.options
        script: object = options.script
        self.script = script if isinstance(script, Script) else Script(options.script)
        self.recorder = options.recorder
        self._on_kubernetes = options.kind == "k8s"
        # Several processes have only the time of day in common.
        self._clock: Callable[[], float] = time.monotonic if options.state is None else time.time
        self._worlds: Worlds = (
            MemoryWorlds() if options.state is None else FileWorlds(host.folder.absolute() / options.state)
        )
        self._programs = Programs(None if options.programs is None else host.folder.absolute() / options.programs)
        self._lives = Lives(self._worlds, Latency(options.latency, options.seed), self._clock, host.report)
        self._on_units = UnitPrograms(self._worlds, self._lives, self._programs)

    @hookimpl
    @follow_script
    async def open(self) -> None:
        """Open the world, and let the lives of its execution environments go on."""
        await self._worlds.open()
        self._lives.start([one for model in await self._worlds.models() for one in model.applications.values()])

    @hookimpl
    async def close(self) -> None:
        """Stop the lives of execution environments; their states stay as they are."""
        for rule in self.script.unmatched_rules():
            self.host.log.warning("nothing matched the script's rule for %s", rule)
        await self._lives.stop()
        await self._worlds.close()

    # Execution environments.

    @hookimpl
    @follow_script
    async def create_execution_environment(
        self,
        op: Operation,
        namespace: Namespace,
        artifact: Artifact | None,
        options: CreateOptions,
    ) -> str:
        """Bring up a machine."""
        charm = await self._find_fitting(artifact)
        ground = ground_for(charm, options, self.host.options.base, on_kubernetes=self._on_kubernetes)
        ee_id = await self._add(op, namespace, None, ground)
        return await self._wait_for_address(ee_id)

    @hookimpl
    @follow_script
    async def resume_execution_environment(
        self, op: Operation, ee_id: EeId, namespace: Namespace, artifact: Artifact | None
    ) -> str:
        """Go on with a machine that is there."""
        await self._find_fitting(artifact)
        await self._lives.change(ee_id, lambda application, _: check_namespace(application, namespace))
        await op.created(ee_id.locator)
        return await self._wait_for_address(ee_id)

    @hookimpl
    @follow_script
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any]
    ) -> str:
        """Take a machine that is there already."""
        if self._on_kubernetes:
            raise NotSupported("there are no machines on Kubernetes; create an execution environment instead")
        host = same_host(credentials["hostname"], credentials.get("port"))
        for model in await self._worlds.models():
            for there in model.applications.values():
                if there.manual and same_host(there.address) == host and there.namespace != namespace.canonical:
                    raise refusals.host_taken(host, str(there.namespace), str(there.ee_id))
        ee_id = await self._add(op, namespace, credentials["hostname"], Ground(self.host.options.base))
        return await self._wait_for_address(ee_id)

    @hookimpl
    @follow_script
    async def deregister_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Forget an EE and leave its machine."""
        await self._remove(op, ee_id)

    @hookimpl
    @follow_script
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Remove an EE with its machine."""
        await self._remove(op, ee_id)

    @hookimpl
    @follow_script
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        """Remove a model with all that is in it."""
        name = self.host.names.model(namespace)

        def check(model: Model) -> None:
            for application in model.applications.values():
                check_ns(application, namespace)

        def delete(model: Model) -> list[EeId]:
            check(model)
            model.deleted = True
            return [application.ee_id for application in model.applications.values()]

        await self._worlds.change(name, check)
        await self._lives.pause("delete", name)
        await op.held()
        deleted = await self._worlds.change(name, delete)
        for ee_id in deleted:
            self._lives.end(ee_id)
        await self._programs.forget(*deleted)

    # Charms.

    @hookimpl
    @follow_script
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: InstallOptions,
    ) -> None:
        """Install a charm; where it is installed already, set options and add units."""
        charm = await read_charm(artifact)
        there = await self._lives.change(ee_id, lambda application, _: application.charm)
        if there is not None and there.name != charm.name:
            raise refusals.another_charm(there.name, charm.name, ee_id)
        again = there is not None
        resources = await check_request(charm, artifact, options, on_kubernetes=self._on_kubernetes, again=again)
        digest = await artifact.digest()

        def install(application: Application, now: float) -> None:
            if application.charm is None:
                check_fits(charm, application, on_kubernetes=self._on_kubernetes, force=options.force)
                application.configure(coerce(charm.options, config))
                application.programs = programs
                application.charm, application.digest, application.resources = charm, digest, resources
                application.add_units(num_units, now)
            else:
                install_again(application, charm, digest, config, resources, num_units, now)

        async with self._on_units.bring(ee_id, artifact if there is None else None) as programs:
            await op.held()
            await self._lives.change(ee_id, install)
        await self._on_units.settle(ee_id)

    @hookimpl
    @follow_script
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: UpgradeOptions
    ) -> None:
        """Replace a charm by another version of it."""
        charm, digest = await read_charm(artifact), await artifact.digest()
        resources = await check_request(charm, artifact, options, on_kubernetes=self._on_kubernetes)

        def upgrade(application: Application, now: float) -> None:
            require_version(application, charm)
            check_fits(charm, application, on_kubernetes=self._on_kubernetes, force=options.force)
            replace_charm(application, charm, digest, config, resources, now)
            application.programs = programs

        await self._worlds.change(
            ee_id.model, lambda model: check_kept(model, ee_id, charm, digest, force=options.force)
        )
        async with self._on_units.bring(ee_id, artifact) as programs:
            await op.held()
            await self._lives.change(ee_id, upgrade)
        await self._on_units.settle(ee_id)

    @hookimpl
    @follow_script
    async def scale(self, op: Operation, ee_id: EeId, num_units: int) -> None:
        """Add units, or remove the latest ones."""

        def scale(application: Application, now: float) -> None:
            charm_in(application)
            application.add_units(max(0, num_units - len(application.units)), now)
            for unit in application.units[num_units:]:
                application.drop(unit)

        await self._lives.pause("scale", ee_id)
        await op.held()
        await self._lives.change(ee_id, scale)
        await self._on_units.settle(ee_id)

    @hookimpl
    @follow_script
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Set options; a proxy charm that now knows how to reach its VNF goes on."""
        await self._lives.change(ee_id, lambda application, _: merge_options(application, values))
        await self._lives.pause("configure", ee_id)
        await op.held()
        await self._lives.change(ee_id, lambda application, now: set_options(application, values, now))
        await self._lives.settle(ee_id)

    @hookimpl
    @follow_script
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> dict[str, Any]:
        """Run an action."""
        action = await self._lives.change(ee_id, lambda application, _: charm_in(application).action(primitive))
        checked = await check_params_aside(action, params)

        def begin(application: Application, _: float) -> tuple[int, str]:
            names = [entity.id for entity in application.units]
            if unit is not None and unit not in names:
                raise refusals.no_unit(unit, ee_id, names)
            application.actions_so_far += 1
            return application.actions_so_far, unit or names[0]

        await op.held()
        number, on_unit = await self._lives.change(ee_id, begin)
        run = Entity("action", f"{ee_id.application}-{number}")
        for native in ("pending", "running"):
            op.report(run, native, primitive)
            await self._lives.pause(native, run)
        try:
            output = await self._on_units.run(ee_id, primitive, checked, on_unit)
        except Exception:
            op.report(run, "failed", primitive)
            raise
        op.report(run, "completed", primitive)
        return output

    # Relations.

    @hookimpl
    @follow_script
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Relate two EEs."""
        self._check_reach(end_2)
        charms = [
            await self._lives.change(end.ee_id, lambda application, _: charm_in(application)) for end in (end_1, end_2)
        ]
        pair = check_pair((end_1, charms[0]), (end_2, charms[1]))
        await self._lives.pause("relate", pair)

        def relate(model: Model) -> None:
            for end in (end_1, end_2):
                if end.ee_id.model == model.name:
                    find_application(model, end.ee_id)
            if pair not in model.relations:
                check_limits(model, list(zip((end_1, end_2), charms, strict=True)))
                model.relations.append(pair)

        for name in {end.ee_id.model for end in (end_1, end_2)}:
            await op.held()
            await self._worlds.change(name, relate)

    @hookimpl
    @follow_script
    async def remove_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Remove a relation."""
        self._check_reach(end_2)
        names = {end.ee_id.model for end in (end_1, end_2)}
        await self._lives.pause("unrelate", sorted((str(end.ee_id), end.endpoint) for end in (end_1, end_2)))
        for name in names:
            await op.held()
            await self._worlds.change(name, lambda model: unrelate(model, end_1, end_2))

    # Reads.

    @hookimpl
    @follow_script
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        """List the execution environments."""
        return [
            ExecutionEnvironment(one.ee_id, one.namespace, one.address, tuple(one.states))
            for model in await self._worlds.models()
            for one in model.applications.values()
            if namespace is None or namespace.contains(one.namespace)
        ]

    @hookimpl
    @follow_script
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        """Describe an EE."""
        models = {model.name: model for model in await self._worlds.models()}
        model = models.get(ee_id.model, Model(ee_id.model))
        return description_of(models, model, find_application(model, ee_id))

    @hookimpl
    @follow_script
    async def get_status(self, namespace: Namespace) -> dict[str, Any]:
        """Return what `juju status` would say about a model."""
        return status_of(await self._model(namespace), namespace)

    @hookimpl
    @follow_script
    async def get_metrics(self, namespace: Namespace) -> dict[str, Any]:
        """Return how many actions were run, by unit."""
        model = await self._model(namespace)
        return {
            unit.id: {"actions": application.actions_so_far}
            for application in model.of(namespace)
            for unit in application.units
        }

    @hookimpl
    @follow_script
    async def health(self) -> dict[str, Any]:
        """Return how much there is of everything."""
        models = await self._worlds.models()
        return {"models": len(models), "applications": sum(len(model.applications) for model in models)}

    # What the hooks share.

    async def namespace_of(self, namespace: Namespace | None, ee_id: EeId | None) -> str:
        """The canonical namespace that a call is about, as a text; empty where it is about none, or what is gone."""
        if namespace is not None or ee_id is None:
            return text_of(namespace)

        def look(model: Model) -> str:
            application = model.find(ee_id)
            return text_of(application.namespace if application else None)

        return await self._worlds.change(ee_id.model, look)

    async def _find_fitting(self, artifact: Artifact | None) -> Charm | None:
        """The charm that will be installed, where the caller said it; one of Charmhub is looked for then.

        Raises:
            BadArguments: it cannot live in any EE of this kind.
        """
        if artifact is None or artifact.path is None:
            return None
        charm = await artifact.read()
        check_fits(charm, None, on_kubernetes=self._on_kubernetes)
        return charm

    async def _wait_for_address(self, ee_id: EeId) -> str:
        """Wait until nothing happens to an EE any more, and return its address."""
        await self._lives.settle(ee_id)
        return await self._lives.change(ee_id, lambda application, _: application.address)

    async def _add(self, op: Operation, namespace: Namespace, hostname: str | None, ground: Ground) -> EeId:
        """Add an application and have its id stored; what is not stored is removed again."""
        model, name = self.host.names.model(namespace), self.host.names.application(namespace)

        def add(model: Model) -> EeId:
            there = model.applications.get(name)
            if there is not None:
                check_namespace(there, namespace)
                raise refusals.already_exists(there.ee_id, namespace)
            for neighbour in itertools.islice(model.applications.values(), 1):  # all of them are of one NS
                check_ns(neighbour, namespace)
            added = model.add(
                name,
                namespace.canonical,
                on_kubernetes=self._on_kubernetes,
                hostname=hostname,
                base=ground.base,
                arch=arch_on(model, ground),
            )
            now = self._clock()
            if self._on_kubernetes:
                added.put(Entity("application", name), "active", "namespace is ready", now)
            else:
                added.put(added.machine, "pending", "asked for", now)
            return added.ee_id

        await op.held()
        adding = asyncio.ensure_future(self._worlds.change(model, add))
        cancelled = await settle(adding, float("inf"))
        if cancelled is not None:
            if adding.exception() is None:
                await self._worlds.change(model, lambda model: model.remove(name))
            raise cancelled
        ee_id = adding.result()
        try:
            await op.created(ee_id.locator)
        except BaseException:
            await self._worlds.change(model, lambda model: model.remove(name))
            raise
        await self._lives.change(ee_id, lambda *_: None)
        return ee_id

    async def _remove(self, op: Operation, ee_id: EeId) -> None:
        def remove(model: Model) -> bool:
            if model.find(ee_id) is None:
                return False
            model.remove(ee_id.application)
            return True

        await self._lives.pause("delete", ee_id)
        await op.held()
        if await self._worlds.change(ee_id.model, remove):
            self._lives.end(ee_id)
            await self._programs.forget(ee_id)

    async def _model(self, namespace: Namespace) -> Model:
        name = self.host.names.model(namespace)
        for model in await self._worlds.models():
            if model.name == name:
                return model
        raise NotFound(f"there is nothing of namespace {namespace}")

    def _check_reach(self, end: RelationEnd) -> None:
        if end.backend is not self:
            raise refusals.unreachable_end(end.connector)
