"""The option `proxy`: websockets and uploads go through it, whatever the environment says."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from jujusim.controller import SimulatedController
from support.juju import connected, installed, write_charm

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Asked = Callable[[Reader, Writer], Awaitable[tuple[str, int]]]


async def http(reader: Reader, writer: Writer) -> tuple[str, int]:
    """What an HTTP proxy is asked for."""
    method, target, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
    assert method == "CONNECT"
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    host, _, port = target.rpartition(":")
    return host, int(port)


async def socks5(reader: Reader, writer: Writer) -> tuple[str, int]:
    """What a SOCKS proxy is asked for."""
    _, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(b"\x05\x00")
    kind = (await reader.readexactly(4))[3]
    length = 4 if kind == 1 else (await reader.readexactly(1))[0]
    raw = await reader.readexactly(length)
    port = int.from_bytes(await reader.readexactly(2), "big")
    writer.write(b"\x05\x00\x00\x01" + bytes(6))
    return socket.inet_ntoa(raw) if kind == 1 else raw.decode(), port


async def _pump(reader: Reader, writer: Writer) -> None:
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    except OSError:  # one side ended
        pass
    finally:
        writer.close()


@asynccontextmanager
async def proxying(asked: Asked) -> AsyncIterator[tuple[int, list[tuple[str, int]]]]:
    """A proxy; its port, and where it was asked to connect to."""
    targets: list[tuple[str, int]] = []

    async def serve(reader: Reader, writer: Writer) -> None:
        target = await asked(reader, writer)
        targets.append(target)
        there, back = await asyncio.open_connection(*target)
        await asyncio.gather(_pump(reader, back), _pump(there, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], targets
    finally:
        server.close()
        while len(asyncio.all_tasks()) > 1:  # both ends of each connection see that it is over
            await asyncio.sleep(0)


@pytest.mark.parametrize(("scheme", "asked"), [("http", http), ("socks5", socks5)])
async def test_all_goes_through_the_proxy(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, asked: Asked
) -> None:
    write_charm(tmp_path, "router")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with proxying(asked) as (port, targets):
        async with connected(controller, tmp_path, alone=False, proxy=f"{scheme}://127.0.0.1:{port}") as edge:
            await installed(edge, "router")
        assert len(targets) == controller.counts.opened + controller.counts.uploads.total()
    assert set(targets) == {("127.0.0.1", controller.ports[0])}


async def test_the_environment_names_no_proxy(controller: SimulatedController, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with connected(controller) as edge:
        await edge.health()
