"""A status store in MongoDB, or in what speaks its protocol.

It writes exactly the paths that it is given, by ``$set``, into documents that are there, and nothing else: no counters,
no pushes. So each write can be repeated after an answer that was lost.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr

from vca_core.errors import BadArguments, StoreError, VcaError
from vca_core.extras import install_from_clone
from vca_core.stores.base import LateWrites, Outcome, StatusStore, Write
from vca_core.stores.document import check_filter, check_update, new_document, plain_value, value_at
from vca_core.stores.mongo_bulks import bulks_of, is_known_again, rounds_of
from vca_core.stores.mongo_calls import Calls
from vca_core.stores.mongo_errors import INDEX_CONFLICT, MongoErrors
from vca_core.stores.mongo_names import check_collection
from vca_core.stores.mongo_urls import client_of, database_of, load_driver, settings_of, shown_url
from vca_core.tasks import in_thread

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient
    from pymongo.asynchronous.collection import AsyncCollection

R = TypeVar("R")

_OWN = "vca_"
"""What the names of the core's own collections begin with."""

_INDEXES = {"vca_execution_environments": {"vca_by_model": ("model", "connector")}}
"""By collection: the name of an index and its fields."""

_LIMITING = {"partialFilterExpression", "unique", "collation"}
"""What an index of others may not have if it is to serve as one of the core's."""

_BULKS_AT_ONCE = 2
"""How many bulks are on their way at the same time: while the server works on one, the next one comes."""

_SINGLES_AT_ONCE = 16
"""How many writes of different documents are made at the same time, after a bulk that did not do."""

_INSERTS = 20
"""How often a document is inserted that is said to be there, and deleted by others before it can be looked at."""

_NOT_TEXT = re.compile("[\ud800-\udfff]")
"""Halves of characters, as file names that are not UTF-8 have them; BSON cannot hold them."""


class MongoStatusStore(StatusStore):
    """Documents in the collections of a MongoDB database.

    Writes wait for the majority of a replica set and its journals. The URL may say otherwise for the orchestrator's own
    collections, not for the core's, and never that nothing is waited for. Reads ask the primary.

    Args:
        url: ``mongodb://`` or ``mongodb+srv://``, with the database behind the hosts; all settings of MongoDB's
            connection strings are understood, TLS among them.

    Raises:
        BadArguments: the URL is wrong. It is not shown: it may hold a password.
    """

    def __init__(self, url: str | SecretStr) -> None:
        text = url.get_secret_value() if isinstance(url, SecretStr) else url
        self._url = SecretStr(text)
        self._database = _database_of(text)
        self._shown = shown_url(text)
        self._errors: MongoErrors | None = None
        self._client: AsyncMongoClient[dict[str, Any]] | None = None
        self._collections: dict[str, AsyncCollection[dict[str, Any]]] = {}
        self._calls = Calls()
        self._abandoned: dict[str, set[asyncio.Task[Any]]] = {}

    @classmethod
    def from_url(cls, url: str, folder: Path) -> MongoStatusStore:  # noqa: ARG003 - it has no file
        """Make the store that a config's URL names; nothing is opened."""
        return cls(url)

    def __repr__(self) -> str:
        return f"<MongoStatusStore {getattr(self, '_shown', '?')}>"

    async def open(self) -> None:
        """See `StatusStore.open`."""
        if self._client is not None:
            return
        try:
            await in_thread(load_driver)
        except ModuleNotFoundError as error:
            raise StoreError(
                f"the status store needs pymongo; {install_from_clone('mongodb')}", retryable=False
            ) from error
        from pymongo import WriteConcern  # the driver is for those who use it

        url = self._url.get_secret_value()
        self._errors = MongoErrors(self._shown, url)
        failure = None
        client: AsyncMongoClient[dict[str, Any]] | None = None
        try:
            client = client_of(url, "store")
            if not client.write_concern.acknowledged:
                raise _acknowledgement_error()  # noqa: TRY301 - the client has to be closed
            for table, indexes in _INDEXES.items():
                collection = client[self._database].get_collection(
                    table, write_concern=WriteConcern("majority", j=True)
                )
                for name, fields in indexes.items():
                    await _ensure_index(collection, name, fields)
        except BaseException as error:
            if client is not None:
                await client.close()
            if not isinstance(error, Exception):
                raise
            failure = self._errors.of_open(error)
        if failure is not None:
            raise failure  # not in the `except`: it would keep the driver's exception, which shows the URL
        self._client = client

    async def close(self) -> None:
        """See `StatusStore.close`."""
        client, self._client = self._client, None
        self._collections.clear()
        if client is not None:
            try:
                left = [task for tasks in self._abandoned.values() for task in tasks]
                if left:
                    await asyncio.wait(left)
            finally:
                await client.close()
                await self._calls.end()

    def check_table(self, table: str) -> None:
        """See `StatusStore.check_table`."""
        check_collection(table, self._database)

    async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
        """See `StatusStore.set`."""
        check_filter(filter)
        changes = _changes(update)
        try:
            check_update(filter, changes)
        except StoreError:
            if await self.exists(table, filter):
                raise
            return False
        if not changes:
            return await self.exists(table, filter)

        async def work(collection: AsyncCollection[dict[str, Any]]) -> bool:
            update = collection.update_one(_query(filter), {"$set": changes})
            return (await self._ask(update, f"cannot set {', '.join(map(repr, changes))}")).matched_count > 0

        return await self._write(table, work)

    async def batch(self, writes: Sequence[Write]) -> list[Outcome]:
        """See `StatusStore.batch`."""
        outcomes: dict[int, Outcome] = {}
        late = LateWrites()
        for numbers in rounds_of(writes):
            bulks = bulks_of(writes, numbers)
            for first in range(0, len(bulks), _BULKS_AT_ONCE):
                some = bulks[first : first + _BULKS_AT_ONCE]  # of different documents
                made = await asyncio.gather(*(self._write_all([writes[one] for one in bulk], late) for bulk in some))
                for bulk, results in zip(some, made, strict=True):
                    outcomes.update(zip(bulk, results, strict=True))
        return [outcomes[number] for number in range(len(writes))]

    async def get(self, table: str, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StatusStore.get`."""
        check_filter(filter)
        return await self._read(table, lambda collection: collection.find_one(_query(filter)))

    async def exists(self, table: str, filter: Mapping[str, Any]) -> bool:
        """See `StatusStore.exists`."""
        check_filter(filter)
        found = await self._read(table, lambda collection: collection.find_one(_query(filter), {"_id": 1}))
        return found is not None

    async def find(self, table: str, filter: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """See `StatusStore.find`; oldest first, as far as MongoDB's natural order is."""
        if filter is not None:
            check_filter(filter)
        return await self._read(table, lambda collection: collection.find(_query(filter or {})).to_list())

    async def ensure(self, table: str, document: Mapping[str, Any]) -> bool:
        """See `StatusStore.ensure`."""
        _, copied = new_document(document)
        stored = _make_storable(copied)

        async def work(collection: AsyncCollection[dict[str, Any]]) -> bool:
            from pymongo.errors import DuplicateKeyError

            left = _INSERTS
            while True:
                try:
                    await collection.insert_one(stored)
                except DuplicateKeyError as error:
                    failure = self._failure(error, f"cannot insert into {table}")
                else:
                    return True
                if await collection.find_one({"_id": stored["_id"]}, {"_id": 1}) is not None:
                    return False
                left -= 1
                if not left:  # a unique index of the orchestrator's own is hit
                    raise failure

        return await self._write(table, work)

    async def delete(self, table: str, filter: Mapping[str, Any]) -> int:
        """See `StatusStore.delete`."""
        check_filter(filter)

        async def work(collection: AsyncCollection[dict[str, Any]]) -> int:
            return (await collection.delete_many(_query(filter))).deleted_count

        return await self._write(table, work)

    async def drop(self, table: str) -> None:
        """See `StatusStore.drop`."""
        await self._write(table, lambda collection: collection.drop())

    # Batches.

    async def _write_all(self, writes: Sequence[Write], late: LateWrites) -> list[Outcome]:
        """Make writes of different documents of one collection, in one unordered bulk if nothing is in the way."""
        is_bulk = len(writes) > 1 and all(map(is_known_again, writes)) and not any(map(late.in_front_of, writes))
        if is_bulk:
            error = await self._bulk(writes)
            if error is None:
                return [True] * len(writes)
            if error.retryable:
                for write in writes:
                    late.note(write, error)
                return [error] * len(writes)
        outcomes: list[Outcome] = []
        for first in range(0, len(writes), _SINGLES_AT_ONCE):  # far from the server, one by one would take too long
            some = writes[first : first + _SINGLES_AT_ONCE]
            outcomes += await asyncio.gather(*(self._repeat(write, late, bulk=is_bulk) for write in some))
        return outcomes

    async def _repeat(self, write: Write, late: LateWrites, *, bulk: bool) -> Outcome:
        outcome: Outcome = late.in_front_of(write) or await self._write_one(write, bulk=bulk)
        if isinstance(outcome, Exception):
            late.note(write, outcome)
        return outcome

    async def _bulk(self, writes: Sequence[Write]) -> StoreError | None:
        """Make writes in one bulk.

        Returns:
            None: all of them matched. Else what to say of it; retryable: the server is out of reach. A bulk says
            neither which filter matched nothing nor, on every server, which item failed.
        """
        from pymongo import UpdateOne

        short = StoreError("not all writes of a bulk were made", retryable=False)
        try:
            items = []
            for write in writes:
                check_filter(write.filter)
                changes = _changes(write.update)
                check_update(write.filter, changes)
                if not changes:
                    return short
                items.append(UpdateOne(_query(write.filter), {"$set": changes}))
        except Exception:  # noqa: BLE001 - on its own, each write says what is wrong with it
            return short

        async def work(collection: AsyncCollection[dict[str, Any]]) -> StoreError | None:
            try:
                result = await collection.bulk_write(items, ordered=False)
            except Exception as error:  # noqa: BLE001 - the driver raises KeyError, too, for what some servers answer
                return self._errors_of().unreachable_error(error) or short
            return None if result.matched_count == len(items) else short

        try:
            return await self._write(writes[0].table, work)
        except VcaError as error:
            return error if isinstance(error, StoreError) else short

    async def _write_one(self, write: Write, *, bulk: bool) -> Outcome:
        """Make a write on its own; where it was in a bulk that did, its guard does not match any more."""
        try:
            if await self.set(write.table, write.filter, write.update):
                return True
            return bulk and await self._has_made(write)
        except Exception as error:  # noqa: BLE001 - it is the outcome
            return error

    async def _has_made(self, write: Write) -> bool:
        rest = {path: value for path, value in write.filter.items() if path not in write.update}
        if not rest or len(rest) == len(write.filter):
            return False
        made = _changes(write.update)
        scalars = {path: value for path, value in made.items() if isinstance(value, str | int | float | bool | None)}
        if len(scalars) == len(made):
            return await self.exists(write.table, {**rest, **scalars})
        document = await self.get(write.table, rest)
        return document is not None and all(value_at(document, path) == value for path, value in made.items())

    # The driver.

    async def _read(self, table: str, work: Callable[[AsyncCollection[dict[str, Any]]], Awaitable[R]]) -> R:
        await self._settle(table)
        return await self._calls.make(self._ask(work(self._collection(table)), f"cannot read {table}"), "read")

    async def _write(self, table: str, work: Callable[[AsyncCollection[dict[str, Any]]], Awaitable[R]]) -> R:
        """Make a write; one whose caller is cancelled goes on, and later ones wait for it."""
        await self._settle(table)
        call = self._ask(work(self._collection(table)), f"cannot write to {table}")
        return await self._calls.make(call, "write", self._abandoned.setdefault(table, set()))

    async def _ask(self, call: Awaitable[R], what: str) -> R:
        try:
            return await call
        except Exception as error:  # noqa: BLE001 - raised below
            failure = self._failure(error, what)
        raise failure  # not in the `except`: it would keep the driver's exception, which may show secrets

    async def _settle(self, table: str) -> None:
        while abandoned := self._abandoned.get(table):
            await asyncio.wait(set(abandoned))
            await asyncio.sleep(0)  # its callbacks take it off

    def _collection(self, table: str) -> AsyncCollection[dict[str, Any]]:
        if self._client is None:
            raise StoreError(f"{self!r} is not open")
        if table not in self._collections:
            self.check_table(table)
            from pymongo import ReadPreference, WriteConcern

            said = {} if table.startswith(_OWN) else self._client.write_concern.document
            concern = {"w": "majority", "j": True, **said}
            concern.pop("fsync", None)  # the older word for `j`, beside which it may not stand
            failure = None
            try:
                self._collections[table] = self._client[self._database].get_collection(
                    table, write_concern=WriteConcern(**concern), read_preference=ReadPreference.PRIMARY
                )
            except Exception as error:  # noqa: BLE001 - raised below
                failure = self._failure(error, "there is no such collection")
            if failure is not None:
                raise failure
        return self._collections[table]

    def _errors_of(self) -> MongoErrors:
        if self._errors is None:
            raise StoreError(f"{self!r} is not open")
        return self._errors

    def _failure(self, error: Exception, what: str) -> VcaError:
        return error if isinstance(error, VcaError) else self._errors_of().of(error, what)


def _database_of(url: str) -> str:
    """Check a URL; give the name of its database."""
    database = database_of(url, "store")
    if settings_of(url).get("w") == "0":  # the driver, which knows all ways to write it, is asked when this is opened
        raise _acknowledgement_error()
    return database


def _acknowledgement_error() -> BadArguments:
    return BadArguments("store: w=0 leaves open whether a status was stored; expected majority or 1", ["store"])


async def _ensure_index(collection: AsyncCollection[dict[str, Any]], name: str, fields: Sequence[str]) -> None:
    """Make an index, unless one of another name serves as well."""
    from pymongo.errors import OperationFailure

    keys = [(field, 1) for field in fields]
    try:
        await collection.create_index(keys, name=name)
    except OperationFailure as error:
        if error.code != INDEX_CONFLICT:
            raise
        made = await collection.index_information()
        if not any(index["key"] == keys and not index.keys() & _LIMITING for index in made.values()):
            raise


def _query(filter: Mapping[str, Any]) -> dict[str, Any]:
    return {_make_storable(path): _make_storable(value) for path, value in filter.items()}


def _changes(update: Mapping[str, Any]) -> dict[str, Any]:
    return {_make_storable(path): _make_storable(plain_value(value, path)) for path, value in update.items()}


def _make_storable(value: Any) -> Any:
    """Replace half characters by the sign for what is not a character."""
    if isinstance(value, str):
        return value if value.isascii() else _NOT_TEXT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_make_storable(key): _make_storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_make_storable(item) for item in value]
    return value
