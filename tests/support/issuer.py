"""An issuer of tokens by OpenID Connect, over HTTPS; it takes each refresh token once, if it is told to."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from support.cluster.certificates import HOST, Authority

ENDED = 1
"""When a token has ended, in seconds of the epoch."""


def make_token(ends: int) -> str:
    """A token of nobody, as such an issuer writes them.

    Args:
        ends: when, in seconds of the epoch.
    """
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, {"exp": ends, "sub": "of-nobody-"})]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


class Issuer:
    """An issuer.

    Args:
        port: where it listens.
        authority: the certificate of who vouches for it, as PEM.

    Attributes:
        token: what it gives.
        refresh: the refresh token that it takes.
        takes_once: whether it gives another one each time, and takes the former one no more.
        asked: how often it gave a token.
    """

    def __init__(self, port: int, authority: bytes) -> None:
        self.url = f"https://{HOST}:{port}"
        self.authority = authority
        self.token = make_token(4_000_000_000)
        self.refresh = "refresh-of-issuer-0"
        self.takes_once = False
        self.asked = 0

    def answer(self, refresh: str) -> tuple[int, dict[str, Any]]:
        """Give a token for a refresh token."""
        if refresh != self.refresh:
            return 400, {"error": "invalid_grant"}
        self.asked += 1
        if self.takes_once:
            self.refresh = f"refresh-of-issuer-{self.asked}"
        given = {"access_token": "access-of-issuer", "token_type": "Bearer", "expires_in": 300}
        return 200, {**given, "id_token": self.token, "refresh_token": self.refresh}

    def kubeconfig(self, server: str = f"https://{HOST}:9", **cluster: str) -> dict[str, Any]:
        """A kubeconfig whose user logs in by it, with a token that has ended."""
        config = {
            "client-id": "vca",
            "client-secret": "secret-of-client",
            "id-token": make_token(ENDED),
            "refresh-token": self.refresh,
            "idp-issuer-url": self.url,
            "idp-certificate-authority-data": base64.b64encode(self.authority).decode(),
        }
        return {
            "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
            "users": [{"name": "u", "user": {"auth-provider": {"name": "oidc", "config": config}}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }


@contextmanager
def running_issuer(folder: Path) -> Iterator[Issuer]:
    """An issuer that runs.

    Args:
        folder: for its certificates.
    """
    authority = Authority(folder)
    authority.issue("issuer", "issuer", server=True)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

        def do_GET(self) -> None:
            self._send(200, {"token_endpoint": f"{issuer.url}/token"})

        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            self._send(*issuer.answer(asked["refresh_token"][0]))

        def _send(self, code: int, given: dict[str, Any]) -> None:
            content = json.dumps(given).encode()
            self.send_response(code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "issuer.crt", folder / "issuer.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        issuer = Issuer(server.server_port, (folder / "ca.crt").read_bytes())
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
