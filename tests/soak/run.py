"""Lives on the simulated Juju controller that meet faults by a seed: `make soak`, or `run.py [--lives N] [--seed N]`.

However each operation ends, it ends in time, with success or a documented error, and its outcome is stored. Afterwards
no model is left, and the process has not grown.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.juju import config_for, write_charm

from vca_core import Connector, Vca
from vca_core.errors import AlreadyExists, NotFound, VcaError
from vca_core.stores import MemoryStore
from vca_jujusim import SimulatedController
from vca_jujusim.faults import WireFault

_OPTIONS = {"connect_timeout": 20.0, "outage_timeout": 30.0, "request_timeout": 2.0, "delete_grace": 30.0}
_LIMIT = 120.0
"""Seconds that an operation has; nothing that happens here takes so long."""
_LATE = _LIMIT + 60.0
"""Seconds after which an operation hangs: its limit, and what its clean-up may take."""
_TRIES = 12
_REQUESTS = (
    "connect",
    "Admin.Login",
    "ModelManager.CreateModel",
    "ModelManager.ListModels",
    "ModelManager.DestroyModels",
    "Client.WatchAll",
    "AllWatcher.Next",
    "MachineManager.AddMachines",
    "MachineManager.DestroyMachineWithParams",
    "Annotations.Set",
    "charms.upload",
    "Application.Deploy",
    "Application.DestroyApplication",
    "Action.EnqueueOperation",
    "Action.Actions",
)


@dataclass
class Account:
    """What a run left.

    Attributes:
        met: how often each fault came.
        outcomes: how operations ended.
        problems: what is not as it has to be.
        grown: by how much of itself the process grew after the first lives.
    """

    met: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    grown: float = 0.0


class Soak:
    """One run.

    Args:
        controller: where.
        vca: of the connector `edge`.
        store: where outcomes go.
        chance: decides what happens.
    """

    def __init__(self, controller: SimulatedController, vca: Vca, store: MemoryStore, chance: random.Random) -> None:
        self._controller = controller
        self._vca = vca
        self._edge: Connector = vca.connector("edge")
        self._store = store
        self._chance = chance
        self.account = Account()

    async def life(self, number: int) -> None:
        """Create, install, work, delete, among faults; whatever comes of it, nothing is left."""
        rules = self._plan(f"soak{number}")
        await self._store.ensure("lives", {"_id": number})
        namespace = f".soak{number}.vnf"
        ee_id = await self._made(number, namespace)
        if ee_id is not None:
            edge = self._edge
            calls: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
                "install": lambda at: edge.install_configuration_sw(ee_id, "plain", at, total_timeout=_LIMIT),
                "work": lambda at: edge.exec_primitive(ee_id, "touch", {}, db_dict=at, total_timeout=_LIMIT),
                "delete": lambda at: edge.delete_execution_environment(ee_id, at, total_timeout=_LIMIT),
            }
            for name, call in calls.items():
                await self._until_done(number, name, call)
        await self._until_done(
            number, "end", lambda at: self._edge.delete_namespace(f".soak{number}", at, total_timeout=_LIMIT)
        )
        for rule in rules:
            self.account.met[f"{rule.effect} at {rule.request}"] += rule.hits
            self._controller.faults.wire.rules.remove(rule)
        await self._store.delete("lives", {"_id": number})

    async def storm(self) -> None:
        """Let things happen to all connections, until this is cancelled."""
        controller = self._controller
        happenings: dict[str, Callable[[], Any]] = {
            "all connections cut": controller.cut,
            "watchers stopped": controller.stop_watchers,
            "controller restarted": controller.restart,
        }
        while True:
            await asyncio.sleep(self._chance.uniform(0.5, 3.0))
            name = self._chance.choice(list(happenings))
            self.account.met[name] += 1
            done = happenings[name]()
            if asyncio.iscoroutine(done):
                await done

    def _plan(self, model: str) -> list[WireFault]:
        """What will happen to the requests of one life: to those of its model, or the next ones of anybody."""
        faults, chance = self._controller.faults, self._chance
        rules = []
        for _ in range(chance.choice((0, 1, 1, 2))):
            request, nth = chance.choice(_REQUESTS), chance.randint(1, 2)
            where = None if request.startswith("ModelManager") else model
            match chance.choice(("drop", "drop", "hang", "race")):
                case "drop":
                    when = chance.choice(("before", "after"))
                    rules.append(faults.drop(request, when, nth=nth, model=where))  # type: ignore[arg-type]
                case "hang":
                    when = chance.choice(("before", "after"))
                    rules.append(faults.hang(request, when, nth=nth, model=where))  # type: ignore[arg-type]
                case _ if request not in {"connect", "charms.upload"}:
                    rules.append(faults.contention(request))
        return rules

    async def _made(self, number: int, namespace: str) -> str | None:
        """Create; the id of what there is then."""
        made: list[str] = []

        async def create(at: dict[str, Any]) -> None:
            reuse = made[-1] if made else None
            try:
                ee_id, _ = await self._edge.create_execution_environment(
                    namespace, at, reuse_ee_id=reuse, total_timeout=_LIMIT
                )
            except AlreadyExists as error:
                if error.ee_id is None:
                    raise
                made.append(str(error.ee_id))
                return
            except NotFound:
                made.clear()
                raise
            made.append(str(ee_id))

        await self._until_done(number, "create", create)
        return made[-1] if made else None

    async def _until_done(self, number: int, name: str, call: Callable[[dict[str, Any]], Awaitable[Any]]) -> None:
        """Call something until it succeeds; sometimes it is cancelled first."""
        for attempt in range(_TRIES):
            at = {"collection": "lives", "filter": {"_id": number}, "path": f"{name}{attempt}"}
            working = asyncio.ensure_future(call(at))
            if attempt == 0 and self._chance.random() < 0.1:
                asyncio.get_running_loop().call_later(self._chance.uniform(0.0, 0.5), working.cancel)
            done, _ = await asyncio.wait((working,), timeout=_LATE)
            if not done:
                self.account.problems.append(f"life {number}: {name} hangs")
                working.cancel()
                return
            error = None if working.cancelled() else working.exception()
            word = "cancelled" if working.cancelled() else "done" if error is None else type(error).__name__
            self.account.outcomes[f"{name}: {word}"] += 1
            if error is not None and not isinstance(error, VcaError):
                self.account.problems.append(f"life {number}: {name} raises {error!r}")
            if name != "create" and word != "cancelled":  # at homes states come later; a cancelled one may be done
                await self._check_stored(number, f"{name}{attempt}", word)
            if word == "done":
                return
        self.account.problems.append(f"life {number}: {name} is never done")

    async def _check_stored(self, number: int, path: str, word: str) -> None:
        await self._vca.flush()
        document = await self._store.get("lives", {"_id": number}) or {}
        status = document.get(path, {}).get("status")
        wanted = {"completed", "running"} if word == "done" else {"failed"}
        if status not in wanted:
            self.account.problems.append(f"life {number}: {path} ended as {word}, and {status} is stored")


async def soak(folder: Path, lives: int, at_once: int, seed: int, *, tell: bool = False) -> Account:
    """Let lives happen.

    Args:
        folder: an empty one.
        lives: how many.
        at_once: how many at a time.
        seed: decides what happens.
        tell: whether to print how far it is.
    """
    chance = random.Random(seed)  # noqa: S311 - a run has to be the same again
    write_charm(folder, "plain", actions={"touch": {"description": "does it"}})
    store, first = MemoryStore(), max(1, lives // 5)
    weights: list[int] = []
    async with SimulatedController() as controller:
        vca = Vca.from_config(config_for(controller, folder, **_OPTIONS), store=store, environ={})
        run = Soak(controller, vca, store, chance)
        storm = asyncio.create_task(run.storm())
        for begin in range(0, lives, first):
            end = min(begin + first, lives)
            numbers = iter(range(begin, end))
            await asyncio.gather(*(_live(run, numbers) for _ in range(at_once)))
            weights.append(_weight())  # nobody lives now
            if tell:
                print(f"{end} lives, {weights[-1] / 1e6:.1f} MB", flush=True)
        storm.cancel()
        await asyncio.wait((storm,))
        report = await vca.disconnect()
        left = sorted(model.record.name for model in controller.world.models.values())
    account = run.account
    if left != ["controller"]:
        account.problems.append(f"models are left: {left}")
    if not report.is_clean:
        account.problems.append(f"the disconnect left {report}")
    account.grown = weights[-1] / weights[0] - 1 if len(weights) > 1 else 0.0
    return account


async def _live(run: Soak, numbers: Iterator[int]) -> None:
    for number in numbers:
        await run.life(number)


def _weight() -> int:
    """Bytes of memory that this process has, without what is free in it."""
    gc.collect()
    with suppress(AttributeError, OSError):  # of glibc
        ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Run, tell, and fail where something is not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lives", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--seed", type=int, default=15)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        account = asyncio.run(soak(Path(folder), asked.lives, asked.at_once, asked.seed, tell=True))
    for title, counts in (("met", account.met), ("outcomes", account.outcomes)):
        print(f"{title}: " + ", ".join(f"{number} x {what}" for what, number in sorted(counts.items()) if number))
    print(f"grown after the first fifth: {account.grown:.1%}")
    if account.grown >= 0.05:
        account.problems.append("the process grows")
    print(*account.problems, sep="\n")
    sys.exit(bool(account.problems))


if __name__ == "__main__":
    main()
