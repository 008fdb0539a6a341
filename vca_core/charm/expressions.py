"""Regular expressions of charms: RE2's, as Go and so Juju have them; matching takes time linear in the text.

This module loads RE2; it is loaded with the first schema or folder.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import re2

from vca_core.errors import BadArguments

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # or it writes to stderr

_ESCAPED = re.compile(r"\\Q.*?(?:\\E|\Z)|\\(.)", re.DOTALL)
"""What stands behind a backslash, where that means something; of all of it, Go lacks ``\\C`` only."""


@functools.lru_cache(maxsize=512)
def expression(pattern: str) -> Any:
    """Compile a pattern.

    Raises:
        BadArguments: RE2 refuses it; says why.
    """
    try:
        if "C" not in _ESCAPED.findall(pattern):
            return re2.compile(pattern, _OPTIONS)
        text = "invalid escape sequence: \\C"
    except (re2.error, UnicodeError) as error:
        reason = error.args[0] if error.args else "it cannot be compiled"
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    raise BadArguments(f"expected a regular expression of Go and Juju (RE2), got {pattern[:60]!r}: {text}")


def effort_of(pattern: str, length: int) -> int:
    """Say how many steps of a check it takes to look for a pattern: RE2 may go through all of it at each character.

    Args:
        pattern: a sound one.
        length: how many characters there are to look at.
    """
    size: int = expression(pattern).programsize
    return size * length // 10_000


def is_found(pattern: str, text: str) -> bool:
    """Say whether a pattern matches anywhere in a text; half a character matches nothing."""
    try:
        return expression(pattern).search(text) is not None
    except UnicodeError:
        return False


def is_whole(pattern: str, text: str) -> bool:
    """Say whether a pattern matches a whole text; half a character matches nothing."""
    try:
        return expression(pattern).fullmatch(text) is not None
    except UnicodeError:
        return False
