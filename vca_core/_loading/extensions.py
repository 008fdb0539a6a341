"""The extensions that a config names: loaded, checked, opened, put around operations, and notified of what happens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pluggy

from vca_core._entry_points import entry_named, find_entries
from vca_core._loading.opening import Opening
from vca_core._loading.plugin_class import implementations, make_manager, problems_of_hooks, problems_of_model
from vca_core.backend import NoOptions
from vca_core.config import validate_model
from vca_core.errors import PluginError, VcaError
from vca_core.extensions import ExtensionHooks, OperationFacts, StatusChange
from vca_core.tasks import OwnedTasks

GROUP = "vca.extensions"
"""The entry points' group; an entry's name is the extension's name in a config."""

_LOG = logging.getLogger(__name__)

_SPECS: Mapping[str, Any] = {
    "open": ExtensionHooks.open,
    "close": ExtensionHooks.close,
    "around": ExtensionHooks.around,
    "created": ExtensionHooks.created,
    "refused": ExtensionHooks.refused,
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
        exist: whether there are any.
        opening: opens them, and says whether they are open.
    """

    def __init__(self, extensions: Sequence[_Extension] = ()) -> None:
        self._extensions = extensions
        self._around = [extension for extension in extensions if "around" in extension.implemented]
        self.exist = bool(extensions)
        self._opened: list[_Extension] = []
        self.opening = Opening("extensions", "the extensions were", self._open)
        self.opening.is_open = not extensions  # there is none to open
        self._tasks = OwnedTasks("extensions")

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
            entry = entry_named(entries, name, "extension")
            plugin = entry.load()
            if not isinstance(plugin, type):
                raise PluginError(f"extension {entry} is broken: {entry.value} is not a class")
            model = getattr(plugin, "Options", NoOptions)
            problems = problems_of_hooks(plugin, _SPECS, ("open", "close")) + problems_of_model(model, "Options")
            if problems:
                raise PluginError(f"extension {entry} is broken: {'; '.join(problems)}")
            checked = validate_model(model, options, f"extensions.{name}.options")
            try:
                made = plugin(checked)
            except Exception as error:
                raise PluginError(f"extension {entry} cannot be constructed: {type(error).__name__}") from error
            hooks = make_manager(ExtensionHooks, made, name).hook
            loaded.append(_Extension(name, hooks, frozenset(implementations(plugin))))
        return cls(loaded)

    @asynccontextmanager
    async def around(self, operation: OperationFacts) -> AsyncIterator[None]:
        """Surround an operation with all extensions."""
        entered: list[tuple[_Extension, AbstractAsyncContextManager[None]]] = []
        failure: BaseException | None = None
        try:
            for extension in self._around:
                surrounding = await _enter(extension, operation)
                entered.append((extension, surrounding))
            yield
        except BaseException as error:  # noqa: BLE001 - raised again below: extensions see it and cannot swallow it
            failure = error
            if isinstance(error, VcaError):  # for extensions to see
                error.locate(
                    backend=operation.backend,
                    ee_id=operation.ee_id,
                    operation=operation.operation,
                    operation_id=operation.id,
                )
        for extension, surrounding in reversed(entered):
            failure = await _leave(extension, surrounding, failure)
        if failure is not None:
            raise failure

    def report_created(self, operation: OperationFacts, ee_id: str) -> None:
        """Report to the extensions an EE that an operation created."""
        self._notify("created", self._extensions, operation=operation, ee_id=ee_id)

    def report_refused(self, facts: OperationFacts, error: VcaError) -> None:
        """Report to the extensions that are open a call that ended before it began."""
        self._notify("refused", self._opened, operation=facts, error=error)

    def report_status(self, change: StatusChange) -> None:
        """Report to the extensions a status that was stored."""
        self._notify("status_changed", self._extensions, change=change)

    @staticmethod
    def _notify(hook: str, extensions: Sequence[_Extension], **arguments: Any) -> None:
        for extension in extensions:
            if hook not in extension.implemented:
                continue
            try:
                getattr(extension.hooks, hook)(**arguments)
            except Exception:  # noqa: BLE001 - an extension may raise anything
                _LOG.exception("the extension %r failed in %s", extension.name, hook)

    # Opening and closing.

    async def ensure_open(self, limit: float) -> None:
        """Open them, unless they are open; see `Opening.ensure`."""
        await self.opening.ensure(limit)

    async def _open(self) -> None:
        for extension in self._extensions:
            if extension in self._opened:
                continue  # when one behind it could not be opened the last time
            if "open" in extension.implemented:
                try:
                    await extension.hooks.open()
                except VcaError:
                    raise
                except Exception as error:
                    raise _failure_of(extension, error) from error
            self._opened.append(extension)

    async def close(self, limit: float) -> list[str]:
        """Close those that are open, the innermost first, and end what opens.

        Args:
            limit: seconds for each of them.

        Returns:
            The names of tasks that still live.
        """
        alive = await self.opening.cancel(limit)
        self.opening.is_open = not self._extensions
        opened, self._opened = self._opened, []
        for extension in reversed(opened):
            if "close" in extension.implemented:
                task = self._tasks.spawn(self._close(extension), f"close {extension.name}")
                await asyncio.wait((task,), timeout=limit)
        return alive + await self._tasks.cancel(limit)

    async def _close(self, extension: _Extension) -> None:
        try:
            await extension.hooks.close()
        except Exception:  # noqa: BLE001 - an extension may raise anything
            _LOG.exception("the extension %r failed to close", extension.name)


async def _enter(extension: _Extension, operation: OperationFacts) -> AbstractAsyncContextManager[None]:
    try:
        surrounding: AbstractAsyncContextManager[None] = extension.hooks.around(operation=operation)
        await surrounding.__aenter__()
    except VcaError:
        raise
    except Exception as error:
        raise _failure_of(extension, error) from error
    return surrounding


async def _leave(
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
            failure = _failure_of(extension, error)
            failure.__cause__ = error
        else:
            _LOG.warning("the extension %r failed after a failure", extension.name, exc_info=error)
    return failure


def _failure_of(extension: _Extension, error: Exception) -> PluginError:
    return PluginError(f"the extension {extension.name!r} failed: {type(error).__name__}: {error}")
