"""One websocket to a controller: requests and their answers, with a limit on each."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vca_core.tasks import OwnedTasks
from vca_juju_common.client.endpoints import Endpoint
from vca_juju_common.client.errors import ApiError, ConnectionLost

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

PING_EVERY = 30.0
"""Seconds of silence after which the controller is asked whether it is there."""

QUIET = logging.getLogger("vca_juju_common.websockets")
"""For the websocket library, which would print each frame: the login's password among them (29)."""
QUIET.disabled = True


class Wire:
    """One websocket. It is never reconnected: when it breaks, all that waits on it is told, and it is over.

    Args:
        socket: the websocket, connected.
        endpoint: where to.
        limit: seconds that a request may take; a connection on which one takes longer is given up (5).
    """

    def __init__(self, socket: ClientConnection, endpoint: Endpoint, limit: float) -> None:
        self.endpoint = endpoint
        self.facades: dict[str, int] = {}
        self.closed = asyncio.Event()
        self._socket = socket
        self._limit = limit
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self._heard = asyncio.get_running_loop().time()
        self._reason = "the connection was closed"
        self._tasks = OwnedTasks(f"connection to {endpoint}")
        self._tasks.spawn(self._receive(), "answers")

    async def call(
        self,
        facade: str,
        request: str,
        params: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
        watcher: str | None = None,
        limit: float | None = None,
        encoder: type[json.JSONEncoder] | None = None,
    ) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Args:
            facade: name of the facade.
            request: name of its method.
            params: what it takes.
            version: the facade's; None: the one agreed on at the login.
            watcher: id of the watcher that it asks.
            limit: seconds; None: as all requests; infinity for those that wait for something to happen.
            encoder: writes what is no plain data in the params.

        Returns:
            The answer's body.

        Raises:
            ApiError: the controller refuses the request.
            ConnectionLost: the connection broke, or there was no answer in time.
        """
        if self.closed.is_set():
            raise ConnectionLost(self._reason, str(self.endpoint), sent=False)
        self._number += 1
        number = self._number
        message = {"request-id": number, "type": facade, "version": version or self.facades.get(facade, 0)}
        message |= {"request": request, "params": params or {}}
        if watcher is not None:
            message["id"] = watcher
        text = json.dumps(message, cls=encoder)
        self._waiting[number] = answered = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(None if limit == float("inf") else limit or self._limit):
                await self._send(text)
                answer = await answered
        except TimeoutError:
            self.give_up(f"{facade}.{request} was not answered within {limit or self._limit:g} s")
            raise ConnectionLost(self._reason, str(self.endpoint), sent=True) from None
        finally:
            self._waiting.pop(number, None)  # 25: an answer that nobody waits for any more is dropped
        if answer.get("error") or answer.get("error-code"):
            code = answer.get("error-code") or ""
            raise ApiError(answer.get("error") or code, code, answer.get("error-info"))
        body = answer.get("response")
        return body if isinstance(body, dict) else {}

    def keep_alive(self) -> None:
        """Notice when the controller is silent; from the login on."""
        self._tasks.spawn(self._ping(), "pings")

    def give_up(self, reason: str) -> None:
        """End the connection without a farewell: the other side does not answer."""
        if not self.closed.is_set():
            self._end(reason)
            self._socket.transport.abort()

    async def close(self, limit: float = 5.0) -> None:
        """Say farewell, for at most `limit` seconds, and end."""
        self._end("the connection was closed")
        try:
            async with asyncio.timeout(limit):
                await self._socket.close()
        except TimeoutError:
            pass
        finally:
            self._socket.transport.abort()
            await self._tasks.cancel(limit)

    async def _send(self, text: str) -> None:
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - loaded when connecting

        try:
            await self._socket.send(text)
        except ConnectionClosed as error:
            self._end(f"the connection broke: {error}")
            # 1: a request on a socket that is closed already fails at once; part of it may have been sent
            raise ConnectionLost(self._reason, str(self.endpoint), sent=True) from None

    async def _receive(self) -> None:
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - loaded when connecting

        reason = "the connection broke"
        try:
            async for frame in self._socket:
                self._heard = asyncio.get_running_loop().time()
                answer = json.loads(frame)
                answered = self._waiting.get(answer.get("request-id"))
                if answered is not None and not answered.done():
                    answered.set_result(answer)
        except (ConnectionClosed, OSError) as error:
            reason = f"the connection broke: {error}"
        except ValueError:
            reason = "the controller sent something that is no JSON"
        finally:
            self._end(reason)
            self._socket.transport.abort()

    async def _ping(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            silent = loop.time() - self._heard
            if silent < PING_EVERY:
                await asyncio.sleep(PING_EVERY - silent)
                continue
            try:
                with suppress(ApiError):
                    await self.call("Pinger", "Ping", version=1)
            except ConnectionLost:
                return
            self._heard = loop.time()

    def _end(self, reason: str) -> None:
        if self.closed.is_set():
            return
        self._reason = reason
        self.closed.set()
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(ConnectionLost(reason, str(self.endpoint), sent=True))
                answered.exception()  # whoever was still sending has learned it there, and asks no more
