"""The suite on a store that can be made again and again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from vca_core.stores import StatusStore
from vca_core.testing.own_tables import OwnTables
from vca_core.testing.run import STORE
from vca_core.testing.stores import StoreConformance


class TestStore(StoreConformance):
    """The store that the program was asked to examine."""

    @pytest_asyncio.fixture
    async def new_store(self, pytestconfig: pytest.Config) -> AsyncIterator[StatusStore]:
        """A new one."""
        store = pytestconfig.stash[STORE]()
        yield store
        if isinstance(store, OwnTables):
            await store.remove_tables()

    @pytest.fixture
    def second_store(self, new_store: StatusStore) -> StatusStore:
        """Another one on the same tables, where it is known how to make it."""
        if not isinstance(new_store, OwnTables):
            pytest.skip("no fixture `second_store`: only a store that is named by its URL is opened a second time")
        return new_store.reopen()
