"""Dialling: which endpoint is taken, what is told where none is, and who never gets the password."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web
from support.juju import connected, installed, machine, until, write_charm

from vca_core import VcaConnectionError
from vca_juju_common.client.transport import dial
from vca_juju_common.client.transport.dial import Account, Dialer
from vca_juju_common.client.transport.endpoints import Endpoint, Endpoints
from vca_juju_common.client.transport.tls import Tls
from vca_jujusim.controller import SimulatedController
from vca_jujusim.port import Port
from vca_jujusim.tls import make_identity


@asynccontextmanager
async def dialling(*ports: int, ca_cert: str | None = None, password: str = "hunter2-canary") -> AsyncIterator[Dialer]:
    """A dialer of these ports; nothing is left of it."""

    async def secret() -> str:
        return password

    endpoints = Endpoints([Endpoint("127.0.0.1", port) for port in ports])
    tls = Tls(ca_cert) if ca_cert is not None else Tls(verify=False)
    dialer = Dialer(endpoints, Account("admin", secret), tls, connect_limit=5.0, request_limit=5.0)
    try:
        yield dialer
    finally:
        await dialer.close()


async def failure(dialer: Dialer) -> VcaConnectionError:
    with pytest.raises(VcaConnectionError) as caught:
        await dialer.dial("/api")
    return caught.value


@asynccontextmanager
async def serving(answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[int]:
    """Something that speaks HTTP without TLS; its port."""
    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirected_handshake_is_reported_and_not_followed(
    controller: SimulatedController, status: int
) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=404)

    async with serving(elsewhere) as port, dialling(controller.ports[0], ca_cert=controller.ca_cert) as dialer:
        controller.faults.redirect("connect", f"http://127.0.0.1:{port}/api?canary-of-it", status=status)
        error = await failure(dialer)
    assert asked == []
    assert not error.retryable
    assert error.message == (
        f"127.0.0.1:{controller.ports[0]}: the controller sends its clients to another one; name that one's endpoints"
    )
    assert "Admin.Login" not in controller.counts.requests


async def test_a_redirected_upload_is_reported_and_not_followed(controller: SimulatedController, tmp_path: Any) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=404)

    write_charm(tmp_path, "router")
    async with serving(elsewhere) as port, connected(controller, tmp_path) as edge:
        controller.faults.redirect("charms.upload", f"http://127.0.0.1:{port}/charms")
        with pytest.raises(VcaConnectionError, match="name that one's endpoints") as caught:
            await installed(edge, "router")
    assert asked == []
    assert not caught.value.retryable


async def test_an_endpoint_with_a_foreign_certificate_ends_no_other(controller: SimulatedController) -> None:
    controller.faults.delay("Admin.Login", 0.6)
    async with (
        SimulatedController() as other,
        dialling(
            other.ports[0], controller.ports[0], ca_cert=controller.ca_cert, password=controller.password
        ) as dialer,
    ):
        wire = await dialer.dial("/api")
        assert wire.endpoint.port == controller.ports[0]
        await wire.close()
        await controller.go_down()
        error = await failure(dialer)
        await controller.come_back()
    assert error.retryable
    assert f":{other.ports[0]}: its certificate cannot be trusted" in error.message
    assert f":{controller.ports[0]} cannot be reached" in error.message


async def test_what_fails_everywhere_for_good_is_reported(controller: SimulatedController) -> None:
    async with SimulatedController() as one, SimulatedController() as other:
        async with dialling(one.ports[0], other.ports[0], ca_cert=controller.ca_cert) as dialer:
            error = await failure(dialer)
        assert not error.retryable
        assert all(f":{where.ports[0]}: its certificate" in error.message for where in (one, other))


async def test_a_foreign_advertised_endpoint_stops_no_operation(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial, "STAGGER", 0.0)
    context = make_identity().context()
    tried: list[socket.socket] = []

    async def somebody_else(connection: socket.socket) -> None:
        tried.append(connection)
        await asyncio.get_running_loop().connect_accepted_socket(asyncio.Protocol, connection, ssl=context)

    listening = socket.create_server(("127.0.0.1", 0))
    port = Port(listening, somebody_else)
    other = {**controller.host_ports()[0][0], "port": listening.getsockname()[1]}
    addresses = [*controller.host_ports(), [other]]
    monkeypatch.setattr(controller, "host_ports", lambda: addresses)
    async with connected(controller) as edge:
        await machine(edge)
        await controller.go_down()
        tried.clear()
        creating = asyncio.create_task(machine(edge, ".ns1.vnf2"))
        await until(lambda: len(tried) > 4 or creating.done())  # both connections were dialled again and again
        await controller.come_back()
        await creating
    await port.close()


async def test_a_password_is_tried_once_for_any_number_of_endpoints() -> None:
    async with (
        SimulatedController(endpoints=3, dead=(0,)) as controller,
        dialling(*controller.ports, ca_cert=controller.ca_cert) as dialer,
    ):
        error = await failure(dialer)
        assert not error.retryable
        assert controller.counts.failed_logins == 1


async def test_unexpected_errors_of_libraries_are_named_without_text(controller: SimulatedController) -> None:
    async def broken() -> str:
        raise RuntimeError("hunter2-canary")

    async with dialling(controller.ports[0]) as dialer:
        dialer.account = Account("admin", broken)
        error = await failure(dialer)
    assert error.retryable
    assert error.message == f"127.0.0.1:{controller.ports[0]} cannot be reached: RuntimeError"
    assert isinstance(getattr(error.__cause__, "__cause__", None), RuntimeError)


async def test_a_dial_that_is_cancelled_at_any_moment_leaves_nothing(
    controller: SimulatedController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial, "STAGGER", 0.0)

    def of_ours() -> list[str]:
        return [
            task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith(("connection to", "dial"))
        ]

    async with SimulatedController() as slower:
        slower.faults.hang("Admin.Login", times=None)
        async with dialling(controller.ports[0], slower.ports[0], password=controller.password) as dialer:
            for moment in range(12):
                held = slower.counts.requests["Admin.Login"]
                controller.faults.clear()
                controller.faults.delay("Admin.Login", 0.05)
                dialer.controller_uuid = ""
                dialled = asyncio.create_task(dialer.dial("/api"))
                while not dialer.controller_uuid:  # until one of them is logged in
                    await asyncio.sleep(0)
                assert slower.counts.requests["Admin.Login"] > held
                for _ in range(moment):
                    await asyncio.sleep(0)
                dialled.cancel()
                with suppress(asyncio.CancelledError):
                    await (await dialled).close()
                await until(lambda: not controller.server.sessions)
                assert of_ours() == []
