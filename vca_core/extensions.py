"""Extensions: tracing, audit, policy around the operations of all connectors (design 1).

An extension is a class that an entry point of the group ``vca.extensions`` names; it runs only if the config names it::

    class Audit:
        Options = AuditOptions                      # a model of its options; leave it out where there are none

        def __init__(self, options): ...

        @hookimpl
        @asynccontextmanager
        async def around(self, operation):          # an OperationInfo
            log_begin(operation)
            yield  # the operation runs here
            log_end(operation)

        @hookimpl
        def status_changed(self, change): ...       # a StatusChange
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pluggy

from vca_core._loading.entry_points import find_entries, the_one
from vca_core._loading.plugin_class import PROJECT, implementations, manager, problems_of_hooks, problems_of_model
from vca_core.backend import NoOptions
from vca_core.config import validate_model
from vca_core.errors import PluginError, VcaError

GROUP = "vca.extensions"
"""The entry points' group; an entry's name is the extension's name in a config."""

_LOG = logging.getLogger(__name__)
_hookspec = pluggy.HookspecMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class OperationInfo:
    """What an extension is told of an operation.

    Args:
        id: names this run: ``create_execution_environment-17``.
        operation: the operation, by its hook's name.
        connector: the connector's name.
        backend: connector and backend: ``edge (fake)``.
        namespace: the namespace it was given, where it was given one.
        ee_id: the EE, where there is one already.
    """

    id: str
    operation: str
    connector: str
    backend: str
    namespace: str | None
    ee_id: str | None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A status that was stored.

    Args:
        connector: name of the connector it comes from.
        table: the collection.
        filter: which document.
        path: dotted path in it, without a dot at its end.
        fields: the five fields, by name.
    """

    connector: str
    table: str
    filter: Mapping[str, Any]
    path: str
    fields: Mapping[str, Any]


class ExtensionHooks(Protocol):
    """The hooks of extensions; each may be left out."""

    @_hookspec(firstresult=True)
    def around(self, operation: OperationInfo) -> AbstractAsyncContextManager[None]:
        """Surround an operation, within its locks and deadlines.

        What is raised before the operation fails it: policy. What is raised behind it fails it, too, if it succeeded;
        its own error or cancellation cannot be swallowed or replaced.

        Args:
            operation: which one.
        """

    @_hookspec
    def status_changed(self, change: StatusChange) -> None:
        """Learn of a status after it was stored. Called in the event loop: it must not block.

        Args:
            change: what was stored where. An error is logged and goes no further.
        """


_SPECS: Mapping[str, Any] = {
    "around": ExtensionHooks.around,
    "status_changed": ExtensionHooks.status_changed,
}


@dataclass(frozen=True, slots=True)
class _Extension:
    name: str
    hooks: pluggy.HookRelay
    implemented: frozenset[str]


class Extensions:
    """The extensions of a `Vca`, outermost first.

    Args:
        extensions: those there are.
    """

    def __init__(self, extensions: Sequence[_Extension] = ()) -> None:
        self._around = [extension for extension in extensions if "around" in extension.implemented]
        self._listening = [extension for extension in extensions if "status_changed" in extension.implemented]

    @property
    def surround(self) -> bool:
        """Whether any of them surrounds operations."""
        return bool(self._around)

    @classmethod
    def load(cls, wanted: Sequence[tuple[str, Mapping[str, Any]]]) -> Extensions:
        """Load the extensions that a config names.

        Args:
            wanted: names and options, outermost first.

        Raises:
            BadArguments: there is none of a name, or it refuses its options.
            PluginError: one is broken; says why.
        """
        if not wanted:
            return cls()
        entries = find_entries(GROUP)
        loaded = []
        for name, options in wanted:
            entry = the_one(entries, name, "extension")
            plugin = entry.load()
            if not isinstance(plugin, type):
                raise PluginError(f"extension {entry} is broken: {entry.value} is no class")
            model = getattr(plugin, "Options", NoOptions)
            problems = problems_of_hooks(plugin, _SPECS, ()) + problems_of_model(model, "Options")
            if problems:
                raise PluginError(f"extension {entry} is broken: {'; '.join(problems)}")
            checked = validate_model(model, options, f"extensions.{name}.options")
            try:
                made = plugin(checked)
            except Exception as error:
                raise PluginError(f"extension {entry} cannot be constructed: {type(error).__name__}") from error
            hooks = manager(ExtensionHooks, made, name).hook
            loaded.append(_Extension(name, hooks, frozenset(implementations(plugin))))
        return cls(loaded)

    @asynccontextmanager
    async def around(self, operation: OperationInfo) -> AsyncIterator[None]:
        """Surround an operation with all extensions."""
        entered: list[tuple[_Extension, AbstractAsyncContextManager[None]]] = []
        failure: BaseException | None = None
        try:
            for extension in self._around:
                surrounding = await _entered(extension, operation)
                entered.append((extension, surrounding))
            yield
        except BaseException as error:  # noqa: BLE001 - raised again below: extensions see it and cannot swallow it
            failure = error
        for extension, surrounding in reversed(entered):
            failure = await _left(extension, surrounding, failure)
        if failure is not None:
            raise failure

    def status_changed(self, change: StatusChange) -> None:
        """Tell the extensions of a stored status."""
        for extension in self._listening:
            try:
                extension.hooks.status_changed(change=change)
            except Exception:  # noqa: BLE001 - an extension may raise anything
                _LOG.exception("the extension %r failed at a change of %s", extension.name, change.path)


async def _entered(extension: _Extension, operation: OperationInfo) -> AbstractAsyncContextManager[None]:
    try:
        surrounding: AbstractAsyncContextManager[None] = extension.hooks.around(operation=operation)
        await surrounding.__aenter__()
    except VcaError:
        raise
    except Exception as error:
        raise _failed(extension, error) from error
    return surrounding


async def _left(
    extension: _Extension, surrounding: AbstractAsyncContextManager[None], failure: BaseException | None
) -> BaseException | None:
    """Leave one extension; what the operation ends with then."""
    try:
        if failure is None:
            await surrounding.__aexit__(None, None, None)
        else:
            await surrounding.__aexit__(type(failure), failure, failure.__traceback__)
    except asyncio.CancelledError as error:
        return failure if isinstance(failure, asyncio.CancelledError) else error
    except VcaError as error:
        return failure or error
    except Exception as error:  # noqa: BLE001 - it becomes the operation's, or is logged
        if error is failure:
            return failure
        if failure is None:
            failure = _failed(extension, error)
            failure.__cause__ = error
        else:
            _LOG.warning("the extension %r failed after a failure", extension.name, exc_info=error)
    return failure


def _failed(extension: _Extension, error: Exception) -> PluginError:
    return PluginError(f"the extension {extension.name!r} failed: {type(error).__name__}: {error}")
