"""The hooks that a backend may implement: every operation, typed and documented, here and nowhere else.

Each hook is an ``async def`` method of the backend's class, marked with `hookimpl`. An implementation may take fewer
arguments than are listed here, by the same names: so a plugin survives a hook that grows an argument. The core has
checked and converted every argument before it calls a hook.

What holds for all operation hooks (those that get ``op``):

- They report what they see with ``op.report(...)`` or ``host.report(...)``; the core maps, aggregates and stores it.
- They return when what was asked for is there, not when it was asked for.
- On cancellation they stop, undo what has no stored id, and let `asyncio.CancelledError` through; the threads they
  started have ended before they do.
- They raise errors of `vca_core.errors`; anything else reaches the caller as a `BackendError`.
- They change nothing after ``op.held()`` raised; call it before each request that changes something.
- They find an EE by its whole id. One whose locator is not the EE's present one is another EE: that is `NotFound`, and
  a delete of it deletes nothing.
- After a lost connection the first read succeeds without a retry by the caller; a change may fail as retryable.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import pluggy
from pydantic import BaseModel

from vca_core.artifacts import Artifact
from vca_core.backend import Description, ExecutionEnvironment, Operation, Output, RelationEnd
from vca_core.naming import EeId, Namespace

hookspec = pluggy.HookspecMarker("vca")
hookimpl = pluggy.HookimplMarker("vca")

F = TypeVar("F", bound=Callable[..., Any])


class Scope(enum.Enum):
    """What an operation makes or removes."""

    NOTHING = enum.auto()
    ENVIRONMENT = enum.auto()
    NAMESPACE = enum.auto()


@dataclass(frozen=True, slots=True)
class OperationTraits:
    """What is true of an operation, whatever the backend.

    Args:
        creates: whether it makes an execution environment.
        resumes: whether it goes on with one that is there.
        removes: what is not there any more once it succeeded.
        is_aggregate: whether its outcome, in success, is the status of the EE itself: a blocked charm is RUNNING.
        takes_options: whether callers may give ``options``.
        reads: whether it only reads: it takes no lock, has no outcome and creates nothing.
        reports_to_home: whether, without a ``db_dict``, it reports to the home of its EE: it changes what the EE is.
    """

    creates: bool = False
    resumes: bool = False
    removes: Scope = Scope.NOTHING
    is_aggregate: bool = False
    takes_options: bool = False
    reads: bool = False
    reports_to_home: bool = False

    @property
    def claims(self) -> bool:
        """Whether it gives an EE to its namespace: it claims the names, and the backend calls ``op.created``."""
        return self.creates or self.resumes


TRAITS: dict[str, OperationTraits] = {}
"""What is true of each operation, by its hook's name."""


def operation_hook(
    *,
    creates: bool = False,
    resumes: bool = False,
    removes: Scope = Scope.NOTHING,
    is_aggregate: bool = False,
    takes_options: bool = False,
    reads: bool = False,
) -> Callable[[F], F]:
    """Mark the spec of an operation, with what is true of it; see `OperationTraits`."""

    def mark(spec: F) -> F:
        at_home = creates or is_aggregate or removes is Scope.ENVIRONMENT
        TRAITS[spec.__name__] = OperationTraits(creates, resumes, removes, is_aggregate, takes_options, reads, at_home)
        return hookspec(firstresult=True)(spec)

    return mark


class BackendHooks(Protocol):
    """The hooks. A backend implements those it can; they are its capabilities."""

    @hookspec(firstresult=True)
    async def open(self) -> None:
        """Connect to the backend's system and start watching it: before the first operation, and again after `close`.

        Client libraries are imported here, not at the top of the entry module.

        Raises:
            VcaConnectionError: the system cannot be reached or refuses the login.

        Example::

            @hookimpl
            async def open(self) -> None:
                import its_client
                self._client = await its_client.connect(self.host.options.url)
        """

    @hookspec(firstresult=True)
    async def close(self) -> None:
        """Disconnect. When it returns, no task, thread, connection or file of the backend is left.

        Example::

            @hookimpl
            async def close(self) -> None:
                await self._client.close()
        """

    @operation_hook(creates=True, takes_options=True)
    async def create_execution_environment(
        self,
        op: Operation,
        namespace: Namespace,
        artifact: Artifact | None,
        options: BaseModel | None,
    ) -> str | None:
        """Create an execution environment.

        Call ``await op.created(locator)`` as soon as the EE exists, before waiting for it.

        Args:
            op: this run.
            namespace: names the EE; keep it with the EE and give it back in `list_execution_environments`.
            artifact: the charm that will be installed, where the caller said it, so that a machine gets a base it
                supports.
            options: an instance of ``operation_options["create_execution_environment"]``; None where there is no model.

        Returns:
            The host name or address of the EE; None where it has none.

        Raises:
            AlreadyExists: there is one; carries its ``ee_id``.

        Example::

            @hookimpl
            async def create_execution_environment(self, op, namespace):
                machine = await self._client.add_machine()
                try:
                    await op.created(machine.id)
                except BaseException:
                    await machine.remove()
                    raise
                return await machine.wait_started()
        """

    @operation_hook(resumes=True, is_aggregate=True)
    async def resume_execution_environment(
        self,
        op: Operation,
        ee_id: EeId,
        namespace: Namespace,
        artifact: Artifact | None,
        options: BaseModel | None,
    ) -> str | None:
        """Go on with an execution environment that is there: what ``reuse_ee_id`` asks for.

        Nothing is made. Call ``await op.created(ee_id.locator)`` once it was seen to be there, before waiting for it.
        A backend without this hook refuses ``reuse_ee_id``.

        Args:
            op: this run.
            ee_id: the EE to go on with.
            namespace: whose it has to be; keep it with an EE that bears none yet.
            artifact: the charm that will be installed, where the caller said it.
            options: those of create: an instance of ``operation_options["create_execution_environment"]``; None where
                there is no model.

        Returns:
            The host name or address of the EE; None where it has none.

        Raises:
            NotFound: the EE is gone, or another one has its name now.
            BadArguments: it is another namespace's.

        Example::

            @hookimpl
            async def resume_execution_environment(self, op, ee_id):
                machine = await self._client.machine(ee_id.locator)
                await op.created(ee_id.locator)
                return await machine.wait_started()
        """

    @operation_hook(creates=True, takes_options=True)
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any], options: BaseModel | None
    ) -> str | None:
        """Take an existing host into service as an execution environment.

        Call ``await op.created(locator)`` as soon as the EE exists; on failure before that nothing of it stays.

        Args:
            op: this run.
            namespace: names the EE; keep it with the EE.
            credentials: ``hostname`` and ``username``, checked to be there; others as the caller gave them (secrets).
            options: an instance of ``operation_options["register_execution_environment"]``; None where there is no
                model.

        Returns:
            The host name or address of the EE, as its own system knows it; None where it has none.

        Raises:
            AlreadyExists: there is one, or the host is another EE's; carries the ``ee_id`` where there is one.
            VcaConnectionError: the host cannot be reached, or refuses the login.

        Example::

            @hookimpl
            async def register_execution_environment(self, op, namespace, credentials):
                host = await self._client.enlist(credentials["hostname"], credentials["username"])
                await op.created(host.id)
                return await host.wait_started()
        """

    @operation_hook(is_aggregate=True, takes_options=True)
    async def install_configuration_sw(
        self,
        op: Operation,
        ee_id: EeId,
        artifact: Artifact,
        config: Mapping[str, Any],
        num_units: int,
        options: BaseModel | None,
    ) -> None:
        """Install a charm in an execution environment and wait until its units are ready.

        Installing the same charm again sets the given options and adds units until there are `num_units`. It removes
        none: 1, which is what callers get who do not say, asks for nothing, and any other number below that of the
        units is refused. The same charm is one of the same name; one from files also has to have the same digest, which
        is kept in the backend's own system. For another version of it the word is ``upgrade``; another charm in the
        same EE is refused. What is refused changes nothing, and the error names the operation that does it.

        Args:
            op: this run.
            ee_id: where.
            artifact: the charm; ``await artifact.read()`` gives what it says of itself.
            config: values of the charm's options, as the caller gave them.
            num_units: how many units, at least 1; 1 where the caller did not say.
            options: an instance of ``operation_options["install_configuration_sw"]``; None where there is no model.

        Raises:
            NotFound: the EE is gone.
            BadArguments: the charm refuses the config, or does not fit the EE.
            AlreadyExists: another charm is installed there.

        Example::

            @hookimpl
            async def install_configuration_sw(self, op, ee_id, artifact, config):
                charm = await artifact.read()
                await self._client.deploy(ee_id.application, artifact.path, coerce(charm.options, config))
        """

    @operation_hook()
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Set options of the installed charm; the primitive ``config`` is routed here.

        Args:
            op: this run.
            ee_id: where.
            values: by option name; types come from the backend's own system (`vca_core.charm.coerce` converts and
                checks).

        Raises:
            NotFound: the EE, or a charm in it, is not there.
            BadArguments: an unknown option or a value of the wrong type.

        Example::

            @hookimpl
            async def configure(self, op, ee_id, values):
                options = await self._client.options(ee_id.application)
                await self._client.set(ee_id.application, coerce(options, values))
        """

    @operation_hook()
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> Output:
        """Run a primitive (an action of the charm) and wait for its end.

        It runs at most once for each call, whatever becomes of the connection meanwhile, and on the unit that was asked
        for.

        Args:
            op: this run.
            ee_id: where.
            primitive: name of the action.
            params: its parameters, as the caller gave them (they may be secrets: log names only).
            unit: name of the unit to run it on; None: the leader.

        Returns:
            Its output.

        Raises:
            NotFound: the EE, the charm or the unit is not there.
            BadArguments: the charm has no such primitive, or refuses the parameters.
            ExecutionError: it failed or was cancelled by someone else; carries the output.

        Example::

            @hookimpl
            async def exec_primitive(self, op, ee_id, primitive, params):
                run = await self._client.run(ee_id.application, primitive, params)
                async for state in run.states():
                    op.report(Entity("action", run.id), state)
                return run.output
        """

    @operation_hook()
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Relate two execution environments; "exists already" is success.

        Args:
            op: this run.
            end_1: one end, always of this connector.
            end_2: the other end, possibly of another connector.

        Raises:
            NotSupported: the other end is of a connector that this backend cannot reach.
            NotFound: an EE or its charm is not there.
            BadArguments: there is no such endpoint, or the two do not fit.

        Example::

            @hookimpl
            async def add_relation(self, op, end_1, end_2):
                if end_2.backend is not self:
                    raise NotSupported("only EEs of one connector can be related here")
                await self._client.relate(
                    (end_1.ee_id.application, end_1.endpoint), (end_2.ee_id.application, end_2.endpoint)
                )
        """

    @operation_hook()
    async def remove_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Remove a relation; "is not there" is success.

        Args:
            op: this run.
            end_1: one end, always of this connector.
            end_2: the other end, possibly of another connector.

        Raises:
            NotSupported: the other end is of a connector that this backend cannot reach.

        Example::

            @hookimpl
            async def remove_relation(self, op, end_1, end_2):
                await self._client.unrelate(
                    (end_1.ee_id.application, end_1.endpoint), (end_2.ee_id.application, end_2.endpoint)
                )
        """

    @operation_hook(is_aggregate=True, takes_options=True)
    async def scale(self, op: Operation, ee_id: EeId, num_units: int, options: BaseModel | None) -> None:
        """Bring the number of units to a given one and wait until they are ready or gone.

        Where there are as many already, nothing changes. Of too many the leader and the oldest stay.

        Args:
            op: this run.
            ee_id: where.
            num_units: how many units there are to be, at least 1.
            options: an instance of ``operation_options["scale"]``; None where there is no model.

        Example::

            @hookimpl
            async def scale(self, op, ee_id, num_units):
                await self._client.scale(ee_id.application, num_units)
        """

    @operation_hook(is_aggregate=True, takes_options=True)
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: BaseModel | None
    ) -> None:
        """Replace the installed charm by another version and wait until its units are ready.

        The units stay, and so do the options that were set, but for those that the new version does not have.

        Args:
            op: this run.
            ee_id: where.
            artifact: the new charm.
            config: values of options to set with it.
            options: an instance of ``operation_options["upgrade"]``; None where there is no model.

        Example::

            @hookimpl
            async def upgrade(self, op, ee_id, artifact, config):
                await self._client.refresh(ee_id.application, artifact.path, config)
        """

    @operation_hook(removes=Scope.ENVIRONMENT)
    async def deregister_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Forget an execution environment and leave its machine as it is; absent is success.

        An id whose locator is not the EE's present one is absent: nothing is forgotten.

        Example::

            @hookimpl
            async def deregister_execution_environment(self, op, ee_id):
                await self._client.forget(ee_id.application)
        """

    @operation_hook(removes=Scope.ENVIRONMENT)
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Delete an execution environment with all it brought, and see it gone.

        Absent is success. An id whose locator is not the EE's present one is absent: nothing is deleted.

        Example::

            @hookimpl
            async def delete_execution_environment(self, op, ee_id):
                await self._client.remove(ee_id.application)
                await self._client.wait_gone(ee_id.application)
        """

    @operation_hook(removes=Scope.NAMESPACE)
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        """Delete everything of an NS, and see it gone; absent is success.

        Args:
            op: this run; its ``ee_id`` is None.
            namespace: an NS: it has no VNF part. Its model is matched exactly.

        Example::

            @hookimpl
            async def delete_namespace(self, op, namespace):
                await self._client.destroy_model(self.host.names.model(namespace))
        """

    @operation_hook(reads=True)
    async def list_execution_environments(self, namespace: Namespace | None) -> Sequence[ExecutionEnvironment]:
        """List what the backend's system holds, after a restart as before it.

        The first listing after a lost connection succeeds without a retry by the caller; this holds for all reads.

        Args:
            namespace: list what lies at or below it; None: everything.

        Returns:
            A record for each EE, with the namespace that was kept with it and the native states of its entities.

        Example::

            @hookimpl
            async def list_execution_environments(self, namespace):
                return [self._record(application) for application in await self._client.applications()]
        """

    @operation_hook(reads=True)
    async def describe_execution_environment(self, ee_id: EeId) -> Description:
        """Describe an execution environment as it is now: its charm, options, units and relations.

        Optional, and worth having: it is how orchestrators and the conformance kit see what came of an operation. All
        of it comes from the backend's own system, so that it is the same after a restart and in another process.

        Args:
            ee_id: which one.

        Returns:
            What there is; without a charm, its id alone. Values of options are given as they are: the core masks the
            secret ones.

        Raises:
            NotFound: the EE is gone, or another one has its name now.

        Example::

            @hookimpl
            async def describe_execution_environment(self, ee_id):
                found = await self._client.application(ee_id.application)
                return Description(
                    ee_id,
                    InstalledCharm(found.charm, found.charm_url),
                    {name: OptionState(one.value, one.is_set, one.type) for name, one in found.options.items()},
                    [UnitState(one.name, EntityState(Entity("unit", one.name), one.state)) for one in found.units],
                )
        """

    @operation_hook(reads=True)
    async def get_status(self, namespace: Namespace) -> Mapping[str, Any]:
        """Tell the native status of a namespace, as plain data; reading creates nothing.

        Raises:
            NotFound: the system has nothing of this namespace.

        Example::

            @hookimpl
            async def get_status(self, namespace):
                return await self._client.status(self.host.names.model(namespace))
        """

    @operation_hook(reads=True)
    async def get_metrics(self, namespace: Namespace) -> Mapping[str, Any]:
        """Tell the metrics of a namespace's units, as plain data by unit name.

        Raises:
            NotFound: the system has nothing of this namespace.

        Example::

            @hookimpl
            async def get_metrics(self, namespace):
                return await self._client.metrics(self.host.names.model(namespace))
        """

    @operation_hook(reads=True)
    async def health(self) -> Mapping[str, Any]:
        """Ask the backend's system whether it is there, over the connection that operations use.

        Returns:
            Plain data about it, as its version and how long the answer took.

        Raises:
            VcaConnectionError: it does not answer.

        Example::

            @hookimpl
            async def health(self):
                return {"version": await self._client.version()}
        """


HOOKS = frozenset(name for name in vars(BackendHooks) if hasattr(getattr(BackendHooks, name), "vca_spec"))
"""The names of all hooks."""

LIFECYCLE_HOOKS = HOOKS - TRAITS.keys()
"""Hooks that are no capability: a backend without anything to connect to leaves them out."""

OPERATIONS_WITH_OPTIONS = frozenset(name for name, traits in TRAITS.items() if traits.takes_options)
"""The operations that take ``options``."""
