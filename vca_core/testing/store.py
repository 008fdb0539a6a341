"""The store of the kit: in memory, never at once, and refusing ids when a check wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vca_core.errors import StoreError
from vca_core.status import DeploymentStatus
from vca_core.stores import MemoryStore


@dataclass(frozen=True)
class Stored:
    """A status as it was stored.

    Args:
        path: the document and the path in it.
        fields: the five documented fields.
    """

    path: str
    fields: Mapping[str, Any]

    @property
    def status(self) -> DeploymentStatus:
        """The status word."""
        return DeploymentStatus(self.fields["status"])


class KitStore(MemoryStore):
    """A store in memory that makes who writes to it wait, as any real one does.

    Attributes:
        refuses_ids: whether it cannot take an ee_id.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refuses_ids = False

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        """Set fields, after a moment."""
        await asyncio.sleep(0)
        if self.refuses_ids and any(key.endswith("ee_id") and value is not None for key, value in update.items()):
            raise StoreError("the store takes no ids, for the length of a check", retryable=False)
        return await super().set(table, filter, update)
