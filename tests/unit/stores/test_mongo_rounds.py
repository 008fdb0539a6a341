"""How writes that wait are sorted into bulks for MongoDB."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vca_core.stores import Write
from vca_core.stores.mongo_bulks import rounds_of

FILTERS = st.sampled_from(["a", 1, 1.0, "1", None]).map(
    lambda identity: {"n": 1} if identity is None else {"_id": identity}
)
WRITES = st.lists(st.builds(Write, st.sampled_from(["t", "u"]), FILTERS, st.just({"n": 1})), max_size=30)


def may_be_one(one: Write, other: Write) -> bool:
    return one.table == other.table and (one.document == other.document or None in (one.document, other.document))


@given(WRITES)
def test_each_write_is_in_one_bulk_of_its_collection(writes: list[Write]) -> None:
    rounds = rounds_of(writes)
    assert sorted(number for numbers in rounds for number in numbers) == list(range(len(writes)))
    for numbers in rounds:
        assert len({writes[number].table for number in numbers}) == 1


@given(WRITES)
def test_writes_that_may_be_of_one_document_keep_their_order(writes: list[Write]) -> None:
    bulk_of = {number: at for at, numbers in enumerate(rounds_of(writes)) for number in numbers}
    for later, write in enumerate(writes):
        for earlier in range(later):
            if may_be_one(writes[earlier], write):
                assert bulk_of[earlier] < bulk_of[later]
