"""Connecting and logging in: through the first endpoint that answers, with certificates and secret as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vca_core.errors import NotFound, VcaConnectionError, VcaError
from vca_core.tasks import settle
from vca_juju_common.client.errors import ApiError, ConnectionLost, NoAccess, reason_of, wrong_password
from vca_juju_common.client.transport.attention import Attention
from vca_juju_common.client.transport.endpoints import MOVED, Endpoint, Endpoints
from vca_juju_common.client.transport.generated import common_versions
from vca_juju_common.client.transport.tls import Tls
from vca_juju_common.client.transport.wire import Wire

if TYPE_CHECKING:
    from vca_juju_common.client.transport.http import Http

CLIENT_VERSION = "3.6.1.3"
"""What we say at the login: the version of the facades that we speak."""

STAGGER = 0.25
"""Seconds that an endpoint has before the next one is tried beside it."""

AT_ONCE = 32
"""How many connections are made at once: each costs the processor some milliseconds, and has `connect_limit`."""

_REFUSED = "unauthorized access"
_WRONG_PASSWORD = "invalid entity name or password"  # noqa: S105 - it is what Juju says
_MOVED = {
    "redirection required": MOVED,
    "discharge required": "the controller wants a login of an external identity provider; give a local user and secret",
}


@dataclass(frozen=True, slots=True)
class Account:
    """Who logs in.

    Args:
        username: name of a local user.
        secret: reads the password, for each login anew.
    """

    username: str
    secret: Callable[[], Awaitable[str]]


class Dialer:
    """Makes connections that are logged in.

    Args:
        endpoints: where the controller is.
        account: who logs in.
        tls: how connections are protected.
        connect_limit: seconds for one endpoint to answer and take the login.
        request_limit: seconds for each request.
        proxy: URL of a proxy to go through; None: none, whatever the environment says.

    Attributes:
        line: held while a connection is made, where many may want one at once.
        attention: notices when the event loop is too busy to look.
        controller_uuid: of the controller, as it said at the last login; empty before.
        server_version: of Juju there, likewise.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        account: Account,
        tls: Tls,
        *,
        connect_limit: float,
        request_limit: float,
        proxy: str | None = None,
    ) -> None:
        self.endpoints = endpoints
        self.account = account
        self.tls = tls
        self.proxy = proxy
        self.connect_limit = connect_limit
        self.request_limit = request_limit
        self.line = asyncio.Semaphore(AT_ONCE)
        self.attention = Attention()
        self.controller_uuid = ""
        self.server_version = ""
        self._http: Http | None = None

    @property
    def http(self) -> Http:
        """What websockets and uploads go through."""
        from vca_juju_common.client.transport.http import Http  # what only open() needs is loaded there

        if self._http is None:
            self._http = Http(self.tls, self.proxy, self.connect_limit, self.request_limit)
        return self._http

    async def close(self) -> None:
        """Close what is left of all connections."""
        if self._http is not None:
            await self._http.close()

    async def dial(self, path: str, name: str = "controller", failures: list[VcaConnectionError] | None = None) -> Wire:
        """Connect and log in, once, to whichever endpoint answers first.

        Args:
            path: of the API: ``/api`` or ``/model/<uuid>/api``.
            name: what it is of, for errors: ``controller`` or ``model NAME``.
            failures: takes why endpoints give no connection, as soon as that turns out.

        Raises:
            VcaConnectionError: no endpoint answers, or the login is refused; ``retryable`` says whether it may later.
            NotFound: there is no such model.
            BadArguments: secret or certificates cannot be read.
        """
        failures = [] if failures is None else failures
        endpoints = self.endpoints.all
        if len(endpoints) == 1:  # there is nothing to race with, and no task is needed
            found = await self._try(endpoints[0], path, name)
            wire = _wire_or_note(found, failures)
        else:
            wire = await self._race(endpoints, path, name, failures)
        if wire is not None:
            return wire
        raise VcaConnectionError(
            "; ".join(dict.fromkeys(failure.message for failure in failures)),
            str(self.endpoints),
            retryable=any(failure.retryable for failure in failures),
        ) from failures[-1]

    async def _race(
        self, endpoints: Sequence[Endpoint], path: str, name: str, failures: list[VcaConnectionError]
    ) -> Wire | None:
        """Try several endpoints, one a little after the other; the connection to the first that takes the login.

        Raises:
            VcaError: no other endpoint would give one either.
        """
        attempts = [
            asyncio.create_task(self._try(endpoint, path, name, position * STAGGER), name=f"dial {endpoint}")
            for position, endpoint in enumerate(endpoints)
        ]
        wire: Wire | None = None
        try:
            for attempt in asyncio.as_completed(attempts):
                wire = _wire_or_note(await attempt, failures)
                if wire is not None:
                    break
        finally:
            await _dismiss(attempts, wire)
        return wire

    async def _try(self, endpoint: Endpoint, path: str, name: str, delay: float = 0.0) -> Wire | VcaConnectionError:
        """Connect to one endpoint and log in there.

        Returns:
            The connection; or why there is none, while another endpoint may give one.

        Raises:
            VcaError: no other endpoint would give one either.
        """
        if delay > 0:
            await asyncio.sleep(delay)
        where = str(endpoint)
        wire: Wire | None = None
        try:
            async with asyncio.timeout(self.connect_limit):
                wire = await self._connect(endpoint, path)
                await self._login(wire, name)
        except TimeoutError as error:
            return _failure(f"{endpoint} did not answer within {self.connect_limit:g} s", where, error)
        except ConnectionLost as error:
            return _failure(f"{endpoint}: {error.message}", where, error)
        except VcaConnectionError as error:
            if wire is not None and not error.retryable:  # the controller itself says so: a password is tried once
                raise
            return error
        except VcaError:
            raise
        except Exception as error:  # noqa: BLE001 - of a library, not foreseen; its text may show anything
            return _failure(f"{endpoint} cannot be reached: {type(error).__name__}", where, error)
        else:
            answering, wire = wire, None
            return answering
        finally:
            if wire is not None:
                await wire.close(1.0)

    async def _connect(self, endpoint: Endpoint, path: str) -> Wire:
        from aiohttp import ClientConnectorCertificateError, ClientError  # as in `http`

        try:
            websocket = await self.http.websocket(endpoint, path)
        except ClientConnectorCertificateError as error:
            reason = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
            raise VcaConnectionError(
                f"{endpoint}: its certificate cannot be trusted: {reason}; see ca_cert and tls_hostname",
                str(endpoint),
                retryable=False,
            ) from error
        except (OSError, ClientError) as error:
            raise VcaConnectionError(f"{endpoint} cannot be reached: {reason_of(error)}", str(endpoint)) from error
        return Wire(websocket, endpoint, self.request_limit)

    async def _login(self, wire: Wire, name: str) -> None:
        params = {
            "auth-tag": f"user-{self.account.username}",
            "credentials": await self.account.secret(),
            "client-version": CLIENT_VERSION,
        }
        try:
            reply = await wire.call("Admin", "Login", params, version=3)
        except ApiError as error:
            raise self._refusal(error, wire.endpoint, name) from None
        if reply.get("discharge-required") or reply.get("discharge-required-error"):
            raise self._refusal(ApiError("", "discharge required"), wire.endpoint, name)
        version = str(reply.get("server-version") or "")
        if not version.startswith("3."):
            raise VcaConnectionError(
                f"{wire.endpoint} is Juju {version or 'of an unknown version'}; this backend speaks to Juju 3",
                str(wire.endpoint),
                retryable=False,
            )
        wire.facades = common_versions(reply.get("facades") or [])
        self.server_version = version
        self.controller_uuid = str(reply.get("controller-tag") or "").removeprefix("controller-")
        self.endpoints.note_login(wire.endpoint, reply.get("servers"))
        wire.keep_alive()

    def _refusal(self, error: ApiError, endpoint: Endpoint, name: str) -> VcaError:
        where, user = str(endpoint), self.account.username
        if error.is_not_found or error.message.endswith("has been removed"):  # in these words while it is dead
            return NotFound(f"the controller has no such model: {error.message}")
        for word, text in _MOVED.items():
            if word in {error.code, error.message}:
                return VcaConnectionError(f"{endpoint}: {text}", where, retryable=False)
        if _WRONG_PASSWORD in error.message:
            return wrong_password(where, user)
        if error.code == _REFUSED and error.message == "permission denied":
            return NoAccess(f"{endpoint}: user {user} has no access to {name}", where)
        if error.code == _REFUSED:
            text = f"{endpoint} refuses the login of user {user}: {error.message}"
            return VcaConnectionError(text, where, retryable=False)
        return VcaConnectionError(f"{endpoint} refuses the login: {error.message}", where)


def _wire_or_note(found: Wire | VcaConnectionError, failures: list[VcaConnectionError]) -> Wire | None:
    """The connection that an attempt gave; None: it gave none, and why is noted."""
    if isinstance(found, Wire):
        return found
    failures.append(found)
    return None


def _failure(message: str, where: str, cause: Exception) -> VcaConnectionError:
    """Why an endpoint gives no connection, for errors that are raised later."""
    failure = VcaConnectionError(message, where)
    failure.__cause__ = cause
    return failure


async def _dismiss(attempts: list[asyncio.Task[Wire | VcaConnectionError]], kept: Wire | None) -> None:
    """End the attempts that are not needed any more; none of their connections stays.

    Raises:
        asyncio.CancelledError: it came meanwhile, and the connection that was to be kept is closed, too.
    """

    async def end() -> None:
        for attempt in attempts:
            attempt.cancel()
        results: list[Any] = await asyncio.gather(*attempts, return_exceptions=True)
        for result in results:
            if isinstance(result, Wire) and result is not kept:
                await result.close(1.0)

    cancelled = await settle(end(), float("inf"))  # a farewell or two of a second each
    if cancelled is not None:
        if kept is not None:
            await kept.close(1.0)
        raise cancelled
