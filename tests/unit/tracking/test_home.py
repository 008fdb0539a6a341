"""A home is written over what its writer last saw there, and over nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from vca_core._tracking.entry import Written
from vca_core._tracking.home import Home, put_past_no_later
from vca_core._tracking.place import Place, status_fields
from vca_core.errors import StoreError
from vca_core.status import DeploymentStatus
from vca_core.stores import MemoryStore, StatusStore

PATHS = ["vca", "_admin.deployed.VCA.0", "_admin.deployed.VCA.2"]


def fields(detail: str) -> dict[str, Any]:
    return status_fields(DeploymentStatus.RUNNING, detail, "maintenance", "unit")


async def yes(_: StatusStore) -> bool:
    return True


async def no(_: StatusStore) -> bool:
    return False


def place(path: str) -> Place:
    return Place("nsrs", (("_id", "ns"),), path)


async def stored(path: str) -> MemoryStore:
    store = MemoryStore()
    document = {"_id": "ns", "_admin": {"deployed": {"VCA": [{"name": "first"}]}}}
    await store.ensure("nsrs", document)
    return store


async def detail_at(store: StatusStore, path: str) -> Any:
    document: Any = await store.get("nsrs", {"_id": "ns"})
    for part in path.split("."):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document["detailed-status"]


@pytest.mark.parametrize("path", PATHS)
async def test_the_first_status_needs_nothing_to_stand_there(path: str) -> None:
    store = await stored(path)
    assert await Home(place(path)).put(store, fields("first"), yes) is Written.STORED
    assert await detail_at(store, path) == "first"


@pytest.mark.parametrize("path", PATHS)
async def test_an_operations_own_path_takes_the_first_status(path: str) -> None:
    store = await stored(path)
    home, first = Home(place(path)), fields("first")
    assert await home.put_over(store, first) is Written.STORED
    assert await home.put_over(store, first) is Written.STORED, "repeated after a lost answer"
    assert await Home(place(path)).put_over(store, fields("another's")) is Written.STORED
    assert await home.put_over(store, fields("second")) is Written.STORED
    assert await detail_at(store, path) == "second"


async def test_a_gone_document_takes_nothing_at_a_path_of_its_own() -> None:
    store = await stored("op")
    home = Home(place("op"))
    await home.put_over(store, fields("first"))
    await store.delete("nsrs", {"_id": "ns"})
    assert await home.put_over(store, fields("second")) is Written.NO_DOCUMENT
    assert await Home(place("op")).put_over(store, fields("third")) is Written.NO_DOCUMENT


async def overtaken(store: MemoryStore, path: str) -> Home:
    """A writer's home, where another one has written since."""
    mine, other = Home(place(path)), Home(place(path))
    await mine.put(store, fields("mine"), yes)
    await other.put(store, fields("the other's"), yes)
    return mine


@pytest.mark.parametrize("path", PATHS)
async def test_what_a_rival_wrote_since_stays_unless_the_ee_is_ours(path: str) -> None:
    store = await stored(path)
    mine = await overtaken(store, path)
    assert await mine.put(store, fields("late"), no) is Written.PASSED
    assert await detail_at(store, path) == "the other's"
    assert await mine.put(store, fields("on top"), yes) is Written.STORED
    assert await detail_at(store, path) == "on top"


@pytest.mark.parametrize("path", PATHS)
async def test_none_of_several_late_writes_passes(path: str) -> None:
    store = await stored(path)
    mine = await overtaken(store, path)
    for detail in ("late", "later", "too late"):
        assert await mine.put(store, fields(detail), no) is Written.PASSED
    assert await detail_at(store, path) == "the other's"


async def test_a_write_whose_answer_was_lost_finds_itself() -> None:
    class Forgetful(MemoryStore):
        forgets = True

        async def set(self, table: str, filter: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
            matched = await super().set(table, filter, update)
            if self.forgets:
                self.forgets = False
                raise StoreError("the answer was lost")
            return matched

    store = Forgetful()
    await store.ensure("nsrs", {"_id": "ns"})
    home, written = Home(place("vca")), fields("once")
    with pytest.raises(StoreError):
        await home.put(store, written, yes)
    assert await home.put(store, written, no) is Written.STORED


async def test_what_says_the_same_is_no_news() -> None:
    store = await stored("vca")
    await Home(place("vca")).put(store, fields("same"), yes)
    before = await store.get("nsrs", {"_id": "ns"})
    assert await Home(place("vca")).put(store, fields("same"), yes, only_news=True) is Written.SAME
    assert await store.get("nsrs", {"_id": "ns"}) == before


async def test_who_has_not_seen_a_home_yet_asks_before_it_writes() -> None:
    store = await stored("vca")
    await Home(place("vca")).put(store, fields("another's"), yes)
    assert await Home(place("vca")).put(store, fields("late"), no) is Written.PASSED
    assert await detail_at(store, "vca") == "another's"


async def test_a_document_that_is_gone_is_reported() -> None:
    assert await Home(place("vca")).put(MemoryStore(), fields("x"), yes) is Written.NO_DOCUMENT


TIMES = [{"at": 1}, [1], 7, 2**70, True]


@pytest.mark.parametrize("time", TIMES, ids=str)
async def test_a_time_of_another_kind_holds_no_writer_up(time: Any) -> None:
    store = await stored("vca")
    home = Home(place("vca"))
    await home.put(store, fields("first"), yes)
    await store.set("nsrs", {"_id": "ns"}, {"vca.status-time": time})
    assert await home.put(store, fields("second"), yes) is Written.STORED
    await store.set("nsrs", {"_id": "ns"}, {"vca.status-time": time})
    assert await Home(place("vca")).put(store, fields("third"), yes) is Written.STORED
    assert await detail_at(store, "vca") == "third"


@pytest.mark.parametrize("own", [None, ["1.0"]])
@pytest.mark.parametrize("time", [{"at": 1}, [1]], ids=str)
async def test_what_has_no_time_is_not_later(time: Any, own: list[str] | None) -> None:
    store = await stored("vca")
    await store.set("nsrs", {"_id": "ns"}, {"vca.status-time": time})
    assert await put_past_no_later(store, place("vca"), fields("late"), own) is Written.STORED


async def test_each_status_has_a_later_time_than_the_one_before() -> None:
    times = [float(fields("x")["status-time"]) for _ in range(1000)]
    assert all(one < next_one for one, next_one in itertools.pairwise(times))
