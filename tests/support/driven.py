"""A process with a `Vca` of its own that does what it is told by lines: ``python -m support.driven CONFIG``.

It reads lines of JSON, ``[operation, arguments by name]``, and prints lines of JSON: ``["stored", path, fields]`` for
each status that its store took; when an operation is over, ``["returned", value]`` or ``["raised", class, message]``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.commands import environment

from vca_core import Vca
from vca_core.errors import VcaError

TESTS = Path(__file__).parents[1]


class Driven:
    """Such a process, as a test sees it.

    Args:
        process: the process.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, operation: str, **arguments: Any) -> Any:
        """Have an operation done; what it returned, or the name of the error that it raised."""
        await self.begin(operation, **arguments)
        while (line := await self._line())[0] == "stored":
            pass
        return line[1]

    async def begin(self, operation: str, **arguments: Any) -> None:
        """Have an operation begun."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([operation, arguments]).encode() + b"\n")
        await self._process.stdin.drain()

    async def stores(self, word: str) -> None:
        """Wait until it has stored a status with a native word."""
        while True:
            kind, *rest = await self._line()
            assert kind == "stored", f"it is over without {word!r}: {kind} {rest}"
            if rest[1]["VCA-status"] == word:
                return

    async def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        await self._process.wait()

    async def _line(self) -> list[Any]:
        assert self._process.stdout is not None
        line: list[Any] = json.loads(await self._process.stdout.readline())
        return line


@asynccontextmanager
async def driven(config: Path) -> AsyncIterator[Driven]:
    """Start such a process; it is killed in the end.

    Args:
        config: the config of its `Vca`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "support.driven", str(config),
        cwd=config.parent, env=environment() | {"PYTHONPATH": str(TESTS)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Driven(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _say(*words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _note_stored(_table: str, _filter: Mapping[str, Any], path: str, update: Mapping[str, Any]) -> None:
    _say("stored", path, {key.removeprefix(path): value for key, value in update.items()})


async def _obey(config: str) -> None:
    async with Vca.from_config(config, on_update_db=_note_stored) as vca:
        while line := await asyncio.to_thread(sys.stdin.readline):
            operation, arguments = json.loads(line)
            try:
                value = await getattr(vca.connector(), operation)(**arguments)
            except VcaError as error:
                _say("raised", type(error).__name__, error.message)
            else:
                _say("returned", value)


if __name__ == "__main__":
    asyncio.run(_obey(sys.argv[1]))
