"""One connection to the host, and the agent at its other end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from typing import Any

import asyncssh

from vca_core.errors import VcaConnectionError
from vca_core.tasks import OwnedTasks, settle
from vca_ssh.answers import Refused

_CLOSING = 2.0  # seconds for a polite end
_STOPPING = 2.0  # seconds for an abandoned program to end


class Link:
    """A connection whose agent is running.

    Args:
        connection: to the host.
        agent: the agent's process.
        url: of the host, for errors.
    """

    def __init__(
        self, connection: asyncssh.SSHClientConnection, agent: asyncssh.SSHClientProcess[str], url: str
    ) -> None:
        self._connection, self._agent, self._url = connection, agent, url
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tasks = OwnedTasks("ssh link")
        self._reading = self._tasks.spawn(self._read(), "reading")

    @property
    def is_lost(self) -> bool:
        """Whether it can be used no more."""
        return self._reading.done()

    async def ask(self, do: str, **given: Any) -> Any:
        """Ask the agent, and wait for its answer. A cancellation ends the program that runs for it.

        Raises:
            Refused: it was not done.
            VcaConnectionError: the connection was lost.
        """
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            self._send({"number": number, "do": do, **given})
            try:
                found = await answer
            except asyncio.CancelledError:
                if not self.is_lost and do in ("run", "settle"):
                    answer = self._answers[number] = asyncio.get_running_loop().create_future()
                    self._send({"do": "stop", "request": number})
                    await settle(answer, _STOPPING)
                raise
        finally:
            del self._answers[number]
        if "refused" in found:
            raise Refused(found["refused"])
        return found["result"]

    def _send(self, request: dict[str, Any]) -> None:
        if self.is_lost:
            raise self._lost()
        with contextlib.suppress(BrokenPipeError, OSError):  # the reader sees the end, and fails those who wait
            self._agent.stdin.write(json.dumps(request) + "\n")

    async def _read(self) -> None:
        """Give answers to those who wait for them, until the connection ends."""
        rest = ""
        try:
            while data := await self._agent.stdout.read(65536):
                *lines, rest = (rest + data).split("\n")
                for line in lines:
                    answer = json.loads(line)
                    waiting = self._answers.get(answer["number"])
                    if waiting is not None and not waiting.done():
                        waiting.set_result(answer)
        except (OSError, asyncssh.Error):
            pass  # as an end
        finally:
            for waiting in self._answers.values():
                if not waiting.done():
                    waiting.set_exception(self._lost())

    def _lost(self) -> VcaConnectionError:
        return VcaConnectionError(f"the connection to {self._url} was lost", self._url)

    async def close(self) -> None:
        """End the connection: politely, if the host answers; the agent ends with it."""
        self._connection.close()
        closed = asyncio.ensure_future(self._connection.wait_closed())
        cancelled = await settle(closed, _CLOSING)
        if not closed.done():
            self._connection.abort()
            cancelled = await settle(closed, _CLOSING) or cancelled
            closed.cancel()
        await self._tasks.cancel(_CLOSING)
        if cancelled is not None:
            raise cancelled
