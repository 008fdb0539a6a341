"""Names that databases and collections of MongoDB cannot have: the driver and the servers refuse them."""

from __future__ import annotations

from vca_core.errors import BadArguments

_LONGEST_DATABASE = 63
"""Bytes of a database's name."""

_LONGEST_NAMESPACE = 255
"""Bytes of the names of a database and a collection together, with the dot between them."""

_NOT_IN_DATABASE = frozenset(' ."$/\\\0')


def check_database(name: str, argument: str) -> None:
    """Check the name of a database.

    Args:
        name: as it is decoded.
        argument: how errors call what it stands in. It is not shown: it may be half a password.

    Raises:
        BadArguments: no database can have it.
    """
    if _NOT_IN_DATABASE.intersection(name) or not 0 < _bytes_of(name) <= _LONGEST_DATABASE:
        raise BadArguments(
            f"{argument}: expected behind the hosts the name of a database, of at most {_LONGEST_DATABASE} bytes "
            "without blanks, dots, slashes, quotation marks, $ and NUL",
            [argument],
        )


def check_collection(name: str, database: str) -> None:
    """Check the name of a collection.

    Args:
        name: the name.
        database: the name of its database.

    Raises:
        BadArguments: no collection can have it; `bad_args` is ``table``.
    """
    longest = _LONGEST_NAMESPACE - _bytes_of(database) - 1
    if not name or not all(name.split(".")) or "$" in name or "\0" in name or name.startswith("system."):
        expected = "a name of a collection without empty parts, $, NUL, and `system.` at its start"
    elif not 0 < _bytes_of(name) <= longest:
        expected = f"a name of a collection of at most {longest} bytes in UTF-8"
    else:
        return
    raise BadArguments(f"table: expected {expected}, got {name[:100]!r}", ["table"])


def _bytes_of(name: str) -> int:
    """How long it is in UTF-8; 0: it has half a character, and no form there."""
    try:
        return len(name.encode())
    except UnicodeEncodeError:
        return 0
