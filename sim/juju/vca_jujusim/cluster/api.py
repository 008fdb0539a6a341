"""Requests to an API server, with a token: plain data goes and comes."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

import aiohttp

LIMIT = 10.0
"""Seconds that the API server has to answer."""

AT_ONCE = 6
"""Requests, other than watches, that are under way at once: each needs a connection, and those cost handshakes."""

WATCH = 60
"""Seconds after which it ends a watch."""

Json = dict[str, Any]
R = TypeVar("R")


class Refused(Exception):
    """The API server refused a request.

    Attributes:
        status: of HTTP.
        message: in its words.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class Away(Exception):
    """The API server cannot be reached, or does not answer in time."""


class Api:
    """An API server.

    Args:
        endpoint: its URL.
        authorities: certificates of the authorities that sign its own, in PEM; empty: those of the system.
        is_unverified: whether its certificate is not looked at.
    """

    def __init__(self, endpoint: str, authorities: str, *, is_unverified: bool = False) -> None:
        self._endpoint = endpoint.rstrip("/")
        tls = ssl.create_default_context(cadata=authorities or None)
        if is_unverified:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        limits = aiohttp.ClientTimeout(total=None, sock_connect=LIMIT, sock_read=LIMIT)
        connector = aiohttp.TCPConnector(ssl=tls, limit=0)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._session = aiohttp.ClientSession(connector=connector, timeout=limits, read_bufsize=2**20)

    async def close(self) -> None:
        """Disconnect."""
        await self._session.close()

    async def call(self, token: str, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        """Make a request; a PATCH is a merge.

        Args:
            token: of whom.
            method: of HTTP.
            path: of the object, or of its kind.
            body: plain data.
            query: parameters.

        Raises:
            Refused: by the API server.
            Away: there is no answer.
        """
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        data = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        try:
            async with (
                self._turns,
                self._session.request(
                    method, self._endpoint + path, data=data, params=query, headers=headers
                ) as answer,
            ):
                return _read(answer.status, await answer.text())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Away(f"{method} {path}: {str(error) or type(error).__name__}") from error

    async def watch(self, token: str, path: str, version: str, **query: str) -> AsyncIterator[Json]:
        """Follow changes, until the API server ends the watch.

        Args:
            token: of whom.
            path: of the kind.
            version: the version after which to begin.
            query: parameters.

        Yields:
            Objects, as they are after each change, with the key ``gone`` where they are deleted.

        Raises:
            Refused: by the API server; 410: it does not know the version any more.
            Away: it is gone.
        """
        limit = aiohttp.ClientTimeout(total=None, sock_connect=LIMIT, sock_read=WATCH + LIMIT)
        asked = {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(WATCH), **query}
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._session.get(self._endpoint + path, params=asked, headers=headers, timeout=limit) as answer:
                if answer.status != 200:
                    _read(answer.status, await answer.text())
                try:
                    async for line in answer.content:
                        event = json.loads(line)
                        if event["type"] == "ERROR":
                            raise Refused(int(event["object"].get("code", 500)), str(event["object"].get("message")))
                        yield event["object"] | ({"gone": True} if event["type"] == "DELETED" else {})
                finally:
                    _abort(answer)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Away(f"watch {path}: {str(error) or type(error).__name__}") from error


async def ask_together(*requests: Awaitable[R]) -> list[R]:
    """Make requests that do not depend on each other at once, and wait for all of them.

    Raises:
        Refused: one was refused; where several were, the first of them.
        Away: one has no answer.
    """
    ended = await asyncio.gather(*requests, return_exceptions=True)
    answers: list[R] = []
    for one in ended:
        if isinstance(one, BaseException):
            raise one
        answers.append(one)
    return answers


def _abort(answer: aiohttp.ClientResponse) -> None:
    """End a connection that is in use: a farewell would wait for the API server's, and outlive `Api.close`."""
    if answer.connection is not None and answer.connection.transport is not None:
        answer.connection.transport.abort()


def _read(status: int, text: str) -> Json:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        found = {"message": text[:200]}
        status = status if status >= 400 else 500  # whoever answered was no API server
    if status >= 400:
        raise Refused(status, str(found.get("message", "")))
    return found
