"""The HTTP side of a controller: websockets and uploads, through one session of aiohttp.

This module imports aiohttp, so it is imported when something connects.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, cast
from urllib.parse import unquote, urlsplit

import aiohttp

from vca_core.errors import VcaConnectionError
from vca_juju_common.client.transport.endpoints import MOVED, Endpoint
from vca_juju_common.client.transport.tls import Tls

MAX_FRAME = 64 * 1024 * 1024

UPLOADS = 16
"""How many uploads there are at once; the others wait, and use their connections."""


class Websocket(aiohttp.ClientWebSocketResponse[Literal[True]]):
    """A websocket that can be ended without a farewell."""

    @property
    def is_broken(self) -> bool:
        """Whether the socket under it is gone, before the event loop notices.

        A transport of TLS does not know that before Python 3.13: what is written to it vanishes, with a warning.
        """
        connection = self._response.connection
        transport = None if connection is None else connection.transport
        if transport is None or transport.is_closing():
            return True
        try:
            transport.get_extra_info("socket").getpeername()
        except OSError:
            return True
        return False

    def abort(self) -> None:
        """End the connection at once: what is not sent yet never will be. Done twice, it does nothing."""
        connection = self._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
        self._response.close()


async def _no_redirects(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Do not follow a redirect: the server there is not verified, and would get the password."""
    response = await send(request)
    if 300 <= response.status < 400:
        response.close()
        raise VcaConnectionError(f"{request.url.authority}: {MOVED}", request.url.authority, retryable=False)
    return response


class Http:
    """One session; it is made when it is first needed, and belongs to the event loop that runs then.

    Args:
        tls: how connections are protected.
        proxy: URL of a proxy to go through; None: none, whatever the environment says.
        connect_limit: seconds to connect in.
        silence_limit: seconds that an answer to a request may take.
    """

    def __init__(self, tls: Tls, proxy: str | None, connect_limit: float, silence_limit: float) -> None:
        self._tls = tls
        self._proxy = proxy
        self._proxy_errors: tuple[type[Exception], ...] = ()
        self._limits = aiohttp.ClientTimeout(
            total=None, sock_connect=connect_limit, sock_read=silence_limit, ceil_threshold=float("inf")
        )
        self._uploads = asyncio.Semaphore(UPLOADS)
        self._opened: aiohttp.ClientSession | None = None

    async def websocket(self, endpoint: Endpoint, path: str) -> Websocket:
        """Open a websocket.

        Raises:
            VcaConnectionError: it is somewhere else (a redirect).
            aiohttp.ClientError: that failed; one for certificates that cannot be trusted is of its own class.
            OSError: it failed otherwise.
        """
        with self._translate_proxy_errors():
            opened = await self._session().ws_connect(
                f"wss://{endpoint}{path}", max_msg_size=MAX_FRAME, **await self._connection_options()
            )
        return cast("Websocket", opened)  # the session makes no other ones

    async def upload(
        self,
        method: str,
        endpoint: Endpoint,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: AsyncIterator[bytes],
    ) -> tuple[int, str]:
        """Send a request with a body, streamed.

        Returns:
            Status and text of the answer.

        Raises:
            VcaConnectionError: it is to go somewhere else (a redirect).
            aiohttp.ClientError: it did not get there, or there was no answer.
            OSError: it failed otherwise.
        """
        with self._translate_proxy_errors():
            async with (
                self._uploads,
                self._session().request(
                    method,
                    f"https://{endpoint}{path}",
                    params=query,
                    headers=headers,
                    data=body,
                    **await self._connection_options(),
                ) as response,
            ):
                return response.status, await response.text(errors="replace")  # of whatever is between

    async def close(self) -> None:
        """Close all connections; the next use makes a new session."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=self._connector(),
                timeout=self._limits,
                ws_response_class=Websocket,
                middlewares=(_no_redirects,),
                trust_env=False,
            )
        return self._opened

    async def _connection_options(self) -> dict[str, Any]:
        way: dict[str, Any] = {"ssl": await self._tls.context()}
        if self._proxy is not None and not self._is_socks:
            url = urlsplit(self._proxy)
            way["proxy"] = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()  # aiohttp's errors show it
            if url.username is not None:
                login = aiohttp.encode_basic_auth(unquote(url.username), unquote(url.password or ""))
                way["proxy_headers"] = {"Proxy-Authorization": login}
        return way

    def _connector(self) -> aiohttp.TCPConnector:
        """Many at once: a websocket for each model."""
        if self._proxy is not None and self._is_socks:
            from aiohttp_socks import ProxyConnector, ProxyError  # only those pay who need it

            self._proxy_errors = (ProxyError,)
            through: aiohttp.TCPConnector = ProxyConnector.from_url(self._proxy, limit=0)
            return through
        return aiohttp.TCPConnector(limit=0)

    @contextmanager
    def _translate_proxy_errors(self) -> Iterator[None]:
        """Turn the refusal of a SOCKS proxy into an error of aiohttp's; the library for proxies has its own."""
        try:
            yield
        except self._proxy_errors as error:
            raise aiohttp.ClientConnectionError(f"the proxy says: {error}") from error

    @property
    def _is_socks(self) -> bool:
        return self._proxy is not None and self._proxy.lower().startswith("socks")
