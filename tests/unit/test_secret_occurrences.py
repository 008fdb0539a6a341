"""Secrets are found wherever they stand, also where they overlap themselves, in a time that grows with the text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vca_core.secrets import SecretValues
from vca_core.secrets.occurrences import find_spans

LETTERS = st.text("ab", max_size=40)


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
