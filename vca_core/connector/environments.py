"""Operations that make and remove execution environments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core import arguments
from vca_core._engine.operation import RunningOperation
from vca_core._tracking.records import own_home
from vca_core.arguments import Seconds
from vca_core.connector.base import ConnectorBase, DbDict, option_secrets
from vca_core.errors import BackendError, BadArguments
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId, Namespace
from vca_core.secrets import secret_strings

_NO_SECRETS = frozenset({"hostname", "username", "port", "private_key_path"})
"""Credentials that errors may show, for nobody could use them otherwise; all others are secret."""


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
        """Create an execution environment, or go on with one (S39, S58; D45, D77).

        Args:
            namespace: names the EE, and the model it lives in.
            db_dict: the EE's home: where its status stands from now on. Its document has to exist. None: in the
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
            BadArguments: also when another namespace has this one's model or application, or the EE to reuse.
        """
        hook = "create_execution_environment"
        runtime = self._runtime
        namespace = Namespace.parse(namespace)
        reuse = None if reuse_ee_id is None else EeId.parse(reuse_ee_id, "reuse_ee_id")
        key = runtime.key_of(namespace)
        if reuse is not None and (reuse.model, reuse.application) != key[1:]:
            raise BadArguments(
                f"reuse_ee_id {reuse} is not of namespace {namespace}, whose EE is {key[1]}.{key[2]}.<locator>",
                ["reuse_ee_id"],
            )
        artifact = self._artifact(artifact_path) if artifact_path is not None else None
        checked = self._options(hook, options)
        op = self._begin_creating(hook, key, namespace, db_dict, progress_timeout, total_timeout, reuse)
        await self._charm(op, artifact)

        async def body(op: RunningOperation) -> tuple[str, dict[str, Any] | None]:
            address = await runtime.call(
                op,
                BackendHooks.create_execution_environment,
                op=op,
                namespace=namespace,
                reuse=reuse,
                artifact=artifact,
                options=checked,
            )
            if address is not None and not isinstance(address, str):
                raise BackendError(f"the backend returned {type(address).__name__} where an address is expected")
            return str(self._made(op)), None if address is None else {"hostname": address}

        return await runtime.run(op, body, lambda: option_secrets(checked))

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
        """Take an existing machine into service as an execution environment (S40, S59; D2, D3, D44).

        Args:
            namespace: names the EE.
            credentials: ``hostname`` and ``username``, and what else the backend takes, as ``private_key_path``.
            db_dict: the EE's home, as in `create_execution_environment`.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
            options: what the backend's model for this operation takes.

        Returns:
            The ee_id.

        Raises:
            AlreadyExists: there is one; carries its ``ee_id``.
        """
        hook = "register_execution_environment"
        runtime = self._runtime
        namespace = Namespace.parse(namespace)
        key = runtime.key_of(namespace)
        checked_credentials = arguments.credentials(credentials)
        checked = self._options(hook, options)
        op = self._begin_creating(hook, key, namespace, db_dict, progress_timeout, total_timeout, None)

        async def body(op: RunningOperation) -> str:
            await runtime.call(
                op,
                BackendHooks.register_execution_environment,
                op=op,
                namespace=namespace,
                credentials=checked_credentials,
                options=checked,
            )
            return str(self._made(op))

        secret = {key: value for key, value in checked_credentials.items() if key not in _NO_SECRETS}
        return await runtime.run(op, body, lambda: [*secret_strings(secret), *option_secrets(checked)])

    async def deregister_execution_environment(
        self,
        ee_id: str | EeId,
        db_dict: DbDict | None = None,
        total_timeout: Seconds = None,
    ) -> None:
        """Forget an execution environment and leave its machine as it is (S45; D4). Absent is success.

        Args:
            ee_id: which one.
            db_dict: where the outcome goes.
            total_timeout: seconds in all.
        """
        await self._remove("deregister_execution_environment", ee_id, db_dict, total_timeout)

    async def delete_execution_environment(
        self,
        ee_id: str | EeId,
        db_dict: DbDict | None = None,
        total_timeout: Seconds = None,
    ) -> None:
        """Delete an execution environment with all it brought, and see it gone (S47; D25, D48). Absent is success.

        Args:
            ee_id: which one.
            db_dict: where the outcome goes.
            total_timeout: seconds in all.
        """
        await self._remove("delete_execution_environment", ee_id, db_dict, total_timeout)

    async def delete_namespace(
        self, namespace: str | Namespace, db_dict: DbDict | None = None, total_timeout: Seconds = None
    ) -> None:
        """Delete everything of an NS, and see it gone (S46; D21-D23, D47-D49, U7, U8). Absent is success.

        What runs in the namespace is stopped with a `ConflictError`; deletes of it at the same time share one outcome.

        Args:
            namespace: the NS; one with a VNF part is refused.
            db_dict: where the outcome goes.
            total_timeout: seconds in all.
        """
        hook = "delete_namespace"
        runtime = self._runtime
        namespace = Namespace.parse(namespace)
        if not namespace.is_ns:
            raise BadArguments(
                f"only a whole NS can be deleted: {namespace} has a VNF or VDU part; delete its EEs by their ee_id, "
                f"or pass the namespace {'.' + namespace.ns_id!r}",
                ["namespace"],
            )
        model = runtime.session.names.model(namespace)
        op = runtime.operation(hook, total=total_timeout, db_dict=db_dict, namespace=namespace, model=model)

        async def body(op: RunningOperation) -> None:
            with runtime.deleting(model):
                await runtime.call(op, BackendHooks.delete_namespace, op=op, namespace=namespace)
                runtime.forget_model(model)

        await runtime.delete_namespace(op, body)

    def _begin_creating(
        self,
        hook: str,
        key: tuple[str, str, str],
        namespace: Namespace,
        db_dict: DbDict | None,
        progress: Seconds,
        total: Seconds,
        reuse: EeId | None,
    ) -> RunningOperation:
        op = self._runtime.operation(
            hook,
            total=total,
            progress=progress,
            db_dict=db_dict,
            keys=[key],
            ee_id=reuse,
            model=key[1],
            namespace=namespace,
        )
        op.home = op.paths[0] if op.paths else own_home(key)
        op.paths = (op.home,)
        op.remember = self._runtime.remember
        return op

    @staticmethod
    def _made(op: RunningOperation) -> EeId:
        if op.ee_id is None or not op.remembered:
            raise BackendError(f"the backend ended {op.operation} without `await op.created(locator)`")
        return op.ee_id

    async def _remove(self, hook: str, ee_id: str | EeId, db_dict: DbDict | None, total: Seconds) -> None:
        parsed = EeId.parse(ee_id)
        op = self._on(hook, parsed, db_dict, total=total)
        spec = (
            BackendHooks.delete_execution_environment
            if hook == "delete_execution_environment"
            else BackendHooks.deregister_execution_environment
        )

        async def body(op: RunningOperation) -> None:
            await self._runtime.call(op, spec, op=op, ee_id=parsed)

        await self._runtime.run(op, body)
