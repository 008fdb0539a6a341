"""What filters match and what updates make of a document: MongoDB's rules."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.errors import BadArguments, StoreError
from vca_core.stores.document import apply_update, check_filter, matches, new_document, plain_value, set_path

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "x"])
KEYS = st.sampled_from(["a", "b", "0", "1", "2", "_id2"])
VALUES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3), max_leaves=8
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)
PATHS = st.lists(KEYS, min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("document", "path", "after"),
    [
        ({}, "a", {"a": 9}),
        ({"a": 1, "b": 2}, "a", {"a": 9, "b": 2}),
        ({}, "a.b.c", {"a": {"b": {"c": 9}}}),
        ({"a": {"x": 1}}, "a.b", {"a": {"x": 1, "b": 9}}),
        ({}, "a.0", {"a": {"0": 9}}),  # what is missing becomes an object, also for a number
        ({"a": {}}, "a.0.b", {"a": {"0": {"b": 9}}}),
        ({"a": []}, "a.0", {"a": [9]}),
        ({"a": [1, 2]}, "a.1", {"a": [1, 9]}),
        ({"a": [1]}, "a.3", {"a": [1, None, None, 9]}),
        ({"a": [1]}, "a.2.b", {"a": [1, None, {"b": 9}]}),
        ({"a": [{"b": 1}]}, "a.0.b", {"a": [{"b": 9}]}),
        ({"a": [[1]]}, "a.0.2", {"a": [[1, None, 9]]}),
        ({"a": None}, "a", {"a": 9}),
        (
            {"_admin": {"deployed": {"VCA": []}}},
            "_admin.deployed.VCA.1.s",
            {"_admin": {"deployed": {"VCA": [None, {"s": 9}]}}},
        ),
    ],
)
def test_a_path_is_set_as_mongodb_sets_it(document: dict[str, Any], path: str, after: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    assert set_path(document, path, 9) == after
    assert document == before


@pytest.mark.parametrize(
    ("document", "path", "reason"),
    [
        ({"a": 1}, "a.b", "got a whole number"),
        ({"a": "text"}, "a.0", "got text"),
        ({"a": None}, "a.b", "got null"),
        ({"a": [None]}, "a.0.b", "got null"),
        ({"a": []}, "a.b", "expected a position"),
        ({"a": []}, "a.-1", "expected a position"),
        ({"a": []}, "a.01", "expected a position"),
        ({"a": []}, "a.1500001", "near the end"),
        ({}, "", "empty part"),
        ({}, "a..b", "empty part"),
        ({}, "a.", "empty part"),
        ({"a": []}, "a.$.b", "operator"),
        ({"_id": 1}, "_id", "keeps"),
        ({"_id": {"x": 1}}, "_id.x", "keeps"),
    ],
)
def test_what_mongodb_refuses_is_refused_and_never_retried(document: dict[str, Any], path: str, reason: str) -> None:
    with pytest.raises(StoreError, match=reason) as caught:
        set_path(document, path, 9)
    assert not caught.value.retryable
    assert repr(path) in str(caught.value)


def test_an_update_sets_all_its_paths() -> None:
    assert apply_update({"a": [1]}, {"a.1.b": 2, "a.1.c": 3, "d": None}) == {"a": [1, {"b": 2, "c": 3}], "d": None}


def test_an_update_cannot_set_a_path_and_what_is_below_it() -> None:
    with pytest.raises(StoreError, match="'a' is set by the same update"):
        apply_update({}, {"a": {}, "a.b": 1})


def test_the_id_may_be_set_to_what_it_is() -> None:
    assert set_path({"_id": "x"}, "_id", "x") == {"_id": "x"}


@given(DOCUMENTS, PATHS, VALUES)
def test_what_was_set_is_found_and_the_old_document_unchanged(document: dict[str, Any], path: str, value: Any) -> None:
    before = copy.deepcopy(document)
    try:
        after = set_path(document, path, value)
    except StoreError:
        after = document
    else:
        found: Any = after
        for part in path.split("."):
            found = found[int(part)] if isinstance(found, list) else found[part]
        assert found == value
        assert set_path(after, path, value) == after
    assert document == before
    assert {key: document[key] for key in document if key != path.split(".", maxsplit=1)[0]} == {
        key: after[key] for key in document if key != path.split(".", maxsplit=1)[0]
    }


@pytest.mark.parametrize(
    ("document", "filter", "matching"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": False}, {"a": False}, True),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": {"b": 1}}, {"a.b": 1}, True),
        ({"a": {"b": 1}}, {"a": 1}, False),
        ({"a": [1, 2]}, {"a": 2}, True),
        ({"a": [1, 2]}, {"a.1": 2}, True),
        ({"a": [1, 2]}, {"a.0": 2}, False),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a.b": 2}, True),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a.0.b": 2}, False),
        ({"a": {"0": 5}}, {"a.0": 5}, True),
        ({}, {"a": None}, True),
        ({"a": None}, {"a": None}, True),
        ({"a": 0}, {"a": None}, False),
        ({"a": 1}, {"a.b": None}, True),
        ({"a": [{"b": 1}, {}]}, {"a.b": None}, True),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False),
    ],
)
def test_a_filter_is_equality_on_dotted_paths(document: dict[str, Any], filter: dict[str, Any], matching: bool) -> None:
    check_filter(filter)
    assert matches(document, filter) is matching


@pytest.mark.parametrize(
    "filter",
    [None, {}, [], "x", {1: 2}, {"": 1}, {"a..b": 1}, {"$or": 1}, {"a": {"$gt": 1}}, {"a.$": 1}, {"a": [1]},
     {"a": float("nan")}, {"a": object()}],
)  # fmt: skip
def test_anything_but_equality_is_a_bad_argument(filter: Any) -> None:
    with pytest.raises(BadArguments) as caught:
        check_filter(filter)
    assert caught.value.bad_args[0].startswith("filter")


@given(VALUES)
def test_plain_data_is_copied_whole(value: Any) -> None:
    copied = plain_value(value, "it")
    assert copied == value
    assert copied is not value or not isinstance(value, dict | list)


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {3}}, [b"x"], float("inf"), {"a": [float("nan")]}])
def test_what_json_has_not_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(BadArguments, match=r"^it"):
        plain_value(value, "it")


@pytest.mark.parametrize("document", [None, [], {}, {"_id": None}, {"_id": []}, {"_id": "x", "a": object()}])
def test_a_document_without_an_id_or_of_other_data_is_refused(document: Any) -> None:
    with pytest.raises(BadArguments):
        new_document(document)
