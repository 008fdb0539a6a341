"""Operations that run primitives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from vca_core import arguments
from vca_core._engine.operation import RunningOperation
from vca_core._engine.request import NO_SECRETS, Call, Confidential, Request, operation
from vca_core.arguments import Seconds
from vca_core.connector.base import ConnectorBase, DbDict, plain_mapping
from vca_core.connector.config_primitive import CONFIG_PRIMITIVE, options_in
from vca_core.connector.hook_calls import GET_KEY
from vca_core.errors import BadArguments, ExecutionError
from vca_core.hookspecs import BackendHooks
from vca_core.naming import EeId, EeKey

R = TypeVar("R")

CONFIG_OK = "CONFIG OK"
"""What the primitive ``config`` returns."""

_DIGITS = 9
"""How many digits the number of a unit has at most."""


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
        unit: str | int | None = None,
    ) -> dict[str, Any] | str:
        """Run a primitive and wait for its end.

        Args:
            ee_id: where.
            primitive_name: an action of the charm; or ``config``, which sets options.
            params_dict: its parameters, by any names; for ``config`` the options, also as ``{"params": {...}}``.
            db_dict: where the statuses and the outcome go.
            progress_timeout: seconds without any change after which it is given up.
            total_timeout: seconds in all.
            unit: the unit to run it on: its name or number; None, ``"leader"`` or ``"APPLICATION/leader"``: the leader.

        Returns:
            The output of the action; ``"CONFIG OK"`` for ``config``.

        Raises:
            ExecutionError: it failed; carries its output.
            BadArguments: also when the charm has no such primitive, or refuses the parameters.
        """
        parsed = EeId.parse(ee_id)
        primitive = arguments.name(primitive_name, "primitive_name")
        params = arguments.values(params_dict, "params_dict")
        on_unit = _unit_of(unit, parsed)
        if primitive == CONFIG_PRIMITIVE:
            if unit is not None:
                raise BadArguments("unit: the primitive config concerns all units; leave it out", ["unit"])
            params = arguments.values(options_in(params), "params_dict")
            return await self._run(
                operation(BackendHooks.configure)(ee_id=parsed, values=params),
                _config_ok,
                parsed,
                db_dict,
                progress_timeout,
                total_timeout,
                Confidential("params_dict", params, lasting=True),
            )
        return await self._run(
            operation(BackendHooks.exec_primitive)(ee_id=parsed, primitive=primitive, params=params, unit=on_unit),
            partial(_output, primitive),
            parsed,
            db_dict,
            progress_timeout,
            total_timeout,
            Confidential("params_dict", params),
        )

    async def get_ee_ssh_public_key(
        self,
        ee_id: str | EeId,
        db_dict: DbDict | None = None,
        progress_timeout: Seconds = None,
        total_timeout: Seconds = None,
    ) -> str:
        """Make an ssh key pair in an EE if it has none, and return the public key.

        Runs ``generate-ssh-key``, whose failure is taken to mean that there is one, and ``get-ssh-public-key``.

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
        primitive = operation(BackendHooks.exec_primitive)
        return await self._run(
            primitive(ee_id=parsed, primitive=GET_KEY, params={}, unit=None),
            _public_key,
            parsed,
            db_dict,
            progress_timeout,
            total_timeout,
            before=primitive(ee_id=parsed, primitive="generate-ssh-key", params={}, unit=None),
        )

    get_ee_ssh_public__key = get_ee_ssh_public_key
    """The documented name of `get_ee_ssh_public_key`."""

    async def _run(
        self,
        call: Call[Any],
        answer: Callable[[Any, RunningOperation], R],
        ee_id: EeId,
        db_dict: DbDict | None,
        progress: Seconds,
        total: Seconds,
        confidential: Confidential = NO_SECRETS,
        *,
        before: Call[Any] | None = None,
    ) -> R:
        request = Request(
            call,
            answer,
            keys=(EeKey.of(self.name, ee_id),),
            model=ee_id.model,
            ee_id=ee_id,
            db_dict=db_dict,
            progress=progress,
            total=total,
            confidential=confidential,
            before=before,
        )
        return await self._engine.run(request)


def _unit_of(unit: str | int | None, ee_id: EeId) -> str | None:
    """The name of a unit, however it is called; None: the leader."""
    if unit is None:
        return None
    if isinstance(unit, int) and not isinstance(unit, bool):
        if not 0 <= unit < 10**_DIGITS:
            raise BadArguments(f"unit: expected a unit's name or number of at most {_DIGITS} digits", ["unit"])
        return f"{ee_id.application}/{unit}"
    name = arguments.name(unit, "unit").strip()
    if name in {"leader", f"{ee_id.application}/leader"}:
        return None
    return f"{ee_id.application}/{int(name)}" if name.isascii() and name.isdigit() and len(name) <= _DIGITS else name


def _config_ok(_value: object, _op: RunningOperation) -> str:
    return CONFIG_OK


def _output(primitive: str, value: object, _op: RunningOperation) -> dict[str, Any]:
    return plain_mapping(value, f"primitive {primitive}")


def _public_key(value: object, _op: RunningOperation) -> str:
    output = plain_mapping(value, f"primitive {GET_KEY}")
    key = output.get("pubkey")
    if not isinstance(key, str) or not key.strip():
        raise ExecutionError(f"{GET_KEY} gave no 'pubkey'", GET_KEY, output)
    return key.strip()
