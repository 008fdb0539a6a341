"""How the simulated controller's connections to a cluster end: at once, whether the API server says farewell or not."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from pathlib import Path

from support.cluster.certificates import HOST, Authority

from vca_jujusim.cluster.api import Api

_EVENT = b'{"type": "ADDED", "object": {"metadata": {"name": "dns-0"}}}\n'
_ANSWER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(_EVENT), _EVENT)


def serve_one_watch(listening: socket.socket, tls: ssl.SSLContext) -> None:
    """Answer one watch with one event, and then only read, without a word, until the client has hung up."""
    with tls.wrap_socket(listening.accept()[0], server_side=True) as connection:
        connection.recv(4096)
        connection.sendall(_ANSWER)
        with socket.socket(fileno=os.dup(connection.fileno())) as below_tls:
            while below_tls.recv(4096):
                pass


async def test_a_watch_that_is_left_waits_for_no_farewell(tmp_path: Path) -> None:
    Authority(tmp_path).issue("server", "server", server=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    with socket.create_server((HOST, 0)) as listening:
        serving = asyncio.create_task(asyncio.to_thread(serve_one_watch, listening, tls))
        api = Api(f"https://{HOST}:{listening.getsockname()[1]}", (tmp_path / "ca.crt").read_text())
        came = asyncio.Event()

        async def watch() -> None:
            async for _ in api.watch("token", "/api/v1/pods", "1"):
                came.set()

        watching = asyncio.create_task(watch())
        await came.wait()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        async with asyncio.timeout(10):  # TLS would wait for half a minute
            await asyncio.shield(serving)
        await api.close()
