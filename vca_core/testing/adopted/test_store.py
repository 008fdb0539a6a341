"""The suite on a store that can be made again and again."""

from __future__ import annotations

import pytest

from vca_core.stores import StatusStore
from vca_core.testing.run import STORE
from vca_core.testing.stores import StoreConformance


class TestStore(StoreConformance):
    """The store that the programme was told to examine."""

    @pytest.fixture
    def new_store(self, pytestconfig: pytest.Config) -> StatusStore:
        """A new one."""
        return pytestconfig.stash[STORE]()
