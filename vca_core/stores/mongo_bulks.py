"""Which writes go to MongoDB in one bulk, of which it says only how many matched."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vca_core.stores.base import Write

_MOST_IN_BULK = 90
"""How many writes a bulk has at most. FerretDB 1.24 never answers one of 100; MongoDB gains little beyond."""

_UNMISTAKABLE = re.compile(r"\d{9}|[0-9a-f]{16}")
"""What is in a time or a random mark, which no two writers write."""


def bulks_of(writes: Sequence[Write], numbers: list[int]) -> list[list[int]]:
    """Divide a round into bulks, by the numbers of its writes; those that go alone come last."""
    known = [number for number in numbers if is_known_again(writes[number])]
    bulks = [known[first : first + _MOST_IN_BULK] for first in range(0, len(known), _MOST_IN_BULK)]
    alone = [number for number in numbers if not is_known_again(writes[number])]
    return [*bulks, alone] if alone else bulks


def is_known_again(write: Write) -> bool:
    """Whether it can be found out after a bulk that a write was made, and by this writer.

    It can if what it changes is not what its filter names, so that it still matches. Else another writer may have
    written the same, which is what tokens are for: then its filter has to name what it sets to a time or a random mark.
    """
    given: tuple[object, object] = (write.filter, write.update)  # which no one has checked yet
    if not all(isinstance(one, Mapping) for one in given):
        return False
    guards = [path for path in write.filter if path != "_id"]
    for path in guards if write.update else ():
        if path in write.update:
            value = write.update[path]
            if not isinstance(value, str) or _UNMISTAKABLE.search(value) is None:
                return False
        elif any(_is_above(path, changed) or _is_above(changed, path) for changed in write.update):
            return False
    return True


def _is_above(path: str, other: str) -> bool:
    return str(other).startswith(f"{path}.")


def rounds_of(writes: Sequence[Write]) -> list[list[int]]:
    """Sort writes into bulks: one collection each, and each document at most once, in the order given."""
    rounds: dict[tuple[str, int], list[int]] = {}
    last: dict[tuple[str, str | None], int] = {}
    highest: dict[str, int] = {}
    for number, write in enumerate(writes):
        table, document = write.table, write.document
        if document is None:  # any document may be meant
            at = last[table, None] = highest.get(table, -1) + 1
        else:
            at = max(last.get((table, document), -1), last.get((table, None), -1)) + 1
            last[table, document] = at
        highest[table] = max(at, highest.get(table, -1))
        rounds.setdefault((table, at), []).append(number)
    return [rounds[key] for key in sorted(rounds, key=lambda key: key[1])]
