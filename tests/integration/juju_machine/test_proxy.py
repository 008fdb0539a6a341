"""The option `proxy`: websockets and uploads go through it, whatever the environment says."""

from __future__ import annotations

import asyncio
import base64
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from support.juju import connected, installed, machine, until, write_charm

from vca_core import VcaConnectionError
from vca_juju_common.client.requests import upload
from vca_jujusim.controller import SimulatedController
from vca_jujusim.port import Port

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Asked = Callable[[Reader, Writer], Awaitable[tuple[str, int]]]


async def http(reader: Reader, writer: Writer) -> tuple[str, int]:
    """What an HTTP proxy is asked for."""
    method, target, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
    assert method == "CONNECT"
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
    return socket.inet_ntoa(raw) if kind == 1 else raw.decode(), port


ANSWERS: dict[str, tuple[bytes, bytes]] = {
    "http": (
        b"HTTP/1.1 200 Connection established\r\n\r\n",
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
    ),
    "socks5": (b"\x05\x00\x00\x01" + bytes(6), b"\x05\x05\x00\x01" + bytes(6)),
}
"""What proxies say when they are connected, and when they are not."""


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
async def proxying(scheme: str, asked: Asked) -> AsyncIterator[tuple[int, list[tuple[str, int]]]]:
    """A proxy; its port, and where it was asked to connect to."""
    targets: list[tuple[str, int]] = []
    yes, no = ANSWERS[scheme]

    async def serve(connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            target = await asked(reader, writer)
            targets.append(target)
            there, back = await asyncio.open_connection(*target)
        except (OSError, EOFError):
            writer.write(no)
            writer.close()
            return
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        try:
            writer.write(yes)
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            writer.transport.abort()
            back.transport.abort()

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = Port(listening, serve)
    try:
        yield listening.getsockname()[1], targets
    finally:
        await port.close()


@pytest.mark.parametrize(("scheme", "asked"), [("http", http), ("socks5", socks5)])
async def test_all_goes_through_the_proxy(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, asked: Asked
) -> None:
    write_charm(tmp_path, "router")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with proxying(scheme, asked) as (port, targets):
        async with connected(controller, tmp_path, alone=False, proxy=f"{scheme}://127.0.0.1:{port}") as edge:
            await installed(edge, "router")
        assert len(targets) == controller.counts.opened + controller.counts.uploads.total()
    assert set(targets) == {("127.0.0.1", controller.ports[0])}


async def test_the_environment_names_no_proxy(controller: SimulatedController, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with connected(controller) as edge:
        await edge.health()


@pytest.mark.parametrize(("scheme", "asked"), [("http", http), ("socks5", socks5)])
async def test_a_controller_behind_a_lost_proxy_is_waited_for(
    controller: SimulatedController, scheme: str, asked: Asked
) -> None:
    async with (
        proxying(scheme, asked) as (port, targets),
        connected(controller, alone=False, proxy=f"{scheme}://127.0.0.1:{port}") as edge,
    ):
        await machine(edge)
        await controller.go_down()
        targets.clear()
        creating = asyncio.create_task(machine(edge, ".ns1.vnf2"))
        await until(lambda: len(targets) > 4 or creating.done())  # both connections were dialled again and again
        await controller.come_back()
        await creating


async def test_what_a_socks_proxy_refuses_is_reported_in_its_words(controller: SimulatedController) -> None:
    async with proxying("socks5", socks5) as (port, _):
        proxy = f"socks5://127.0.0.1:{port}"
        await controller.go_down()
        async with connected(controller, alone=False, proxy=proxy, connect_timeout=0.3) as edge:
            with pytest.raises(VcaConnectionError, match="cannot be reached: the proxy says: Connection refused"):
                await edge.health()


async def test_the_password_of_a_proxy_gets_there_and_is_shown_nowhere(
    controller: SimulatedController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "pauses", lambda _least: itertools.repeat(0.0))
    write_charm(tmp_path, "router")
    packed = base64.b64encode(b"me:canary@pw").decode()
    is_shut = False

    async def guarded(reader: Reader, _: Writer) -> tuple[str, int]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if is_shut or f"Proxy-Authorization: Basic {packed}\r\n" not in head:
            raise PermissionError
        return "127.0.0.1", controller.ports[0]

    async with proxying("http", guarded) as (port, _):
        proxy = f"http://me:canary%40pw@127.0.0.1:{port}"
        async with connected(controller, tmp_path, alone=False, proxy=proxy) as edge:
            ee_id = await machine(edge)
            is_shut = True
            with pytest.raises(VcaConnectionError, match="the upload broke off: 407") as uploading:
                await edge.install_configuration_sw(ee_id, "router")
        async with connected(controller, alone=False, proxy=proxy, connect_timeout=0.3) as edge:
            with pytest.raises(
                VcaConnectionError, match=f"cannot be reached: 407.*'http://127.0.0.1:{port}'"
            ) as connecting:
                await edge.health()
    for caught in (uploading, connecting):
        text = f"{caught.value!r} {caught.value.__cause__!r}"
        assert not [secret for secret in ("canary", packed, "me:*") if secret in text]
