"""The key pair with which machines are reached: made on demand, once, and kept private."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from vca_core import Vca, ssh_keys
from vca_core.errors import BadArguments, VcaError
from vca_core.ssh_keys import SshKeyPair


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "down" / "id_vca"


def pair(path: Path) -> SshKeyPair:
    return SshKeyPair(path, key_type="ed25519")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.defect("D1")
async def test_the_key_is_made_when_first_asked_for_not_before(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = pair(path)
        assert not path.parent.exists()
        line = await made.public_key()
    assert line.startswith("ssh-ed25519 AAAA")
    assert line.endswith(" vca")
    assert "\n" not in line
    assert await pair(path).public_key() == line


async def test_a_connector_gives_the_public_key_of_its_config(tmp_path: Path) -> None:
    path = tmp_path / "id"
    expected = await pair(path).public_key()
    config = {"ssh_key": str(path), "connectors": {"edge": {"backend": "fake"}}}
    async with Vca.from_config(config, environ={}) as vca:
        assert await vca.get_public_key() == await vca.connector().get_public_key() == expected


async def test_the_default_is_an_rsa_key_of_4096_bits(tmp_path: Path) -> None:
    made = SshKeyPair(tmp_path / "id")
    public = serialization.load_ssh_public_key((await made.public_key()).encode())
    assert getattr(public, "key_size", None) == 4096


@pytest.mark.defect("D93")
async def test_files_and_folders_are_private_whatever_the_umask_says(path: Path) -> None:
    before = os.umask(0)
    try:
        await pair(path).public_key()
    finally:
        os.umask(before)
    assert (mode(path), mode(path.with_name("id_vca.pub"))) == (0o600, 0o644)
    assert [mode(folder) for folder in path.parents[:2]] == [0o700, 0o700]


@pytest.mark.defect("D93")
async def test_a_missing_public_key_is_made_again_from_the_private_one(path: Path) -> None:
    line = await pair(path).public_key()
    path.with_name("id_vca.pub").unlink()
    assert await pair(path).public_key() == line
    assert path.with_name("id_vca.pub").read_text() == f"{line}\n"


@pytest.mark.defect("D93")
async def test_two_processes_that_ask_at_once_get_the_same_key(path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from vca_core.ssh_keys import SshKeyPair\n"
        "keys = SshKeyPair(Path(sys.argv[1]), key_type='ed25519')\n"
        "sys.stdin.readline()\n"
        "print(asyncio.run(keys.public_key()))\n"
    )
    pipe = subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(path), stdin=pipe, stdout=pipe)
        for _ in range(4)
    ]
    outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert len({output for output, _ in outputs}) == 1
    assert outputs[0][0].decode().strip() == await pair(path).public_key()
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["id_vca", "id_vca.pub"]


async def test_concurrent_callers_share_a_key_despite_a_cancelled_one(path: Path) -> None:
    made = pair(path)
    first, second = (asyncio.create_task(made.public_key()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await second).startswith("ssh-ed25519")
    await made.close()


@pytest.mark.defect("D73")
async def test_making_a_key_blocks_no_loop_and_runs_no_program(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    turned = threading.Event()
    generate = ed25519.Ed25519PrivateKey.generate

    def slow() -> ed25519.Ed25519PrivateKey:
        loop.call_soon_threadsafe(turned.set)
        assert turned.wait(10), "the event loop did not turn while a key was made"
        return generate()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a program was run")

    monkeypatch.setattr(ed25519.Ed25519PrivateKey, "generate", slow)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    await pair(path).public_key()
    assert turned.is_set()


@pytest.mark.parametrize("kind", ["text", "folder", "passphrase", "open to others", "of another pair", "public alone"])
async def test_an_unusable_key_is_refused_with_a_remedy_and_left_alone(path: Path, kind: str) -> None:
    await pair(path).public_key()
    public = path.with_name("id_vca.pub")
    if kind == "text":
        path.write_text("no key at all CANARY")
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "passphrase":
        key = ed25519.Ed25519PrivateKey.generate()
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"CANARY"),
            )
        )
    elif kind == "open to others":
        path.chmod(0o644)
    elif kind == "of another pair":
        other = path.with_name("other")
        public.write_text(await pair(other).public_key())
    else:
        path.unlink()
    before = {entry: entry.read_bytes() for entry in path.parent.iterdir() if entry.is_file()}
    with pytest.raises(BadArguments, match="ssh_key: ") as caught:
        await pair(path).public_key()
    assert caught.value.bad_args == ["ssh_key"]
    assert "CANARY" not in f"{caught.value}{caught.value.__cause__}"
    assert {entry: entry.read_bytes() for entry in path.parent.iterdir() if entry.is_file()} == before


async def test_each_caller_gets_an_error_of_its_own(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("no key")
    path.chmod(0o600)
    made = pair(path)
    errors = await asyncio.gather(*(made.public_key() for _ in range(2)), return_exceptions=True)
    assert errors[0] is not errors[1]
    assert str(errors[0]) == str(errors[1])


@pytest.mark.defect("D93")
async def test_without_a_home_folder_only_the_key_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_home(_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", no_home)
    made = SshKeyPair("~/.ssh/id")
    with pytest.raises(BadArguments, match="set HOME, or give an absolute path"):
        await made.public_key()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"private_path": "x.pub"}, "expected the path of a private key"),
        ({"private_path": ""}, "expected the path of a private key"),
        ({"comment": "two\nlines"}, "one printable line"),
        ({"key_type": "dsa"}, "'rsa' or 'ed25519'"),
    ],
)
def test_what_can_never_be_right_is_refused_at_once(arguments: dict[str, str], said: str) -> None:
    with pytest.raises(BadArguments, match=said):
        SshKeyPair(**arguments)  # type: ignore[arg-type]  # wrong on purpose


async def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadArguments, match=r"file.*cannot be read or made"):
        await pair(tmp_path / "file" / "id").public_key()


async def test_a_key_is_read_once_and_again_when_it_changes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    real = ssh_keys._read_private_key

    def counted(place: Path) -> bytes:
        reads.append(place)
        return real(place)

    monkeypatch.setattr(ssh_keys, "_read_private_key", counted)
    keys = SshKeyPair(path, key_type="ed25519")
    first = await keys.public_key()
    await keys.public_key()
    before = len(reads)
    assert [await keys.public_key() for _ in range(5)] == [first] * 5
    assert len(reads) == before
    path.unlink()
    path.with_name(f"{path.name}.pub").unlink()
    assert await keys.public_key() != first


def test_without_an_event_loop_the_key_is_given_too(path: Path) -> None:
    keys = SshKeyPair(path, key_type="ed25519")
    line = keys.public_key_blocking()
    assert asyncio.run(keys.public_key()) == line


async def test_the_blocking_form_does_not_stop_an_event_loop(path: Path) -> None:
    with pytest.raises(VcaError, match="an event loop runs here"):
        SshKeyPair(path, key_type="ed25519").public_key_blocking()
    assert not path.exists()
