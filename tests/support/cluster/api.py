"""What a test says to the API server itself: plain JSON over HTTPS, with an administrator's certificate."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

R = TypeVar("R")


class Refused(Exception):
    """The API server refused a request.

    Attributes:
        code: the HTTP status.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text[:500]}")
        self.code = code


class Api:
    """An API server, for an administrator.

    Args:
        server: its URL.
        folder: where the certificates are.
    """

    def __init__(self, server: str, folder: Path) -> None:
        self._server = server
        self._tls = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        self._tls.load_cert_chain(str(folder / "admin.crt"), str(folder / "admin.key"))

    def call(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """Make a request.

        Args:
            method: of HTTP.
            path: with the query.
            body: plain data; None: none.
            content: its type.

        Returns:
            What it answers, as plain data, or as text where it is none.

        Raises:
            Refused: it refuses.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._server + path, data, {"Content-Type": content}, method=method)  # noqa: S310 - https
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=10) as answer:  # noqa: S310 - https
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, error.read().decode()) from None
        return json.loads(text) if text.startswith("{") else text

    def get(self, path: str) -> Any:
        """Read something; None: it is not there."""
        try:
            return self.call("GET", path)
        except Refused as error:
            if error.code != 404:
                raise
            return None

    def post(self, path: str, body: Any) -> Any:
        """Make something."""
        return self.call("POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        """Change something: a merge patch."""
        return self.call("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path: str) -> None:
        """Delete something; what is not there is success."""
        try:
            self.call("DELETE", path)
        except Refused as error:
            if error.code != 404:
                raise


def until(look: Callable[[], R], limit: float = 60.0) -> R:
    """Ask again until an answer is true.

    Args:
        look: asks. That nothing can be reached, or is ready to answer, counts as no.
        limit: seconds.

    Returns:
        The answer.
    """
    end = time.monotonic() + limit
    while True:
        found: R | None
        try:
            found = look()
        except OSError:
            found = None
        except Refused as error:
            if error.code < 500:
                raise
            found = None
        if found:
            return found
        assert time.monotonic() < end, f"nothing after {limit} s"
        time.sleep(0.05)
