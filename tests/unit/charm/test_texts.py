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
        ({"type": "object", "properties": {}}, "{a: 1, b: [x]}", {"a": 1, "b": ["x"]}),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, "{a: '1'}", {"a": 1}),
        ({"type": "array", "items": {"type": "integer"}}, "['1', 2]", [1, 2]),
        ({"type": ["integer", "null"]}, "7", 7),
        ({"type": ["string", "integer"]}, "7", "7"),
        ({"type": "string"}, "007", "007"),
        ({"type": "string"}, "{a: 1}", "{a: 1}"),
        ({}, "7", "7"),
        ({"allOf": [{"type": ["integer", "string"]}, {"type": ["integer", "boolean"]}]}, "7", 7),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "7", 7),
        ({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}, "true", True),
        ({"oneOf": [{"type": "boolean"}, {"type": "integer"}]}, "1", 1),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "7", "7"),
        ({"anyOf": [{"type": "integer"}, {}]}, "7", "7"),
        ({"type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 1}]}, "7", 7),
        ({"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "object"}]}, "['1']", [1]),
        ({"type": ["array", "object"], "properties": {}}, "{a: 1}", {"a": 1}),
    ],
)
def test_a_text_becomes_what_the_schema_says(schema: Any, text: str, value: Any) -> None:
    found = checked(schema, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("schema", "given", "value"),
    [
        ({"type": "integer"}, 7.0, 7),
        ({"type": ["integer", "null"]}, 4096.0, 4096),
        ({"type": "number"}, 7.0, 7.0),
        ({"type": "string"}, 8080, "8080"),
        ({"type": "string"}, 0.5, "0.5"),
        ({"type": ["string", "integer"]}, 7, 7),
        ({"type": "array", "items": {"type": "string"}}, (1, "a"), ["1", "a"]),
    ],
)
def test_a_number_becomes_what_the_schema_says(schema: Any, given: Any, value: Any) -> None:
    found = checked(schema, given)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("kind", "value"), [("integer", 7.5), ("integer", True), ("string", True), ("boolean", 1)])
def test_what_would_lose_something_is_not_converted(kind: str, value: Any) -> None:
    with pytest.raises(BadArguments, match=r"params_dict\.p: expected"):
        checked({"type": kind}, value)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"patternProperties": {"^n": {"type": "integer"}}}, {"n": 1, "x": "1"}),
        ({"patternProperties": {"^n": {}}, "additionalProperties": {"type": "integer"}}, {"n": "1", "x": 1}),
        ({"allOf": [{"properties": {"n": {"type": "integer"}}}]}, {"n": 1, "x": "1"}),
        ({"anyOf": [{"properties": {"n": {"type": "integer"}}}, {"type": "array"}]}, {"n": 1, "x": "1"}),
        ({"anyOf": [{"properties": {"n": {"type": "integer"}}}, {"required": ["x"]}]}, {"n": "1", "x": "1"}),
        (
            {
                "oneOf": [
                    {"properties": {"n": {"type": "integer"}, "x": {"enum": ["0"]}}},
                    {"properties": {"n": {"type": "integer"}, "x": {"enum": ["1"]}}},
                ]
            },
            {"n": 1, "x": "1"},
        ),
    ],
)
def test_schemas_that_are_put_together_are_followed(schema: Any, value: Any) -> None:
    assert checked({"properties": {}, **schema}, {"n": "1", "x": "1"}) == value


@pytest.mark.parametrize("schema", [{"type": "object"}, {}, {"type": "object", "patternProperties": {"a": {}}}])
def test_an_object_is_taken_where_properties_of_it_are_declared(schema: dict[str, Any]) -> None:
    for value in ({"a": 1}, {}, "{a: 1}" if schema else {"a": {}}):
        with pytest.raises(BadArguments, match=r"params_dict\.p: Juju takes a mapping there only where"):
            checked(schema, value)
    assert checked({**schema, "properties": {}}, {"a": 1}) == {"a": 1}
    with pytest.raises(BadArguments, match=r"params_dict\.p\.q: Juju takes a mapping"):
        checked({"properties": {"q": schema}}, {"q": {}})
    assert checked({"type": "array", "items": schema}, [{"a": 1}]) == [{"a": 1}]


def test_defaults_are_not_checked_and_need_not_be_filled_in() -> None:
    schema = {"p": {"type": "integer", "default": "many"}, "q": {"default": None}, "r": {}}
    action = Action("act", {"type": "object", "properties": schema})
    assert check_params(action, {"r": 1}) == {"p": "many", "q": None, "r": 1}
    assert check_params(action, {"r": 1}, fill=False) == {"r": 1}


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


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**17, 10**25])
def test_a_number_that_juju_would_round_is_refused(number: int) -> None:
    for value in (number, str(number)):
        with pytest.raises(BadArguments, match=r"params_dict.p: expected a whole number( of at most 53 bits|, got)"):
            checked({"type": "integer"}, value)
        assert checked({"type": "string"}, value) == str(number)


@given(st.integers(1 - 2**53, 2**53 - 1))
def test_every_number_comes_back_from_its_text(number: int) -> None:
    assert checked({"type": "integer"}, str(number)) == number
