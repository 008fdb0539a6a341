"""Kills an orchestrator's process and its database at seeded moments: `make chaos`, or `run.py [--moments N]`.

Afterwards everything is let come to rest, and has to be accounted for: every EE is there once and in a record, and
every outcome that was returned is stored, with none passed by an older status.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymongo

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.mongo import MongoServer
from support.tcp_proxy import TcpProxy, tcp_proxy

_WORKER = Path(__file__).parent / "worker.py"
_CHARMS = Path(__file__).parents[2] / "docs" / "examples" / "charms"
_MOST_LINES = 40
_SILENCE = 60.0
"""Seconds without a word of the worker after which something hangs."""


@dataclass
class Account:
    """What a run left.

    Attributes:
        moments: how often each thing was done.
        returned: operations that were returned.
        problems: what is not as it has to be.
    """

    moments: Counter[str] = field(default_factory=Counter)
    returned: set[tuple[int, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class Run:
    """One run.

    Args:
        folder: for the database, the backend's world, and the spill.
        ees: how many EEs there are.
        seed: decides what happens when.
    """

    def __init__(self, folder: Path, ees: int, seed: int) -> None:
        self._folder = folder
        self._ees = ees
        self._random = random.Random(seed)  # noqa: S311 - a run has to be the same again
        self._database = MongoServer(folder / "db")
        self._worker: asyncio.subprocess.Process | None = None
        self._life = 0
        self.account = Account()

    async def go(self, moments: int) -> Account:
        """Let things happen, come to rest, and account for them."""
        (self._folder / "db").mkdir()
        self._database.start()
        try:
            with pymongo.MongoClient[dict[str, Any]](f"mongodb://{self._database.address}") as client:
                for number in range(self._ees):
                    client["osm"]["nsrs"].insert_one({"_id": f"ns{number}", "vca": [{}]})
                    client["osm"]["nslcmops"].insert_one({"_id": f"ops{number}"})
            async with tcp_proxy(self._database.address) as proxy:
                self._configure(proxy)
                for _ in range(moments):
                    await self._moment(proxy)
                listed = await self._settle()
            with pymongo.MongoClient[dict[str, Any]](f"mongodb://{self._database.address}") as client:
                self._check(client["osm"], listed)
        finally:
            await self._kill()
            self._database.kill()
        return self.account

    def _configure(self, proxy: TcpProxy) -> None:
        limits = "serverSelectionTimeoutMS=300&socketTimeoutMS=2000&connectTimeoutMS=300"
        config = {
            "artifacts": str(_CHARMS),
            "store": f"mongodb://{proxy.address}/osm?{limits}",
            "timeouts": {"store_grace": 1.0},
            "status": {"spill": str(self._folder / "spill")},
            "connectors": {"edge": {"backend": "fake", "options": {"state": str(self._folder / "world.db")}}},
        }
        (self._folder / "vca.json").write_text(json.dumps(config))

    async def _moment(self, proxy: TcpProxy) -> None:
        """Wait for so many words of the worker, then do one thing to it or to the database, and undo it later."""
        await self._hear(self._random.randint(1, _MOST_LINES))
        what = self._random.choice(["kill the process", "kill both", "kill the database", "cut", "refuse", "stop"])
        self.account.moments[what] += 1
        if what in ("kill the process", "kill both"):
            await self._kill()
        if what in ("kill the database", "kill both"):
            self._database.kill()
        elif what == "cut":
            proxy.cut_answers_after = self._random.randint(0, 2000)
        elif what == "refuse":
            proxy.is_refusing = True
            proxy.cut()
        elif what == "stop":
            proxy.passing.clear()
        if what != "kill the process":
            await self._hear(self._random.randint(1, 5))
            if self._random.random() < 0.5:  # the outcomes that were returned meanwhile are in its spill only
                await self._kill()
        if self._database.process is None:
            self._database.start()
        proxy.is_refusing = False
        proxy.cut_answers_after = None
        proxy.passing.set()

    async def _hear(self, words: int) -> None:
        """Wait for words of the worker, which is started if it is not there."""
        worker = self._worker or await self._start("work")
        for _ in range(words):
            line = await self._line(worker)
            if not line:
                raise AssertionError(f"the worker ended by itself, with {await worker.wait()}:\n{self._log()}")
            self._take(line)

    async def _start(self, how: str) -> asyncio.subprocess.Process:
        self._life += 1
        arguments = [str(self._folder / "vca.json"), str(self._life), str(self._ees), how]
        with (self._folder / "log").open("a") as log:
            self._worker = await asyncio.create_subprocess_exec(
                sys.executable, str(_WORKER), *arguments, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        return self._worker

    async def _kill(self) -> None:
        """SIGKILL; what it said before counts."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        if worker.returncode is None:
            worker.kill()
        while line := await self._line(worker):
            self._take(line)
        await worker.wait()

    async def _settle(self) -> list[str]:
        """Let a last process come to rest; give the ee_ids that the backend lists."""
        await self._kill()
        worker = await self._start("settle")
        listed: list[str] = []
        while line := await self._line(worker):
            if line.startswith("listed "):
                listed = json.loads(line.removeprefix("listed "))
            if line == "settled":
                await worker.wait()
                return listed
            self._take(line)
        raise AssertionError(f"nothing came to rest:\n{self._log()}")

    def _log(self) -> str:
        return (self._folder / "log").read_text("utf-8")[-4000:]

    @staticmethod
    async def _line(worker: asyncio.subprocess.Process) -> str:
        assert worker.stdout is not None
        async with asyncio.timeout(_SILENCE):
            line = (await worker.stdout.readline()).decode()
            return line.strip() if line.endswith("\n") else ""  # it was killed in the middle of a word

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "returned":
            number, _, path = rest.partition(" ")
            self.account.returned.add((int(number), path))

    def _check(self, database: Any, listed: list[str]) -> None:
        problems = self.account.problems
        if len(listed) != self._ees or len(set(listed)) != self._ees:
            problems.append(f"the backend has {len(listed)} EEs, not {self._ees}")
        kept = [record.get("ee_id") for record in database["vca_execution_environments"].find() if "home" in record]
        if sorted(map(str, kept)) != sorted(listed):
            problems.append(f"records know {sorted(map(str, kept))}, the backend {sorted(listed)}")
        for number, path in sorted(self.account.returned):
            table, name = ("nsrs", f"ns{number}") if path == "vca.0" else ("nslcmops", f"ops{number}")
            there = database[table].find_one({"_id": name})
            for part in path.split("."):
                there = there[int(part)] if isinstance(there, list) else (there or {}).get(part)
            status = (there or {}).get("status")
            if status != "completed":
                problems.append(f"{path} of {name} was returned and reads {status}")
        left = list((self._folder / "spill").glob("*.db"))
        if left:
            problems.append(f"the spill still has {len(left)} files")


def run(folder: Path, *, moments: int, ees: int, seed: int) -> Account:
    """Run once.

    Args:
        folder: an empty one.
        moments: how often something is killed, stopped or cut.
        ees: how many EEs there are.
        seed: decides what happens when.
    """
    return asyncio.run(Run(folder, ees, seed).go(moments))


def main() -> int:
    """Run, and tell."""
    parser = argparse.ArgumentParser(description="Kill an orchestrator's process and its database.")
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--ees", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))  # noqa: S311 - as above
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        account = run(Path(folder), moments=given.moments, ees=given.ees, seed=given.seed)
    print(", ".join(f"{what}: {count}" for what, count in sorted(account.moments.items())))
    print(f"{len(account.returned)} operations were returned")
    print("\n".join(account.problems) or "everything is accounted for")
    return 1 if account.problems else 0


if __name__ == "__main__":
    sys.exit(main())
