"""Requests that can be ended from another thread: what they wait on is shut down under them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_RUNNING = threading.local()


class Interrupted(Exception):
    """A request was ended before it was sent."""


class Request:
    """A request, as far as others may end it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_ended = False

    def end(self) -> None:
        """Have it end at once, whatever it waits for."""
        with self._lock:
            self._is_ended = True
            self._shut_down()

    def wait_on(self, connected: socket.socket) -> None:
        """Note what it waits on.

        Raises:
            Interrupted: it is to end.
        """
        with self._lock:
            self._socket = connected
            if self._is_ended:
                raise Interrupted

    def _shut_down(self) -> None:
        if self._socket is not None:
            with suppress(OSError, ValueError):  # it has ended meanwhile
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # not TLS's: its state is the reader's


class Requests:
    """Those that are under way."""

    def __init__(self) -> None:
        self._running: dict[Request, bool] = {}
        self._lock = threading.Lock()

    @contextmanager
    def running(self, *, watches: bool) -> Iterator[None]:
        """Make a request, in a ``with`` block of its own thread.

        Args:
            watches: whether it waits for changes.
        """
        request = _RUNNING.request = Request()
        with self._lock:
            self._running[request] = watches
        try:
            yield
        finally:
            _RUNNING.request = None
            with self._lock:
                del self._running[request]

    def end(self, *, only_watches: bool) -> None:
        """End those that are under way.

        Args:
            only_watches: whether others go on.
        """
        with self._lock:
            for request, watches in self._running.items():
                if watches or not only_watches:
                    request.end()

    @property
    def watches(self) -> int:
        """How many wait for changes."""
        with self._lock:
            return sum(self._running.values())


class _Interruptible:
    """For a connection: the request of this thread waits on its socket."""

    sock: Any

    def getresponse(self, *given: Any, **named: Any) -> Any:
        request = getattr(_RUNNING, "request", None)
        if request is not None:
            request.wait_on(self.sock)
        return super().getresponse(*given, **named)  # type: ignore[misc]  # it is mixed into a class of urllib3


def make_interruptible(manager: Any) -> None:
    """Have the connections of a pool manager of ``urllib3``, which has none so far, be interruptible.

    Args:
        manager: it has no types here.
    """
    classes = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        connection = type("InterruptibleConnection", (_Interruptible, pool.ConnectionCls), {})
        classes[scheme] = type(pool.__name__, (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = classes
