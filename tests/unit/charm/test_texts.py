"""Parameters given as text become what the action's schema says, and stay text where it says text or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.charm import Action, check_params
from vca_core.errors import BadArguments


def checked(schema: Any, value: Any) -> Any:
    return check_params(Action("act", {"type": "object", "properties": {"p": schema}}), {"p": value})["p"]


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "integer"}, "7", 7),
        ({"type": "integer"}, " -07 ", -7),
        ({"type": "number"}, "0.5", 0.5),
        ({"type": "number"}, "7", 7),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "F", False),
        ({"type": "object"}, "{a: 1, b: [x]}", {"a": 1, "b": ["x"]}),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, "{a: '1'}", {"a": 1}),
        ({"type": "array", "items": {"type": "integer"}}, "['1', 2]", [1, 2]),
        ({"type": ["integer", "null"]}, "7", 7),
        ({"type": ["string", "integer"]}, "7", "7"),
        ({"type": "string"}, "007", "007"),
        ({"type": "string"}, "{a: 1}", "{a: 1}"),
        ({}, "7", "7"),
    ],
)
def test_a_text_becomes_what_the_schema_says(schema: Any, text: str, value: Any) -> None:
    found = checked(schema, text)
    assert found == value
    assert type(found) is type(value)


def test_what_is_within_lists_and_objects_is_converted_too() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": {"type": "boolean"}}
    assert checked(schema, {"n": "1", "x": "true"}) == {"n": 1, "x": True}
    assert checked({"type": "array", "items": [{"type": "integer"}]}, ["1", "2"]) == [1, "2"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, "seven"),
        ({"type": "integer"}, "1.5"),
        ({"type": "integer"}, ""),
        ({"type": "number"}, "1e999"),
        ({"type": "boolean"}, "yes"),
        ({"type": "object"}, "[a]"),
        ({"type": "object"}, "{a: "),
        ({"type": "array"}, "a, b"),
        ({"type": "array"}, "[.nan]"),
    ],
)
def test_a_text_that_does_not_fit_is_refused_by_name(schema: Any, value: str) -> None:
    with pytest.raises(BadArguments, match=r"params_dict\.p") as caught:
        checked(schema, value)
    assert caught.value.bad_args == ["params_dict.p"]
    assert value == "" or value not in str(caught.value)


def test_tuples_are_lists() -> None:
    assert checked({"type": "array"}, ("a", ("b",))) == ["a", ["b"]]


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_number_comes_back_from_its_text(number: int) -> None:
    assert checked({"type": "integer"}, str(number)) == number
