"""An author reads where two values differ, and not all of both."""

from __future__ import annotations

from vca_core.status import Entity, EntityState
from vca_core.testing.differences import contrast, differences, shorten

LONG = 70_000 * "x"


def test_a_short_value_is_shown_as_it_is() -> None:
    assert shorten({"a": 1}) == "{'a': 1}"


def test_a_long_value_is_shown_with_its_end_and_its_length() -> None:
    shown = shorten(f"{LONG}!")
    assert shown.endswith("x!' (70,003 characters)")
    assert len(shown) < 300


def test_two_long_texts_are_shown_where_they_part() -> None:
    expected, found = contrast(f"{LONG}{{end", f"{LONG}END")
    assert "{end" in expected
    assert "END" in found
    assert "of 70,004 characters, from number 69,981" in expected


def test_a_text_that_was_cut_is_shown_at_its_end() -> None:
    expected, found = contrast(LONG, LONG[:65_536])
    assert expected.endswith("... (of 70,000 characters, from number 65,517)")
    assert found.endswith("xx' (of 65,536 characters, from number 65,517)")


def test_what_looks_alike_is_told_with_its_type() -> None:
    assert contrast(1, True) == ("1 (int)", "True (bool)")
    assert contrast(1, 2) == ("1", "2")


def test_the_parts_that_differ_are_named() -> None:
    unit = Entity("unit", "app/0")
    before = {"entities": [EntityState(unit, "active")], "address": "a", "old": 1}
    now = {"entities": [EntityState(unit, "error", "hook failed")], "address": "a", "new": 2}
    assert differences(before, now, "listed") == [
        "listed['entities'][0].native was 'active' and is 'error'",
        "listed['entities'][0].detail was '' and is 'hook failed'",
        "listed['old'] was 1 and is gone",
        "listed['new'] is new: 2",
    ]


def test_what_is_the_same_has_no_differences() -> None:
    assert differences([1, {"a": 2}], [1, {"a": 2}]) == []


def test_a_list_in_place_of_a_tuple_is_a_difference() -> None:
    assert differences((1,), [1], "it") == ["it was (1,) (tuple) and is [1] (list)"]


def test_many_differences_are_counted() -> None:
    told = differences(list(range(9)), list(range(1, 10)), "it")
    assert len(told) == 6
    assert told[-1] == "4 more parts differ"
