"""The HTTP side of a controller: websockets and uploads, through one session of aiohttp.

This module imports aiohttp, so it is imported when something connects.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal, cast

import aiohttp

from vca_juju_common.client.endpoints import Endpoint
from vca_juju_common.client.tls import Tls

MAX_FRAME = 64 * 1024 * 1024

UPLOADS = 16
"""How many uploads there are at once; the others wait, and use their connections."""


class Websocket(aiohttp.ClientWebSocketResponse[Literal[True]]):
    """A websocket that can be ended without a farewell."""

    def abort(self) -> None:
        """End the connection at once: what is not sent yet never will be. Done twice, it does nothing."""
        connection = self._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
        self._response.close()


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
        self._limits = aiohttp.ClientTimeout(
            total=None, sock_connect=connect_limit, sock_read=silence_limit, ceil_threshold=float("inf")
        )
        self._uploads = asyncio.Semaphore(UPLOADS)
        self._opened: aiohttp.ClientSession | None = None

    async def websocket(self, endpoint: Endpoint, path: str) -> Websocket:
        """Open a websocket.

        Raises:
            aiohttp.ClientError: that failed; certificates that cannot be trusted are told apart.
            OSError: it failed otherwise.
        """
        opened = await self._session().ws_connect(
            f"wss://{endpoint}{path}", max_msg_size=MAX_FRAME, **await self._way()
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
            aiohttp.ClientError: it did not get there, or there was no answer.
            OSError: it failed otherwise.
        """
        async with (
            self._uploads,
            self._session().request(
                method,
                f"https://{endpoint}{path}",
                params=query,
                headers=headers,
                data=body,
                allow_redirects=False,  # the body is sent once, and the password to nobody else
                **await self._way(),
            ) as response,
        ):
            return response.status, await response.text()

    async def close(self) -> None:
        """Close all connections; the next use makes a new session."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=self._connector(), timeout=self._limits, ws_response_class=Websocket, trust_env=False
            )
        return self._opened

    async def _way(self) -> dict[str, Any]:
        return {"ssl": await self._tls.context(), "proxy": None if self._is_socks else self._proxy}

    def _connector(self) -> aiohttp.TCPConnector:
        """Many at once: a websocket for each model."""
        if self._proxy is not None and self._is_socks:
            from aiohttp_socks import ProxyConnector  # noqa: PLC0415 - only those pay who need it

            through: aiohttp.TCPConnector = ProxyConnector.from_url(self._proxy, limit=0)
            return through
        return aiohttp.TCPConnector(limit=0)

    @property
    def _is_socks(self) -> bool:
        return self._proxy is not None and self._proxy.startswith("socks")
