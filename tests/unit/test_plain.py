"""Plain data: what is, what is not, and that nothing of it is shown."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.errors import BackendError
from vca_core.plain import DEEPEST, Place, copy_plain, flaws, plain, weight

CANARY = "canary-4711"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=8,
)


def refuse(place: Place, reason: str) -> BackendError:
    return BackendError(f"{'.'.join(place)}: {reason}")


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@given(PLAIN)
def test_plain_data_comes_back_equal_and_shares_nothing(value: Any) -> None:
    made = plain(value, refuse)
    assert made == value
    assert made is not value or not isinstance(value, dict | list)


def test_tuples_become_lists() -> None:
    assert plain({"a": (1, (2,))}, refuse) == copy_plain({"a": (1, (2,))}) == {"a": [1, [2]]}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": {"b": [1, {CANARY}]}}, "a.b.1: expected plain data, got an object of class set"),
        ({"a": date(2026, 1, 2)}, "a: expected plain data, got a date"),
        ({"a": float("nan")}, "a: expected a finite number"),
        ({"a": [float("inf")]}, "a.0: expected a finite number"),
        ({"a": {7: CANARY}}, "a: expected names as keys, got a whole number"),
        (CANARY.encode(), ": expected plain data, got an object of class bytes"),
    ],
)
def test_a_flaw_is_reported_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(BackendError) as caught:
        plain(value, refuse)
    assert str(caught.value).startswith(message)
    assert CANARY not in str(caught.value)


def test_all_flaws_are_found() -> None:
    assert [place for place, _ in flaws({"a": b"", "b": 1, "c": [0, b""]})] == [("a",), ("c", "1")]


def test_data_is_as_deep_as_it_may_be() -> None:
    assert plain(nested(DEEPEST + 1), refuse) == nested(DEEPEST + 1)
    with pytest.raises(BackendError, match="deeper than 50 levels"):
        plain(nested(DEEPEST + 2), refuse)


def test_what_holds_itself_twice_is_refused_at_once() -> None:
    endless: list[Any] = []
    endless += [endless, endless]
    assert len(list(itertools.islice(flaws(endless), 3))) == 3


def test_weight_counts_values_and_text_up_to_a_bound() -> None:
    assert weight({"a": [1, 2], "b": "x"}, 100) == 5
    assert weight("x" * 5_000, 100) == 6
    endless: list[Any] = []
    endless += [endless, endless]
    assert weight(endless, 100) == 100
