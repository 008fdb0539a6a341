"""A TCP proxy that cuts, holds back and swallows, for tests of outages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class TcpProxy:
    """Passes bytes between clients and a server.

    Args:
        host: of the server.
        port: of the server.

    Attributes:
        address: where clients connect: ``host:port``.
        is_refusing: whether connections are closed at once.
        cut_requests_after: bytes that still go to the server before the connection is cut; None: all.
        cut_answers_after: bytes that still come from the server before the connection is cut; None: all.
        passing: bytes go on while it is set; they are held back else.
        delay: seconds that bytes take on their way to the server.
        cuts: connections that were cut.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = host, port
        self.address = ""
        self.is_refusing = False
        self.cut_requests_after: int | None = None
        self.cut_answers_after: int | None = None
        self.passing = asyncio.Event()
        self.passing.set()
        self.delay = 0.0
        self.cuts = 0
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Cut all connections."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what one client sends and is sent."""
        if self.is_refusing:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection(*self._server)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, back, writer, is_answer=False))
                group.create_task(self._pass(there, writer, back, is_answer=True))
        finally:
            self._writers -= {writer, back}

    async def _pass(
        self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, other: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        try:
            while data := await reader.read(65536):
                await self.passing.wait()
                if self.delay and not is_answer:
                    await asyncio.sleep(self.delay)
                name = "cut_answers_after" if is_answer else "cut_requests_after"
                left = getattr(self, name)
                if left is not None:
                    setattr(self, name, max(left - len(data), 0) or (None if left < len(data) else 0))
                    if left < len(data):
                        to.write(data[:left])
                        await to.drain()
                        self.cuts += 1
                        break
                to.write(data)
                await to.drain()
        except OSError:
            pass
        if not to.transport.is_closing() and to.can_write_eof():
            to.close()
        other.close()


@asynccontextmanager
async def tcp_proxy(address: str) -> AsyncIterator[TcpProxy]:
    """A proxy in front of ``host:port``."""
    host, _, port = address.rpartition(":")
    proxy = TcpProxy(host, int(port))
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.passing.set()
        proxy.cut()
        await server.wait_closed()
