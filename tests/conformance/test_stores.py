"""The stores of this project pass the kit."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.mongo import mongo_server, mongo_url  # noqa: F401 - fixtures

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


class TestMongoStatusStore(StoreConformance):
    @pytest.fixture
    def new_store(self, mongo_url: str) -> StatusStore:  # noqa: F811 - the fixture
        return MongoStatusStore(mongo_url)
