"""A store that is away for a while, a spill folder, and the process that comes after."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.backends import Plain
from support.making import MakeVca

from vca_core.errors import StoreError
from vca_core.stores import MemoryStore, StatusStore
from vca_core.vca import Vca

HOME = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "vca"}
ACTION = {"collection": "nsrs", "filter": {"_id": "ns"}, "path": "op"}


class Switched(MemoryStore):
    """Takes no writes while it is off."""

    is_off = False

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        if self.is_off:
            raise StoreError("the network is gone")
        return await super().set(table, filter, update)

    async def status(self, path: str) -> Mapping[str, Any]:
        """What stands at a path."""
        document = await self.get("nsrs", {"_id": "ns"})
        assert document is not None
        found: Mapping[str, Any] = document[path]
        return found


@pytest.fixture
async def store() -> Switched:
    made = Switched()
    await made.ensure("nsrs", {"_id": "ns", "vca": {}, "op": {}})
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spill"


async def restart(make_vca: MakeVca, store: StatusStore, folder: Path) -> Vca:
    """A later process, which has written what was left."""
    vca = make_vca(Plain, store=store, status={"spill": str(folder)})
    async with vca:
        spill = vca._shared.spill
        assert spill is not None
        assert spill._writing is not None
        await spill._writing
    return vca
