"""One websocket to a controller: requests and their answers, with a limit on each."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vca_core.errors import VcaConnectionError
from vca_core.tasks import OwnedTasks
from vca_juju_common.client.errors import ApiError, ConnectionLost, Upgrading
from vca_juju_common.client.transport.endpoints import Endpoint

if TYPE_CHECKING:
    from vca_juju_common.client.transport.http import Websocket

MIGRATING = "migration in progress"
"""In the answer to whatever is asked of a model that moves to another controller; the login is taken."""

SHUT_DOWN = "connection is shut down"
"""The answer to what comes in the moment before a connection is closed, as of a dead model: it was not done."""

_STOPPED = "watcher was stopped"

PING_EVERY = 30.0
"""Seconds of silence after which the controller is asked whether it is there."""

_LOG = logging.getLogger(__name__)
"""Logs the request's name and the error code only: parameters, results and texts may hold secrets."""


def _code(answer: Mapping[str, Any]) -> str:
    return f"error {answer.get('error-code') or 'without a code'}"


class Wire:
    """One websocket. It is never reconnected: when it breaks, all that waits on it gets an error, and it is over.

    Args:
        websocket: connected.
        endpoint: where to.
        limit: seconds that a request may take; a connection on which one takes longer is given up.
    """

    def __init__(self, websocket: Websocket, endpoint: Endpoint, limit: float) -> None:
        self.endpoint = endpoint
        self.facades: dict[str, int] = {}
        self.closed = asyncio.Event()
        self.ended: float | None = None
        self._socket = websocket
        self._limit = limit
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._patient: dict[str | None, asyncio.Future[dict[str, Any]]] = {}
        self._stopped: set[str] = set()
        self._due: dict[int, tuple[float, str]] = {}
        self._watchdog: asyncio.TimerHandle | None = None
        self._silence: asyncio.TimerHandle | None = None
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
        patient: bool = False,
        encoder: type[json.JSONEncoder] | None = None,
    ) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Args:
            facade: name of the facade.
            request: name of its method.
            params: what it takes.
            version: the facade's; None: the one agreed on at the login.
            watcher: id of the watcher that it asks.
            patient: whether it waits for something to happen, however long that takes.
            encoder: writes what is not plain data in the params.

        Returns:
            The answer's body.

        Raises:
            ApiError: the controller refuses the request.
            ConnectionLost: the connection broke, or there was no answer in time.
            Upgrading: the controller is being upgraded.
            VcaConnectionError: the model is being migrated: trying again does not help.
        """
        if self.closed.is_set():
            raise ConnectionLost(self._reason, str(self.endpoint), sent=False)
        if patient and watcher in self._stopped:
            self._stopped.remove(watcher)
            raise ApiError(_STOPPED)
        self._number += 1
        number = self._number
        message = {"request-id": number, "type": facade, "version": version or self.facades.get(facade, 0)}
        message |= {"request": request, "params": params or {}}
        if watcher is not None:
            message["id"] = watcher
        text = json.dumps(message, cls=encoder)
        self._waiting[number] = answered = asyncio.get_running_loop().create_future()
        if patient:
            self._patient[watcher] = answered
        else:
            self._watch(number, f"{facade}.{request}")
        try:
            await self._send(text)
            answer = await answered
        finally:
            self._due.pop(number, None)
            if patient:
                del self._patient[watcher]
            self._waiting.pop(number, None)  # an answer that no call waits for is dropped
        is_error = answer.get("error") or answer.get("error-code")
        _LOG.debug("%s: %s.%s: %s", self.endpoint, facade, request, "done" if not is_error else _code(answer))
        if is_error:
            code = answer.get("error-code") or ""
            error = ApiError(answer.get("error") or code, code, answer.get("error-info"))
            if MIGRATING in error.message:
                raise VcaConnectionError(
                    "the model is being migrated to another controller", str(self.endpoint), retryable=False
                ) from error
            if error.is_upgrade:
                self.give_up("the controller is being upgraded")
                raise Upgrading(str(self.endpoint)) from error
            if error.message == SHUT_DOWN:
                self.give_up("the controller shut the connection down")
                raise ConnectionLost(self._reason, str(self.endpoint), sent=False) from error
            raise error
        body = answer.get("response")
        return body if isinstance(body, dict) else {}

    def keep_alive(self) -> None:
        """Notice when the controller is silent; from the login on."""
        self._look_for_silence()

    def give_up(self, reason: str) -> None:
        """End the connection without a farewell: the other side does not answer."""
        if not self.closed.is_set():
            self._end(reason)
            self._socket.abort()

    def end_watch(self, watcher: str) -> None:
        """Have a patient request end as if its watcher said that it was stopped: one that hangs never says so.

        Args:
            watcher: its id; where nothing is asked of it now, that is the answer to what is asked next.
        """
        answered = self._patient.get(watcher)
        if answered is not None and not answered.done():
            answered.set_result({"error": _STOPPED})
        else:
            self._stopped.add(watcher)

    async def close(self, limit: float = 5.0) -> None:
        """Say farewell, for at most `limit` seconds, and end."""
        self._end("the connection was closed")
        try:
            async with asyncio.timeout(limit):
                await self._socket.close()
        except TimeoutError:
            pass
        finally:
            self._socket.abort()
            await self._tasks.cancel(limit)

    async def _send(self, text: str) -> None:
        if self._socket.is_broken:
            self._end("the connection broke")
            raise ConnectionLost(self._reason, str(self.endpoint), sent=False)
        try:
            await self._socket.send_str(text)
        except (OSError, RuntimeError) as error:  # what aiohttp raises where a connection ends, or has ended
            self._end(f"the connection broke: {error}")
            # 1: a request on a socket that is closed already fails at once; part of it may have been sent
            raise ConnectionLost(self._reason, str(self.endpoint), sent=True) from None

    async def _receive(self) -> None:
        reason = "the connection broke"
        try:
            async for frame in self._socket:
                self._heard = asyncio.get_running_loop().time()
                if isinstance(frame.data, Exception):
                    reason = f"the connection broke: {frame.data}"
                    continue  # it ends now
                answer = json.loads(frame.data)
                answered = self._waiting.get(answer.get("request-id"))
                if answered is not None and not answered.done():
                    answered.set_result(answer)
        except (TypeError, ValueError, AttributeError):
            reason = "the controller sent something that is not a JSON object"
        finally:
            self._end(reason)
            self._socket.abort()

    def _watch(self, number: int, name: str) -> None:
        """Give the connection up when a request is not answered in time. One timer does for all requests."""
        loop = asyncio.get_running_loop()
        self._due[number] = (loop.time() + self._limit, name)
        if self._watchdog is None:
            self._watchdog = loop.call_later(self._limit, self._look)

    def _look(self) -> None:
        self._watchdog = None
        loop = asyncio.get_running_loop()
        if self.closed.is_set() or not self._due:
            return
        due, name = next(iter(self._due.values()))  # all have the same limit: the first one is due first
        if due <= loop.time():
            self.give_up(f"{name} was not answered within {self._limit:g} s")
        else:
            self._watchdog = loop.call_at(due, self._look)

    def _look_for_silence(self) -> None:
        """Ping when the controller was silent for long: a timer looks, since most connections are never silent."""
        if self.closed.is_set():
            return
        loop = asyncio.get_running_loop()
        silent = loop.time() - self._heard
        if silent < PING_EVERY:
            self._silence = loop.call_later(PING_EVERY - silent, self._look_for_silence)
        else:
            self._tasks.spawn(self._ping(), "ping")

    async def _ping(self) -> None:
        try:
            await self.call("Pinger", "Ping", version=1)
        except ConnectionLost:
            return
        except (ApiError, VcaConnectionError):  # what it answers does not matter: it is there
            pass
        self._heard = asyncio.get_running_loop().time()
        self._look_for_silence()

    def _end(self, reason: str) -> None:
        if self.closed.is_set():
            return
        self._reason = reason
        self.ended = asyncio.get_running_loop().time()
        self.closed.set()
        for timer in (self._watchdog, self._silence):
            if timer is not None:
                timer.cancel()
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(ConnectionLost(reason, str(self.endpoint), sent=True))
                answered.exception()  # those who were still sending have learned it there, and ask no more
