"""TLS to a controller: the chain is verified, and the name that Juju's own certificates bear."""

from __future__ import annotations

import base64
import binascii
import ssl
from datetime import datetime
from pathlib import Path

from vca_core.errors import InvalidCertificate
from vca_core.tasks import in_thread
from vca_core.text_files import Unreadable, read_text

JUJU_HOSTNAME = "juju-apiserver"
"""What certificates of controllers name, whatever address is dialled."""


def certificates_of(text: str) -> str:
    """Find the PEM certificates in a text: as they are, or in base64.

    Args:
        text: PEM, perhaps with a backslash and an n for each line end, or base64 of that.

    Raises:
        ValueError: there is no certificate in it; the text says why.
    """
    from cryptography import x509  # 40 ms that only those pay who have a CA

    pem = text.replace("\\n", "\n")
    if "-----BEGIN" not in pem:
        try:
            pem = base64.b64decode("".join(pem.split()), validate=True).decode().replace("\\n", "\n")
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("expected a certificate in PEM, or PEM encoded in base64") from None
    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise ValueError("expected a certificate in PEM; this one is not valid") from None
    return pem


def end_of_validity(text: str) -> datetime:
    """Until when all certificates in a text are valid.

    Raises:
        ValueError: there is no certificate in it; the text says why.
    """
    from cryptography import x509  # as above

    return min(one.not_valid_after_utc for one in x509.load_pem_x509_certificates(certificates_of(text).encode()))


class _Named(ssl.SSLContext):
    """Verifies one name, whatever is dialled and however: a library for SOCKS knows only what is dialled."""

    hostname: str | None = None

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - as in the base
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return super().wrap_bio(incoming, outgoing, server_side, self.hostname or server_hostname, session)


class Tls:
    """How connections are protected.

    Args:
        ca_cert: certificates in PEM or base64; None: those of the system, or ``ca_file``.
        ca_file: a file of them, read again for each connection.
        hostname: the name that the certificate has to bear; None: with a CA of one's own `JUJU_HOSTNAME`, otherwise
            the host that is dialled.
        verify: False: neither chain nor name are checked.
    """

    def __init__(
        self,
        ca_cert: str | None = None,
        ca_file: Path | None = None,
        hostname: str | None = None,
        *,
        verify: bool = True,
    ) -> None:
        self._ca_cert = ca_cert
        self._ca_file = ca_file
        self._hostname = hostname
        self._verify = verify
        self._made: tuple[str | None, ssl.SSLContext] | None = None

    async def context(self) -> ssl.SSLContext:
        """Make the context, which verifies the right name; the same one for as long as the certificates are.

        Raises:
            InvalidCertificate: there is no certificate where one should be.
        """
        text = self._ca_cert
        if self._ca_file is not None:
            text = await in_thread(self._read_file)
        if self._made is None or self._made[0] != text:
            self._made = (text, await in_thread(lambda: self._context(text)))
        return self._made[1]

    def _read_file(self) -> str:
        found = read_text(Path(self._ca_file or ""))
        if isinstance(found, Unreadable):
            raise InvalidCertificate(f"ca_cert: {self._ca_file}: {found.reason}", ["ca_cert"])
        return found

    def _context(self, text: str | None) -> ssl.SSLContext:
        context = _Named(ssl.PROTOCOL_TLS_CLIENT)
        context.hostname = self._hostname or (None if text is None else JUJU_HOSTNAME)
        if not self._verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif text is None:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        else:
            try:
                context.load_verify_locations(cadata=certificates_of(text))
            except (ValueError, ssl.SSLError) as error:
                raise InvalidCertificate(f"ca_cert: {error}", ["ca_cert"]) from error
        return context
