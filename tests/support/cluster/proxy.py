"""A proxy before an API server that makes it fail: over TLS, with the API server's own certificate.

Whoever goes through it has to bring a token: certificates of clients end here.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

import aiohttp
from aiohttp import web
from support.cluster.sharing import Cluster
from support.fair_clock import StrictLoop

_HOST = "127.0.0.1"
_REASONS = {401: "Unauthorized", 403: "Forbidden", 410: "Expired", 429: "TooManyRequests"}


@dataclass
class Rule:
    """What becomes of requests.

    Args:
        effect: ``refuse``: the connection is dropped; ``hang``: there is no answer; ``cut``: a watch is dropped after
            its first event; ``slow``: the answer is late; ``hold``: the request arrives when `free` is set; or the
            status that is answered.
        meets: which requests it is for; None: all.
        times: how many; None: all of them.
    """

    effect: Literal["refuse", "hang", "cut", "slow", "hold"] | int
    meets: Callable[[web.BaseRequest], bool] | None = None
    times: int | None = None
    met: int = 0
    free: asyncio.Event = field(default_factory=asyncio.Event)

    def takes(self, request: web.BaseRequest) -> bool:
        """Whether a request meets it."""
        return (self.times is None or self.met < self.times) and (self.meets is None or self.meets(request))


def is_watch(request: web.BaseRequest) -> bool:
    """Whether a request is to watch."""
    return "watch" in request.query


class FaultProxy:
    """A proxy before an API server.

    Args:
        cluster: the API server's.

    Attributes:
        rules: what goes wrong; the first one that a request meets.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.rules: list[Rule] = []
        self._server = cluster.server
        self._folder = cluster.folder
        self._port = 0
        self._runner: web.ServerRunner | None = None
        self._client: aiohttp.ClientSession | None = None
        self._ended = asyncio.Event()
        self._handling: set[asyncio.Task[object]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://{_HOST}:{self._port}"

    async def __aenter__(self) -> Self:
        known = ssl.create_default_context(cafile=str(self._folder / "ca.crt"))
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=known, limit=0), timeout=aiohttp.ClientTimeout(total=None)
        )
        await self._listen()
        return self

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Have it cut all connections and listen no more, for the length of a ``with`` block."""
        assert self._runner is not None
        await self._runner.cleanup()
        yield
        await self._listen()

    async def _listen(self) -> None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(str(self._folder / "apiserver.crt"), str(self._folder / "apiserver.key"))
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, self._port, ssl_context=tls)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        assert self._runner is not None
        assert self._client is not None
        await self._runner.cleanup()
        for one in self._handling:
            one.cancel()
        if self._handling:
            await asyncio.wait(self._handling)
        await self._client.close()
        loop = asyncio.get_running_loop()
        if isinstance(loop, StrictLoop):  # clients in threads may be at their handshakes still
            loop.abort_connections_at(self._port)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if (task := asyncio.current_task()) is not None:  # a client that has left is no reason for its end
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)
        rule = next((one for one in self.rules if one.takes(request)), None)
        if rule is not None:
            rule.met += 1
        match None if rule is None else rule.effect:
            case "refuse":
                return self._drop(request)
            case "hang":
                await self._ended.wait()
                return self._drop(request)
            case "hold" if rule is not None:
                await rule.free.wait()
            case "slow":
                await asyncio.sleep(0.05)
            case int(status):
                body = {"kind": "Status", "code": status, "reason": _REASONS[status], "message": "by the proxy"}
                return web.Response(status=status, text=json.dumps(body), content_type="application/json")
        return await self._forward(request, is_cut=rule is not None and rule.effect == "cut")

    def _drop(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)

    async def _forward(self, request: web.BaseRequest, *, is_cut: bool) -> web.StreamResponse:
        assert self._client is not None
        headers = {
            name: request.headers[name]
            for name in ("Authorization", "Content-Type", "Accept")
            if name in request.headers
        }
        body = await request.read()
        async with self._client.request(
            request.method, self._server + request.path_qs, data=body, headers=headers
        ) as found:
            answer = web.StreamResponse(status=found.status, headers={"Content-Type": found.content_type})
            await answer.prepare(request)
            async for part in found.content.iter_any():
                await answer.write(part)
                if is_cut:
                    return self._drop(request)
            await answer.write_eof()
            return answer
