"""What the operations of a connector share."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ParamSpec, TypeVar

from pydantic import BaseModel

from vca_core import arguments
from vca_core._engine.engine import Engine
from vca_core._engine.shared import Shared
from vca_core.artifacts import Artifact
from vca_core.config import ConnectorConfig, validate_model
from vca_core.connector.hook_calls import hook_call
from vca_core.errors import BackendError, BadArguments, VcaError
from vca_core.plain import Place, kind_of, plain

DbDict = Mapping[str, Any]
"""``{"collection": str, "filter": {dotted path: value}, "path": str}``: where in the database a status goes."""


P = ParamSpec("P")
R = TypeVar("R")


_AT_ONCE = frozenset({"disconnect", "get_public_key"})
"""What does not stand in line behind operations that are about to begin."""


def drop_frames(method: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Let errors leave an operation without the frames below: those hold parameters, and some log locals."""

    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await method(*args, **kwargs)
        except (VcaError, asyncio.CancelledError) as error:
            del args, kwargs
            raise error.with_traceback(None)  # noqa: B904 - the same error, not one that another led to

    return call


def _guard(method: Callable[..., Coroutine[Any, Any, R]]) -> Callable[..., Coroutine[Any, Any, R]]:
    """Begin an operation when it is its turn, report it if it is refused, and let errors leave it without frames.

    The frames below hold parameters, and some log locals. What a backend raised is kept as the error's cause, with its
    frames as text.
    """
    waits = method.__name__ not in _AT_ONCE

    @functools.wraps(method)
    async def call(self: ConnectorBase, *args: Any, **kwargs: Any) -> R:
        try:
            try:
                if waits:
                    await self._engine.wait_turn()
                return await method(self, *args, **kwargs)
            except VcaError as error:
                if error.operation_id is None:  # what came as far as the engine has been reported, and has one
                    bind = inspect.signature(method).bind_partial
                    # Not kept in a name: the frame of an error that leaves must not hold parameters.
                    await self._engine.refuse_call(
                        *hook_call(method.__name__, bind(self, *args, **kwargs).arguments), error
                    )
                raise
        except (VcaError, asyncio.CancelledError) as error:
            del args, kwargs
            raise error.with_traceback(None)  # noqa: B904 - the same error, not one that another led to

    return call


class ConnectorBase:
    """The part of a `Connector` that its operations share.

    Args:
        shared: what all connectors of its `Vca` share.
        name: its name.
        definition: its backend, with options and limits; None: the config's.
    """

    def __init__(self, shared: Shared, name: str, definition: ConnectorConfig | None = None) -> None:
        self.name = name
        self._engine = Engine(shared, name, shared.config.connector(name) if definition is None else definition)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, method in list(vars(cls).items()):
            if not name.startswith("_") and inspect.iscoroutinefunction(method):
                setattr(cls, name, _guard(method))

    def __repr__(self) -> str:
        engine = getattr(self, "_engine", None)  # it may be asked for while it is being made
        return f"<Connector {getattr(self, 'name', '?') if engine is None else engine.session.name}>"

    async def _redefine(self, definition: ConnectorConfig) -> bool:
        """Go on with another definition, unless something runs.

        Returns:
            Whether that was done.

        Raises:
            BadArguments: its options are wrong; then nothing has changed.
            PluginError: its backend is broken; likewise.
        """
        earlier = self._engine
        later = Engine(earlier.shared, self.name, definition)
        if not await earlier.retire():
            return False
        later.observe(earlier.session.hooks.probe)
        self._engine = later
        return True

    def _artifact(self, path: str) -> Artifact:
        return self._engine.shared.artifacts.find(path)

    def _options(self, hook: str, options: Mapping[str, Any] | None, *, of: str | None = None) -> BaseModel | None:
        """Check the options of an operation; `of` is the one whose model they have, where that is another one."""
        self._engine.session.hooks.require(hook)
        given = arguments.values(options, "options")
        model = self._engine.session.operation_options.get(of or hook)
        if model is None:
            if given:
                raise BadArguments(
                    f"options: expected none for {hook} on this backend, got {', '.join(sorted(given))}",
                    [f"options.{key}" for key in given],
                )
            return None
        return validate_model(model, given, "options")


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
