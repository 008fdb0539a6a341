"""Regular expressions of charms: those that Go takes, within bounds of memory."""

from __future__ import annotations

import re

import pytest
import re2

from vca_core.charm import Action, check_params
from vca_core.charm.actions import read_actions
from vca_core.charm.expressions import MOST_IN_A_CHARM, MOST_PATTERNS, Patterns
from vca_core.charm.fields import Field
from vca_core.errors import BadArguments
from vca_jujusim.patterns import is_pattern

LETTERS = "aжλ中" * 20


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        (r"^\p{L}{1,80}$", LETTERS, LETTERS + "a"),
        (r"^[\p{L}\p{N}]{80,90}$", LETTERS, LETTERS[1:]),
        (r"^(\p{L}{1,20}){2,4}$", LETTERS, "a"),
    ],
    ids=["once", "a set of two", "twice"],
)
def test_sets_of_letters_may_be_repeated(pattern: str, fits: str, does_not: str) -> None:
    action = Action("a", {"type": "object", "properties": {"text": {"type": "string", "pattern": pattern}}})
    assert check_params(action, {"text": fits}) == {"text": fits}
    with pytest.raises(BadArguments, match="pattern is"):
        check_params(action, {"text": does_not})
    assert is_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(.{1,1000}){1,10}", "(x{100}){11}", "x{1001}"])
def test_what_go_does_not_repeat_that_often_is_refused(pattern: str) -> None:
    with pytest.raises(BadArguments, match="invalid repetition size"):
        Patterns().compiled(pattern)
    assert not is_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"\p{L}{200}", r"\p{L}{1000}" * 20], ids=["twice as much", "far too much"])
def test_a_pattern_that_takes_too_much_memory_is_refused(pattern: str) -> None:
    with pytest.raises(BadArguments, match=r"got '.*': compiled, it has more than [0-9]+ bytes; repeat less in it"):
        Patterns().compiled(pattern)


def test_a_long_pattern_is_refused_before_it_is_read() -> None:
    with pytest.raises(BadArguments, match="it has 10001 characters, and 10000 are the most; write less"):
        Patterns().compiled("k" * 10_001)
    Patterns().compiled("k" * 10_000)


@pytest.mark.parametrize("key", ["id", "$id"])
def test_a_name_of_a_schema_is_a_url(key: str) -> None:
    schema = {"params": {"a": {key: "http://[bad", "type": "string"}}}
    with pytest.raises(BadArguments, match=rf"a\.params\.a\.{re.escape(key)}: expected a URL, got .*; leave it out"):
        read_actions(Field("actions.yaml", {"a": schema}), "x")


def test_a_charm_has_a_budget_of_patterns() -> None:
    def actions(count: int) -> Field:
        schema = {"params": {"text": {"type": "string", "pattern": r"\p{L}{1,100}"}}}
        return Field("actions.yaml", {f"a{one}": schema for one in range(count)})

    assert len(read_actions(actions(8), "x")) == 8
    with pytest.raises(BadArguments, match=rf"a8\.params\.text\.pattern: expected .* at most {MOST_IN_A_CHARM} instr"):
        read_actions(actions(9), "x")


def test_patterns_are_kept_as_long_as_they_are_small_together() -> None:
    patterns = Patterns(size=75_000)
    first = patterns.compiled(r"\p{L}{1,25}").regexp
    small = patterns.compiled("small").regexp
    assert patterns.compiled(r"\p{L}{1,25}").regexp is first
    patterns.compiled(r"\p{L}{1,50}")
    assert patterns.size <= 75_000
    assert patterns.compiled(r"\p{L}{1,25}").regexp is not first
    patterns.compiled(r"\p{L}{1,100}")
    assert patterns.size > 75_000, "the one in use is kept, however large"
    assert patterns.compiled("other").regexp is not small
    assert patterns.size <= 75_000


def test_small_patterns_are_kept_up_to_a_number() -> None:
    patterns = Patterns()
    for number in range(MOST_PATTERNS + 1):
        patterns.compiled(f"a{number}")
    assert len(patterns) == MOST_PATTERNS


def test_nobody_else_keeps_a_large_pattern() -> None:
    patterns = Patterns()
    large = patterns.compiled(r"\p{L}{1,50}").regexp
    assert re2.compile(r"\p{L}{1,50}", large.options) is not large
