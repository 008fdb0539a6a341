"""What the operations of a connector share: how arguments become a running operation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from vca_core import arguments
from vca_core.arguments import Seconds
from vca_core.artifacts import Artifact
from vca_core.charm import Charm
from vca_core.config import validate_model
from vca_core.connector_runtime import ConnectorRuntime
from vca_core.errors import BackendError, BadArguments
from vca_core.naming import EeId
from vca_core.operation import RunningOperation
from vca_core.plain import Place, kind_of, plain
from vca_core.secrets import model_secrets

if TYPE_CHECKING:
    from vca_core.vca import Vca

DbDict = Mapping[str, Any]
"""``{"collection": str, "filter": {dotted path: value}, "path": str}``: where in the database a status goes (S18)."""


class ConnectorBase:
    """The part of a `Connector` that its operations share.

    Args:
        vca: what it belongs to.
        name: its name in the config.
    """

    def __init__(self, vca: Vca, name: str) -> None:
        self.name = name
        self._vca = vca
        self._runtime = ConnectorRuntime(vca, name)

    def __repr__(self) -> str:
        return f"<Connector {self._runtime.session.name}>"

    def _require(self, hook: str) -> None:
        self._runtime.session.hooks.require(hook)

    def _artifact(self, path: str) -> Artifact:
        return self._vca.artifacts.find(path)

    async def _charm(self, op: RunningOperation, artifact: Artifact | None) -> Charm | None:
        """Read a charm before anything is begun; None for what is not known here, as charms of Charmhub.

        Raises:
            BadArguments: it is malformed; says in which file and key.
            VcaTimeoutError: that took longer than the operation may.
        """
        if artifact is None or artifact.path is None:
            return None
        try:
            async with asyncio.timeout_at(op.total_at):
                return await artifact.read()
        except BadArguments as error:
            op.locate(error)
            raise
        except TimeoutError:
            raise op.locate(op.expired(waiting="the charm is read")) from None

    def _options(self, hook: str, options: Mapping[str, Any] | None) -> BaseModel | None:
        self._require(hook)
        given = arguments.mapping(options, "options")
        model = self._runtime.session.operation_options.get(hook)
        if model is None:
            if given:
                raise BadArguments(
                    f"options: {hook} takes none on this backend, {', '.join(sorted(given))} given",
                    [f"options.{key}" for key in given],
                )
            return None
        return validate_model(model, given, "options")

    def _on(
        self, hook: str, ee_id: EeId, db_dict: DbDict | None, progress: Seconds = None, total: Seconds = None
    ) -> RunningOperation:
        key = self._runtime.key(ee_id)
        return self._runtime.operation(
            hook, total=total, progress=progress, db_dict=db_dict, keys=[key], ee_id=ee_id, model=ee_id.model
        )


def plain_mapping(value: object, what: str) -> dict[str, Any]:
    """Copy the mapping that a hook returned, and check that it is plain data.

    Raises:
        BackendError: it is something else, or has something else in it; says where, without showing it.
    """

    def refuse(place: Place, reason: str) -> BackendError:
        where = f" at {'.'.join(place)}" if place else ""
        return BackendError(f"{what}: the backend returned something that is not plain data{where}: {reason}")

    if not isinstance(value, Mapping):
        raise BackendError(f"{what}: the backend returned {kind_of(value)} where a mapping is expected")
    mapping: dict[str, Any] = plain(value, refuse)
    return mapping


def option_secrets(options: BaseModel | None) -> list[str]:
    """The secret values of an operation's options."""
    return [] if options is None else model_secrets(options)
