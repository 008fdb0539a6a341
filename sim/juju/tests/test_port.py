"""Connections that come when a port closes."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from contextlib import suppress

import pytest

from vca_jujusim.controller import SimulatedController


@pytest.mark.parametrize("turns", range(5))
async def test_a_connection_during_the_shutdown_is_dropped(turns: int) -> None:
    async with SimulatedController() as sim:
        for _ in range(2):
            with socket.create_connection((sim.host, sim.ports[0])) as client:
                client.setblocking(False)
                for _ in range(turns):  # it is accepted in one of them, and at its handshake in the next ones
                    await asyncio.sleep(0)
                await sim.go_down()
                with pytest.raises(ConnectionRefusedError):
                    await asyncio.open_connection(sim.host, sim.ports[0])
                assert await _end_of(client) == b""
                gc.collect()  # what is lost without being closed warns now
                await sim.come_back()


@pytest.mark.parametrize("secured", [False, True])
async def test_a_client_without_a_request_does_not_hold_up_the_end(secured: bool) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with SimulatedController() as sim:
        reader, writer = await asyncio.open_connection(sim.host, sim.ports[0], ssl=context if secured else None)
        await sim.go_down()
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_a_half_open_endpoint_says_nothing_and_sees_clients_go() -> None:
    async with SimulatedController() as sim:
        await sim.set_endpoint(0, "half-open")
        client = socket.create_connection((sim.host, sim.ports[0]))
        client.setblocking(False)
        await asyncio.get_running_loop().sock_sendall(client, b"hello?")
        with pytest.raises(BlockingIOError):
            client.recv(1)
        await sim.set_endpoint(0, "open")
        assert await _end_of(client) == b""
        client.close()


async def _end_of(client: socket.socket) -> bytes:
    try:
        return await asyncio.get_running_loop().sock_recv(client, 1)
    except ConnectionResetError:
        return b""
