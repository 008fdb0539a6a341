"""Seals of secrets: they show whether secrets are the same as last time, and not what they are.

A plain digest of a short password could be guessed; a seal has a salt, and takes a moment to make.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets as randomness
from collections.abc import Sequence

_COST = 2**14
"""Of scrypt: 16 MiB, and some 40 ms."""


def seal(secrets: Sequence[str]) -> str | None:
    """Seal secrets; it blocks for a moment.

    Args:
        secrets: texts.

    Returns:
        The seal, to be kept; None if there are no secrets.
    """
    return _seal(secrets, randomness.token_bytes(16)) if secrets else None


def is_sealed(secrets: Sequence[str], kept: str | None) -> bool:
    """Whether a seal is of these secrets; it blocks for a moment.

    Args:
        secrets: texts.
        kept: the seal; None: nothing is known of them, and any will do.
    """
    if kept is None:
        return True
    salt, _, _ = kept.partition(":")
    try:
        made = _seal(secrets, bytes.fromhex(salt))
    except ValueError:
        return False
    return hmac.compare_digest(made, kept)


def _seal(secrets: Sequence[str], salt: bytes) -> str:
    text = json.dumps(list(secrets)).encode()
    return f"{salt.hex()}:{hashlib.scrypt(text, salt=salt, n=_COST, r=8, p=1).hex()}"
