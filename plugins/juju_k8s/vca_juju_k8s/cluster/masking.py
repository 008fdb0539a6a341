"""What programs of others print, without what looks like a secret: nobody knows which ones they have.

Rather too much is masked than too little. Words, paths, hosts and codes of errors stay.
"""

from __future__ import annotations

import re

from vca_core.secrets import MASK, is_secret_name, url_without_credentials

_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,50}-----.*?(?:-----END [A-Z0-9 ]{0,50}-----|\Z)", re.DOTALL)
_SCHEME = re.compile(r"\b((?:bearer|basic|digest|negotiate)\s{1,5})[^\s\"',;]+", re.IGNORECASE)
_HEADER = re.compile(
    r"\b((?:proxy-)?authorization|(?:set-)?cookie)(\\?[\"']?\s{0,5}[:=]\s{0,5})[^\r\n]+", re.IGNORECASE
)
"""Headers whose values have forms of their own, so that all of the line goes."""

_LOGIN = re.compile(r"(?<!\S)((?:-u|--user)(?:\s{1,5}|=))\S+:\S+")
"""A user with a password, as programs that ask servers take it."""

_NAME = re.compile(
    r"(?<![\w./-])(?P<dashes>-{0,2})(?P<name>[A-Za-z][\w.-]{0,100})(?P<sign>\\?[\"']?\s{0,5}[:=]\s{0,5}|\s{1,5}(?=[^\s-]))"
)
_VALUE = re.compile(r"\\?\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|\S+")
_RUN = re.compile(r"[\w+/=~.-]{16,}")
_PATH = re.compile(
    r"(?:~|\.{1,2})/|//|/(?:bin|dev|etc|home|lib\w*|mnt|opt|proc|root|run|sbin|snap|srv|tmp|usr|var|Library|Users)/"
)
_DIGIT, _LETTER = re.compile(r"[0-9]"), re.compile(r"[A-Za-z]")

_LONG = 16
"""Characters of a word with letters and digits in it that is taken for a secret."""

_LONGEST = 40
"""Characters of one that is, whatever it is made of."""


def mask(text: str) -> str:
    """Take out of a text what looks like a token, a password, a key, or a part of one.

    Args:
        text: what a program printed, before anything is cut: a part of a secret may look like nothing.
    """
    text = url_without_credentials(_KEY.sub(MASK, text))
    text = _LOGIN.sub(rf"\g<1>{MASK}", _HEADER.sub(rf"\g<1>\g<2>{MASK}", text))
    return _RUN.sub(_mask_run, _mask_settings(_SCHEME.sub(rf"\g<1>{MASK}", text)))


def _mask_settings(text: str) -> str:
    """Mask what is set by the name of a secret: ``--password x``, ``"id_token": "x"``, ``key=x``."""
    pieces, done = [], 0
    for found in _NAME.finditer(text):
        is_set = bool(found["sign"].strip() or found["dashes"]) and found.start() >= done
        value = _VALUE.match(text, found.end()) if is_set and is_secret_name(found["name"]) else None
        if value is not None:
            pieces += [text[done : found.end()], MASK]
            done = value.end()
    return "".join([*pieces, text[done:]])


def _mask_run(found: re.Match[str]) -> str:
    run = found[0]
    if _PATH.match(run):
        return "".join(MASK if _looks_secret(part) else part for part in re.split(r"([/.]+)", run))
    return MASK if any(map(_looks_secret, run.split("."))) else run


def _looks_secret(word: str) -> bool:
    if len(word) >= _LONGEST:
        return True
    return len(word) >= _LONG and bool(_DIGIT.search(word)) and bool(_LETTER.search(word))
