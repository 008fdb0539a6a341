"""Seals of secrets: they show whether secrets are the same as last time, and not what they are.

A seal has a salt, and takes a moment to make. That makes guessing slow, and no more than slow: who has the seal of a
PIN tries all PINs in minutes. So only what could be too many things to try is sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
import secrets as randomness
from collections.abc import Sequence

_COST = 2**14
"""Of scrypt: 16 MiB, and some 40 ms."""

_FEWEST_BITS = 72.0
"""Logarithm of how many texts have to be possible. At 40 ms each, nobody tries so many."""

_PIECES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")
_MOST_DIGITS, _MOST_LETTERS = 10, 2
"""How much of a number, and of letters in a row, counts. A word is one of some hundred, as two letters are."""

MOST = 250
"""Seals that one run makes or compares, equal ones counted once: some ten seconds of one processor."""


def can_be_guessed(text: str) -> bool:
    """Whether one can try all that a secret could be, for somebody who knows what such secrets look like.

    ``Router-4821`` and ``192.168.1.105`` have many different characters, of which their form leaves few open. So each
    number and each word counts once and only up to a bound, and signs do not count at all.

    Args:
        text: the secret.
    """
    return sum(map(_bits, set(_PIECES.findall(text)))) < _FEWEST_BITS


def _bits(piece: str) -> float:
    """Logarithm of how many numbers or words of this kind there may be."""
    most, kinds = (_MOST_DIGITS, 10) if piece.isdecimal() else (_MOST_LETTERS, 26)
    return min(len(piece), most) * math.log2(kinds)


class Seals:
    """Makes seals within one run of `vca apply`, and compares them.

    All seals of a service have one salt, so that secrets that many VNFs share are sealed once.

    Args:
        kept: a seal of this service, whose salt is taken; None: there is none yet.
    """

    def __init__(self, kept: str | None = None) -> None:
        self._salt = _salt_of(kept) or randomness.token_bytes(16)
        self._made: dict[tuple[bytes, str], str] = {}

    def make(self, secrets: Sequence[str]) -> str | None:
        """Seal secrets; it blocks for a moment, and may be called in any thread.

        Args:
            secrets: texts.

        Returns:
            The seal, to be kept; None if there are no secrets.
        """
        return self._seal(secrets, self._salt) if secrets else None

    def is_of(self, kept: str, secrets: Sequence[str]) -> bool:
        """Whether a seal is of these secrets; it blocks for a moment, and may be called in any thread.

        Args:
            kept: the seal.
            secrets: texts.
        """
        salt = _salt_of(kept)
        return salt is not None and hmac.compare_digest(self._seal(secrets, salt), kept)

    def _seal(self, secrets: Sequence[str], salt: bytes) -> str:
        text = json.dumps(list(secrets))
        if (made := self._made.get((salt, text))) is None:
            made = f"{salt.hex()}:{hashlib.scrypt(text.encode(), salt=salt, n=_COST, r=8, p=1).hex()}"
            self._made[salt, text] = made
        return made


def _salt_of(seal: str | None) -> bytes | None:
    try:
        return bytes.fromhex((seal or "").partition(":")[0]) or None
    except ValueError:
        return None
