"""The stores of this project pass the kit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from support.mongo import mongo_server, mongo_url  # noqa: F401 - fixtures
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


class TestMongoStatusStore(StoreConformance):
    @pytest_asyncio.fixture
    async def proxy(self, mongo_url: str) -> AsyncIterator[TcpProxy]:  # noqa: F811 - the fixture
        async with tcp_proxy(urlsplit(mongo_url).netloc.rpartition("@")[2]) as proxy:
            yield proxy

    @pytest.fixture
    def url(self, mongo_url: str, proxy: TcpProxy) -> str:  # noqa: F811 - as above
        url = mongo_url.replace(urlsplit(mongo_url).netloc.rpartition("@")[2], proxy.address)
        return f"{url}{'&' if '?' in url else '?'}serverSelectionTimeoutMS=1000&directConnection=true"

    @pytest.fixture
    def new_store(self, url: str) -> StatusStore:
        return MongoStatusStore(url)

    @pytest.fixture
    def second_store(self, new_store: StatusStore, url: str) -> StatusStore:
        return MongoStatusStore(url)

    @pytest.fixture
    def outage(self, new_store: StatusStore, proxy: TcpProxy) -> Cut:
        return Cut(proxy)
