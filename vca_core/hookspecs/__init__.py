"""The hooks that a backend may implement: every operation, typed and documented here, but for the hooks that only read.

Each hook is an ``async def`` method of the backend's class, marked with `hookimpl`. An implementation may take fewer
arguments than are listed here, by the same names: so a plugin keeps working when a hook gains an argument. The core has
checked and converted every argument before it calls a hook.

What holds for every operation hook (those that get ``op``):

- It reports what it sees with ``op.report(...)`` or ``host.report(...)``; the core maps, aggregates and stores it.
- It returns when what was asked for is there, or is seen to be gone, not when the request was sent. What is not
  confirmed ends in a time-out, never in a success.
- It calls ``await op.held()`` before each request that changes something. If that raises, it lets the error through and
  changes nothing more.
- It finds an EE by its whole id. An id whose locator is not the EE's present one names another EE: `NotFound`; what
  deletes, deregisters or removes a relation succeeds and changes nothing.
- On cancellation it stops, undoes what has no stored id, and lets `asyncio.CancelledError` through. It does not end
  before the threads that it started.
- It raises errors of `vca_core.errors`; anything else, also a `CancelledError` of its own, becomes a `BackendError`.
- A refused call changes nothing.
- The backend reconnects by itself: the core does not call ``open`` again. After a lost connection, a request that
  changes something may fail with a retryable error.

Raises:
    VcaConnectionError: the system cannot be reached, or the connection was lost; retryable.
    VcaTimeoutError: the system did not answer within a limit of the backend's own; retryable.
    ConflictError: ``op.held()`` raised it; or something else has to end first, such as the removal of an earlier EE.
        Retryable.
    NotSupported: the hook cannot do a part of what it was asked for; the error says which.
    BackendError: the system failed, or refused in another way.
"""

from __future__ import annotations

from typing import Protocol

import pluggy

from vca_core.hookspecs.environments import EnvironmentHooks
from vca_core.hookspecs.reads import ReadHooks
from vca_core.hookspecs.relations import RelationHooks
from vca_core.hookspecs.software import SoftwareHooks
from vca_core.traits import TRAITS, hookspec

hookimpl = pluggy.HookimplMarker("vca")


class BackendHooks(EnvironmentHooks, SoftwareHooks, RelationHooks, ReadHooks, Protocol):
    """The hooks. A backend implements those it can; they are its capabilities."""

    @hookspec(firstresult=True)
    async def open(self) -> None:
        """Connect to the backend's system and start watching it.

        Called before the first operation, and again for the first one after `close`. It runs once for all operations
        that wait for it, each within its own limit; if it fails, the next operation calls it again. Import client
        libraries here, not at the top of the entry module.

        Other processes use the same system: opening changes nothing in it, and reports nothing that
        `list_execution_environments` does not list.

        Raises:
            VcaConnectionError: the system cannot be reached or refuses the login.
            VcaTimeoutError: the system did not answer within a limit of the backend's own; retryable.
            BadArguments: an option cannot be used, which shows only now, such as a file that does not exist.

        Example::

            @hookimpl
            async def open(self) -> None:
                import its_client
                self._client = await its_client.connect(self.host.options.url)
        """

    @hookspec(firstresult=True)
    async def close(self) -> None:
        """Disconnect from the backend's system.

        When it returns, no task, thread, connection or open file of the backend is left.

        Example::

            @hookimpl
            async def close(self) -> None:
                await self._client.close()
        """


HOOKS = frozenset(name for name in dir(BackendHooks) if hasattr(getattr(BackendHooks, name), "vca_spec"))
"""The names of all hooks."""

LIFECYCLE_HOOKS = HOOKS - TRAITS.keys()
"""Hooks that are not capabilities: a backend without anything to connect to leaves them out."""

OPERATIONS_WITH_OPTIONS = frozenset(name for name, traits in TRAITS.items() if traits.takes_options)
"""The operations that take ``options``."""

__all__ = ["HOOKS", "LIFECYCLE_HOOKS", "OPERATIONS_WITH_OPTIONS", "BackendHooks", "hookimpl"]
