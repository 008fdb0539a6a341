"""An orchestrator that is killed: it makes EEs, runs primitives on them, and says what was returned.

One line for each operation that ended, ``returned EE PATH`` or ``failed EE WHY``; ``settled`` when it was asked to come
to rest.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from vca_core import Vca
from vca_core.connector import Connector
from vca_core.errors import AlreadyExists, ConflictError, StoreError, VcaTimeoutError

_MOST = 1000
"""Primitives of one EE in one life of this process; it is killed before."""

_PAUSE = 0.02
"""Seconds before what failed is tried again."""

_AWAY = (StoreError, ConflictError, VcaTimeoutError)


def tell(*words: object) -> None:
    """Say something that outlives this process."""
    os.write(1, f"{' '.join(map(str, words))}\n".encode())


async def make(connector: Connector, number: int) -> str:
    """The EE, made or there."""
    home = {"collection": "nsrs", "filter": {"_id": f"ns{number}"}, "path": "vca.0"}
    ee_id: str | None = None
    while True:
        try:
            ee_id, _ = await connector.create_execution_environment(f".ns{number}.vnf.vdu-0", home, reuse_ee_id=ee_id)
            await connector.install_configuration_sw(ee_id, "simple-router")
        except AlreadyExists as error:
            ee_id = error.ee_id
        except _AWAY as error:
            tell("failed", number, type(error).__name__)
            await asyncio.sleep(_PAUSE)
        else:
            tell("returned", number, "vca.0")
            return ee_id


async def work(connector: Connector, number: int, life: int, *, settle: bool) -> None:
    """Make an EE, and run primitives on it."""
    ee_id = await make(connector, number)
    for turn in range(0 if settle else _MOST):
        path = f"life{life}.turn{turn}"
        place: dict[str, Any] = {"collection": "nslcmops", "filter": {"_id": f"ops{number}"}, "path": path}
        try:
            await connector.exec_primitive(ee_id, "show-routes", {"table": "main"}, place)
        except _AWAY as error:
            tell("failed", number, type(error).__name__)
            await asyncio.sleep(_PAUSE)
        else:
            tell("returned", number, path)


async def main(config: Path, life: int, ees: int, *, settle: bool) -> None:
    """Work until killed, or until everything is settled."""
    async with Vca.from_config(json.loads(config.read_text()), environ={}) as vca:
        connector = vca.connector()
        await asyncio.gather(*(work(connector, number, life, settle=settle) for number in range(ees)))
        if settle:
            assert await vca.flush(60) == []
            for ee in await connector.list_execution_environments():
                await connector.refresh_status(str(ee.ee_id))
            tell("listed", json.dumps([str(ee.ee_id) for ee in await connector.list_execution_environments()]))
            tell("settled")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), settle=sys.argv[4] == "settle"))
