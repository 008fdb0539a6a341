"""Extensions: tracing, audit, policy around the operations of all connectors.

An extension is a class that an entry point of the group ``vca.extensions`` names; it runs only if the config names it::

    class Audit:
        Options = AuditOptions                      # a model of its options; leave it out where there are none

        def __init__(self, options): ...

        @hookimpl
        @asynccontextmanager
        async def around(self, operation):          # an OperationFacts
            log_begin(operation)
            yield  # the operation runs here
            log_end(operation)

        @hookimpl
        def created(self, operation, ee_id): ...

        @hookimpl
        def refused(self, operation, error): ...    # a call that never began

        @hookimpl
        def status_changed(self, change): ...       # a StatusChange
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import pluggy

from vca_core.errors import VcaError

_hookspec = pluggy.HookspecMarker("vca")


@dataclass(frozen=True, slots=True)
class OperationFacts:
    """The facts of a call that are known from the start. Names only: a value may be secret.

    Args:
        id: names this run: ``create_execution_environment-5f0c93a1b7d2e846-17``.
        operation: the operation, by its hook's name.
        connector: the connector's name; empty if a relation was refused because an end of it names no connector of the
            `Vca`.
        backend: connector and backend: ``edge (fake)``. Empty as `connector` is.
        namespace: the given namespace.
        ee_id: the given EE; for a relation, the first one.
        ee_id_2: the second EE of a relation.
        connector_2: the name of the connector that the second EE of a relation belongs to.
        primitive: the primitive that is run; None for ``config``, which is the operation ``configure``.
        parameters: the names of the given parameters, options of the charm, or credentials.
        num_units: how many units are asked for.
        charm: the charm, as the caller named it.
        request_id: which of the caller's own requests it belongs to (`Vca.request`).
        actor: who calls (`Vca.from_config`).
    """

    id: str
    operation: str
    connector: str
    backend: str
    namespace: str | None = None
    ee_id: str | None = None
    ee_id_2: str | None = None
    connector_2: str | None = None
    primitive: str | None = None
    parameters: tuple[str, ...] = ()
    num_units: int | None = None
    charm: str | None = None
    request_id: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A status that was stored.

    Args:
        connector: name of the connector it comes from.
        table: the collection.
        filter: which document.
        path: dotted path in it, without a dot at its end.
        fields: the five fields, by name.
        operation_id: the `OperationFacts.id` of the operation that it is of; None: it is what an EE's home says between
            operations.
    """

    connector: str
    table: str
    filter: Mapping[str, Any]
    path: str
    fields: Mapping[str, Any]
    operation_id: str | None = None


class ExtensionHooks(Protocol):
    """The hooks of extensions; each may be left out."""

    @_hookspec(firstresult=True)
    async def open(self) -> None:
        """Connect to what the extension needs.

        Called before the first operation, and again for the first one after `close`. It runs in the event loop, once
        for all callers; each waits within its own total limit. What it raises fails the operations that wait for it,
        and the next operation tries again.
        """

    @_hookspec(firstresult=True)
    async def close(self) -> None:
        """Disconnect, when the `Vca` does.

        Called after the last operation has ended and the last status was delivered. An error is logged.
        """

    @_hookspec(firstresult=True)
    def around(self, operation: OperationFacts) -> AbstractAsyncContextManager[None]:
        """Surround an operation, within its locks and deadlines.

        What is raised before the ``yield`` fails the operation, which is how a policy refuses it. What is raised after
        it fails an operation that had succeeded. An operation's own error or cancellation cannot be swallowed or
        replaced.

        Args:
            operation: what is known of the operation from the start.

        Returns:
            An async context manager; the operation runs inside it.
        """

    @_hookspec
    def created(self, operation: OperationFacts, ee_id: str) -> None:
        """Learn of an execution environment that an operation created, once its id is stored.

        Called in the event loop: it must not block. An error is logged.

        Args:
            operation: the operation that created it.
            ee_id: its id.
        """

    @_hookspec
    def refused(self, operation: OperationFacts, error: VcaError) -> None:
        """Learn of a call that ended before its operation began, so that `around` never saw it.

        The arguments were wrong, the backend cannot do it, something else was under way, its time was up before its
        turn came, or the store could not take what has to be stored first. Called in the event loop: it must not block.
        An error is logged.

        Args:
            operation: what was asked for, as far as it was understood.
            error: what the caller gets.
        """

    @_hookspec
    def status_changed(self, change: StatusChange) -> None:
        """Learn of a status after it was stored.

        Called in the event loop: it must not block. An error is logged.

        Args:
            change: what was stored, and where.
        """
