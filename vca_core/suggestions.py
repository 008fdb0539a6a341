"""What to say in place of a name that there is not: which one may have been meant, and which there are."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable

from vca_core.plain import printable

_MOST = 20
"""How many names are listed; more would not be read."""


_MOST_COMPARED = 200
"""With how many names one is compared, which takes time that grows with both."""

_LONGEST = 60
"""Characters of names that are compared."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Suggest a name, to stand behind what is wrong.

    Args:
        given: the unknown name; upper and lower case do not matter.
        known: the names that there are.

    Returns:
        ``: did you mean 'edge'?``; nothing when no name is close.
    """
    if len(given) > _LONGEST:
        return ""
    names = (name for name in known if len(name) <= _LONGEST)
    by_folded = {name.casefold(): name for name in itertools.islice(names, _MOST_COMPARED)}
    close = difflib.get_close_matches(given.casefold(), by_folded, n=1)
    return f": did you mean {by_folded[close[0]]!r}?" if close else ""


def instead(given: str, known: Iterable[str]) -> str:
    """Suggest a name and list those that there are, to stand behind what is wrong.

    Args:
        given: the unknown name.
        known: the names that there are.

    Returns:
        ``: did you mean 'edge'? There are: core, edge``; or, when no name is close, ``; there are: core, edge``.
    """
    names = sorted(known)
    meant = did_you_mean(given, names)
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    shown = ", ".join(printable(name[:_LONGEST]) for name in names[:_MOST])
    listed = f"there are: {shown}{more}" if names else "there are none"
    return f"{meant} {listed[0].upper()}{listed[1:]}" if meant else f"; {listed}"
