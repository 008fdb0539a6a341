"""Private keys of others: read within a bound, and opened only where that is little work."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import asyncssh
from asyncssh.asn1 import ASN1DecodeError, der_decode

from vca_core.text_files import Unreadable, read_text

LARGEST_KEY = 64 * 1024
"""How many characters a private key may have, as text or in a file."""

MOST_ROUNDS = 1_000
"""How often the passphrase of a key in OpenSSH's format may be hashed; ssh-keygen does it 24 times by default."""

MOST_ITERATIONS = 10_000_000
"""The same of a key in PEM format, whose hash is much quicker; OpenSSL does it 2,048 times."""

_BLOCK = re.compile(
    r"^-----BEGIN (?P<kind>[A-Z0-9 ]*)PRIVATE KEY-----\s*$(?P<body>.*?)^-----END (?P=kind)PRIVATE KEY-----\s*$",
    re.DOTALL | re.MULTILINE,
)
_OPENSSH = b"openssh-key-v1\0"


class UnusableKeyError(ValueError):
    """A private key that is not opened; says why."""


def read_key(path: Path) -> str:
    """Read the file of a private key: a regular one; a device or a pipe might have no end.

    Raises:
        UnusableKeyError: it cannot be read; says why.
    """
    text = read_text(path, LARGEST_KEY)
    if isinstance(text, Unreadable):
        raise UnusableKeyError(f"cannot be read: {text.reason.removeprefix('cannot be read: ')}")
    return text


def open_key(text: str, passphrase: str | None) -> asyncssh.SSHKey:
    """Open a private key in OpenSSH or PEM format; blocks, for as long as its passphrase was meant to cost.

    Raises:
        UnusableKeyError: it is too large, or to open it would be too much work.
        ValueError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError: it is no key, or needs another passphrase.
    """
    if len(text) > LARGEST_KEY:
        raise UnusableKeyError(f"has more than {LARGEST_KEY} characters")
    block = _BLOCK.search(text)
    if block is None:
        raise asyncssh.KeyImportError("no private key in it")
    kind, body = block["kind"].strip(), block["body"]
    if kind in ("OPENSSH", "ENCRYPTED"):
        # What is looked at here is what is opened: the bytes of the block, and nothing that stands around them.
        data = base64.b64decode("".join(line for line in body.splitlines() if ":" not in line))
        _check_openssh(data) if kind == "OPENSSH" else _check_pkcs8(data)
        body = f"\n{base64.encodebytes(data).decode()}"
    try:
        name = f"{kind} PRIVATE KEY".lstrip()
        return asyncssh.import_private_key(f"-----BEGIN {name}-----{body}-----END {name}-----\n", passphrase)
    except RecursionError:
        raise asyncssh.KeyImportError("nested too deeply") from None


def _check_openssh(data: bytes) -> None:
    try:
        at = len(_OPENSSH)
        fields = []
        for _ in range(3):  # cipher, function of the passphrase, what that needs
            (length,) = struct.unpack_from(">I", data, at)
            fields.append(data[at + 4 : at + 4 + length])
            at += 4 + length
        if fields[1] != b"bcrypt":
            return
        (salt,) = struct.unpack_from(">I", fields[2])
        (rounds,) = struct.unpack_from(">I", fields[2], 4 + salt)
    except struct.error:
        raise asyncssh.KeyImportError("it is cut off") from None
    if rounds > MOST_ROUNDS:
        raise UnusableKeyError(
            f"hashes its passphrase {rounds} times, and {MOST_ROUNDS} are the most; set it anew (ssh-keygen -p -a 24)"
        )


def _check_pkcs8(data: bytes) -> None:
    try:
        found = der_decode(data)
        numbers = [one for one in _numbers(found) if one > MOST_ITERATIONS]
    except (ASN1DecodeError, RecursionError):
        raise asyncssh.KeyImportError("it is not DER") from None
    if numbers:
        raise UnusableKeyError(
            f"hashes its passphrase more than {MOST_ITERATIONS} times; set it anew (openssl pkcs8 -topk8)"
        )


def _numbers(value: object) -> Iterator[int]:
    """All whole numbers that say how a key is encrypted: the largest are how often something is done."""
    if isinstance(value, int):
        yield value
    elif isinstance(value, tuple | list | frozenset | set):
        for one in value:
            yield from _numbers(one)
