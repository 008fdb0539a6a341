"""The one place that calls hooks: typed by their specs, since ``pm.hook.x`` is not."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

import pluggy

from vca_core.errors import NotSupported
from vca_core.hookspecs import LIFECYCLE_HOOKS
from vca_core.probe import Probe

P = ParamSpec("P")
R = TypeVar("R")


class HookCaller:
    """Calls the hooks of one backend.

    Args:
        manager: the connector's plugin manager, with the one backend registered.
        backend: how errors name the backend: ``edge (fake)``.

    Attributes:
        probe: sees each call; None: there is no probe.
    """

    def __init__(self, manager: pluggy.PluginManager, backend: str) -> None:
        self._hooks = manager.hook
        self._backend = backend
        self.probe: Probe | None = None
        self.capabilities = (
            frozenset(
                name
                for name, caller in vars(manager.hook).items()
                if isinstance(caller, pluggy.HookCaller) and caller.get_hookimpls()
            )
            - LIFECYCLE_HOOKS
        )

    def require(self, hook: str) -> None:
        """Check that the backend can do something, without touching any network.

        Raises:
            NotSupported: the backend does not implement the hook.
        """
        if hook not in self.capabilities:
            raise NotSupported(
                f"this backend does not implement {hook}; it can: {', '.join(sorted(self.capabilities))}",
                backend=self._backend,
                operation=hook,
            )

    def has_hook(self, hook: str) -> bool:
        """Say whether the backend implements a hook, a lifecycle hook included."""
        return bool(getattr(self._hooks, hook).get_hookimpls())

    async def call(
        self, spec: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]], /, *_: P.args, **arguments: P.kwargs
    ) -> R:
        """Call a hook by its spec function, with keyword arguments, and await it.

        Args:
            spec: the spec: ``BackendHooks.exec_primitive``.
            arguments: all arguments of the hook, by name.

        Returns:
            What the backend's implementation returned.
        """
        hook, probe = spec.__name__, self.probe
        given = arguments if probe is None else probe.arguments_of(hook, arguments)
        coroutine: Coroutine[Any, Any, R] = getattr(self._hooks, hook)(**given)
        return await (coroutine if probe is None else probe.watch(hook, given, coroutine))
