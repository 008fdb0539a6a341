"""Operations that make and remove execution environments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core import arguments
from vca_core._engine.answers import address_of, check_nothing
from vca_core._engine.operation import RunningOperation
from vca_core._engine.request import Call, Confidential, Request, operation
from vca_core.arguments import Seconds
from vca_core.connector.base import ConnectorBase, DbDict
from vca_core.errors import BadArguments
from vca_core.hookspecs import BackendHooks
from vca_core.hosts import same_host
from vca_core.naming import EeId, EeKey, Namespace

_HARMLESS = frozenset({"hostname", "username", "port", "private_key_path"})
"""Credentials that errors may show, or the errors would be of no use; all others are secret."""


class EnvironmentOperations(ConnectorBase):
    """Operations that make and remove execution environments."""

    async def create_execution_environment(
        self,
        namespace: str | Namespace,
        db_dict: DbDict | None = None,
        reuse_ee_id: str | EeId | None = None,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
        *,
        artifact_path: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> tuple[str, dict[str, Any] | None]:
        """Create an execution environment, or go on with one.

        Args:
            namespace: names the EE, and the model it lives in.
            db_dict: the EE's home: where its status is kept from now on. The document has to exist. None: one of the
                core's own.
            reuse_ee_id: the EE to go on with, as after a failure or `AlreadyExists`.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
            artifact_path: the charm that will be installed, so that a machine gets a base that it supports.
            options: what the backend's model for this operation takes.

        Returns:
            The ee_id, and ``{"hostname": address}``, or None where the EE has no address.

        Raises:
            AlreadyExists: there is one; carries its ``ee_id``.
            NotFound: the EE to reuse is gone.
            NotSupported: also when the backend cannot go on with an EE that is there.
            BadArguments: also when another namespace has this one's model or application, or the EE to reuse.
        """
        parsed = Namespace.parse(namespace)
        reuse = None if reuse_ee_id is None else EeId.parse(reuse_ee_id, "reuse_ee_id")
        key = self._engine.key_of(parsed)
        if reuse is not None and EeKey.of(self.name, reuse) != key:
            raise BadArguments(
                f"reuse_ee_id: expected {key.model}.{key.application}.<locator>, the EE of namespace {parsed}, "
                f"got {reuse}",
                ["reuse_ee_id"],
            )
        artifact = self._artifact(artifact_path) if artifact_path is not None else None
        call: Call[str | None]
        if reuse is None:
            checked = self._options("create_execution_environment", options)
            call = operation(BackendHooks.create_execution_environment)(
                namespace=parsed, artifact=artifact, options=checked
            )
        else:
            checked = self._options("resume_execution_environment", options, of="create_execution_environment")
            call = operation(BackendHooks.resume_execution_environment)(
                ee_id=reuse, namespace=parsed, artifact=artifact, options=checked
            )
        request = Request(
            call,
            _ee_id_and_address,
            keys=(key,),
            model=key.model,
            namespace=parsed,
            ee_id=reuse,
            db_dict=db_dict,
            progress=progress_timeout,
            total=total_timeout,
            confidential=Confidential(options=checked),
        )
        return await self._engine.run(request)

    async def register_execution_environment(
        self,
        namespace: str | Namespace,
        credentials: Mapping[str, Any],
        db_dict: DbDict | None = None,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
        *,
        options: Mapping[str, Any] | None = None,
    ) -> str:
        """Take an existing machine into service as an execution environment.

        Args:
            namespace: names the EE.
            credentials: ``hostname`` and ``username``, and others that the backend takes, such as ``private_key_path``.
            db_dict: the EE's home, as in `create_execution_environment`.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
            options: what the backend's model for this operation takes.

        Returns:
            The ee_id.

        Raises:
            AlreadyExists: there is one; carries its ``ee_id``. Or another EE has the host, however its address is
                spelled.
        """
        parsed = Namespace.parse(namespace)
        key = self._engine.key_of(parsed)
        checked_credentials = arguments.credentials(credentials)
        checked = self._options("register_execution_environment", options)
        call = operation(BackendHooks.register_execution_environment)(
            namespace=parsed, credentials=checked_credentials, options=checked
        )
        hidden = {key: value for key, value in checked_credentials.items() if key not in _HARMLESS}
        request = Request(
            call,
            _ee_id,
            keys=(key,),
            model=key.model,
            namespace=parsed,
            db_dict=db_dict,
            host=same_host(checked_credentials["hostname"], checked_credentials.get("port")),
            progress=progress_timeout,
            total=total_timeout,
            confidential=Confidential("credentials", certain=hidden, options=checked),
        )
        return await self._engine.run(request)

    async def deregister_execution_environment(
        self,
        ee_id: str | EeId,
        db_dict: DbDict | None = None,
        total_timeout: Seconds = None,
    ) -> None:
        """Forget an execution environment and leave its machine as it is. Forgetting what does not exist succeeds.

        Args:
            ee_id: which one.
            db_dict: where the outcome goes.
            total_timeout: seconds in all.
        """
        parsed = EeId.parse(ee_id)
        call = operation(BackendHooks.deregister_execution_environment)(ee_id=parsed)
        await self._remove(call, parsed, db_dict, total_timeout)

    async def delete_execution_environment(
        self,
        ee_id: str | EeId,
        db_dict: DbDict | None = None,
        total_timeout: Seconds = None,
    ) -> None:
        """Delete an execution environment with everything that came with it, and wait until it is gone.

        Args:
            ee_id: which one.
            db_dict: where the outcome goes.
            total_timeout: seconds in all.
        """
        parsed = EeId.parse(ee_id)
        call = operation(BackendHooks.delete_execution_environment)(ee_id=parsed)
        await self._remove(call, parsed, db_dict, total_timeout)

    async def delete_namespace(
        self, namespace: str | Namespace, db_dict: DbDict | None = None, total_timeout: Seconds = None
    ) -> None:
        """Delete everything of an NS, and wait until it is gone. Deleting what does not exist succeeds.

        What runs in the namespace is stopped with a `ConflictError`; deletes of it at the same time share one outcome.

        Args:
            namespace: the NS; one with a VNF or EE part is refused.
            db_dict: where the outcome goes.
            total_timeout: seconds in all.

        Raises:
            StoreError: it is deleted, but its records could not be read; the same call, later, removes them.
            VcaError: it could not be deleted.
        """
        parsed = Namespace.parse(namespace)
        if not parsed.is_ns:
            raise BadArguments(
                f"namespace: expected a whole NS, got {parsed}, a part of one; delete its EEs by their ee_id, "
                f"or pass the namespace {'.' + parsed.ns_id!r}",
                ["namespace"],
            )
        request = Request(
            operation(BackendHooks.delete_namespace)(namespace=parsed),
            check_nothing,
            model=self._engine.session.names.model(parsed),
            namespace=parsed,
            db_dict=db_dict,
            total=total_timeout,
        )
        await self._engine.run(request)

    async def _remove(self, call: Call[None], ee_id: EeId, db_dict: DbDict | None, total: Seconds) -> None:
        request = Request(
            call,
            check_nothing,
            keys=(EeKey.of(self.name, ee_id),),
            model=ee_id.model,
            ee_id=ee_id,
            db_dict=db_dict,
            total=total,
        )
        await self._engine.run(request)


def _ee_id_and_address(value: object, op: RunningOperation) -> tuple[str, dict[str, Any] | None]:
    address = address_of(value, op)
    return str(op.ee_id), None if address is None else {"hostname": address}


def _ee_id(value: object, op: RunningOperation) -> str:
    address_of(value, op)
    return str(op.ee_id)
