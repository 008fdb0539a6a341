"""The extensions that a config names: loaded, checked, and put around operations."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pluggy

from vca_core._loading.entry_points import find_entries, the_one
from vca_core._loading.plugin_class import implementations, manager, problems_of_hooks, problems_of_model
from vca_core.backend import NoOptions
from vca_core.config import validate_model
from vca_core.errors import PluginError, VcaError
from vca_core.extensions import ExtensionHooks, OperationFacts, StatusChange

GROUP = "vca.extensions"
"""The entry points' group; an entry's name is the extension's name in a config."""

_LOG = logging.getLogger(__name__)

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

    Attributes:
        surround: whether any of them surrounds operations.
    """

    def __init__(self, extensions: Sequence[_Extension] = ()) -> None:
        self._around = [extension for extension in extensions if "around" in extension.implemented]
        self.surround = bool(self._around)
        self._listening = [extension for extension in extensions if "status_changed" in extension.implemented]

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
    async def around(self, operation: OperationFacts) -> AsyncIterator[None]:
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


async def _entered(extension: _Extension, operation: OperationFacts) -> AbstractAsyncContextManager[None]:
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
