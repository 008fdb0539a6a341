"""Programs that log a kubeconfig's user in: bounded, and nothing of them is left."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.juju import until

from vca_core.errors import BadArguments
from vca_juju_k8s.cluster import programs
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions
from vca_juju_k8s.cluster.programs import LoginPrograms, Program

VERSION = "client.authentication.k8s.io/v1"
CANARY = "canary-3f"
HANGING = "sleep 1000 & echo begun >&3; wait"


class Scripts:
    """Makes programs, whose third stream shows when they have begun, and when the last process of them has ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pipe = folder / "pipe"
        os.mkfifo(self._pipe)
        self.ended: asyncio.Task[bytes] = asyncio.create_task(asyncio.to_thread(self._pipe.read_bytes))

    def make(self, lines: str) -> dict[str, Any]:
        """A program, as a kubeconfig has it."""
        file = self._folder / "login"
        file.write_text(f"#!/bin/sh\nexec 3>{self._pipe}\n{lines}\n")
        file.chmod(0o755)
        return {"apiVersion": VERSION, "command": str(file), "args": ["one"], "env": [{"name": "TWO", "value": "2"}]}

    async def run(self, lines: str, runner: LoginPrograms | None = None) -> dict[str, str]:
        """Run a program."""
        return dict((await (runner or LoginPrograms()).log_in(Program.of(self.make(lines), self._folder))).user)

    async def close(self) -> None:
        """Let the reader go, where no program has begun."""
        if not self.ended.done():
            os.close(os.open(self._pipe, os.O_RDWR))
        await self.ended


@pytest.fixture
async def scripts(tmp_path: Path) -> AsyncIterator[Scripts]:
    made = Scripts(tmp_path)
    yield made
    await made.close()


def answer(status: object, version: str = VERSION) -> str:
    said = json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status})
    return f"cat <<'END'\n{said}\nEND"


async def test_a_program_gives_a_token(scripts: Scripts, tmp_path: Path) -> None:
    lines = f'echo "$1 $TWO $PWD $KUBERNETES_EXEC_INFO" >&3; {answer({"token": "secret"})}'
    assert await scripts.run(lines) == {"token": "secret"}
    one, two, folder, info = (await scripts.ended).decode().split(" ", 3)
    assert (one, two, folder) == ("one", "2", str(tmp_path))
    assert json.loads(info)["spec"] == {"interactive": False}


async def test_a_program_gives_a_certificate(scripts: Scripts) -> None:
    found = await scripts.run(answer({"clientCertificateData": "PEM", "clientKeyData": "KEY"}))
    assert found == {"client-certificate-data": "UEVN", "client-key-data": "S0VZ"}


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("echo who are you >&2; exit 7", "has failed with exit code 7: who are you"),
        ("true", "gives neither a token nor a certificate with its key"),
        (answer({}), "gives neither a token nor a certificate with its key"),
        (answer({"clientCertificateData": "PEM"}), "gives neither a token nor a certificate with its key"),
        (answer({"token": "secret"}, "v0"), f"answers by another API than its {VERSION}"),
        (f"echo {CANARY}; exit 7", "has failed with exit code 7$"),
        (f"echo {CANARY}", "gives neither a token nor a certificate with its key$"),
        (f"echo no: token={CANARY} >&2; exit 7", r"has failed with exit code 7: no: token=\*\*\*$"),
        (
            "{ head -c 3000000 /dev/zero | tr '\\0' ,; echo; echo last; } >&2; exit 7",
            "has failed with exit code 7: ,{495} last$",
        ),
    ],
)
async def test_a_program_without_a_login_is_told(scripts: Scripts, lines: str, reason: str) -> None:
    with pytest.raises(ClusterError, match=f"the program '.*/login' of the kubeconfig {reason}") as raised:
        await scripts.run(lines)
    assert CANARY not in str(raised.value)
    assert len(str(raised.value)) < 1000
    assert not raised.value.retryable


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("echo of whom >&2; yes", "more than 1000000 bytes to its standard output, .*; expected a login: of whom$"),
        ("yes who >&2", "more than 16000000 bytes to its standard error, .*; expected a login: who who who$"),
        ("yes & wait", "more than 1000000 bytes to its standard output"),
    ],
)
async def test_a_program_that_prints_without_end_is_ended(scripts: Scripts, lines: str, reason: str) -> None:
    with pytest.raises(ClusterError, match=f"/login' of the kubeconfig has printed {reason}") as raised:
        await scripts.run(lines)
    assert not raised.value.retryable
    await scripts.ended


async def test_a_long_answer_is_read_as_a_whole(scripts: Scripts) -> None:
    pair = {"clientCertificateData": "C" * 400_000, "clientKeyData": "K" * 400_000}
    found = await scripts.run(answer(pair))
    assert len(found["client-key-data"]) > 500_000


async def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(ClusterError, match="'/no/such' of the kubeconfig cannot be run: No such file"):
        await LoginPrograms().log_in(Program.of({"apiVersion": VERSION, "command": "/no/such"}, None))


async def test_what_a_program_leaves_running_is_ended(scripts: Scripts) -> None:
    assert await scripts.run(f"sleep 1000 & {answer({'token': 'secret'})}") == {"token": "secret"}
    await scripts.ended


async def test_a_program_that_hangs_is_ended_in_time(scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "LIMIT", 0.5)
    with pytest.raises(ClusterError, match="has not ended within 0.5 s, and was ended") as raised:
        await scripts.run(HANGING)
    assert raised.value.retryable
    await scripts.ended


@pytest.mark.parametrize("how", ["close", "cancel"])
async def test_a_program_that_hangs_holds_up_no_end(scripts: Scripts, tmp_path: Path, how: str) -> None:
    begun = tmp_path / "begun"
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {"exec": scripts.make(f"{HANGING.replace('>&3', f'>{begun}')}")}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": config}), tmp_path)
    await client.open()
    reading = asyncio.create_task(client.read("/version"))
    await until(begun.exists)
    if how == "cancel":
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    await client.close()
    if how == "close":
        with pytest.raises(ClusterError, match="the connection to the cluster is closed"):
            await reading
    await scripts.ended


def by_provider(scripts: Scripts, lines: str, tmp_path: Path) -> ClusterClient:
    """A client whose kubeconfig has an auth-provider that runs a program."""
    command = {"cmd-path": scripts.make(lines)["command"], "cmd-args": "one"}
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {"auth-provider": {"name": "gcp", "config": command}}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    return ClusterClient(ClusterOptions.model_validate({"kubeconfig": config}), tmp_path)


async def test_an_auth_provider_gives_a_token(scripts: Scripts, tmp_path: Path) -> None:
    given = json.dumps({"credential": {"access_token": CANARY, "token_expiry": "2126-01-01T00:00:00Z"}})
    client = by_provider(scripts, f"echo '{given}'", tmp_path)
    try:
        await client.open()
        assert client._api.configuration.api_key == {"authorization": f"Bearer {CANARY}"}
        assert CANARY not in client.scrub(f"token {CANARY}")
    finally:
        await client.close()


@pytest.mark.parametrize("lines", [f"echo {CANARY} >&2; exit 1", f"echo {CANARY}", "true"])
async def test_an_auth_provider_without_a_token_is_refused(scripts: Scripts, tmp_path: Path, lines: str) -> None:
    client = by_provider(scripts, lines, tmp_path)
    try:
        with pytest.raises(BadArguments, match="the auth-provider 'gcp' of its user gives no token") as raised:
            await client.open()
        assert CANARY not in f"{raised.value} {raised.value.__cause__}"
    finally:
        await client.close()


@pytest.mark.parametrize("how", ["close", "cancel", "limit"])
async def test_an_auth_provider_that_hangs_holds_up_no_end(
    scripts: Scripts, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = tmp_path / "begun"
    client = by_provider(scripts, HANGING.replace(">&3", f">{begun}"), tmp_path)
    if how == "limit":
        monkeypatch.setattr(programs, "LIMIT", 3.0)
    opening = asyncio.create_task(client.open())
    await until(begun.exists)
    if how == "cancel":
        opening.cancel()
    elif how == "close":
        await client.close()
    if how == "limit":  # it may be away, as the cluster may be
        await opening
        with pytest.raises(ClusterError, match="the auth-provider 'gcp' of the kubeconfig has not ended within 3 s"):
            await client.read("/version")
    else:
        with pytest.raises(asyncio.CancelledError if how == "cancel" else ClusterError):
            await opening
    await client.close()
    await scripts.ended
