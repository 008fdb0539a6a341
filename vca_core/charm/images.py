"""References of images, as Juju takes them."""

from __future__ import annotations

import re

LONGEST = 1000
"""Characters of a reference."""

_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
_PART = re.compile(r"[a-z0-9._-]+")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}")


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
        len(text) <= LONGEST
        and (not has_host or _HOST.fullmatch(first) is not None)
        and all(_PART.fullmatch(part) and part[0].isalnum() and part[-1].isalnum() for part in parts)
        and (not colon or _TAG.fullmatch(tag) is not None)
        and (not at or _DIGEST.fullmatch(digest) is not None)
    )
    if not is_good:
        raise ValueError("expected the reference of an image, such as registry.example.com/team/dns:1.2")
    return text
