"""A client of raw requests: for tests of what goes over the wire, and for those who prepare a world."""

from __future__ import annotations

import asyncio
import base64
import io
import itertools
import json
import ssl
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from vca_jujusim.controller import SimulatedController
from vca_jujusim.problems import Refusal

Json = dict[str, Any]
VERSIONS = {"Admin": 3, "Pinger": 1}
KNOWN = {"Application": 20, "ModelManager": 10, "Client": 8, "Charms": 6, "MachineManager": 10, "Controller": 12}


class RawClient:
    """A websocket; the certificate is verified, and its name.

    Args:
        sim: the controller.
        model: the uuid of a model; None: the controller.
        endpoint: another endpoint than the first.
    """

    def __init__(self, sim: SimulatedController, model: str | None = None, *, endpoint: str | None = None) -> None:
        self.info: Json = {}
        self._sim = sim
        self._model = model
        self._endpoint = endpoint or sim.endpoint
        self._context = ssl.create_default_context(cadata=sim.ca_cert)
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._versions = dict(VERSIONS)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Open the websocket."""
        self._http = aiohttp.ClientSession()
        path = f"/model/{self._model}/api" if self._model else "/api"
        try:
            self._socket = await self._http.ws_connect(
                f"wss://{self._endpoint}{path}",
                ssl=self._context,
                server_hostname=self._sim.tls_hostname,
                max_msg_size=0,
            )
        except BaseException:
            await self._http.close()
            raise
        self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Close it."""
        await self._socket.close()
        await self._reader
        await self._http.close()

    async def _read(self) -> None:
        async for message in self._socket:
            reply = json.loads(message.data)
            waiting = self._waiting.pop(reply["request-id"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("the connection ended"))

    async def send_text(self, text: str) -> None:
        """Send a frame as it is."""
        await self._socket.send_str(text)

    async def wait_closed(self) -> None:
        """Wait until the connection ends."""
        await asyncio.shield(self._reader)

    async def login(self, username: str | None = None, password: str | None = None) -> Json:
        """Log in, as the first user unless another is named."""
        username, password = username or self._sim.username, password or self._sim.password
        self.info = await self.call("Admin.Login", **{"auth-tag": f"user-{username}", "credentials": password})
        for facade in self.info.get("facades", []):
            name = facade["name"]
            self._versions[name] = KNOWN.get(name, facade["versions"][-1])
        return self.info

    async def call(self, request: str, /, *, watcher: Any = None, **params: Any) -> Json:
        """Make a request.

        Raises:
            Refusal: it fails as a whole.
            ConnectionResetError: the connection ended.
        """
        facade, _, method = request.partition(".")
        if self._reader.done():
            raise ConnectionResetError("the connection ended")
        number = next(self._ids)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        message = {"request-id": number, "type": facade, "request": method, "params": params}
        message |= {"version": self._versions.get(facade, 1)} | ({"Id": watcher} if watcher else {})
        await self._socket.send_str(json.dumps(message))
        reply = await self._waiting[number]
        if "error" in reply:
            raise Refusal(reply["error"], reply.get("error-code", ""), reply.get("error-info"))
        answer: Json = reply["response"]
        return answer

    async def result(self, request: str, /, **params: Any) -> Json:
        """Make a bulk request of one item, and take the result apart.

        Raises:
            Refusal: the request, or the result, is an error.
        """
        answer = await self.call(request, **params)
        items = next(value for key, value in answer.items() if isinstance(value, list))
        item: Json = items[0]
        errors = [item["error"]] if item.get("error") else item.get("Errors") or []
        if errors:
            raise Refusal(errors[0]["message"], errors[0].get("code", ""))
        return item

    async def put(self, method: str, path: str, data: bytes, headers: dict[str, str]) -> Json:
        """Send something over HTTPS.

        Raises:
            Refusal: it is not taken.
        """
        login = base64.b64encode(f"user-{self._sim.username}:{self._sim.password}".encode()).decode()
        async with self._http.request(
            method,
            f"https://{self._endpoint}{path}",
            data=data,
            headers={"Authorization": f"Basic {login}", **headers},
            ssl=self._context,
            server_hostname=self._sim.tls_hostname,
        ) as response:
            answer: Json = await response.json()
        if response.status != 200:
            raise Refusal(answer["error"], answer.get("error-code", ""))
        return answer

    async def upload_charm(self, data: bytes) -> str:
        """Send a charm; its URL."""
        answer = await self.put("POST", f"/model/{self._model}/charms", data, {"Content-Type": "application/zip"})
        return str(answer["charm-url"])


def archive(files: dict[str, str]) -> bytes:
    """A zip file of texts; programs (``#!``) can be run."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = (0o755 if text.startswith("#!") else 0o644) << 16
            packed.writestr(member, text)
    return buffer.getvalue()


def archive_of(folder: Path) -> bytes:
    """A zip file of a charm's directory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(folder))
    return buffer.getvalue()
