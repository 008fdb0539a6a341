"""The least that speaks to a controller: for the floor, which is to be as low as it gets."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import ssl
from typing import Any

import aiohttp
from bench.juju.place import Place

Json = dict[str, Any]
VERSIONS = {
    "Action": 7,
    "Admin": 3,
    "AllWatcher": 3,
    "Application": 20,
    "Client": 8,
    "MachineManager": 10,
    "ModelManager": 10,
    "Resources": 3,
}


class Way:
    """How to the controller: TLS and a pool for uploads, shared by all connections."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.tls = ssl.create_default_context(cadata=place.ca)
        self.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def connected(self, path: str) -> Wire:
        """A connection that is logged in."""
        socket = await self.http.ws_connect(
            f"wss://{self.place.endpoint}{path}", ssl=self.tls, server_hostname="juju-apiserver", max_msg_size=0
        )
        wire = Wire(socket)
        login = {"auth-tag": f"user-{self.place.username}", "credentials": self.place.password}
        await wire.call("Admin.Login", {**login, "client-version": "3.6.1.3"})
        return wire

    @property
    def _login(self) -> str:
        text = f"user-{self.place.username}:{self.place.password}"
        return f"Basic {base64.b64encode(text.encode()).decode()}"

    async def upload_image(self, uuid: str, application: str, key: str, document: bytes) -> None:
        """Upload what names an image."""
        digest = hashlib.sha384(document).hexdigest()
        headers = {"Content-Type": "application/octet-stream", "Content-Sha384": digest, "Authorization": self._login}
        async with self.http.put(
            f"https://{self.place.endpoint}/model/{uuid}/applications/{application}/resources/image?pendingid={key}",
            data=document,
            headers={**headers, "Content-Disposition": "form-data; filename=image"},
            ssl=self.tls,
            server_hostname="juju-apiserver",
        ) as response:
            assert response.status == 200, await response.text()

    async def upload(self, uuid: str, archive: bytes) -> str:
        """Upload a charm; its URL."""
        async with self.http.post(
            f"https://{self.place.endpoint}/model/{uuid}/charms?schema=local&series=jammy",
            data=archive,
            headers={"Content-Type": "application/zip", "Authorization": self._login},
            ssl=self.tls,
            server_hostname="juju-apiserver",
        ) as response:
            return str((await response.json())["charm-url"])


class Wire:
    """A websocket: requests and their answers."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            reply = json.loads(message.data)
            self._waiting.pop(reply["request-id"]).set_result(reply)
        for waiting in (one for one in self._waiting.values() if not one.done()):
            waiting.set_exception(ConnectionResetError())

    async def call(self, name: str, params: Json | None = None, watcher: str | None = None) -> Json:
        """Make a request; an error is an exception."""
        facade, _, method = name.partition(".")
        self._number += 1
        self._waiting[self._number] = waiting = asyncio.get_running_loop().create_future()
        message = {"request-id": self._number, "type": facade, "request": method, "version": VERSIONS[facade]}
        message |= {"params": params or {}} | ({"id": watcher} if watcher else {})
        try:
            await self._socket.send_str(json.dumps(message))
        except ConnectionResetError:
            waiting.cancel()  # nobody waits for an answer to what was not sent
            raise
        reply = await waiting
        if reply.get("error"):
            raise RuntimeError(reply["error"])
        answer: Json = reply["response"]
        return answer

    async def one(self, name: str, params: Json) -> Json:
        """Make a request for one thing; what it gives for it."""
        (result,) = next(value for value in (await self.call(name, params)).values() if isinstance(value, list))
        if result.get("error"):
            raise RuntimeError(result["error"]["message"])
        found: Json = result
        return found

    async def close(self) -> None:
        """Close it."""
        await self._socket.close()
        await self._reader
