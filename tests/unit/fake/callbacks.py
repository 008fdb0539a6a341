"""Callbacks for statuses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def set_on_machine(seen: asyncio.Event) -> Callable[..., None]:
    """Make an ``on_update_db`` that sets an event at the first status of a machine."""

    def note(table: str, filter: dict[str, Any], path: str, update: dict[str, Any]) -> None:
        if update[f"{path}entity-type"] == "machine":
            seen.set()

    return note
