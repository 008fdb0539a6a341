"""One port: it accepts connections until it is closed; then no connection is left half open."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

_BACKLOG = 1024


class Port:
    """Accepts connections from now on.

    asyncio's own servers lose, unclosed, what they accept in the turn of the loop in which they are closed (before
    Python 3.13), and forget what is still at its TLS handshake.

    Args:
        listening: a socket that is bound.
        take: what is done with each connection; once it has returned, the connection is somebody else's.
    """

    def __init__(self, listening: socket.socket, take: Callable[[socket.socket], Awaitable[object]]) -> None:
        self._listening = listening
        self._take = take
        self._taking: set[asyncio.Task[None]] = set()
        listening.setblocking(False)  # noqa: FBT003 - the standard library takes it so
        listening.listen(_BACKLOG)
        asyncio.get_running_loop().add_reader(listening, self._accept)

    async def close(self) -> None:
        """Accept no more, and drop what is not taken yet."""
        asyncio.get_running_loop().remove_reader(self._listening)
        self._listening.close()
        taking = list(self._taking)
        for task in taking:
            task.cancel()
        await asyncio.gather(*taking, return_exceptions=True)

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:  # it is gone already, or there is no file left for it: we are called again
            return
        connection.setblocking(False)  # noqa: FBT003 - as above
        task = asyncio.create_task(self._take_or_close(connection), name="connection that is not taken yet")

        def on_end(task: asyncio.Task[None]) -> None:
            self._taking.discard(task)
            if task.cancelled():  # perhaps before it began
                connection.close()

        self._taking.add(task)
        task.add_done_callback(on_end)

    async def _take_or_close(self, connection: socket.socket) -> None:
        try:
            await self._take(connection)
        except OSError:  # the client gave up
            connection.close()
