"""What the operations of a connector share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from vca_core import arguments
from vca_core._engine.engine import Engine
from vca_core._engine.shared import Shared
from vca_core.artifacts import Artifact
from vca_core.config import validate_model
from vca_core.errors import BackendError, BadArguments
from vca_core.secrets import model_secrets

DbDict = Mapping[str, Any]
"""``{"collection": str, "filter": {dotted path: value}, "path": str}``: where in the database a status goes."""


class ConnectorBase:
    """The part of a `Connector` that its operations share.

    Args:
        shared: what all connectors of its `Vca` share.
        name: its name in the config.
    """

    def __init__(self, shared: Shared, name: str) -> None:
        self.name = name
        self._engine = Engine(shared, name)

    def __repr__(self) -> str:
        engine = getattr(self, "_engine", None)  # it may be asked for while it is being made
        return f"<Connector {getattr(self, 'name', '?') if engine is None else engine.session.name}>"

    def _artifact(self, path: str) -> Artifact:
        return self._engine.shared.artifacts.find(path)

    def _options(self, hook: str, options: Mapping[str, Any] | None) -> BaseModel | None:
        self._engine.session.hooks.require(hook)
        given = arguments.mapping(options, "options")
        model = self._engine.session.operation_options.get(hook)
        if model is None:
            if given:
                raise BadArguments(
                    f"options: {hook} takes none on this backend, {', '.join(sorted(given))} given",
                    [f"options.{key}" for key in given],
                )
            return None
        return validate_model(model, given, "options")


def plain_mapping(value: object, what: str) -> dict[str, Any]:
    """Copy the mapping that a hook returned, and check that it is plain data.

    Raises:
        BackendError: it is none, or has something else in it; says where, without showing it.
    """
    if not isinstance(value, Mapping):
        raise BackendError(f"{what}: the backend returned {type(value).__name__} where a mapping is expected")
    return {_name(key, what): _plain(item, f"{what}: {key}") for key, item in value.items()}


def _plain(value: object, place: str) -> Any:
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, Mapping):
        return {_name(key, place): _plain(item, f"{place}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}.{number}") for number, item in enumerate(value)]
    raise BackendError(f"{place}: the backend returned {type(value).__name__} where plain data is expected")


def _name(key: object, place: str) -> str:
    if isinstance(key, str):
        return key
    raise BackendError(f"{place}: the backend returned a key that is no text, but {type(key).__name__}")


def option_secrets(options: BaseModel | None) -> tuple[str, ...]:
    """The secret values of an operation's options."""
    return () if options is None else tuple(model_secrets(options))
