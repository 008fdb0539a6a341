"""Certificates and keys of a kubeconfig: loaded for TLS, and never in a file that can be found or that stays."""

from __future__ import annotations

import base64
import binascii
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from vca_core.text_files import Unreadable, read_text

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Certificates:
    """What is known of the API server, and shown to it.

    Args:
        authorities: the certificates of those who vouch for it, as PEM without what stands between them; None: those
            of the system.
        own: the certificate of the user, as PEM; None: there is none.
        key: its key; None: there is none.
    """

    authorities: str | None = None
    own: str | None = None
    key: str | None = None

    @classmethod
    def of(cls, cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> Certificates:
        """Read those of a kubeconfig.

        Args:
            cluster: its part ``cluster``.
            user: its part ``user``.
            folder: where relative paths start.

        Raises:
            ValueError: a file cannot be read, or there is no certificate in what says to be one.
        """
        authorities = _text(cluster, "certificate-authority", folder)
        return cls(
            None if authorities is None else _certificates_in(authorities),
            _text(user, "client-certificate", folder),
            _text(user, "client-key", folder),
        )

    def context(self, fallback: str | None, *, is_unverified: bool, has_bearer: bool) -> ssl.SSLContext:
        """Make a context for connections to the API server.

        Args:
            fallback: a file with certificates of authorities, where none are known; None: nobody vouches then.
            is_unverified: whether nobody looks at the API server's certificate.
            has_bearer: whether the user's certificate is not shown.

        Raises:
            ValueError: they cannot be used.
        """
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.hostname_checks_common_name = False  # which no other client of Kubernetes goes by either
        if is_unverified:
            made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
        try:
            if self.authorities is None and fallback is not None:
                made.load_verify_locations(fallback)
            elif self.authorities is not None:
                made.load_verify_locations(cadata=self.authorities)
        except ssl.SSLError:
            raise ValueError(
                "certificate-authority of its cluster: expected certificates, got one that is not valid"
            ) from None
        if not has_bearer and (self.own is not None or self.key is not None):
            self._load_own(made)
        return made

    def _load_own(self, context: ssl.SSLContext) -> None:
        if self.own is None or self.key is None:
            raise ValueError("client-certificate and client-key of its user: expected both, got one")
        try:
            with _without_name(self.own) as certificate, _without_name(self.key) as key:
                context.load_cert_chain(certificate, key, password=_ask_nobody)
        except (ssl.SSLError, ValueError):
            raise ValueError(
                "client-certificate and client-key of its user: expected a certificate and its key, without a "
                "password, in PEM"
            ) from None


def _ask_nobody() -> str:
    raise ValueError("expected a key without a password")  # OpenSSL would ask for it on the terminal


@contextmanager
def _without_name(text: str) -> Iterator[str]:
    """A path of a file in memory, or else of one without a name, which is gone when this process is."""
    with _open_nameless() as file:
        file.write(text.encode())
        file.flush()
        file.seek(0)
        yield f"/dev/fd/{file.fileno()}"


def _open_nameless() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        with suppress(OSError):  # a sandbox may not let us
            return os.fdopen(os.memfd_create("tls"), "w+b")
    return TemporaryFile()


def _text(part: Mapping[str, Any], name: str, folder: Path) -> str | None:
    """What stands in a kubeconfig, or in a file that it names; None: neither."""
    if inline := part.get(f"{name}-data"):
        try:
            return base64.b64decode("".join(inline.split()), validate=True).decode("utf-8-sig", "replace")
        except (AttributeError, binascii.Error, ValueError):  # it is no text, or not of ASCII
            raise ValueError(f"{name}-data: expected base64") from None
    return read_named(part, name, folder)


def read_named(part: Mapping[str, Any], name: str, folder: Path) -> str | None:
    """The text of a file that a kubeconfig names; None: it names none.

    Args:
        part: of the kubeconfig.
        name: of its key.
        folder: where relative paths start.

    Raises:
        ValueError: the file cannot be read.
    """
    path = part.get(name)
    if not path:
        return None
    if not isinstance(path, str):
        raise ValueError(f"{name}: expected a path")  # noqa: TRY004 - like a file that is not there
    found = read_text(folder / path)
    if isinstance(found, Unreadable):
        raise ValueError(f"{name}: {folder / path}: {found.reason}")  # noqa: TRY004 - likewise
    return found


def _certificates_in(text: str) -> str:
    """The certificates in a text, each beginning a line; comments may be in any language, and lines end anyhow."""
    found = [one.replace("\r\n", "\n") for one in _PEM.findall(text)]
    if not found:
        raise ValueError("certificate-authority of its cluster: there is no certificate in it (PEM)")
    return "".join(f"{one}\n" for one in found)
