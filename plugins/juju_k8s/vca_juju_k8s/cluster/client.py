"""Requests to the API server of a cluster: plain data comes back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from vca_core.errors import BadArguments
from vca_core.secrets import SecretValues
from vca_core.tasks import in_thread
from vca_juju_k8s.cluster.connecting import connect, tokenless
from vca_juju_k8s.cluster.errors import ClusterError, explain_error, object_in
from vca_juju_k8s.cluster.interrupting import Requests
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions
from vca_juju_k8s.cluster.programs import Login, LoginPrograms, Program

CONNECT = 2.0
"""Seconds that the API server has to take a connection."""

ANSWER = 3.0
"""Seconds that it has to answer then: a close waits for what is under way."""

WATCH = 3
"""Seconds after which the API server ends a watch."""

WATCHES = 16
"""How many watches there are at most, each in a thread."""

_PATIENCE = 20.0
"""Seconds that an auth-provider has to give a token when the client opens."""

_FAREWELL = 2.0
"""Seconds that requests have, but for watches, when the client closes."""

_THREADS = 4
_HELD = 4
"""How many secrets that were read from the cluster are known at once: tokens are renewed for as long as this runs."""

R = TypeVar("R")
Hold = Callable[[Iterable[str]], Callable[[], None]]
"""Has others know secrets, as `Host.add_secrets` does; calling the result takes them back."""


class Bearer(Protocol):
    """Has a token at hand; see `TokenHolder`."""

    async def give(self, refused: str | None = None) -> str:
        """Give a token that is valid; refused: the one that the cluster did not take."""


@dataclass(frozen=True)
class _Call:
    """What is asked of the API server.

    Args:
        path: where.
        query: its parameters.
        method: of HTTP.
        body: plain data; None: there is none.
        watches: whether it waits for changes; only the first part of the answer is read.
        most: bytes of the answer that are read; None: all.
    """

    path: str
    query: Mapping[str, str | int] = field(default_factory=dict)
    method: str = "GET"
    body: dict[str, Any] | None = None
    watches: bool = False
    most: int | None = None


class ClusterClient:
    """A cluster, for who reads there. Its requests run in threads of its own, which end with it.

    Args:
        options: where it is.
        folder: where relative paths start.
        bearer: whose token is used instead of what the kubeconfig has of its user; None: that user's.
        hold: is given the secrets of the kubeconfig, and tokens; None: only texts of this client are without them.
        warn: is told, once, that the kubeconfig logs nobody else in any more; None: nobody is.
    """

    def __init__(
        self,
        options: ClusterOptions,
        folder: Path,
        bearer: Bearer | None = None,
        hold: Hold | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self._options = options
        self._folder = folder
        self._bearer = bearer
        self._hold = hold
        self._warn = warn
        self._secrets = SecretValues(one.get_secret_value() for one in options.kubeconfig.secrets)
        self._given: frozenset[str] = frozenset()
        self._read: deque[Callable[[], None]] = deque()
        self._threads: ThreadPoolExecutor | None = None
        self._watchers: ThreadPoolExecutor | None = None
        self._requests = Requests()
        self._authorities: str | None = None
        self._programs = LoginPrograms()
        self._program: Program | None = None
        self._login = Login({})
        self._turn = asyncio.Lock()
        self._api: Any = None

    async def open(self) -> None:
        """Read the kubeconfig; nothing is asked of the cluster yet.

        Raises:
            BadArguments: it is missing, or is not a kubeconfig, or its user's auth-provider gives no token. A provider
                that does not answer may be away, as the cluster may be: it is asked again at the first request.
        """
        self._threads = ThreadPoolExecutor(_THREADS, "vca-cluster")
        self._watchers = ThreadPoolExecutor(WATCHES, "vca-watch")
        await self._reconnect()
        if self._program is not None and (provider := self._program.provider) is not None:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._log_in(self._api)
            except TimeoutError:
                return
            except ClusterError as error:
                if self._threads is None:
                    raise
                if not error.retryable:
                    raise tokenless(provider, self._options) from None

    async def close(self) -> None:
        """Disconnect: watches end, and what else is under way has some seconds."""
        await self._programs.close()
        threads, self._threads, self._watchers = (self._threads, self._watchers), None, None
        self._requests.end(only_watches=True)
        last = asyncio.get_running_loop().call_later(_FAREWELL, partial(self._requests.end, only_watches=False))
        try:
            for one in threads:
                if one is not None:
                    await in_thread(partial(one.shutdown, cancel_futures=True))
        finally:
            last.cancel()
        if self._api is not None:
            self._api.rest_client.pool_manager.clear()
            self._api = None
        while self._read:
            self._read.popleft()()

    def add_secret(self, text: str) -> None:
        """Know a secret that the cluster told, as those of the kubeconfig are known; older ones are forgotten."""
        self._read.append(self._know([text]))
        if len(self._read) > _HELD:
            self._read.popleft()()

    def scrub(self, text: str) -> str:
        """Take the kubeconfig's secrets, and those that were added, out of a text of others."""
        return self._secrets.scrub_foreign(text)

    def scrub_whole(self, text: str) -> str:
        """Do as `scrub` does, and cut nothing off: the text has a bound of its own."""
        return self._secrets.scrub(text)

    async def read(self, path: str, **query: str | int) -> dict[str, Any]:
        """Read an object, or a list of them.

        Args:
            path: ``/api/v1/namespaces/ns``.
            query: its parameters.

        Raises:
            ClusterError: the API server cannot be reached, or refuses.
        """
        return object_in(await self._ask(_Call(path, query)))

    async def find(self, path: str) -> dict[str, Any] | None:
        """Read an object; None: it is not there.

        Raises:
            ClusterError: the API server cannot be reached, or refuses.
        """
        try:
            return await self.read(path)
        except ClusterError as error:
            if error.status != 404:
                raise
            return None

    async def create(self, path: str, body: dict[str, Any]) -> bool:
        """Make an object.

        Args:
            path: of its kind.
            body: the object, as plain data.

        Returns:
            Whether it was made; else there is one of that name.

        Raises:
            ClusterError: the API server cannot be reached, or refuses.
        """
        try:
            await self.post(path, body)
        except ClusterError as error:
            if error.status != 409:
                raise
            return False
        return True

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send something, such as a request for a token.

        Args:
            path: where it belongs.
            body: what is sent, as plain data.

        Returns:
            What the API server made of it.

        Raises:
            ClusterError: the API server cannot be reached, or refuses.
        """
        return object_in(await self._ask(_Call(path, method="POST", body=body)))

    async def replace(self, path: str, body: dict[str, Any]) -> None:
        """Replace an object.

        Args:
            path: the object's own.
            body: the object as it is to be.

        Raises:
            ClusterError: the API server cannot be reached, or refuses.
        """
        await self._ask(_Call(path, method="PUT", body=body))

    async def delete(self, path: str, *, uid: str | None = None) -> None:
        """Delete an object; absent is success.

        Args:
            path: the object's own.
            uid: of the object; one that is there in its place stays. None: whichever is there.

        Raises:
            ClusterError: the API server cannot be reached, or refuses.
        """
        body = None if uid is None else {"preconditions": {"uid": uid}}
        try:
            await self._ask(_Call(path, method="DELETE", body=body))
        except ClusterError as error:
            if error.status != 404 and not (uid is not None and error.status == 409):
                raise

    @property
    def address(self) -> tuple[str, str | None]:
        """Where the API server is, as the kubeconfig says it: its URL, and the certificates of its authorities as PEM.

        None instead of those: they are the system's, or nobody looks.
        """
        return str(self._api.configuration.host), self._authorities

    @property
    def is_unverified(self) -> bool:
        """Whether nobody looks at the API server's certificate, as the kubeconfig says."""
        return not self._api.configuration.verify_ssl

    async def read_log(
        self, namespace: str, pod: str, container: str, lines: int, most: int, *, previous: bool
    ) -> tuple[bytes, bool]:
        """Read the last lines that a container printed, or the beginning of them.

        Args:
            namespace: where it is.
            pod: its pod.
            container: its name.
            lines: how many.
            most: how many bytes of them.
            previous: whether those of its last run are asked for.

        Returns:
            Them, as they were printed, and whether that is all of them.

        Raises:
            ClusterError: the API server cannot be reached, refuses, or does not reach the node.
        """
        query: dict[str, str | int] = {"container": container, "tailLines": lines, "previous": str(previous).lower()}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        found = await self._ask(_Call(path, query | {"limitBytes": most}, most=most))
        return found, len(found) < most

    async def wait_change(self, path: str, name: str | None, version: str) -> None:
        """Wait until an object changes, for `WATCH` seconds at the most.

        Args:
            path: of its kind: ``/api/v1/namespaces``.
            name: of the object; None: any one of that kind.
            version: the one that is known, of the object or of the list.

        Raises:
            ClusterError: the API server cannot be reached, or refuses.
        """
        watched: dict[str, str | int] = {"watch": "1", "resourceVersion": version, "timeoutSeconds": WATCH}
        if name is not None:
            watched["fieldSelector"] = f"metadata.name={name}"
        try:
            await self._ask(_Call(path, watched, watches=True))
        except ClusterError as error:
            if error.status != 410:  # the version is too old: something changed
                raise

    async def _ask(self, call: _Call) -> bytes:
        bearer = self._bearer
        token = None if bearer is None else await bearer.give()
        if bearer is None and self._program is not None and not self._login.user:
            await self._log_in(self._api)
        refused = self._api
        try:
            return await self._send(call, token)
        except ClusterError as error:
            if error.status != 401:
                raise
        if bearer is None:
            await self._log_in(refused)  # a file's token may have been renewed
        else:
            token = await bearer.give(refused=token)
        return await self._send(call, token)

    async def _log_in(self, former: Any) -> None:
        """Log in anew, unless others have meanwhile.

        Args:
            former: the client that is not logged in, or not any more.
        """
        async with self._turn:
            if self._api is not former:
                return
            if self._program is not None:
                try:
                    self._take(await self._programs.log_in(self._program))
                except ClusterError as error:
                    raise ClusterError(self.scrub(error.message), retryable=error.retryable) from None
            await self._reconnect()

    def _take(self, login: Login) -> None:
        if login.replaced is None:
            self._login = replace(login, replaced=self._login.replaced)
            return
        self._login = login
        self._know(login.replaced["values"].values())
        warn, self._warn = self._warn, None
        if warn is not None and self._program is not None:
            warn(
                f"{self._program.title} has replaced its refresh token, and the new one is not kept: {login.unkept}; "
                "this process goes on with it, others cannot log in if it takes each token once: name a file that can "
                "be written, and log in with it again"
            )

    async def _send(self, call: _Call, token: str | None) -> bytes:
        try:
            return await self._run(lambda: self._request(call, token), watches=call.watches)
        except ClusterError:
            raise
        except Exception as error:  # noqa: BLE001 - of urllib3, of kubernetes, of a program that a kubeconfig runs
            raise explain_error(error, self.scrub) from None  # those hold headers, and addresses in memory

    def _request(self, call: _Call, token: str | None) -> bytes:
        with self._requests.running(watches=call.watches):
            return _request(self._api, call, token)

    async def _reconnect(self) -> None:
        try:
            made = await self._run(
                lambda: connect(
                    self._options,
                    self._folder,
                    self._login,
                    connections=_THREADS + WATCHES,
                    has_bearer=self._bearer is not None,
                )
            )
        except (BadArguments, ClusterError):
            raise
        except Exception as error:  # noqa: BLE001 - of kubernetes, and of whatever it reads
            raise explain_error(error, self.scrub) from None
        fresh = frozenset(made.secrets) - self._given
        self._given |= fresh
        self._know(fresh)
        if self._api is not None:
            self._api.rest_client.pool_manager.clear()
        self._api, self._program, self._authorities = made.api, made.program, made.authorities

    def _know(self, secrets: Iterable[str]) -> Callable[[], None]:
        texts = list(secrets)
        held, release = self._secrets.add(texts), None if self._hold is None else self._hold(texts)

        def forget() -> None:
            self._secrets.remove(held)
            if release is not None:
                release()

        return forget

    async def _run(self, work: Callable[[], R], *, watches: bool = False) -> R:
        threads = self._watchers if watches else self._threads
        if threads is None:
            raise ClusterError("the connection to the cluster is closed")
        return await asyncio.get_running_loop().run_in_executor(threads, work)


def _request(api: Any, call: _Call, token: str | None) -> bytes:
    """Make a request.

    Args:
        api: an `ApiClient` of `kubernetes`, which has no types and is imported late.
        call: what is asked for.
        token: whose request it is; None: that of the kubeconfig's user.
    """
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    answer, _, _ = api.call_api(
        call.path,
        call.method,
        query_params=list(call.query.items()),
        header_params=headers,
        body=call.body,
        auth_settings=["BearerToken"],
        _preload_content=False,  # what is loaded is logged, and made objects of
        _request_timeout=(CONNECT, ANSWER + (WATCH if call.watches else 0)),
    )
    try:
        if call.watches:
            return next(iter(answer.stream(65536)), b"")
        data: bytes = answer.data if call.most is None else answer.read(call.most)  # whatever a node sends
        return data
    finally:
        if call.watches or call.most is not None:  # the rest of it is not waited for
            answer.close()
        answer.release_conn()
