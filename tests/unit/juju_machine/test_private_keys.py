"""Private keys that mean harm: files without an end, and passphrases that are hashed for years."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import asyncssh
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from support.sshd import key

from vca_core.errors import BadArguments
from vca_juju_machine.provisioning import SshTarget, ssh_session
from vca_juju_machine.provisioning.private_keys import LARGEST_KEY, MOST_ROUNDS, open_key

CANARY = "canary-7d1e90"
KNOWN = Path("/nowhere/known_hosts")


async def refusal(**credentials: object) -> str:
    fields = {"hostname": "vm.invalid", "username": "u", "known_hosts": KNOWN, "passphrase": CANARY}
    with pytest.raises(BadArguments) as caught:
        async with ssh_session(SshTarget(**{**fields, **credentials}), limit=500):  # type: ignore[arg-type]
            pass
    assert caught.value.bad_args == [f"credentials.{next(iter(credentials))}"]
    return caught.value.message


async def test_of_files_that_have_no_end_none_is_read(tmp_path: Path) -> None:
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe)
    large.write_bytes(b"x" * (LARGEST_KEY + 1))
    assert "cannot be read: expected a regular file" in await refusal(private_key_path=Path("/dev/zero"))
    assert "cannot be read: expected a regular file" in await refusal(private_key_path=pipe)
    assert f"expected at most {LARGEST_KEY} bytes" in await refusal(private_key_path=large)
    assert "cannot be read: there is no such file" in await refusal(private_key_path=tmp_path / "absent")


def with_rounds(rounds: int, header: str = "") -> str:
    """A key in OpenSSH's format that says another number of rounds than it was made with."""
    lines = key().export_private_key("openssh", CANARY, rounds=60).decode().splitlines()
    data = base64.b64decode("".join(lines[1:-1])).replace(b"\0\0\0\x3c", rounds.to_bytes(4, "big"), 1)
    return f"{lines[0]}\n{header}{base64.encodebytes(data).decode()}{lines[-1]}\n"


@pytest.mark.parametrize("header", ["", "Comment: x\n"])
async def test_a_passphrase_that_is_hashed_for_years_is_not_tried(header: str) -> None:
    message = await refusal(private_key=with_rounds(2**32 - 1, header))
    assert f"hashes its passphrase {2**32 - 1} times, and {MOST_ROUNDS} are the most; set it anew" in message


async def test_a_key_in_pem_format_is_not_hashed_for_years_either() -> None:
    lines = key().export_private_key("pkcs8-pem", CANARY).decode().splitlines()
    parts = asyncssh.asn1.der_decode(base64.b64decode("".join(lines[1:-1])))
    data = asyncssh.asn1.der_encode(_with_iterations(parts))
    block = f"{lines[0]}\n{base64.encodebytes(data).decode()}{lines[-1]}\n"
    assert "hashes its passphrase more than" in await refusal(private_key=block)


def _with_iterations(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_with_iterations(one) for one in value)
    return 2**31 - 1 if value == 2048 else value


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
@pytest.mark.parametrize("form", ["openssh", "pkcs8-pem", "pkcs1-pem"])
@pytest.mark.parametrize("passphrase", [None, CANARY])
def test_keys_of_all_kinds_and_formats_are_opened(kind: str, form: str, passphrase: str | None) -> None:
    if (kind, form) == ("ssh-ed25519", "pkcs1-pem"):
        return
    given = key(kind)
    text = given.export_private_key(form, passphrase, rounds=60)
    assert open_key(f"# a key\n{text.decode()}", passphrase) == given


def test_a_key_of_openssl_is_opened() -> None:
    text = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(CANARY.encode()),
    )
    assert open_key(text.decode(), CANARY).get_algorithm() == "ssh-ed25519"
