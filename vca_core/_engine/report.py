"""What a disconnect could not bring to an end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vca_core._tracking.entry import Unwritten


@dataclass(frozen=True, slots=True)
class DisconnectReport:
    """What a disconnect could not bring to an end; empty when all went well.

    Args:
        unwritten: statuses that could not be stored.
        alive: names of hooks, tasks and callbacks that still run, and of steps that failed.
    """

    unwritten: Sequence[Unwritten] = ()
    alive: Sequence[str] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost and nothing is left."""
        return not self.unwritten and not self.alive


__all__ = ["DisconnectReport", "Unwritten"]
