"""The suite for status stores: documents in collections, with the semantics of MongoDB's ``$set``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar, Protocol

import pytest
import pytest_asyncio

from vca_core.errors import BadArguments, StoreError
from vca_core.stores import StatusStore, Write
from vca_core.testing.leftovers import Holdings, leftovers_since
from vca_core.testing.sequences import compare_with_memory
from vca_core.testing.suite import Suite

_AT_ONCE = 40
_ROUNDS = 10
_STEPS = 12
_TOGETHER = 50

_ODD_TABLES = ["ns..rs", "nsrs.", "a$b", "a\0b", "a b", "\ud800", "A-b", "é", "x" * 300]
"""Names that some databases do not take."""

_BAD_FILTERS: list[Any] = [
    {},
    [],
    {"$or": []},
    {"_id": 10**5000},
    {"_id": object()},
    {"_id": "\ud800"},
    {"_id": "\0"},
    {"_id": "a", "a\0b": None},
    {"_id": "a", "x.": 1},
    {1: 2},
]
_BAD_UPDATES: list[Any] = [
    {},
    {"a\0b": 1},
    {"$set": 1},
    {"x..y": 1},
    {"\ud800": 1},
    {"_id": "c"},
    {"x": object()},
    {"x": 10**5000},
    {"x": 2**70},
    {"x": {"$y": 1, "a\0b": 1, "\ud800": 1}},
]


class Outage(Protocol):
    """Takes a store's server away."""

    async def begin(self) -> None:
        """Cut the store off from its server."""

    async def end(self) -> None:
        """Let the store reach its server again."""


@pytest.mark.asyncio
class StoreConformance(Suite, suite=True):
    """Everything that a status store promises (`vca_core.stores.StatusStore`).

    Adopt it in one file::

        class TestMyStore(StoreConformance):
            @pytest.fixture
            def new_store(self, tmp_path: Path) -> StatusStore:
                return MyStore(tmp_path / "documents")
    """

    many: ClassVar[int] = 300
    """Documents in a big table."""

    @pytest.fixture
    def new_store(self) -> StatusStore:
        """A store that is not opened, with nothing in it; to be given by the class that adopts this one."""
        raise NotImplementedError("give the class a fixture `new_store` that returns a StatusStore, not opened")

    @pytest.fixture
    def second_store(self, new_store: StatusStore) -> StatusStore:
        """Another instance of the same store, not opened; given by a class whose store several processes can use."""
        pytest.skip(f"no fixture `second_store`: what several processes do with one {type(new_store).__name__}")

    @pytest.fixture
    def outage(self, new_store: StatusStore) -> Outage:
        """Takes the store's server away; given by a class whose store has one."""
        pytest.skip(f"no fixture `outage`: a {type(new_store).__name__} whose server goes away")

    @pytest.fixture
    def lost_answers(self, new_store: StatusStore) -> Outage:
        """Lets a store's requests through to its server, and no answer back; given as `outage` is."""
        pytest.skip(f"no fixture `lost_answers`: a {type(new_store).__name__} whose server's answers are lost")

    @pytest_asyncio.fixture
    async def two_stores(
        self, store: StatusStore, second_store: StatusStore
    ) -> AsyncIterator[tuple[StatusStore, StatusStore]]:
        """Two open instances of one store."""
        await second_store.open()
        yield store, second_store
        await second_store.close()

    @pytest_asyncio.fixture
    async def store(self, new_store: StatusStore, record_property: Any) -> AsyncIterator[StatusStore]:
        """An open store; closed when the check ends."""
        record_property("vca_subject", type(new_store).__name__)
        await new_store.open()
        yield new_store
        await new_store.close()

    async def test_a_document_is_made_once(self, store: StatusStore) -> None:
        """The first one stays, and other collections have their own."""
        assert await store.ensure("nsrs", {"_id": "ns1", "a": 1})
        assert not await store.ensure("nsrs", {"_id": "ns1", "a": 2})
        assert await store.ensure("others", {"_id": "ns1"})
        assert await store.get("nsrs", {"_id": "ns1"}) == {"_id": "ns1", "a": 1}

    async def test_setting_returns_whether_a_document_matched(self, store: StatusStore) -> None:
        """A list grows to the index that is set; a document that is not there is not made."""
        await store.ensure("nsrs", {"_id": "ns1", "vca": []})
        assert await store.set("nsrs", {"_id": "ns1"}, {"vca.1.status": "running", "vca.1.x": 1})
        assert not await store.set("nsrs", {"_id": "ns2"}, {"vca": 1})
        assert not await store.set("nothing", {"_id": "ns1"}, {"vca": 1})
        assert await store.get("nsrs", {"_id": "ns1"}) == {"_id": "ns1", "vca": [None, {"status": "running", "x": 1}]}
        assert await store.find("nothing") == []

    async def test_only_the_first_document_that_matches_is_set(self, store: StatusStore) -> None:
        """The oldest one."""
        for name in ("b", "a"):
            await store.ensure("t", {"_id": name, "kind": "x"})
        assert await store.set("t", {"kind": "x"}, {"seen": True})
        assert [document["_id"] for document in await store.find("t", {"seen": True})] == ["b"]

    async def test_what_cannot_be_set_is_refused_and_changes_nothing(self, store: StatusStore) -> None:
        """A StoreError that says which path, and that a retry does not help."""
        await store.ensure("t", {"_id": 1, "a": "text"})
        with pytest.raises(StoreError, match=r"a\.b") as caught:
            await store.set("t", {"_id": 1}, {"c": 1, "a.b": 2})
        assert not caught.value.retryable
        assert await store.get("t", {"_id": 1}) == {"_id": 1, "a": "text"}
        assert await store.set("t", {"_id": 1}, {"a": 2})

    async def test_a_batch_says_what_became_of_each_write(self, store: StatusStore) -> None:
        """One that is refused, or finds no document, costs the others nothing; those of one document are in order."""
        for name in ("a", "b"):
            await store.ensure("t", {"_id": name, "text": "x", "n": 0})
        query, other = {"_id": "a"}, {"_id": "b"}
        matched, refused, unmatched, bad, guarded, passed, last, other_one, elsewhere = await store.batch(
            [
                Write("t", query, {"n": 1}),
                Write("t", query, {"text.no": 1, "n": 2}),
                Write("t", {"_id": "c"}, {"n": 3}),
                Write("t", {"$or": []}, {"n": 4}),
                Write("t", {**query, "n": 1}, {"n": 5}),
                Write("t", {**query, "n": 1}, {"n": 6}),
                Write("t", {"n": 5}, {"m.0": 7}),
                Write("t", other, {"n": 8}),
                Write("u", query, {"n": 9}),
            ]
        )
        assert (matched, unmatched, guarded, passed, last) == (True, False, True, False, True)
        assert (other_one, elsewhere) == (True, False)
        assert isinstance(refused, StoreError)
        assert "text.no" in str(refused)
        assert not refused.retryable
        assert isinstance(bad, BadArguments)
        assert await store.get("t", query) == {"_id": "a", "text": "x", "n": 5, "m": {"0": 7}}
        assert await store.get("t", other) == {"_id": "b", "text": "x", "n": 8}
        assert await store.batch([]) == []

    async def test_a_bad_write_costs_the_others_of_its_batch_nothing(self, store: StatusStore) -> None:
        """Whatever is wrong with it: its table, its filter, its update. It may be refused, and nothing is raised."""
        for name in ("a", "b", "c"):
            await store.ensure("t", {"_id": name})
        bad = [
            *(Write(table, {"_id": "a"}, {"bad": 1}) for table in _ODD_TABLES),
            *(Write("t", filter, {"bad": 1}) for filter in _BAD_FILTERS),
            *(Write("t", {"_id": "b"}, update) for update in _BAD_UPDATES),
        ]
        for number, write in enumerate(bad, start=1):
            good = [Write("t", {"_id": name}, {"n": number}) for name in ("a", "b", "c")]
            outcomes = await store.batch([good[0], write, good[1], write, good[2]])
            assert outcomes[0::2] == [True, True, True], f"beside {write!r}"
        assert [document["n"] for document in await store.find("t")] == [len(bad)] * 3

    @pytest.mark.parametrize("table", _ODD_TABLES, ids=ascii)
    async def test_a_table_is_refused_or_keeps_documents(self, store: StatusStore, table: str) -> None:
        """What `check_table` refuses, with BadArguments, each method refuses; any other name is a table."""
        try:
            store.check_table(table)
        except BadArguments as error:
            assert error.bad_args == ["table"]
        else:
            assert await store.ensure(table, {"_id": 1})
            assert await store.set(table, {"_id": 1}, {"n": 1})
            assert await store.find(table) == [{"_id": 1, "n": 1}]
            return
        calls: list[Callable[[], Awaitable[Any]]] = [
            lambda: store.ensure(table, {"_id": 1}),
            lambda: store.set(table, {"_id": 1}, {"n": 1}),
            lambda: store.get(table, {"_id": 1}),
            lambda: store.exists(table, {"_id": 1}),
            lambda: store.find(table),
            lambda: store.delete(table, {"_id": 1}),
        ]
        for call in calls:
            with pytest.raises(BadArguments) as caught:
                await call()
            assert caught.value.bad_args == ["table"]

    async def test_a_large_batch_is_made_in_order(self, store: StatusStore) -> None:
        """Each write of hundreds, those of one document one after the other, and on its way when the call returns."""
        names = [f"d{number}" for number in range(_TOGETHER)]
        for name in names:
            await store.ensure("t", {"_id": name, "n": 0})
        steps = range(_STEPS)
        writes = [Write("t", {"_id": name, "n": step}, {"n": step + 1}) for step in steps for name in names]
        assert await store.batch(writes) == [True] * len(writes)
        assert [document["n"] for document in await store.find("t")] == [_STEPS] * _TOGETHER
        free = [Write("t", {"_id": name}, {"n": -step}) for step in steps for name in names]
        assert await store.batch(free) == [True] * len(free)
        assert [document["n"] for document in await store.find("t")] == [-steps[-1]] * _TOGETHER

    async def test_what_is_given_out_is_a_copy(self, store: StatusStore) -> None:
        """Nor does a document change with what it was made of."""
        document: dict[str, Any] = {"_id": 1, "a": {"b": []}}
        await store.ensure("t", document)
        document["a"]["b"].append(1)
        [found] = await store.find("t")
        found["a"]["b"].append(2)
        assert await store.get("t", {"_id": 1}) == {"_id": 1, "a": {"b": []}}

    async def test_documents_are_found_and_deleted_by_any_path(self, store: StatusStore) -> None:
        """Oldest first; the number of the deleted ones is returned."""
        for number in range(3):
            await store.ensure("t", {"_id": number, "a": {"odd": bool(number % 2)}})
        assert [document["_id"] for document in await store.find("t", {"a.odd": False})] == [0, 2]
        assert await store.exists("t", {"_id": 1, "a.odd": True})
        assert not await store.exists("t", {"_id": 1, "a.odd": False})
        assert await store.delete("t", {"a.odd": False}) == 2
        assert await store.delete("t", {"a.odd": False}) == 0
        assert await store.find("t") == [{"_id": 1, "a": {"odd": True}}]
        assert await store.find("u") == []

    @pytest.mark.parametrize("method", ["set", "get", "delete", "exists", "find"])
    async def test_a_filter_that_is_none_is_refused(self, store: StatusStore, method: str) -> None:
        """Operators are not allowed: BadArguments names the key."""
        update = ({"a": 1},) if method == "set" else ()
        with pytest.raises(BadArguments) as caught:
            await getattr(store, method)("t", {"$or": []}, *update)
        assert caught.value.bad_args == ["filter.$or"]

    async def test_what_is_no_plain_data_is_refused(self, store: StatusStore) -> None:
        """BadArguments says where it stands; a document needs an ``_id``."""
        await store.ensure("t", {"_id": 1})
        with pytest.raises(BadArguments, match=r"a\.b"):
            await store.set("t", {"_id": 1}, {"a": {"b": object()}})
        with pytest.raises(BadArguments, match="_id"):
            await store.ensure("t", {"a": 1})
        assert await store.find("t") == [{"_id": 1}]

    async def test_a_store_can_be_opened_again(self, store: StatusStore) -> None:
        """What was written is there still; closing twice is harmless."""
        await store.ensure("t", {"_id": 1})
        assert await store.set("t", {"_id": 1}, {"n": 1})
        await store.close()
        await store.close()
        await store.open()
        assert await store.get("t", {"_id": 1}) == {"_id": 1, "n": 1}

    async def test_writes_at_once_lose_nothing(self, store: StatusStore) -> None:
        """Of one document, each of them a field of its own."""
        await store.ensure("t", {"_id": 1})
        numbers = range(_AT_ONCE)
        assert all(await asyncio.gather(*(store.set("t", {"_id": 1}, {f"a.{n}.b": n}) for n in numbers)))
        document = await store.get("t", {"_id": 1})
        assert document is not None
        assert document["a"] == {str(n): {"b": n} for n in numbers} or document["a"] == [{"b": n} for n in numbers]

    async def test_only_one_of_many_makes_a_document(self, store: StatusStore) -> None:
        """Identities are claimed by it."""
        made = await asyncio.gather(*(store.ensure("t", {"_id": 1, "by": number}) for number in range(_AT_ONCE)))
        assert made.count(True) == 1
        document = await store.get("t", {"_id": 1})
        assert document is not None
        assert document["by"] == made.index(True)

    async def test_two_instances_at_once_lose_nothing(self, two_stores: tuple[StatusStore, StatusStore]) -> None:
        """Of one document, each write a field of its own; a store that reads, changes and writes back loses some."""
        await two_stores[0].ensure("t", {"_id": 1, "a": {"b": {}}})
        numbers = range(_AT_ONCE)
        writes = [two_stores[n % 2].set("t", {"_id": 1}, {f"a.b.n{n}": n}) for n in numbers]
        assert all(await asyncio.gather(*writes))
        for store in two_stores:
            document = await store.get("t", {"_id": 1})
            assert document is not None
            assert document["a"]["b"] == {f"n{n}": n for n in numbers}

    async def test_of_two_instances_one_wins(self, two_stores: tuple[StatusStore, StatusStore]) -> None:
        """Who sets what a filter names, makes a document or deletes it: exactly one does, and both see it."""
        for number in range(_ROUNDS):
            query = {"_id": number}
            made = await asyncio.gather(*(two_stores[n % 2].ensure("t", {**query, "by": None}) for n in range(4)))
            assert made.count(True) == 1
            takers = [two_stores[n % 2].set("t", {**query, "by": None}, {"by": n}) for n in range(4)]
            taken = await asyncio.gather(*takers)
            assert taken.count(True) == 1, f"{taken.count(True)} took one token"
            for store in two_stores:
                assert await store.get("t", query) == {**query, "by": taken.index(True)}
            assert await two_stores[0].set("t", query, {"by": "last"})
            assert await two_stores[1].get("t", query) == {**query, "by": "last"}, "it gives what it read before"
            deleted = await asyncio.gather(*(two_stores[n % 2].delete("t", query) for n in range(4)))
            assert sum(deleted) == 1

    async def test_of_two_instances_one_wins_in_a_batch(self, two_stores: tuple[StatusStore, StatusStore]) -> None:
        """Of several batches that take tokens, each is won by one, also where what they write is the same."""
        for number in range(_ROUNDS):
            ids = [f"{number}.{token}" for token in range(3)]
            for identity in ids:
                await two_stores[0].ensure("t", {"_id": identity, "free": True, "in": {"n": 0}})
            writes = [
                Write("t", {"_id": ids[0], "free": True}, {"free": False}),
                Write("t", {"_id": ids[1], "free": True}, {"free": None, "by": "one of two"}),
                Write("t", {"_id": ids[2], "in.n": 0}, {"in": {"n": 1}}),
            ]
            both = await asyncio.gather(*(two_stores[n % 2].batch(writes) for n in range(2)))
            for won in zip(*both, strict=True):
                assert won.count(True) == 1, f"{won.count(True)} took one token"
            assert await two_stores[1].batch(writes) == [False] * 3, "each is taken"

    async def test_while_its_server_is_away_it_says_so(self, store: StatusStore, outage: Outage) -> None:
        """Each call raises a StoreError that may be retried; afterwards what was written is there, and it goes on."""
        await store.ensure("t", {"_id": 1, "n": 0})
        await outage.begin()
        calls: list[Callable[[], Awaitable[Any]]] = [
            lambda: store.set("t", {"_id": 1}, {"n": 1}),
            lambda: store.get("t", {"_id": 1}),
            lambda: store.find("t"),
            lambda: store.exists("t", {"_id": 1}),
            lambda: store.ensure("t", {"_id": 2}),
            lambda: store.delete("t", {"_id": 1}),
        ]
        for call in calls:
            with pytest.raises(StoreError) as caught:
                await call()
            assert caught.value.retryable
        [failed] = await store.batch([Write("t", {"_id": 1}, {"n": 1})])
        assert isinstance(failed, StoreError)
        assert failed.retryable
        await outage.end()
        assert await store.get("t", {"_id": 1}) == {"_id": 1, "n": 0}
        assert await store.batch([Write("t", {"_id": 1}, {"n": 2})]) == [True]

    async def test_a_write_that_is_repeated_changes_nothing_more(self, store: StatusStore) -> None:
        """As after an answer that was lost: the core makes the same call again."""
        await store.ensure("t", {"_id": 1, "list": []})
        update = {"n": 1, "list.2.n": 1, "deep.er": {"a": [1]}}
        expected = {"_id": 1, "n": 1, "list": [None, None, {"n": 1}], "deep": {"er": {"a": [1]}}}
        for _ in range(2):
            assert await store.set("t", {"_id": 1}, update)
            assert await store.batch([Write("t", {"_id": 1}, update)] * 2) == [True, True]
            assert await store.get("t", {"_id": 1}) == expected
        assert [await store.ensure("t", {"_id": 2, "n": n}) for n in range(2)] == [True, False]
        assert await store.get("t", {"_id": 2}) == {"_id": 2, "n": 0}
        assert [await store.delete("t", {"_id": 2}) for _ in range(2)] == [1, 0]

    async def test_a_write_whose_answer_is_lost_may_be_repeated(self, store: StatusStore, lost_answers: Outage) -> None:
        """It is an error that may be retried, or the store finds out by itself; made again, it is made once."""
        await store.ensure("t", {"_id": 1, "n": 0, "list": []})
        await store.ensure("t", {"_id": 3})
        writes: list[Callable[[], Awaitable[Any]]] = [
            lambda: store.set("t", {"_id": 1}, {"n": 1, "list.1": 1}),
            lambda: store.batch([Write("t", {"_id": 1}, {"n": 2}), Write("t", {"_id": 3}, {"n": 2})]),
            lambda: store.ensure("t", {"_id": 2, "n": 0}),
            lambda: store.delete("t", {"_id": 3}),
        ]
        for write in writes:
            assert await store.exists("t", {"_id": 1}), "it is in reach"
            await lost_answers.begin()
            try:
                result = await write()
            except StoreError as error:
                assert error.retryable
            else:
                failed = [one for one in (result if isinstance(result, list) else []) if isinstance(one, Exception)]
                assert all(isinstance(one, StoreError) and one.retryable for one in failed)
            await lost_answers.end()
            await write()
        assert await store.find("t") == [{"_id": 1, "n": 2, "list": [None, 1]}, {"_id": 2, "n": 0}]

    async def test_a_big_table_keeps_its_order(self, store: StatusStore) -> None:
        """Filters of two keys find one among many, and what was changed stays where it was."""
        for first in range(0, self.many, _TOGETHER):
            numbers = range(first, min(first + _TOGETHER, self.many))
            documents = [{"_id": f"d{number}", "model": f"m{number % 7}", "n": number} for number in numbers]
            await asyncio.gather(*(store.ensure("t", document) for document in documents))
        before = [document["n"] for document in await store.find("t")]
        assert sorted(before) == list(range(self.many))
        assert [number // _TOGETHER for number in before] == [number // _TOGETHER for number in range(self.many)]
        last = self.many - 4 - (self.many - 4 - 3) % 7
        assert await store.set("t", {"model": "m3", "n": last}, {"big": "x" * 50_000})
        found = await store.find("t")
        assert [document["n"] for document in found] == before
        assert [document["model"] for document in found if "big" in document] == ["m3"]
        assert await store.delete("t", {"model": "m3"}) == len(range(3, self.many, 7))

    async def test_a_cancelled_write_is_done_or_not_and_before_later_ones(self, store: StatusStore) -> None:
        """Never by half, and never after a write that came behind it."""
        await store.ensure("t", {"_id": 1, "n": -1, "late": -1})
        for number in range(_AT_ONCE):
            write = asyncio.ensure_future(store.set("t", {"_id": 1}, {"n": number, "late": number}))
            for _ in range(number % 8):
                await asyncio.sleep(0)
            write.cancel()
            await asyncio.wait((write,))
            document = await store.get("t", {"_id": 1})
            assert document is not None
            assert document["n"] == document["late"], "it was written by half"
            assert await store.set("t", {"_id": 1}, {"n": -1, "late": -1})
        await asyncio.sleep(0)
        assert await store.get("t", {"_id": 1}) == {"_id": 1, "n": -1, "late": -1}

    async def test_it_does_what_the_store_in_memory_does(self, store: StatusStore) -> None:
        """Step by step, in sequences that are drawn by a seed; errors are of the same class."""
        await compare_with_memory(store)

    async def test_closing_leaves_nothing(self, new_store: StatusStore) -> None:
        """No task, no thread, no socket and no file."""
        before = Holdings.now()
        await new_store.open()
        await new_store.ensure("t", {"_id": 1})
        await asyncio.gather(*(new_store.set("t", {"_id": 1}, {"n": n}) for n in range(_AT_ONCE)))
        await new_store.close()
        assert await leftovers_since(before, 3) == []
