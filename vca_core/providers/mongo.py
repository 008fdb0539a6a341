"""Connectors in a collection of a MongoDB database, as orchestrators keep their controllers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import Field, SecretStr

from vca_core._entry_points import Entry
from vca_core.config import validate_model
from vca_core.config.parts import Listed, Mapped, Part, Values
from vca_core.errors import BadArguments, Cause, PluginError, StoreError, VcaError
from vca_core.extras import install_from_clone
from vca_core.plain import kind_of
from vca_core.providers.base import ConnectorProvider
from vca_core.secrets import SecretValues, scrub_cause, secrets_in
from vca_core.stores.document import value_at
from vca_core.stores.mongo_calls import Calls
from vca_core.stores.mongo_errors import MongoErrors
from vca_core.stores.mongo_names import check_collection
from vca_core.stores.mongo_urls import client_of, database_of, load_driver, problems_of_files, shown_url
from vca_core.tasks import begin_in_thread, in_thread

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

R = TypeVar("R")

_DECRYPTIONS = 16
"""How many plain functions decrypt at the same time, each in a thread: those that never return take up a place each."""

Decrypt = Callable[[str, Mapping[str, Any]], str | Awaitable[str]]
"""Decrypts one value: it gets the text that is stored and the whole document, and returns the plain text. A plain
function runs in a thread of its own, which does not keep the process from ending."""

_Path = Annotated[str, Field(pattern=r"^[^.$\x00][^.\x00]*(\.[^.$\x00][^.\x00]*)*$")]
"""The path of a field, with dots."""


class DocumentFields(Part):
    """Where a document has what a definition is made of, each a path with dots."""

    name: _Path = "name"
    """The connector's name."""
    backend: _Path = "backend"
    """The name of the backend."""
    options: _Path | dict[Annotated[str, Field(min_length=1)], _Path] = "options"
    """A mapping of all options; or, for each option, its field."""
    timeouts: _Path = "timeouts"
    """The connector's own limits."""


class MongoConnectorsOptions(Part):
    """Options of the provider `mongodb`."""

    url: SecretStr
    """``mongodb://`` or ``mongodb+srv://``, with the database behind the hosts."""
    collection: Annotated[str, Field(min_length=1)] = "connectors"
    """The collection that has the documents."""
    fields: Annotated[DocumentFields, Mapped] = DocumentFields()
    """Where a document has what a definition is made of."""
    backend: Annotated[str, Field(min_length=1)] | None = None
    """The backend of documents that name none."""
    options: Annotated[Values, Field(default_factory=dict, repr=False)]
    """Options that hold where a document does not have them."""
    secrets: Annotated[list[Annotated[str, Field(min_length=1)]], Listed] = Field(default_factory=list)
    """The options that are stored encrypted."""
    decrypt: Annotated[str, Field(pattern=r"^[\w.]+:[\w.]+$")] | None = None
    """What decrypts them, as ``module:function``."""


class MongoConnectors(ConnectorProvider):
    """Connectors in a collection of a MongoDB database. It only reads.

    Args:
        options: as in `MongoConnectorsOptions`.
        decrypt: decrypts what is stored encrypted; None: what the options name.

    Raises:
        BadArguments: the options are wrong. Their values are not shown.
        PluginError: what the options name for decrypting cannot be loaded.
    """

    def __init__(self, options: Mapping[str, Any], decrypt: Decrypt | None = None) -> None:
        checked = validate_model(MongoConnectorsOptions, options, "options")
        self._options = checked
        self._url = checked.url
        url = checked.url.get_secret_value()
        self._database = database_of(url, "options.url")
        try:
            check_collection(checked.collection, self._database)
        except BadArguments as error:
            error.rename({"table": "options.collection"})
            raise
        self._shown = f"{shown_url(url)}, collection {checked.collection}"
        self._errors = MongoErrors(self._shown, url, subject="connectors in", argument="options.url")
        self._client: AsyncMongoClient[dict[str, Any]] | None = None
        self._calls = Calls()
        self._places = asyncio.Semaphore(_DECRYPTIONS)
        if decrypt is None and checked.decrypt is not None:
            decrypt = _function(checked.decrypt)
        if decrypt is None and checked.secrets:
            raise BadArguments(
                "options.secrets: expected something that decrypts what is stored encrypted; "
                "name it as `decrypt: module:function`, or pass a callable",
                ["options.secrets"],
            )
        self._decrypt = decrypt

    @classmethod
    def from_options(cls, options: Mapping[str, Any], folder: Path) -> MongoConnectors:  # noqa: ARG003 - has no file
        """See `ConnectorProvider.from_options`."""
        return cls(options)

    def __repr__(self) -> str:
        return f"<MongoConnectors {getattr(self, '_shown', '?')}>"

    @property
    def origin(self) -> str:
        """See `ConnectorProvider.origin`."""
        return self._shown

    def problems_of_files(self) -> Iterable[str]:
        """See `ConnectorProvider.problems_of_files`."""
        return (f"url: {problem}" for problem in problems_of_files(self._url.get_secret_value()))

    async def definition(self, name: str) -> dict[str, Any] | None:
        """See `ConnectorProvider.definition`.

        Raises:
            BadArguments: several documents have the name, or a secret is not text.
            StoreError: the database cannot be read.
            PluginError: a secret cannot be decrypted.
        """
        document = await self._document(name)
        return None if document is None else await self._definition_in(document)

    async def close(self) -> None:
        """See `ConnectorProvider.close`."""
        client, self._client = self._client, None
        self._places = asyncio.Semaphore(_DECRYPTIONS)  # the next use may be in another loop
        if client is not None:
            await client.close()
            await self._calls.end()

    async def _document(self, name: str) -> dict[str, Any] | None:
        failure: VcaError
        try:
            client = await self._ensure_client()
        except VcaError:
            raise
        except Exception as error:  # noqa: BLE001 - raised below
            failure = self._errors.of_open(error)
        else:
            with _keep_unlogged():
                found = await self._calls.make(self._find(client, name), "read")
            if len(found) > 1:
                raise BadArguments(
                    f"{self._shown}: there are several documents of the connector {name!r}; expected one",
                    ["connector"],
                )
            return found[0] if found else None
        raise failure  # not in the `except`: it would keep the driver's exception, which may show secrets

    async def _find(self, client: AsyncMongoClient[dict[str, Any]], name: str) -> list[dict[str, Any]]:
        try:
            collection = client[self._database][self._options.collection]
            return await collection.find({self._options.fields.name: name}).limit(2).to_list()
        except Exception as error:  # noqa: BLE001 - as above
            failure = self._errors.of(error, "cannot read them")
        raise failure

    async def _ensure_client(self) -> AsyncMongoClient[dict[str, Any]]:
        if self._client is None:
            try:
                await in_thread(load_driver)
            except ModuleNotFoundError as error:
                raise StoreError(
                    f"the provider mongodb needs pymongo; {install_from_clone('mongodb')}", retryable=False
                ) from error
        if self._client is None:  # nobody made it meanwhile
            self._client = client_of(self._url.get_secret_value(), "options.url")
        return self._client

    async def _definition_in(self, document: Mapping[str, Any]) -> dict[str, Any]:
        fields = self._options.fields
        definition: dict[str, Any] = {}
        if (backend := value_at(document, fields.backend)) is not None or self._options.backend is not None:
            definition["backend"] = self._options.backend if backend is None else backend
        if (timeouts := value_at(document, fields.timeouts)) is not None:
            definition["timeouts"] = timeouts
        if isinstance(fields.options, str):
            stored = value_at(document, fields.options)
        else:
            found = {option: value_at(document, path) for option, path in fields.options.items()}
            stored = {option: value for option, value in found.items() if value is not None}
        if not isinstance(stored, Mapping | None):
            return {**definition, "options": stored}  # who checks it says what is expected
        stored = dict(stored or {})
        for option in self._options.secrets:
            if stored.get(option) is not None:
                stored[option] = await self._plain_text(option, stored[option], document)
        return {**definition, "options": {**self._options.options, **stored}}

    async def _plain_text(self, option: str, value: object, document: Mapping[str, Any]) -> str:
        if self._decrypt is None:
            raise AssertionError("there are no secrets where nothing decrypts them")
        if not isinstance(value, str):
            raise BadArguments(
                f"{self._shown}: the option {option} is stored encrypted: expected text, got {kind_of(value)}",
                ["connector"],
            )
        try:
            if inspect.iscoroutinefunction(self._decrypt):
                made = await self._decrypt(value, document)
            else:  # deriving a key takes its time
                made = await self._in_thread(partial(self._decrypt, value, document))
                if inspect.isawaitable(made):
                    made = await made
        except VcaError:
            raise
        except Exception as error:  # noqa: BLE001 - raised below, without its text, which may show the secret
            cause = scrub_cause(error, SecretValues([value, *secrets_in(document)]).scrub)
            failure = PluginError(f"{self._shown}: decrypting the option {option} failed with {cause.kind}")
            failure.__cause__ = Cause(cause.kind, "its text is not shown: it may hold the secret", cause.frames)
        else:
            if isinstance(made, str):
                return made
            raise PluginError(f"{self._shown}: decrypting the option {option} gave {kind_of(made)}, not text")
        raise failure

    async def _in_thread(self, work: Callable[[], R]) -> R:
        """Run a function of others; one that never returns holds up neither its caller's end nor the process's."""
        places = self._places
        await places.acquire()
        ended = begin_in_thread(work, "vca-decrypt")
        ended.add_done_callback(lambda _: places.release())
        return (await asyncio.shield(ended)).get()


_IS_SECRET: ContextVar[bool] = ContextVar("vca_reads_secrets", default=False)


def _is_loggable(_: logging.LogRecord) -> bool:
    return not _IS_SECRET.get()


@contextmanager
def _keep_unlogged() -> Iterator[None]:
    """Keep the driver from logging commands and answers, which it does at the level DEBUG."""
    logging.getLogger("pymongo.command").addFilter(_is_loggable)  # once: it is the same function
    token = _IS_SECRET.set(True)
    try:
        yield
    finally:
        _IS_SECRET.reset(token)


def _function(value: str) -> Decrypt:
    """Import what decrypts, which a config names as ``module:function``."""
    found = Entry("decrypt", value, "the config", "", "").load()
    if not callable(found):
        raise BadArguments(f"options.decrypt: expected a function, got {value}", ["options.decrypt"])
    return found
