"""The hooks that a backend may implement: every operation, typed and documented here, but for the hooks that only read.

Each hook is an ``async def`` method of the backend's class, marked with `hookimpl`. An implementation may take fewer
arguments than are listed here, by the same names: so a plugin keeps working when a hook gains an argument. The core has
checked and converted every argument before it calls a hook.

What holds for every operation hook (those that get ``op``):

- It reports what it sees with ``op.report(...)`` or ``host.report(...)``; the core maps, aggregates and stores it.
- It returns when what was asked for is there, not when the request was sent.
- It calls ``await op.held()`` before each request that changes something, and changes nothing after that raised.
- It finds an EE by its whole id. An id whose locator is not the EE's present one names another EE: `NotFound`; what
  deletes, deregisters or removes a relation succeeds and changes nothing.
- On cancellation it stops, undoes what has no stored id, and lets `asyncio.CancelledError` through. It does not end
  before the threads that it started.
- It raises errors of `vca_core.errors`; anything else, also a `CancelledError` of its own, becomes a `BackendError`.
- After a lost connection, a request that changes something may fail with a retryable error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pluggy
from pydantic import BaseModel

from vca_core.artifacts import Artifact
from vca_core.backend import Operation, Output, RelationEnd
from vca_core.naming import EeId, Namespace
from vca_core.read_hooks import ReadHooks
from vca_core.traits import TRAITS, Scope, hookspec, operation_hook

hookimpl = pluggy.HookimplMarker("vca")


class BackendHooks(ReadHooks, Protocol):
    """The hooks. A backend implements those it can; they are its capabilities."""

    @hookspec(firstresult=True)
    async def open(self) -> None:
        """Connect to the backend's system and start watching it.

        Called before the first operation, and again for the first one after `close`. It runs once for all operations
        that wait for it, each within its own limit; if it fails, the next operation calls it again. Import client
        libraries here, not at the top of the entry module.

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
        """Disconnect from the backend's system.

        When it returns, no task, thread, connection or open file of the backend is left.

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

        Call ``await op.created(locator)`` as soon as the EE exists, before waiting for it. If that raises, remove the
        EE, as nobody has its id. Afterwards remove nothing: the caller has the id. A hook that returns without having
        called it has failed.

        Args:
            op: this run.
            namespace: names the EE; keep it with the EE and give it back in `list_execution_environments`.
            artifact: the charm that will be installed, if the caller named it, so that a machine gets a base that the
                charm supports; else None.
            options: an instance of the model in ``operation_options``; None if there is no model.

        Returns:
            The host name or address of the EE, after ``op.created``; None if it has none.

        Raises:
            AlreadyExists: the namespace has an EE; the error carries its ``ee_id``.
            BadArguments: another namespace has the same model or application; the error names both.

        Example::

            @hookimpl
            async def create_execution_environment(self, op, namespace):
                await op.held()
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
        """Continue with an execution environment that exists: what a create with ``reuse_ee_id`` asks for.

        Nothing is created. Call ``await op.created(ee_id.locator)`` once you have seen that the EE exists, before you
        wait for it. Without this hook the core refuses ``reuse_ee_id`` with `NotSupported`.

        Args:
            op: this run.
            ee_id: the EE to continue with.
            namespace: the namespace that the EE must belong to; keep it with an EE that has none yet.
            artifact: the charm that will be installed, if the caller named it; else None.
            options: the same as for create: an instance of ``operation_options["create_execution_environment"]``; None
                if there is no model.

        Returns:
            The host name or address of the EE, after ``op.created``; None if it has none.

        Raises:
            NotFound: the EE is gone, or its names belong to another one now.
            BadArguments: the EE belongs to another namespace.

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

        Call ``await op.created(locator)`` as soon as the EE exists; after a failure before that, nothing may be left
        behind.

        Args:
            op: this run.
            namespace: names the EE; keep it with the EE and give it back in `list_execution_environments`.
            credentials: ``hostname`` and ``username``, which the core has checked for; everything else as the caller
                gave it. They are secrets: log names only.
            options: an instance of the model in ``operation_options``; None if there is no model.

        Returns:
            The host name or address of the EE as the backend's system knows it, after ``op.created``; None if it has
            none. The core keeps it with the EE.

        Raises:
            AlreadyExists: the namespace has an EE, or the host belongs to another one; the error carries the ``ee_id``
                if there is one.
            VcaConnectionError: the host cannot be reached or refuses the login.

        Example::

            @hookimpl
            async def register_execution_environment(self, op, namespace, credentials):
                await op.held()
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

        Installing the same charm again sets the given options and adds units until there are `num_units`. It never
        removes any: 1, the default, asks for nothing if there are units; a larger number that is below the number of
        units is refused. So are unknown options, another version of the charm, which is the business of `upgrade`, and
        another charm. A refused call changes nothing, and its error names the operation that does what was asked.

        Two charms are the same if they have the same name. Charms from files must have the same digest, too, which is
        kept as a note with the application in the backend's own system.

        Args:
            op: this run.
            ee_id: the EE to install it in.
            artifact: the charm; ``await artifact.read()`` gives what it declares.
            config: values of the charm's options, as the caller gave them.
            num_units: how many units there are to be, at least 1; 1 is the caller's default.
            options: an instance of the model in ``operation_options``; None if there is no model.

        Raises:
            NotFound: the EE does not exist.
            BadArguments: an unknown option or a value of the wrong type, a charm that does not fit the EE, another
                version of the one there (call upgrade), or fewer units than there are.
            AlreadyExists: another charm is installed there.

        Example::

            @hookimpl
            async def install_configuration_sw(self, op, ee_id, artifact, config):
                charm = await artifact.read()
                await op.held()
                await self._client.deploy(ee_id.application, artifact.path, coerce(charm.options, config))
        """

    @operation_hook()
    async def configure(self, op: Operation, ee_id: EeId, values: Mapping[str, Any]) -> None:
        """Set options of the installed charm.

        The core calls this hook for the primitive ``config``, whose parameters are the options, bare or as
        ``{"params": {...}}``.

        Args:
            op: this run.
            ee_id: the EE to configure.
            values: the values by option name, already taken out of ``{"params": {...}}``. None resets an option to the
                charm's default; a system that cannot do that refuses it with `BadArguments`. Take the types of the
                options from the backend's own system, as there is no artifact here; `vca_core.charm.coerce` converts
                and checks.

        Raises:
            NotFound: the EE does not exist, or has no charm installed.
            BadArguments: an unknown option or a value of the wrong type.

        Example::

            @hookimpl
            async def configure(self, op, ee_id, values):
                options = await self._client.options(ee_id.application)
                await op.held()
                await self._client.set(ee_id.application, coerce(options, values))
        """

    @operation_hook()
    async def exec_primitive(
        self, op: Operation, ee_id: EeId, primitive: str, params: Mapping[str, Any], unit: str | None
    ) -> Output:
        """Run a primitive (an action of the charm) and wait for its end.

        It runs at most once for each call, even if the connection is lost meanwhile, and on the unit that was asked
        for, the leader by default.

        Args:
            op: this run.
            ee_id: the EE to run it in.
            primitive: name of the action.
            params: its parameters, as the caller gave them. They may be secrets: log names only.
            unit: name of the unit to run it on; None: the leader.

        Returns:
            Its output: a mapping of plain data.

        Raises:
            NotFound: the EE or the unit does not exist, or the EE has no charm installed.
            BadArguments: the charm has no such primitive, or does not accept the parameters.
            ExecutionError: it failed, or somebody else cancelled it; the error carries the output.

        Example::

            @hookimpl
            async def exec_primitive(self, op, ee_id, primitive, params, unit):
                await op.held()
                run = await self._client.run(ee_id.application, unit, primitive, params)
                async for state in run.states():
                    op.report(Entity("action", run.id), state)
                return run.output
        """

    @operation_hook()
    async def add_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Relate two execution environments.

        Relating what is related already succeeds.

        Args:
            op: this run.
            end_1: one end, always of this connector: its connector, backend, ee_id and endpoint.
            end_2: the other end, possibly of another connector.

        Raises:
            NotSupported: this backend cannot reach the other end's connector.
            NotFound: the EE does not exist, or has no charm installed.
            BadArguments: an endpoint does not exist, or the two do not fit together.

        Example::

            @hookimpl
            async def add_relation(self, op, end_1, end_2):
                await op.held()
                if end_2.backend is not self:
                    raise NotSupported("only EEs of one connector can be related here")
                await self._client.relate(
                    (end_1.ee_id.application, end_1.endpoint), (end_2.ee_id.application, end_2.endpoint)
                )
        """

    @operation_hook()
    async def remove_relation(self, op: Operation, end_1: RelationEnd, end_2: RelationEnd) -> None:
        """Remove a relation and wait until it is gone.

        Removing a relation that does not exist succeeds.

        Args:
            op: this run.
            end_1: one end, always of this connector: its connector, backend, ee_id and endpoint.
            end_2: the other end, possibly of another connector.

        Raises:
            NotSupported: this backend cannot reach the other end's connector.

        Example::

            @hookimpl
            async def remove_relation(self, op, end_1, end_2):
                await op.held()
                await self._client.unrelate(
                    (end_1.ee_id.application, end_1.endpoint), (end_2.ee_id.application, end_2.endpoint)
                )
        """

    @operation_hook(is_aggregate=True, takes_options=True)
    async def scale(self, op: Operation, ee_id: EeId, num_units: int, options: BaseModel | None) -> None:
        """Set the number of units and wait until they are ready or gone.

        If there are that many already, nothing changes. If there are more, the leader and the oldest ones stay.

        Args:
            op: this run.
            ee_id: the EE to scale.
            num_units: how many units there are to be, at least 1.
            options: an instance of the model in ``operation_options``; None if there is no model.

        Raises:
            NotFound: the EE does not exist, or has no charm installed.

        Example::

            @hookimpl
            async def scale(self, op, ee_id, num_units):
                await op.held()
                await self._client.scale(ee_id.application, num_units)
        """

    @operation_hook(is_aggregate=True, takes_options=True)
    async def upgrade(
        self, op: Operation, ee_id: EeId, artifact: Artifact, config: Mapping[str, Any], options: BaseModel | None
    ) -> None:
        """Replace the installed charm with another version of it and wait until its units are ready.

        The units stay, and so do the options that were set, except those that the new version does not have.

        Args:
            op: this run.
            ee_id: the EE to upgrade.
            artifact: the new version.
            config: values of options to set with it, as the caller gave them.
            options: an instance of the model in ``operation_options``; None if there is no model.

        Raises:
            NotFound: the EE does not exist, or has no charm installed.
            BadArguments: another charm is installed, an unknown option, or a value of the wrong type.

        Example::

            @hookimpl
            async def upgrade(self, op, ee_id, artifact, config):
                await op.held()
                await self._client.refresh(ee_id.application, artifact.path, config)
        """

    @operation_hook(removes=Scope.ENVIRONMENT, end="deregistered")
    async def deregister_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Forget an execution environment and leave its machine as it is.

        Deregistering what does not exist succeeds. An id whose locator is not the EE's present one does not exist:
        nothing is forgotten.

        Args:
            op: this run.
            ee_id: the EE to forget.

        Example::

            @hookimpl
            async def deregister_execution_environment(self, op, ee_id):
                await op.held()
                await self._client.forget(ee_id.application)
        """

    @operation_hook(removes=Scope.ENVIRONMENT, end="deleted")
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Delete an execution environment with everything it brought, and wait until it is gone.

        Deleting what does not exist succeeds. An id whose locator is not the EE's present one does not exist: nothing
        is deleted.

        Args:
            op: this run.
            ee_id: the EE to delete.

        Example::

            @hookimpl
            async def delete_execution_environment(self, op, ee_id):
                await op.held()
                await self._client.remove(ee_id.application)
                await self._client.wait_gone(ee_id.application)
        """

    @operation_hook(removes=Scope.NAMESPACE, end="deleted")
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        """Delete everything of an NS and wait until it is gone.

        Deleting what does not exist succeeds.

        Args:
            op: this run; its ``ee_id`` is None.
            namespace: an NS, so without a VNF part. Only the model with exactly its name is deleted.

        Example::

            @hookimpl
            async def delete_namespace(self, op, namespace):
                await op.held()
                await self._client.destroy_model(self.host.names.model(namespace))
        """


HOOKS = frozenset(name for name in dir(BackendHooks) if hasattr(getattr(BackendHooks, name), "vca_spec"))
"""The names of all hooks."""

LIFECYCLE_HOOKS = HOOKS - TRAITS.keys()
"""Hooks that are not capabilities: a backend without anything to connect to leaves them out."""

OPERATIONS_WITH_OPTIONS = frozenset(name for name, traits in TRAITS.items() if traits.takes_options)
"""The operations that take ``options``."""
