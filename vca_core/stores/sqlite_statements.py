"""What a status store in SQLite asks of its file: statements, and changes of documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vca_core.errors import VcaError
from vca_core.stores.document import apply_update, check_filter, id_key, matches, plain_value

Stored = str | bytes
"""A name as the file has it: text, or the bytes of one with half a character, which SQLite cannot hold as text."""


def stored(name: str) -> Stored:
    """Give a name the form that the file can hold; different names have different ones."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")
    return name


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be set in the one document of an ``_id``, if that matches a filter.

    Args:
        table: the collection.
        identity: the ``_id``, as the file has it.
        filter: the whole filter, the ``_id`` included.
        update: values by dotted path.
    """

    table: Stored
    identity: Stored
    filter: Mapping[str, Any]
    update: Mapping[str, Any]

    def apply(self, document: dict[str, Any]) -> dict[str, Any] | None:
        """Give the document as it is afterwards; None: it does not match."""
        is_meant = len(self.filter) == 1 or matches(document, self.filter)
        return apply_update(document, self.update) if is_meant else None


Statement = tuple[str, Sequence[Stored]] | Change
Result = int | VcaError
"""How many rows a statement concerned, or what it failed with."""


def group_statements(statements: Sequence[Statement]) -> list[list[int]]:
    """Which statements are made at once: the changes of one document, unless something else stands between them."""
    made: list[list[int]] = []
    of_document: dict[tuple[Stored, Stored], list[int]] = {}
    for number, statement in enumerate(statements):
        if not isinstance(statement, Change):
            of_document = {}
            made.append([number])
        elif (key := (statement.table, statement.identity)) in of_document:
            of_document[key].append(number)
        else:
            made.append([number])
            of_document[key] = made[-1]
    return made


OF_ID = "collection = ? AND identity = ?"
"""Where the one document of an ``_id`` is."""


def update_statement(table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> Statement:
    """Ask for an update, as `StatusStore.set`.

    Raises:
        BadArguments: the filter cannot be one, or a value is not plain data.
    """
    check_filter(filter)
    given = {path: plain_value(value, path) for path, value in update.items()}
    if (identity := filter.get("_id")) is not None:
        return Change(stored(table), stored(id_key(identity)), dict(filter), given)
    where, values = where_of(table, filter)
    changes = json.dumps(given)
    sql = (
        "UPDATE documents SET document = vca_updated(document, ?, identity) WHERE position = "  # noqa: S608 - no values
        f"(SELECT position FROM documents WHERE {where} ORDER BY position LIMIT 1)"
    )
    return sql, (changes, *values)


def where_of(table: str, filter: Mapping[str, Any]) -> tuple[str, list[Stored]]:
    """Give the condition for a filter, and the values in it.

    Raises:
        BadArguments: the filter cannot be one.
    """
    check_filter(filter)
    where = "collection = ?"
    values = [stored(table)]
    identity = filter.get("_id")
    if identity is not None:
        where += " AND identity = ?"
        values.append(stored(id_key(identity)))
    if filter.keys() != {"_id"} or identity is None:
        where += " AND vca_matches(document, ?, identity)"
        values.append(json.dumps(dict(filter)))
    return where, values
