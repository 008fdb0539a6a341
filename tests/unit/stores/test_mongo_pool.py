"""A connect of MongoDB's driver that is cancelled leaves no socket open."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from support.unclosed import unclosed_sockets

from vca_core.errors import StoreError
from vca_core.providers.mongo import MongoConnectors
from vca_core.stores.mongo import MongoStatusStore


@pytest.fixture
def silent_address() -> Iterator[str]:
    """An address that answers nobody: the kernel drops requests to connect when enough of them wait to be accepted."""
    with socket.socket() as listening, ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        yield f"127.0.0.1:{listening.getsockname()[1]}"


async def test_a_store_that_does_not_open_leaves_no_socket_open(silent_address: str) -> None:
    store = MongoStatusStore(f"mongodb://{silent_address}/osm?serverSelectionTimeoutMS=20")
    with pytest.raises(StoreError, match="no answer"):
        await store.open()
    assert await unclosed_sockets() == []


async def test_a_provider_that_is_closed_leaves_no_socket_open(silent_address: str) -> None:
    provider = MongoConnectors({"url": f"mongodb://{silent_address}/osm?serverSelectionTimeoutMS=20"})
    with pytest.raises(StoreError, match="no answer"):
        await provider.definition("far")
    await provider.close()
    assert await unclosed_sockets() == []
