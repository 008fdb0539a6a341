"""The hooks that make execution environments and remove them; see `vca_core.hookspecs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel

from vca_core.artifacts import Artifact
from vca_core.backend import Operation
from vca_core.naming import EeId, Namespace
from vca_core.traits import Scope, operation_hook


class EnvironmentHooks(Protocol):
    """The hooks that make execution environments and remove them."""

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
        EE, since its id is lost. Afterwards remove nothing: the caller has the id. A hook that returns without having
        called it has failed.

        A request whose answer was lost may have made something that bears no mark of this EE. It is neither removed nor
        used on a guess; `health` names it.

        Args:
            op: this run.
            namespace: names the EE; keep its ``canonical`` form with the EE, and give that back, byte for byte, in
                `list_execution_environments`.
            artifact: the charm that will be installed, if the caller named it, so that a machine gets a base that the
                charm supports; else None.
            options: an instance of the model in ``operation_options``; None if there is no model.

        Returns:
            The host name or address of the EE, after ``op.created``; None if it has none.

        Raises:
            AlreadyExists: the namespace has an EE; the error carries its ``ee_id``.
            BadArguments: another namespace has the same model or application, and the error names both; or the charm
                does not fit the system.
            NotFound: others removed the EE while it was waited for.
            BackendError: the machine will not start. The EE stays, to be deleted.
            StoreError: ``op.created`` raised it: let it through once the EE is removed.

        Example::

            @hookimpl
            async def create_execution_environment(self, op, namespace):
                if (ee_id := await self._find_ee_of(namespace)) is not None:
                    raise refusals.already_exists(ee_id, namespace)  # callers give it as `reuse_ee_id` to go on with it
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
            BadArguments: the EE belongs to another namespace; or the charm does not fit the system.
            BackendError: the machine will not start. The EE stays, to be deleted.
            StoreError: ``op.created`` raised it: let it through. The EE stays, as it was there before.

        Example::

            @hookimpl
            async def resume_execution_environment(self, op, ee_id, namespace):
                # Create refused with AlreadyExists, or a caller kept the id: nothing is created here.
                machine = await self._find(ee_id)  # by its whole id, or NotFound
                if machine.namespace != namespace.canonical:
                    raise refusals.shared_application(namespace, machine.namespace, ee_id.model, ee_id.application)
                await op.created(ee_id.locator)
                return await machine.wait_started()
        """

    @operation_hook(creates=True, takes_options=True)
    async def register_execution_environment(
        self, op: Operation, namespace: Namespace, credentials: Mapping[str, Any], options: BaseModel | None
    ) -> str | None:
        """Take an existing host into service as an execution environment.

        Call ``await op.created(locator)`` as soon as the EE exists, before waiting for it. If that, or anything before
        it, raises, undo what was done in the system and on the host, since the EE's id is lost. Afterwards undo
        nothing: the caller has the id. A hook that returns without having called it has failed.

        Args:
            op: this run.
            namespace: names the EE; keep its ``canonical`` form with the EE, and give that back, byte for byte, in
                `list_execution_environments`.
            credentials: ``hostname`` and ``username``, which the core has checked for; everything else as the caller
                gave it. They are secrets: log names only.
            options: an instance of the model in ``operation_options``; None if there is no model.

        Returns:
            The host name or address of the EE as the backend's system knows it, after ``op.created``; None if it has
            none. The core keeps it with the EE.

        Raises:
            AlreadyExists: the namespace has an EE, or the host belongs to another one; the error carries the ``ee_id``
                if there is one.
            BadArguments: another namespace has the same model or application, and the error names both; or the
                credentials cannot be used.
            NotFound: others removed the EE while it was waited for.
            VcaConnectionError: the host cannot be reached or refuses the login.
            BackendError: the host cannot be prepared; or its agent will not start. Then the EE stays, to be
                deregistered.
            StoreError: ``op.created`` raised it: let it through once everything is undone.

        Example::

            @hookimpl
            async def register_execution_environment(self, op, namespace, credentials):
                await op.held()
                host = await self._client.enlist(credentials["hostname"], credentials["username"])
                try:
                    await op.created(host.id)
                except BaseException:
                    await host.forget()
                    raise
                return await host.wait_started()
        """

    @operation_hook(removes=Scope.ENVIRONMENT, end="deregistered")
    async def deregister_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Forget an execution environment and leave its machine as it is.

        Deregistering what does not exist succeeds. An id whose locator is not the EE's present one does not exist:
        nothing is forgotten. Return when the EE is seen to be gone.

        Args:
            op: this run.
            ee_id: the EE to forget.

        Example::

            @hookimpl
            async def deregister_execution_environment(self, op, ee_id):
                await op.held()
                await self._client.forget(ee_id.application, ee_id.locator)
                await self._client.wait_gone(ee_id.application, ee_id.locator)
        """

    @operation_hook(removes=Scope.ENVIRONMENT, end="deleted")
    async def delete_execution_environment(self, op: Operation, ee_id: EeId) -> None:
        """Delete an execution environment with everything it brought, and wait until it is gone.

        Deleting what does not exist succeeds. An id whose locator is not the EE's present one does not exist: nothing
        is deleted. Its relations and all its units go with it. Return when it is seen to be gone.

        Args:
            op: this run.
            ee_id: the EE to delete.

        Example::

            @hookimpl
            async def delete_execution_environment(self, op, ee_id):
                await op.held()
                await self._client.remove(ee_id.application, ee_id.locator)
                await self._client.wait_gone(ee_id.application, ee_id.locator)
        """

    @operation_hook(removes=Scope.NAMESPACE, end="deleted")
    async def delete_namespace(self, op: Operation, namespace: Namespace) -> None:
        """Delete everything of an NS and wait until it is gone.

        Deleting what does not exist succeeds. EEs of all kinds go: those of VNFs, VDUs and KDUs, created or registered.
        Return when the model is seen to be gone.

        Args:
            op: this run; its ``ee_id`` is None.
            namespace: an NS, so without a VNF part. Only the model with exactly its name is deleted.

        Raises:
            BadArguments: the model belongs to another NS, whose name gives the same one, or to the system itself. The
                error names both, and nothing is deleted.

        Example::

            @hookimpl
            async def delete_namespace(self, op, namespace):
                model = self.host.names.model(namespace)
                for other in await self._client.namespaces_in(model):
                    if other.ns_id != namespace.ns_id:
                        raise refusals.shared_model(namespace.ns_id, other.ns_id, model)
                await op.held()
                await self._client.destroy_model(model)
                await self._client.wait_gone(model)
        """
