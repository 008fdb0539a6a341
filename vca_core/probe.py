"""What looks on while a backend works: the seam that the conformance kit stands in (`vca_core.testing`)."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from vca_core.status import DeploymentStatus, Entity

R = TypeVar("R")


class Probe(Protocol):
    """Sees every call of a hook and every report of one connector."""

    def arguments_of(self, hook: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Say what a hook is called with.

        Args:
            hook: its name.
            arguments: what the core calls it with.

        Returns:
            The same arguments, or others in their place.
        """

    def watch(self, hook: str, arguments: Mapping[str, Any], running: Coroutine[Any, Any, R]) -> Awaitable[R]:
        """Stand around one call of a hook.

        Args:
            hook: its name.
            arguments: what it is called with.
            running: the call, not begun.

        Returns:
            What the core awaits instead of the call.
        """

    def note_report(
        self,
        operation: str | None,
        ee: tuple[str, str],
        entity: Entity,
        native: str | None,
        detail: str,
        status: DeploymentStatus | None,
    ) -> None:
        """Learn of a report, as the backend made it.

        Args:
            operation: the id of the operation that it came through; None: between operations.
            ee: model and application.
            entity: what it is about.
            native: the word of the backend's system; None: it is gone.
            detail: the text beside it.
            status: what the backend says that it means.
        """
