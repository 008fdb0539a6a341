"""References of images, as Juju takes them: by the grammar of github.com/distribution/reference."""

from __future__ import annotations

import re

LONGEST = 255
"""Characters of a name, with its registry, and with ``docker.io/library/`` where that is meant."""

_WORD = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?:{_WORD}(?:\.{_WORD})*|\[[0-9A-Fa-f:]+\])(?::[0-9]{{1,5}})?")
_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_IDENTIFIER = re.compile(r"[0-9a-f]{64}")
"""What stands for an image that a host has, and so for none of a registry."""


def check_reference(text: str) -> str:
    """Give back the reference of an image.

    Args:
        text: ``registry.example.com:5000/team/dns:1.2``, with a tag, a digest, both or neither.

    Raises:
        ValueError: it is not one.
    """
    name, at, digest = text.partition("@")
    folders, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    path = f"{folders}{slash}{last}"
    first, slash, rest = path.partition("/")
    has_host = bool(slash) and (any(mark in first for mark in ".:") or first == "localhost")
    parts = (rest if has_host else path).split("/")
    is_good = (
        _full_length(path, has_host=has_host) <= LONGEST
        and _IDENTIFIER.fullmatch(text) is None
        and (not has_host or _HOST.fullmatch(first) is not None)
        and all(_PART.fullmatch(part) for part in parts)
        and (not colon or _TAG.fullmatch(tag) is not None)
        and (not at or _DIGEST.fullmatch(digest) is not None)
    )
    if not is_good:
        raise ValueError("expected the reference of an image, such as registry.example.com/team/dns:1.2")
    return text


def _full_length(path: str, *, has_host: bool) -> int:
    if has_host:
        return len(path)
    return len("docker.io/") + ("/" not in path) * len("library/") + len(path)
