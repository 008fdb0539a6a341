"""The ports: TLS, websockets and uploads on each, and how ports break."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from typing import TYPE_CHECKING, Literal

from aiohttp import web

from vca_jujusim.port import Port
from vca_jujusim.session import Session
from vca_jujusim.uploads import upload_charm, upload_resource

if TYPE_CHECKING:
    from vca_jujusim.controller import SimulatedController

Mode = Literal["open", "dead", "half-open"]

_API = re.compile(r"^(?:/model/(?P<uuid>[^/]+))?/api$")
_CHARMS = re.compile(r"^/model[/-](?P<uuid>[0-9a-f-]{36})/charms(?:/(?P<name>[^/]+))?$")
_RESOURCE = re.compile(r"^/model/(?P<uuid>[^/]+)/applications/(?P<application>[^/]+)/resources/(?P<resource>[^/]+)$")


class Server:
    """Listens on several ports of one address.

    Args:
        controller: whom it serves.
        context: with which certificate.
        host: the address.
        modes: how each port is: `open`, `dead` (refuses), `half-open` (accepts and never says a word).
    """

    def __init__(self, controller: SimulatedController, context: ssl.SSLContext, host: str, modes: list[Mode]) -> None:
        self.sessions: set[Session] = set()
        self.ports: list[int] = []
        self.modes = modes
        self._controller = controller
        self._context = context
        self._host = host
        self._web: web.Server | None = None
        self._open: dict[int, Port] = {}
        self._held: list[socket.socket] = []

    async def start(self, first_port: int) -> None:
        """Take the ports: from `first_port` on, or any (0)."""
        try:
            for index in range(len(self.modes)):
                # A port that is dead for a while must not become somebody else's meanwhile.
                held = self._bind(first_port + index if first_port else 0)
                self._held.append(held)
                self.ports.append(held.getsockname()[1])
            await self.open()
        except BaseException:
            await self.stop()
            raise

    def _bind(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        taken = socket.socket(family, socket.SOCK_STREAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((self._host, port))
        except OSError as error:
            taken.close()
            raise OSError(error.errno, f"cannot listen on {self._host} port {port}: {error.strerror}") from error
        return taken

    async def open(self) -> None:
        """Listen where it does not yet."""
        if self._web is None:
            self._web = web.Server(self._handle, access_log=None)
        for index, mode in enumerate(self.modes):
            if index not in self._open and mode != "dead":
                take = self._serve if mode == "open" else self._say_nothing
                self._open[index] = Port(self._bind(self.ports[index]), take)

    async def set_mode(self, index: int, mode: Mode) -> None:
        """Make a port as it should be; connections to it go on, but for those of a half-open one."""
        self.modes[index] = mode
        await self._close_port(index)
        await self.open()

    async def _close_port(self, index: int) -> None:
        port = self._open.pop(index, None)
        if port is not None:
            await port.close()

    async def _serve(self, connection: socket.socket) -> None:
        if self._web is None:
            raise RuntimeError("ports are closed before the server is")
        await asyncio.get_running_loop().connect_accepted_socket(self._web, connection, ssl=self._context)

    async def _say_nothing(self, connection: socket.socket) -> None:
        with connection:
            while await asyncio.get_running_loop().sock_recv(connection, 4096):
                pass

    async def stop(self) -> None:
        """Drop all connections, and give the ports back."""
        await self.close()
        for held in self._held:
            held.close()
        self._held.clear()

    async def close(self) -> None:
        """Drop all connections and listen no more, for a while."""
        for index in list(self._open):
            await self._close_port(index)
        for session in list(self.sessions):
            session.cut()
        if self._web is not None:
            for connection in self._web.connections:
                if connection.transport is not None:
                    connection.transport.abort()  # a farewell would wait for the client's
            await self._web.shutdown(0.01)  # 0 would wait for ever for idle connections
            self._web = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if found := _API.match(request.path):
            return await self._websocket(request, found["uuid"])
        if found := _CHARMS.match(request.path):
            return await upload_charm(self._controller, request, found["uuid"], found["name"])
        if found := _RESOURCE.match(request.path):
            return await upload_resource(
                self._controller, request, found["uuid"], found["application"], found["resource"]
            )
        return web.Response(status=404)

    async def _websocket(self, request: web.BaseRequest, uuid: str | None) -> web.StreamResponse:
        model = self._controller.world.models.get(uuid or "")
        for fault in self._controller.faults.wire.take("connect", model.record.name if model else None):
            if fault.effect == "refuse":
                return web.Response(status=503, text=str(fault.error))
            if fault.effect == "redirect":
                return web.Response(status=fault.status, headers={"Location": fault.location})
            if fault.effect.startswith("hang"):
                await self._controller.closing.wait()
            if fault.effect.startswith("drop") and request.transport is not None:
                request.transport.abort()
                return web.Response(status=503)
            await asyncio.sleep(fault.seconds)
        websocket = web.WebSocketResponse(max_msg_size=64 * 1024 * 1024, compress=False, timeout=1)
        await websocket.prepare(request)
        transport = request.transport
        session = Session(self._controller, websocket, uuid, transport)
        self.sessions.add(session)
        try:
            await session.run()
        finally:
            self.sessions.discard(session)
        return websocket
