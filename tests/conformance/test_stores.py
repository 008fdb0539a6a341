"""The stores of this project pass the kit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.mongo import NAMED, direct_url, mongo_server, mongo_url, primary_of  # noqa: F401 - fixtures
from support.tcp_proxy import TcpProxy, tcp_proxy

from vca_core.stores import MemoryStore, StatusStore
from vca_core.stores.mongo import MongoStatusStore
from vca_core.stores.sqlite import SqliteStore
from vca_core.testing import StoreConformance


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def new_store(self) -> StatusStore:
        return MemoryStore()


class TestSqliteStore(StoreConformance):
    many = 10_000

    @pytest.fixture
    def new_store(self, tmp_path: Path) -> StatusStore:
        return SqliteStore(tmp_path / "status.db")

    @pytest.fixture
    def second_store(self, new_store: StatusStore, tmp_path: Path) -> StatusStore:
        return SqliteStore(tmp_path / "status.db")


class Cut:
    """An outage, as a proxy in front of the server makes it."""

    def __init__(self, proxy: TcpProxy) -> None:
        self._proxy = proxy

    async def begin(self) -> None:
        self._proxy.is_refusing = True
        self._proxy.cut()

    async def end(self) -> None:
        self._proxy.is_refusing = False


class Swallowed:
    """Lost answers, as a proxy makes them: the server is told everything, and nobody hears of it."""

    def __init__(self, proxy: TcpProxy) -> None:
        self._proxy = proxy

    async def begin(self) -> None:
        self._proxy.cut_answers_after = 0

    async def end(self) -> None:
        self._proxy.cut_answers_after = None


class TestMongoStatusStore(StoreConformance):
    many = 300 if NAMED is None else 10_000  # what the tests start scans all documents for each filter

    @pytest_asyncio.fixture
    async def proxy(self, mongo_url: str) -> AsyncIterator[TcpProxy]:  # noqa: F811 - the fixture
        async with tcp_proxy(primary_of(mongo_url)) as proxy:
            yield proxy

    @pytest.fixture
    def url(self, mongo_url: str, proxy: TcpProxy) -> str:  # noqa: F811 - as above
        return direct_url(mongo_url, proxy.address, "serverSelectionTimeoutMS=1000")

    @pytest.fixture
    def new_store(self, url: str) -> StatusStore:
        return MongoStatusStore(url)

    @pytest.fixture
    def second_store(self, new_store: StatusStore, url: str) -> StatusStore:
        return MongoStatusStore(url)

    @pytest.fixture
    def outage(self, new_store: StatusStore, proxy: TcpProxy) -> Cut:
        return Cut(proxy)

    @pytest.fixture
    def lost_answers(self, new_store: StatusStore, proxy: TcpProxy) -> Swallowed:
        return Swallowed(proxy)
