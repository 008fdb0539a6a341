"""Users of an ``auth-provider`` whose issuer takes each refresh token once."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.commands import unprivileged
from support.issuer import Issuer, make_token, running_issuer

from vca_core.errors import BadArguments
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    folder = tmp_path / "issuer"
    folder.mkdir()
    with running_issuer(folder) as running:
        running.takes_once = True
        yield running


@asynccontextmanager
async def opened(kubeconfig: Mapping[str, Any] | Path, said: list[str] | None = None) -> AsyncIterator[ClusterClient]:
    """A client that has logged in, as a new process would."""
    given = str(kubeconfig) if isinstance(kubeconfig, Path) else kubeconfig
    warn = None if said is None else said.append
    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": given}), Path(), warn=warn)
    try:
        await client.open()
        yield client
    finally:
        await client.close()


def token_of(client: ClusterClient) -> str:
    """What it sends."""
    return str(client._api.configuration.api_key["authorization"]).removeprefix("Bearer ")


def config_in(file: Path) -> dict[str, Any]:
    """What a kubeconfig's file says of its user's auth-provider."""
    config: dict[str, Any] = yaml.safe_load(file.read_text())["users"][0]["user"]["auth-provider"]["config"]
    return config


async def test_a_new_refresh_token_is_kept_in_the_kubeconfigs_file(issuer: Issuer, tmp_path: Path) -> None:
    file, link = tmp_path / "kube.yaml", tmp_path / "link.yaml"
    text = "# of the administrator\n" + yaml.safe_dump(issuer.kubeconfig())
    file.write_text(text)
    file.chmod(0o640)
    link.symlink_to(file)
    for number in (1, 2):
        issuer.token = make_token(number)  # it has ended when the next one comes
        said: list[str] = []
        before = config_in(file)
        async with opened(link, said) as client:
            assert token_of(client) == issuer.token
            assert issuer.refresh not in client.scrub(f"{issuer.refresh} is secret")
        now = config_in(file)
        assert now == {**before, "id-token": issuer.token, "refresh-token": f"refresh-of-issuer-{number}"}
        assert said == []
    assert file.read_text().startswith("# of the administrator\n"), "all else stays as it was written"
    assert file.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()


async def test_two_processes_do_not_use_up_one_refresh_token(issuer: Issuer, tmp_path: Path) -> None:
    file = tmp_path / "kube.yaml"
    file.write_text(json.dumps(issuer.kubeconfig()))

    async def log_in() -> str:
        async with opened(file) as client:
            return token_of(client)

    assert await asyncio.gather(*(log_in() for _ in range(3))) == [issuer.token] * 3
    assert issuer.asked == 1, "the others found what the first one had kept"


async def test_an_issuer_that_keeps_its_refresh_token_changes_no_file(issuer: Issuer, tmp_path: Path) -> None:
    issuer.takes_once = False
    file = tmp_path / "kube.yaml"
    file.write_text(yaml.safe_dump(issuer.kubeconfig()))
    before = file.read_bytes()
    async with opened(file) as client:
        assert token_of(client) == issuer.token
    assert file.read_bytes() == before


@pytest.mark.parametrize("how", ["folded", "shared"])
async def test_a_token_that_is_not_found_in_the_text_is_kept_too(issuer: Issuer, tmp_path: Path, how: str) -> None:
    given = issuer.kubeconfig()
    file = tmp_path / "kube.yaml"
    if how == "shared":
        given["users"].append({"name": "other", "user": {"token": issuer.refresh}})
    text = yaml.safe_dump(given)
    if how == "folded":
        text = text.replace(f"refresh-token: {issuer.refresh}", f'refresh-token: "{issuer.refresh[:-1]}\\x30"')
        assert issuer.refresh not in text
    file.write_text(text)
    async with opened(file) as client:
        assert token_of(client) == issuer.token
    assert config_in(file)["refresh-token"] == issuer.refresh
    kept = yaml.safe_load(file.read_text())
    assert kept["users"][1:] == given["users"][1:]
    assert {**kept, "users": []} == {**given, "users": []}


async def test_an_inline_kubeconfig_says_that_it_logs_in_once(issuer: Issuer) -> None:
    given, said = issuer.kubeconfig(), list[str]()
    issuer.token = make_token(1)
    async with opened(given, said) as client:
        for _ in range(2):  # the login was refused, as its token has ended
            await client._log_in(client._api)
        assert issuer.asked == 3, "this process goes on with the new one"
        assert issuer.refresh not in client.scrub(f"{issuer.refresh} is secret")
    [warning] = said
    assert "'oidc' of the kubeconfig has replaced its refresh token" in warning
    assert "the kubeconfig is written out, and has no file" in warning
    assert "refresh-of-issuer" not in warning
    again = "the auth-provider 'oidc' of its user gives no token: .* name the kubeconfig's file, where the next one can"
    with pytest.raises(BadArguments, match=again):
        async with opened(given):
            pass


def test_a_file_that_cannot_be_written_is_named(issuer: Issuer, tmp_path: Path) -> None:
    """By the program that asks the issuer, for only a process of its own can be without root's rights."""
    file = tmp_path / "kube.yaml"
    given = issuer.kubeconfig()
    file.write_text(yaml.safe_dump(given))
    file.chmod(0o400)
    before = file.read_bytes()
    asked = {"user": given["users"][0]["user"], "file": str(file), "context": None, "replaced": None}
    command = unprivileged(sys.executable, "-m", "vca_juju_k8s.cluster.providers")
    ended = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)
    status = json.loads(ended.stdout)["status"]
    assert status["token"] == issuer.token
    assert status["unkept"] == f"{file} cannot be written: Permission denied"
    assert status["replaced"]["values"] == {"id-token": issuer.token, "refresh-token": issuer.refresh}
    assert file.read_bytes() == before
