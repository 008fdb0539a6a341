"""The address of an execution environment: as its backend says it, kept in its record."""

from __future__ import annotations

import pytest
from support.backends import Plain
from support.making import MakeVca

from vca_core._tracking.place import COLLECTION
from vca_core.backend import Operation
from vca_core.errors import BackendError
from vca_core.hookspecs import hookimpl
from vca_core.naming import EeId, Namespace
from vca_core.stores import MemoryStore

NS = ".ns.vnf"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


class Hosts(Plain):
    """Registers hosts, and moves them when they are gone on with."""

    address: str | None = "192.0.2.7"

    @hookimpl
    async def register_execution_environment(self, op: Operation, namespace: Namespace) -> str | None:
        await op.created("0")
        return self.address

    @hookimpl
    async def resume_execution_environment(self, op: Operation, ee_id: EeId) -> str | None:
        await op.created(ee_id.locator)
        return "192.0.2.8"


CREDENTIALS = {"hostname": "h", "username": "u"}


async def kept_address(store: MemoryStore) -> object:
    [record] = [one for one in await store.find(COLLECTION) if "application" in one]
    return record.get("address")


async def test_the_address_of_an_ee_is_kept_in_its_record(make_vca: MakeVca, store: MemoryStore) -> None:
    connector = make_vca(Hosts, store=store).connector()
    ee_id = await connector.register_execution_environment(NS, CREDENTIALS)
    assert ee_id == "ns.app-vnf-vnf.0"
    assert await kept_address(store) == "192.0.2.7"
    again, address = await connector.create_execution_environment(NS, reuse_ee_id=ee_id)
    assert (again, address) == (ee_id, {"hostname": "192.0.2.8"})
    assert await kept_address(store) == "192.0.2.8"


async def test_an_ee_without_an_address_has_none_in_its_record(make_vca: MakeVca, store: MemoryStore) -> None:
    class Nameless(Hosts):
        address = None

    await make_vca(Nameless, store=store).connector().register_execution_environment(NS, CREDENTIALS)
    assert await kept_address(store) is None


async def test_an_address_that_is_none_is_a_backend_error(make_vca: MakeVca) -> None:
    class Odd(Hosts):
        address = 7  # type: ignore[assignment]

    with pytest.raises(BackendError, match="where an address is expected"):
        await make_vca(Odd).connector().register_execution_environment(NS, CREDENTIALS)
