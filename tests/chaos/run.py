"""Kills an orchestrator's process and its database at seeded moments: `make chaos`, or `run.py [--moments N]`.

With a spill folder, anything may be killed at any time. Without one, a process is killed only if the database was in
reach for all of its life, and else asked to end: so every outcome that was returned has to be stored in both ways.

Afterwards everything has to be accounted for. First what stands at the places, before any process operates again:
every outcome that was returned is there, and none was passed by an older status, neither now nor at any moment between.
Then every EE: it is there once, and in a record.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import signal
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from chaos.databases import Database, Mongo, Sqlite

_WORKER = Path(__file__).parent / "worker.py"
_CHARMS = Path(__file__).parents[2] / "docs" / "examples" / "charms"
_MOST_LINES = 40
_SILENCE = 120.0
"""Seconds without a word of the worker after which something hangs; it waits for 60 s itself until all is stored."""

_DATABASES: Mapping[str, type[Database]] = {"mongodb": Mongo, "sqlite": Sqlite}

HOME = "vca.0"
SHARED = "shared"
"""Where several operations of an EE write, one after the other."""


@dataclass
class Account:
    """What a run left.

    Attributes:
        moments: how often each thing was done.
        returned: of each place, by EE and path, when the operation that was returned last began and was over.
        forgotten: how many more places there were, which were checked and taken out when their process was dead.
        problems: what is not as it has to be.
        log: the end of what the processes logged.
    """

    moments: Counter[str] = field(default_factory=Counter)
    returned: dict[tuple[int, str], tuple[float, float]] = field(default_factory=dict)
    forgotten: int = 0
    problems: list[str] = field(default_factory=list)
    log: str = ""


class Run:
    """One run.

    Args:
        folder: for the database, the backend's world, and the spill.
        database: the kind of the database.
        ees: how many EEs there are.
        seed: decides what happens when.
        spill: whether there is a spill folder.
    """

    def __init__(self, folder: Path, database: str, ees: int, seed: int, *, spill: bool) -> None:
        self._folder = folder
        self._ees = ees
        self._random = random.Random(seed)  # noqa: S311 - a run has to be the same again
        self._database = _DATABASES[database](folder)
        self._spill = folder / "spill" if spill else None
        self._worker: asyncio.subprocess.Process | None = None
        self._has_missed = False
        """Whether the database was out of reach in the life of the worker."""
        self._life = 0
        self._forgotten = 0
        """The last life that is checked and taken out."""
        self._seen: dict[tuple[int, str], float] = {}
        self.account = Account()

    async def go(self, moments: int) -> Account:
        """Let things happen, come to rest, and account for them."""
        documents: dict[str, list[dict[str, Any]]] = {
            "nsrs": [{"_id": f"ns{number}", "vca": [{}]} for number in range(self._ees)],
            "nslcmops": [{"_id": f"ops{number}"} for number in range(self._ees)],
        }
        async with self._database.serve(documents):
            self._configure()
            try:
                for _ in range(moments):
                    await self._moment()
                    self._look()
                    self._forget_the_dead()
                await self._end_life()
                await self._run_to_the_end("drain")
                self._check_outcomes(self.account.returned)
                listed = await self._run_to_the_end("settle")
                self._check_ees(listed)
            finally:
                await self._kill()
        self.account.log = self._log()
        return self.account

    def _configure(self) -> None:
        config: dict[str, Any] = {
            "artifacts": str(_CHARMS),
            "store": self._database.url,
            "timeouts": {"store_grace": 1.0},
            "connectors": {"edge": {"backend": "fake", "options": {"state": str(self._folder / "world.db")}}},
        }
        if self._spill is not None:
            config["status"] = {"spill": str(self._spill)}
        (self._folder / "vca.json").write_text(json.dumps(config))

    async def _moment(self) -> None:
        """Wait for so many words of the worker, then do one thing to it or to the database, and undo it later."""
        await self._hear(self._random.randint(1, _MOST_LINES))
        kills = ["kill the process"] if self._spill is None else ["kill the process", "kill both"]
        what = self._random.choice([*kills, *self._database.attacks])
        self.account.moments[what] += 1
        if what in kills:
            await self._end_life()
        if what == "kill the process":
            return
        self._database.begin(self._random.choice(self._database.attacks) if what == "kill both" else what, self._random)
        self._has_missed = True
        await self._hear(self._random.randint(1, 5))
        if self._spill is not None and self._random.random() < 0.5:
            await self._kill()  # the outcomes that were returned meanwhile are in its spill only
        self._database.end()

    async def _end_life(self) -> None:
        """Kill the worker; ask it to end, where only it has what was returned."""
        if self._spill is None and self._has_missed and self._worker is not None:
            worker = self._worker
            worker.send_signal(signal.SIGTERM)
            while (line := await self._line(worker)) != "flushed":
                if not line:
                    raise AssertionError(f"the worker did not end as it was asked to:\n{self._log()}")
                self._take(line)
        await self._kill()

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
        self._has_missed = False
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

    async def _run_to_the_end(self, how: str) -> list[str]:
        """Have a process do what it has to and end; give the ee_ids that it lists, if it lists them."""
        worker = await self._start(how)
        listed: list[str] = []
        while line := await self._line(worker):
            if line.startswith("listed "):
                listed = json.loads(line.removeprefix("listed "))
            elif line == "ended":
                await self._kill()
                return listed
            else:
                self._take(line)
        raise AssertionError(f"nothing came to rest:\n{self._log()}")

    def _log(self, most: int = 4000) -> str:
        return (self._folder / "log").read_text("utf-8")[-most:]

    async def _line(self, worker: asyncio.subprocess.Process) -> str:
        assert worker.stdout is not None
        try:
            async with asyncio.timeout(_SILENCE):
                line = (await worker.stdout.readline()).decode()
        except TimeoutError:
            worker.send_signal(signal.SIGUSR1)  # it logs where all its tasks are
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SILENCE):
                    while await worker.stdout.readline() not in (b"shown\n", b""):
                        pass
            raise AssertionError(f"the worker said nothing for {_SILENCE:g} s:\n{self._log(40_000)}") from None
        return line.strip() if line.endswith("\n") else ""  # it was killed in the middle of a word

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "returned":
            number, path, begun, over = rest.split(" ")
            self.account.returned[int(number), path] = float(begun), float(over)

    def _statuses(self) -> dict[tuple[int, str], Mapping[str, Any]]:
        """What stands at all places."""
        found: dict[tuple[int, str], Mapping[str, Any]] = {}
        homes, operations = self._database.read("nsrs"), self._database.read("nslcmops")
        for number in range(self._ees):
            found[number, HOME] = homes[f"ns{number}"]["vca"][0]
            lives = {key: value for key, value in operations[f"ops{number}"].items() if key != "_id"}
            found[number, SHARED] = lives.pop(SHARED, {})
            for life, turns in lives.items():
                found |= {(number, f"{life}.{turn}"): status for turn, status in turns.items()}
        return found

    def _look(self) -> None:
        """See that no status gave way to an older one since the last look."""
        for (number, path), status in self._statuses().items():
            time = float(status.get("status-time", 0.0))
            if time < self._seen.get((number, path), 0.0):
                self.account.problems.append(f"{path} of EE {number} went back to {status}")
            self._seen[number, path] = time

    def _forget_the_dead(self) -> None:
        """Check what processes returned that are dead, and take it out, so that documents stay as large as real ones.

        Not as long as the spill has some of it, which the next process, or the one that lives, brings in later.
        """
        spills = 0 if self._spill is None else len(list(self._spill.glob("*.db")))
        if spills > (self._worker is not None):
            return
        last = self._life - (self._worker is not None)
        over = {f"life{life}" for life in range(self._forgotten + 1, last + 1)}
        dead = {place for place in self.account.returned if place[1].partition(".")[0] in over}
        self._check_outcomes(dead)
        self.account.forgotten += len(dead)
        for place in dead:
            del self.account.returned[place]
        for place in [place for place in self._seen if place[1].partition(".")[0] in over]:
            del self._seen[place]
        self._database.forget("nslcmops", over)
        self._forgotten = last

    def _check_outcomes(self, places: Collection[tuple[int, str]]) -> None:
        """Check that what was returned stands where it has to, or what an operation wrote that began later."""
        self._look()
        statuses = self._statuses()
        for number, path in sorted(places):
            begun, over = self.account.returned[number, path]
            status = statuses.get((number, path), {})
            time = float(status.get("status-time", 0.0))
            if time < begun:
                self.account.problems.append(f"{path} of EE {number} was returned, and an older status is there")
            elif time <= over and status["status"] != "completed":
                self.account.problems.append(f"{path} of EE {number} was returned and reads {status['status']}")
            elif time > over and path not in (HOME, SHARED):
                self.account.problems.append(f"{path} of EE {number} was written after its operation was returned")

    def _check_ees(self, listed: list[str]) -> None:
        problems = self.account.problems
        if len(listed) != self._ees or len(set(listed)) != self._ees:
            problems.append(f"the backend has {len(listed)} EEs, not {self._ees}")
        records = self._database.read("vca_execution_environments").values()
        kept = [str(record.get("ee_id")) for record in records if record.get("home") is not None]
        if sorted(kept) != sorted(listed):
            problems.append(f"records know {sorted(kept)}, the backend {sorted(listed)}")
        for file in () if self._spill is None else self._spill.glob("*.db"):
            with contextlib.closing(sqlite3.connect(file)) as connection:
                kept = [text for (text,) in connection.execute("SELECT document FROM documents")]
            problems.append(f"the spill still has {file.name} with {kept}")


def run(folder: Path, database: str = "mongodb", *, moments: int, ees: int, seed: int, spill: bool = True) -> Account:
    """Run once.

    Args:
        folder: an empty one.
        database: ``mongodb`` or ``sqlite``.
        moments: how often something is killed, stopped or cut.
        ees: how many EEs there are.
        seed: decides what happens when.
        spill: whether there is a spill folder.
    """
    return asyncio.run(Run(folder, database, ees, seed, spill=spill).go(moments))


def main() -> int:
    """Run, and tell."""
    parser = argparse.ArgumentParser(description="Kill an orchestrator's process and its database.")
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--ees", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))  # noqa: S311 - as above
    parser.add_argument("--database", choices=sorted(_DATABASES), help="which one; default: each")
    parser.add_argument(
        "--spill", action=argparse.BooleanOptionalAction, help="with a spill folder; default: both ways"
    )
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    has_problems = False
    for database in sorted(_DATABASES) if given.database is None else [given.database]:
        for spill in (True, False) if given.spill is None else (given.spill,):
            with tempfile.TemporaryDirectory() as folder:
                account = run(
                    Path(folder), database, moments=given.moments, ees=given.ees, seed=given.seed, spill=spill
                )
            print(f"{database}, {'with' if spill else 'without'} a spill folder:")
            print("  " + ", ".join(f"{what}: {count}" for what, count in sorted(account.moments.items())))
            print(f"  operations at {len(account.returned) + account.forgotten} places were returned")
            print("  " + ("\n  ".join(account.problems) or "everything is accounted for"), flush=True)
            if account.problems:
                print(account.log, file=sys.stderr, flush=True)
                has_problems = True
    return 1 if has_problems else 0


if __name__ == "__main__":
    sys.exit(main())
