"""References of images: whether github.com/distribution/reference takes one, normalized as that does it."""

from __future__ import annotations

import re

_COMPONENT = "[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*"
_NAME = (
    rf"(?P<domain>(?:{_COMPONENT}(?:[.]{_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?)"
    r"/(?P<path>[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*)*)"
)
_REFERENCE = re.compile(
    rf"(?P<name>{_NAME})(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]{{0,127}})?"
    r"(?:@(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}))?"
)
_LONGEST = 255


def is_reference(text: str) -> bool:
    """Whether a text names an image.

    Args:
        text: as clients send it.
    """
    if re.fullmatch("[a-f0-9]{64}", text):
        return False  # the id of one
    first, slash, rest = text.partition("/")
    if not slash or not (set(".:") & set(first) or first == "localhost"):
        first, rest = "docker.io", text
    if first == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    found = _REFERENCE.fullmatch(f"{first}/{rest}")
    return found is not None and len(found["name"]) <= _LONGEST
