"""What is said in place of a name that there is not."""

from __future__ import annotations

import pytest

from vca_core.suggestions import did_you_mean, instead


@pytest.mark.parametrize(
    ("given", "known", "said"),
    [
        ("egde", ["edge", "core"], ": did you mean 'edge'?"),
        ("Totl", ["total", "read"], ": did you mean 'total'?"),
        ("totl", ["TOTAL"], ": did you mean 'TOTAL'?"),
        ("xyz", ["edge", "core"], ""),
        ("edge", [], ""),
    ],
)
def test_what_may_have_been_meant_is_suggested(given: str, known: list[str], said: str) -> None:
    assert did_you_mean(given, known) == said


@pytest.mark.parametrize(
    ("given", "known", "said"),
    [
        ("egde", {"edge": 1, "core": 2}, ": did you mean 'edge'? There are: core, edge"),
        ("xyz", ["edge", "core"], "; there are: core, edge"),
        ("xyz", [], "; there are none"),
        ("xyz", [f"n{number:02}" for number in range(22)], " and 2 more"),
    ],
)
def test_the_names_that_there_are_follow(given: str, known: list[str], said: str) -> None:
    assert instead(given, known).endswith(said)
