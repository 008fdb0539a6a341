"""What is taken from kubeconfigs and what is refused, before anything is asked of a cluster; no file of it is left."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from support.cluster.certificates import Authority

from vca_core.errors import BadArguments
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions, secrets_of

CANARY = "canary-77ab"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a kubeconfig is, with the certificates of a cluster and of its administrator."""
    authority = Authority(tmp_path)
    authority.issue("admin", "admin")
    authority.kubeconfig("admin", "https://127.0.0.1:9")
    return tmp_path


def inline(content: str | bytes) -> str:
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


@asynccontextmanager
async def opened(
    folder: Path, user: Mapping[str, Any] | None = None, cluster: Mapping[str, Any] | None = None, **more: Any
) -> AsyncIterator[ClusterClient]:
    """A client by the kubeconfig of the folder, with another user, and another cluster in part."""
    given = json.loads((folder / "admin.kubeconfig").read_text())
    if user is not None:
        given["users"][0]["user"] = user
    whole = {**given["clusters"][0]["cluster"], **(cluster or {})}
    given["clusters"][0]["cluster"] = {name: value for name, value in whole.items() if value is not None}
    (folder / "kubeconfig").write_text(json.dumps(given | more))
    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": "kubeconfig"}), folder)
    try:
        await client.open()
        yield client
    finally:
        await client.close()


@pytest.mark.parametrize("has_memory_files", [True, False])
async def test_keys_of_a_kubeconfig_are_in_no_file_ever(
    folder: Path, has_memory_files: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = folder / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    if not has_memory_files:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    async with opened(folder):
        assert not list(temporary.iterdir())
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("is_inline", [True, False])
@pytest.mark.parametrize(
    ("before", "end"),
    [
        ("# Kiadó: Főtanúsítvány, Kőbánya\n", "\n"),
        ("\ufeff", "\n"),
        ("", "\r\n"),
        ("Certificate:\n    Data:\n", "\n"),
    ],
)
async def test_what_stands_beside_certificates_does_not_count(
    folder: Path, before: str, end: str, is_inline: bool
) -> None:
    pem = (folder / "ca.crt").read_text()
    text = f"{before}{pem}{pem}".replace("\n", end)
    (folder / "own.crt").write_text(text, "utf-8", newline="")
    named = {"certificate-authority-data": inline(text) if is_inline else "", "certificate-authority": "own.crt"}
    async with opened(folder, cluster=named) as client:
        assert client.address == ("https://127.0.0.1:9", f"{pem}{pem}")


async def test_a_token_in_a_file_ends_before_the_line_does(folder: Path) -> None:
    (folder / "token").write_text(f"{CANARY}\n")
    async with opened(folder, {"tokenFile": "token"}) as client:
        assert client._api.configuration.api_key == {"authorization": f"Bearer {CANARY}"}
        assert CANARY not in client.scrub(f"token {CANARY}")


def with_password(folder: Path) -> str:
    key = serialization.load_pem_private_key((folder / "admin.key").read_bytes(), None)
    kind = serialization.BestAvailableEncryption(b"password")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, kind)
    return inline(pem)


PAIR = "client-certificate and client-key of its user: expected"
SERVER = "server of its cluster: expected the URL"


@pytest.mark.parametrize(
    ("user", "cluster", "more", "reason"),
    [
        (None, {"server": None}, {}, SERVER),
        (None, {"server": "not a url"}, {}, SERVER),
        (None, {"server": "ftp://127.0.0.1"}, {}, SERVER),
        (None, {"server": "https://127.0.0.1:x"}, {}, SERVER),
        (None, {"insecure-skip-tls-verify": "false"}, {}, "insecure-skip-tls-verify of its cluster: expected true or"),
        (None, {"certificate-authority-data": inline("hello")}, {}, "there is no certificate in it"),
        (None, {"certificate-authority-data": "%%%"}, {}, "certificate-authority-data: expected base64"),
        (None, {"certificate-authority-data": 5}, {}, "certificate-authority-data: expected base64"),
        (None, {"certificate-authority-data": "", "certificate-authority": "no"}, {}, "there is no such file"),
        (
            None,
            {"certificate-authority-data": inline("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----")},
            {},
            "certificate-authority of its cluster: expected certificates, got one that is not valid",
        ),
        ({"client-certificate-data": inline("x"), "client-key-data": inline(CANARY)}, {}, {}, f"{PAIR} a certificate"),
        ({"client-certificate": "admin.crt"}, {}, {}, f"{PAIR} both"),
        ({"client-certificate": "admin.crt", "client-key": "sa.key"}, {}, {}, f"{PAIR} a certificate and its key"),
        ({"client-certificate": "admin.crt", "client-key-data": with_password}, {}, {}, "without a password"),
        ({"client-certificate": 5, "client-key": "sa.key"}, {}, {}, "client-certificate: expected a path"),
        ({"tokenFile": "no"}, {}, {}, "tokenFile: .*/no: there is no such file"),
        ({"token": f"{CANARY}\nX: y"}, {}, {}, "token of its user: expected letters"),
        ({"token": f"{CANARY}-ű"}, {}, {}, "token of its user: expected letters"),
        ({"token": 5}, {}, {}, "token of its user: expected letters"),
        ({"exec": "program"}, {}, {}, "exec of its user: expected a mapping"),
        ({"exec": {"command": "program"}}, {}, {}, "exec.apiVersion of its user: expected a text"),
        (None, {}, {"contexts": "x"}, "expected contexts to be a list of mappings"),
        (None, {}, {"users": ["x"]}, "expected users to be a list of mappings"),
        (None, {}, {"contexts": [{"name": "test", "context": "x"}]}, "a part of it is not what it is to be"),
        (None, {}, {"current-context": "other"}, "other"),
    ],
)
async def test_a_kubeconfig_that_cannot_be_used_is_refused_with_reason(
    folder: Path, user: dict[str, Any] | None, cluster: dict[str, Any], more: dict[str, Any], reason: str
) -> None:
    user = user and {name: value(folder) if callable(value) else value for name, value in user.items()}
    with pytest.raises(BadArguments, match=rf"(?s)options\.cluster\.kubeconfig: .*{reason}") as raised:
        async with opened(folder, user, cluster, **more):
            pass
    assert raised.value.bad_args == ["options.cluster.kubeconfig"]
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    "program",
    [
        {"env": [{"name": "IDP_CLIENT_SECRET", "value": CANARY}, {"name": "AWS_PROFILE", "value": "default"}]},
        {"args": ["get-token", f"--oidc-client-secret={CANARY}", "--oidc-issuer-url=https://idp"]},
        {"args": ["get-token", "--password", CANARY, "--verbose"]},
        {"args": ["get-token", "--token", "--password", CANARY]},
    ],
    ids=["environment", "one argument", "two arguments", "an option without a value"],
)
def test_what_a_program_is_given_under_a_secret_name_is_a_secret(program: dict[str, Any]) -> None:
    config = {"users": [{"name": "admin", "user": {"exec": {"command": "login", **program}}}]}
    assert list(secrets_of(config)) == [CANARY]
