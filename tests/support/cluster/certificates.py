"""A certificate authority of a cluster's own, and what it signs."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST = "127.0.0.1"
_YEAR = dt.timedelta(days=365)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(common: str, groups: Sequence[str] = ()) -> x509.Name:
    named = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*named, x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """A certificate authority.

    Args:
        folder: where what it makes is written: ``ca.crt``, ``sa.key`` and ``sa.pub`` (of tokens), ``NAME.crt``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = _name("ca of a cluster for tests")
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        own = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        self._issuer = name
        builder = self._builder(name, self._key).add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        self._write("ca", builder.add_extension(usage, True).add_extension(own, False))
        tokens = rsa.generate_private_key(65537, 2048)
        (folder / "sa.key").write_bytes(_pem(tokens))
        public = tokens.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (folder / "sa.pub").write_bytes(public)

    def issue(self, file: str, common: str, groups: Sequence[str] = (), *, server: bool = False) -> None:
        """Sign a certificate.

        Args:
            file: its name without ``.crt``; its key is in ``.key``.
            common: whom it is for.
            groups: what that one belongs to, for Kubernetes.
            server: whether it is a server's, on `HOST`; else it is a client's.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(common, groups), key)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, False)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), False)
        if server:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        self._write(file, builder)
        (self._folder / f"{file}.key").write_bytes(_pem(key))

    def kubeconfig(self, file: str, server: str) -> Path:
        """Write the kubeconfig of a client to whom a certificate was issued.

        Args:
            file: the certificate's name without ``.crt``.
            server: the URL of the API server.

        Returns:
            Its path: ``NAME.kubeconfig``.
        """
        text = {one: self._text(f"{file}.{one}") for one in ("crt", "key")}
        cluster = {"server": server, "certificate-authority-data": self._text("ca.crt")}
        user = {"client-certificate-data": text["crt"], "client-key-data": text["key"]}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": file}}],
            "users": [{"name": file, "user": user}],
        }
        path = self._folder / f"{file}.kubeconfig"
        path.write_text(json.dumps(config))
        return path

    def _text(self, file: str) -> str:
        return base64.b64encode((self._folder / file).read_bytes()).decode()

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _YEAR)
            .not_valid_after(now + _YEAR)
        )

    def _write(self, file: str, builder: x509.CertificateBuilder) -> None:
        signed = builder.sign(self._key, hashes.SHA256())
        (self._folder / f"{file}.crt").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
