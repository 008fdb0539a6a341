"""Secrets are found wherever they stand, also where they overlap themselves, in a time that grows with the text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vca_core.secrets import SecretValues
from vca_core.secrets.occurrences import drop_within, find_spans

LETTERS = st.text("ab", max_size=40)

SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda one: (one[0], one[0] + one[1])), max_size=20
)


@given(form=st.text("ab", min_size=1, max_size=9), text=LETTERS)
@example(form="aabaa", text="aabaabaabaa")
@example(form="abab", text="abababab")
def test_spans_cover_what_occurrences_cover(form: str, text: str) -> None:
    whole = {at + more for at in range(len(text)) if text.startswith(form, at) for more in range(len(form))}
    assert {at for start, end in find_spans(form, text) for at in range(start, end)} == whole


@given(unit=st.text("ab", min_size=1, max_size=5), times=st.integers(1, 300), before=LETTERS, after=LETTERS)
def test_long_runs_are_found_to_their_end(unit: str, times: int, before: str, after: str) -> None:
    form, text = unit * (times // 2 + 1), before + unit * times + after
    whole = {at + more for at in range(len(text)) if text.startswith(form, at) for more in range(len(form))}
    assert {at for start, end in find_spans(form, text) for at in range(start, end)} == whole


@given(spans=SPANS, others=SPANS)
def test_spans_within_another_one_are_left_out(spans: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    left = {one for one in spans if not any(first <= one[0] and one[1] <= last for first, last in others)}
    assert drop_within(spans, others) == left


class Text(str):
    """A text that counts how often it is searched."""

    __slots__ = ("searches",)

    def __init__(self, _: str) -> None:
        self.searches = 0

    def find(self, *given: Any) -> int:
        self.searches += 1
        return super().find(*given)


@pytest.mark.parametrize("unit", ["a", "ab", "abc" * 700 + "d"], ids=["one letter", "two letters", "a long unit"])
def test_a_form_that_repeats_itself_is_searched_a_few_times(unit: str) -> None:
    text = Text((unit * 65_000)[:65_000])
    assert len(list(find_spans(unit * (30_000 // len(unit)), text))) == 1
    assert text.searches < 5


def test_a_secret_that_repeats_itself_is_soon_taken_out() -> None:
    text = Text("a" * 65_000)
    assert SecretValues(["a" * 10_000]).scrub(text) == "***"
    assert 0 < text.searches < 10


def test_many_secrets_beside_many_spared_names_are_taken_out() -> None:
    scrubbed = SecretValues(["abcd"]).scrub_own("abcd zabcdz " * 1_300, spared=["zabcdz"])
    assert scrubbed == "*** zabcdz " * 1_300
