"""Models in the tables of a SQLite file: a change reads and writes the applications that it looks at, and no others."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from vca_fake.world import Application, Model, RelationEndKey

_MODELS = "CREATE TABLE IF NOT EXISTS models (name TEXT PRIMARY KEY, content TEXT NOT NULL)"
_APPLICATIONS = """
CREATE TABLE IF NOT EXISTS applications (
    position INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    UNIQUE (model, name)
)
"""
LAYOUT = (_MODELS, _APPLICATIONS)


@dataclass
class _Head:
    """What a model has beside its applications."""

    relations: list[tuple[RelationEndKey, RelationEndKey]] = field(default_factory=list)
    machines_so_far: int = 0


@functools.cache
def _heads() -> TypeAdapter[_Head]:
    return TypeAdapter(_Head)


@functools.cache
def _applications() -> TypeAdapter[Application]:
    return TypeAdapter(Application)


class Rows(MutableMapping[str, Application]):
    """The applications of a model, each read when it is looked at; they stand as long as the transaction.

    Args:
        connection: to the file.
        model: the model's name.
    """

    def __init__(self, connection: sqlite3.Connection, model: str) -> None:
        self._connection = connection
        self._model = model
        self._seen: dict[str, Application | None] = {}  # None: there is none, or none any more
        self._contents: dict[str, str] = {}  # as they were read

    def __getitem__(self, name: str) -> Application:
        if name not in self._seen:
            query = "SELECT content FROM applications WHERE model = ? AND name = ?"
            row = self._connection.execute(query, (self._model, name)).fetchone()
            self._seen[name] = None if row is None else _applications().validate_json(row[0])
            if row is not None:
                self._contents[name] = row[0]
        found = self._seen[name]
        if found is None:
            raise KeyError(name)
        return found

    def __setitem__(self, name: str, application: Application) -> None:
        _ = self.get(name)  # what it replaces is known then
        self._seen[name] = application

    def __delitem__(self, name: str) -> None:
        _ = self[name]
        self._seen[name] = None

    def __iter__(self) -> Iterator[str]:
        query = "SELECT name FROM applications WHERE model = ? ORDER BY position"
        stored = [name for (name,) in self._connection.execute(query, (self._model,))]
        here = [name for name, application in self._seen.items() if application is not None]
        gone = {name for name, application in self._seen.items() if application is None}
        return iter([name for name in dict.fromkeys([*stored, *here]) if name not in gone])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def save(self) -> None:
        """Write what has changed."""
        place = "model = ? AND name = ?"
        for name, application in self._seen.items():
            before = self._contents.get(name)
            now = None if application is None else _applications().dump_json(application).decode()
            if now is None and before is not None:
                self._connection.execute(f"DELETE FROM applications WHERE {place}", (self._model, name))  # noqa: S608 - no values
            elif now is not None and before is None:
                query = "INSERT INTO applications (model, name, content) VALUES (?, ?, ?)"
                self._connection.execute(query, (self._model, name, now))
            elif now != before:
                query = f"UPDATE applications SET content = ? WHERE {place}"  # noqa: S608 - no values
                self._connection.execute(query, (now, self._model, name))


def read_model(connection: sqlite3.Connection, name: str) -> tuple[Model, str | None]:
    """Read a model; one that is not there is empty.

    Returns:
        The model; and what `write_model` has to know of it as it was.
    """
    row = connection.execute("SELECT content FROM models WHERE name = ?", (name,)).fetchone()
    head = _Head() if row is None else _heads().validate_json(row[0])
    rows = Rows(connection, name)
    return Model(name, rows, head.relations, head.machines_so_far), None if row is None else row[0]


def write_model(connection: sqlite3.Connection, model: Model, before: str | None) -> None:
    """Write what has changed of a model that `read_model` read; one without anything is not kept.

    Args:
        connection: to the file.
        model: the model.
        before: what `read_model` gave with it.
    """
    if model.deleted:
        connection.execute("DELETE FROM models WHERE name = ?", (model.name,))
        connection.execute("DELETE FROM applications WHERE model = ?", (model.name,))
        return
    if isinstance(model.applications, Rows):
        model.applications.save()
    if model.machines_so_far or model.applications:
        content = _heads().dump_json(_Head(model.relations, model.machines_so_far)).decode()
        if content != before:
            connection.execute("INSERT OR REPLACE INTO models VALUES (?, ?)", (model.name, content))


def read_models(connection: sqlite3.Connection) -> list[Model]:
    """Read all models, with all that is in them."""
    models = {}
    for name, content in connection.execute("SELECT name, content FROM models ORDER BY name"):
        head = _heads().validate_json(content)
        models[name] = Model(name, {}, head.relations, head.machines_so_far)
    for model, name, content in connection.execute("SELECT model, name, content FROM applications ORDER BY position"):
        if model in models:
            models[model].applications[name] = _applications().validate_json(content)
    return list(models.values())
