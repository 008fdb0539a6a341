"""Operations that run primitives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vca_core import arguments
from vca_core._engine.operation import RunningOperation
from vca_core.arguments import Seconds
from vca_core.connector.base import ConnectorBase, DbDict, plain_mapping
from vca_core.errors import BadArguments, ExecutionError, VcaError, VcaTimeoutError
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId
from vca_core.secrets import secrets_in

CONFIG_PRIMITIVE = "config"
"""The primitive that sets options instead of running an action (S48, S62)."""

CONFIG_OK = "CONFIG OK"
"""What the primitive ``config`` returns (S48)."""


class PrimitiveOperations(ConnectorBase):
    """Operations that run primitives."""

    async def exec_primitive(
        self,
        ee_id: str | EeId,
        primitive_name: str,
        params_dict: Mapping[str, Any] | None = None,
        db_dict: DbDict | None = None,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
        *,
        unit: str | None = None,
    ) -> dict[str, Any] | str:
        """Run a primitive and wait for its end (S48, S61, S62; D28-D32, D36, D52, D82).

        Args:
            ee_id: where.
            primitive_name: an action of the charm; or ``config``, which sets options.
            params_dict: its parameters, by any names; for ``config`` the options, also as ``{"params": {...}}``.
            db_dict: where the statuses and the outcome go.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
            unit: name of the unit to run it on; None: the leader.

        Returns:
            The output of the action; ``"CONFIG OK"`` for ``config``.

        Raises:
            ExecutionError: it failed; carries its output.
            BadArguments: also when the charm has no such primitive, or refuses the parameters.
        """
        parsed = EeId.parse(ee_id)
        primitive = arguments.name(primitive_name, "primitive_name")
        params = arguments.mapping(params_dict, "params_dict")
        if unit is not None:
            arguments.name(unit, "unit")
        if primitive == CONFIG_PRIMITIVE:
            if unit is not None:
                raise BadArguments("unit: the primitive config concerns all units; leave it out", ["unit"])
            await self._configure(parsed, params, db_dict, progress_timeout, total_timeout)
            return CONFIG_OK
        op = self._on("exec_primitive", parsed, db_dict, progress_timeout, total_timeout)

        async def body(op: RunningOperation) -> dict[str, Any]:
            return await self._primitive(op, parsed, primitive, params, unit)

        return await self._runtime.run(op, body, lambda: self._secrets(parsed, params))

    async def _configure(
        self, ee_id: EeId, params: dict[str, Any], db_dict: DbDict | None, progress: Seconds, total: Seconds
    ) -> None:
        if params.keys() == {"params"} and isinstance(params["params"], Mapping):
            params = arguments.mapping(params["params"], "params_dict")  # as LCM sends it
        op = self._on("configure", ee_id, db_dict, progress, total)

        async def body(op: RunningOperation) -> None:
            await self._runtime.call(op, BackendHooks.configure, op=op, ee_id=ee_id, values=params)

        await self._runtime.run(op, body, lambda: self._secrets(ee_id, params))

    def _secrets(self, ee_id: EeId, params: dict[str, Any]) -> list[str]:
        return secrets_in(params, self._runtime.declared_secrets(ee_id))

    async def get_ee_ssh_public_key(
        self,
        ee_id: str | EeId,
        db_dict: DbDict | None = None,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
    ) -> str:
        """Have an EE make an ssh key pair if it has none, and get the public key (S42; D33-D35).

        Runs ``generate-ssh-key``, whose failure means that there is one, and ``get-ssh-public-key``.

        Args:
            ee_id: which one.
            db_dict: where the statuses of the second one and the outcome go.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds for both.

        Returns:
            The public key, one line.

        Raises:
            ExecutionError: the second one failed, or gave no key; carries its output.
        """
        parsed = EeId.parse(ee_id)
        primitive = "get-ssh-public-key"
        op = self._on("exec_primitive", parsed, db_dict, progress_timeout, total_timeout)

        async def body(op: RunningOperation) -> str:
            op.muted = True
            try:
                await self._primitive(op, parsed, "generate-ssh-key", {}, None)
            except VcaTimeoutError:
                raise
            except VcaError as error:
                self._runtime.log.debug("generate-ssh-key on %s failed, which is taken as done: %s", parsed, error)
            op.muted = False
            output = await self._primitive(op, parsed, primitive, {}, None)
            key = output.get("pubkey")
            if not isinstance(key, str) or not key.strip():
                raise ExecutionError(f"{primitive} gave no 'pubkey'", primitive, output)
            return key.strip()

        return await self._runtime.run(op, body)

    get_ee_ssh_public__key = get_ee_ssh_public_key
    """The documented name of `get_ee_ssh_public_key` (D87)."""

    async def _primitive(
        self, op: RunningOperation, ee_id: EeId, primitive: str, params: dict[str, Any], unit: str | None
    ) -> dict[str, Any]:
        output = await self._runtime.call(
            op, BackendHooks.exec_primitive, op=op, ee_id=ee_id, primitive=primitive, params=params, unit=unit
        )
        return plain_mapping(output, f"primitive {primitive}")
