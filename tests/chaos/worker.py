"""An orchestrator that is killed: it makes EEs, runs primitives on them, and says what was returned.

One line for each operation that ended, ``returned EE PATH BEGUN OVER`` with the times of both, or ``failed EE WHY``.
How it runs: ``work`` until it is killed, or asked by SIGTERM to end, and says ``flushed`` then; ``drain`` only what
others left; ``settle`` to come to rest. It says ``ended`` behind the last two.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from vca_core import Vca
from vca_core.connector import Connector
from vca_core.errors import AlreadyExists, ConflictError, StoreError, VcaTimeoutError

_MOST = 1000
"""Primitives of one EE in one life of this process; it is killed before."""

_SHARED = 3
"""One in so many primitives writes to the place that several share."""

_PAUSE = 0.02
"""Seconds before what failed is tried again."""

_AWAY = (StoreError, ConflictError, VcaTimeoutError)


def tell(*words: object) -> None:
    """Say something that outlives this process."""
    os.write(1, f"{' '.join(map(str, words))}\n".encode())


def show_tasks() -> None:
    """Log where all tasks are."""
    for task in asyncio.all_tasks():
        task.print_stack()
    tell("shown")


async def make(connector: Connector, number: int, stopping: asyncio.Event) -> str | None:
    """The EE, made or there; None: it was not made before this process was asked to end."""
    home = {"collection": "nsrs", "filter": {"_id": f"ns{number}"}, "path": "vca.0"}
    ee_id: str | None = None
    while not stopping.is_set():
        begun = time.time()
        try:
            ee_id, _ = await connector.create_execution_environment(f".ns{number}.vnf.vdu-0", home, reuse_ee_id=ee_id)
            begun = time.time()
            await connector.install_configuration_sw(ee_id, "simple-router")
        except AlreadyExists as error:
            ee_id = error.ee_id
        except _AWAY as error:
            tell("failed", number, type(error).__name__)
            await asyncio.sleep(_PAUSE)
        else:
            tell("returned", number, "vca.0", begun, time.time())
            return ee_id
    return None


async def work(connector: Connector, number: int, life: int, stopping: asyncio.Event, *, settle: bool) -> None:
    """Make an EE, and run primitives on it."""
    ee_id = await make(connector, number, stopping)
    for turn in range(0 if settle or ee_id is None else _MOST):
        if stopping.is_set():
            return
        path = "shared" if turn % _SHARED == 0 else f"life{life}.turn{turn}"
        place: dict[str, Any] = {"collection": "nslcmops", "filter": {"_id": f"ops{number}"}, "path": path}
        begun = time.time()
        try:
            await connector.exec_primitive(str(ee_id), "show-routes", {"table": "main"}, place)
        except _AWAY as error:
            tell("failed", number, type(error).__name__)
            await asyncio.sleep(_PAUSE)
        else:
            tell("returned", number, path, begun, time.time())


async def main(config: Path, life: int, ees: int, how: str) -> None:
    """Work until killed or asked to end, or until everything is settled."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGUSR1, show_tasks)
    async with Vca.from_config(json.loads(config.read_text()), environ={}) as vca:
        connector = vca.connector()
        if how != "drain":
            each = (work(connector, number, life, stopping, settle=how == "settle") for number in range(ees))
            await asyncio.gather(*each)
        assert await vca.flush(60) == []
        if how == "work":
            tell("flushed")
        if how == "settle":
            for ee in await connector.list_execution_environments():
                await connector.refresh_status(str(ee.ee_id))
            tell("listed", json.dumps([str(ee.ee_id) for ee in await connector.list_execution_environments()]))
    if how != "work":
        tell("ended")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
