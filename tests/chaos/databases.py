"""The databases that are attacked: what can be done to each, and what is in it."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pymongo
from support.mongo import MongoServer
from support.tcp_proxy import TcpProxy, tcp_proxy

from vca_core.stores.sqlite import SqliteStore

Documents = Mapping[str, Mapping[str, Any]]
"""By collection and ``_id``."""


class Database(ABC):
    """A database under attack.

    Args:
        folder: where it keeps what it has.

    Attributes:
        attacks: what can be done to it.
        url: the store's.
    """

    attacks: Sequence[str]
    url: str

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def serve(self, documents: Mapping[str, Sequence[Mapping[str, Any]]]) -> AsyncIterator[None]:
        """Serve, with documents in it by collection, until the end of the context."""
        yield

    @abstractmethod
    def begin(self, attack: str, chance: random.Random) -> None:
        """Begin an attack."""

    @abstractmethod
    def end(self) -> None:
        """End the attack: the database works again."""

    @abstractmethod
    def read(self, collection: str) -> dict[str, dict[str, Any]]:
        """What is in a collection, past all attacks, by ``_id``."""

    @abstractmethod
    def forget(self, collection: str, fields: Collection[str]) -> None:
        """Take fields out of all documents of a collection, past all attacks."""


class Mongo(Database):
    """A server that speaks MongoDB's protocol, behind a proxy."""

    attacks = ("kill the database", "cut", "refuse", "stop")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._server = MongoServer(folder / "db")
        self._proxy: TcpProxy | None = None

    @asynccontextmanager
    async def serve(self, documents: Mapping[str, Sequence[Mapping[str, Any]]]) -> AsyncIterator[None]:
        (self._folder / "db").mkdir()
        self._server.start()
        try:
            with pymongo.MongoClient[dict[str, Any]](f"mongodb://{self._server.address}") as client:
                for collection, some in documents.items():
                    client["osm"][collection].insert_many([dict(document) for document in some])
            async with tcp_proxy(self._server.address) as proxy:
                self._proxy = proxy
                limits = "serverSelectionTimeoutMS=300&socketTimeoutMS=2000&connectTimeoutMS=300"
                self.url = f"mongodb://{proxy.address}/osm?{limits}"
                yield
        finally:
            self._server.kill()

    def begin(self, attack: str, chance: random.Random) -> None:
        assert self._proxy is not None
        if attack == "kill the database":
            self._server.kill()
        elif attack == "cut":
            self._proxy.cut_answers_after = chance.randint(0, 2000)
        elif attack == "refuse":
            self._proxy.is_refusing = True
            self._proxy.cut()
        else:
            self._proxy.passing.clear()

    def end(self) -> None:
        assert self._proxy is not None
        if self._server.process is None:
            self._server.start()
        self._proxy.is_refusing = False
        self._proxy.cut_answers_after = None
        self._proxy.passing.set()

    def read(self, collection: str) -> dict[str, dict[str, Any]]:
        with pymongo.MongoClient[dict[str, Any]](f"mongodb://{self._server.address}") as client:
            return {document["_id"]: document for document in client["osm"][collection].find()}

    def forget(self, collection: str, fields: Collection[str]) -> None:
        with pymongo.MongoClient[dict[str, Any]](f"mongodb://{self._server.address}") as client:
            for document in self.read(collection).values():
                if there := document.keys() & fields:
                    client["osm"][collection].update_one({"_id": document["_id"]}, {"$unset": dict.fromkeys(there, "")})


class Sqlite(Database):
    """A file."""

    attacks = ("lock",)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._file = folder / "status.db"
        self._other: sqlite3.Connection | None = None
        self.url = f"sqlite:///{self._file}"

    @asynccontextmanager
    async def serve(self, documents: Mapping[str, Sequence[Mapping[str, Any]]]) -> AsyncIterator[None]:
        store = SqliteStore(self._file)
        await store.open()
        for collection, some in documents.items():
            for document in some:
                await store.ensure(collection, document)
        await store.close()
        try:
            yield
        finally:
            self.end()

    def begin(self, attack: str, chance: random.Random) -> None:
        """Have another process write, and not end."""
        assert attack == "lock"
        self._other = sqlite3.connect(self._file, isolation_level=None, timeout=60)
        self._other.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        other, self._other = self._other, None
        if other is not None:
            other.execute("ROLLBACK")
            other.close()

    def read(self, collection: str) -> dict[str, dict[str, Any]]:
        with contextlib.closing(sqlite3.connect(self._file)) as connection:
            rows = connection.execute("SELECT document FROM documents WHERE collection = ?", (collection,))
            documents = [json.loads(text) for (text,) in rows]
        return {document["_id"]: document for document in documents}

    def forget(self, collection: str, fields: Collection[str]) -> None:
        with contextlib.closing(sqlite3.connect(self._file, timeout=60)) as connection, connection:
            for field in fields:
                connection.execute(
                    "UPDATE documents SET document = json_remove(document, ?) WHERE collection = ?",
                    (f"$.{field}", collection),
                )
