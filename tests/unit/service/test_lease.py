"""One apply of an NS at a time, on whatever store processes share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from vca_core.errors import StoreError
from vca_core.service import lease as leases
from vca_core.service.lease import COLLECTION, Holder, Lease
from vca_core.stores import StatusStore

ELSEWHERE = {"_id": ".n", "holder": "h", "word": "w", "process": 7, "host": "far", "machine": "m", "since": "noon"}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("GONE", 0.4), ("_RENEWED", 0.05), ("_SURE", 0.2), ("_BETWEEN", 0.02)):
        monkeypatch.setattr(leases, name, seconds)


def ignore(_: Holder) -> None:
    pass


async def test_two_hold_it_one_after_the_other(
    make_store: Callable[[], StatusStore], shared_store: StatusStore
) -> None:
    other = make_store()
    await other.open()
    told: list[Holder] = []
    held: list[int] = []

    async def hold(number: int, store: StatusStore) -> None:
        async with Lease(store, ".n", 10.0, told.append).hold():
            held.append(number)
            await asyncio.sleep(0.6)  # longer than one that is not renewed lasts
            held.append(number)

    await asyncio.gather(hold(1, shared_store), hold(2, other))
    assert held in ([1, 1, 2, 2], [2, 2, 1, 1])
    assert len(told) == 1
    assert await shared_store.find(COLLECTION) == []
    await other.close()


async def test_one_that_is_not_renewed_is_taken_over(shared_store: StatusStore) -> None:
    await shared_store.ensure(COLLECTION, ELSEWHERE)
    told: list[Holder] = []
    async with Lease(shared_store, ".n", 10.0, told.append).hold():
        [there] = await shared_store.find(COLLECTION)
        assert there["holder"] != "h"
    assert [str(one) for one in told] == ["process 7 on host far, since noon"]


async def test_one_of_a_process_that_is_dead_is_taken_at_once(shared_store: StatusStore) -> None:
    if (machine := leases._machine()) is None:
        pytest.skip("nothing says which processes see each other's numbers")
    dead = await asyncio.create_subprocess_exec("true")
    await dead.wait()
    await shared_store.ensure(COLLECTION, {**ELSEWHERE, "machine": machine, "process": dead.pid})
    told: list[Holder] = []
    async with Lease(shared_store, ".n", 10.0, told.append).hold():
        pass
    assert told == []


async def test_a_holder_that_lost_it_is_stopped(shared_store: StatusStore) -> None:
    taken: dict[str, Any] = {name: value for name, value in ELSEWHERE.items() if name != "_id"}

    async def hold_until_stopped() -> None:
        async with Lease(shared_store, ".n", 10.0, ignore).hold():
            assert await shared_store.set(COLLECTION, {"_id": ".n"}, taken)
            await asyncio.Event().wait()

    with pytest.raises(StoreError, match="process 7 on host far, since noon has taken it over"):
        await hold_until_stopped()
    assert (await shared_store.find(COLLECTION))[0]["holder"] == "h", "it is another one's"


async def test_an_error_of_what_runs_is_raised_as_it_is(shared_store: StatusStore) -> None:
    with pytest.raises(KeyError, match="own"):
        async with Lease(shared_store, ".n", 10.0, ignore).hold():
            raise KeyError("own")
    assert await shared_store.find(COLLECTION) == []
