"""Parameters given as text become what the action's schema says, and stay text where it says text or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.charm import Action, Option, check_params, coerce
from vca_core.errors import BadArguments
from vca_core.written import Texts, Written
from vca_core.yaml_reader import read_yaml


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


def read_from(text: str) -> Written:
    """Values as a file has them."""
    texts: Texts = {}
    return Written(read_yaml(text, texts=texts), texts)


@pytest.mark.parametrize("text", ["007", "1.10", "12:30:45", "0x1F", "2024-01-01", "yes", "on", "1e3", "-.5", "1_000"])
def test_text_that_yaml_takes_for_more_stays_as_written(text: str) -> None:
    words = {"type": "string"}
    within = {"type": "object", "properties": {"o": {"type": "object", "properties": {"t": words}}}}
    listed = {"type": "array", "items": words}
    schema = {"type": "object", "properties": {"t": words, "within": within, "listed": listed, "any": {}}}
    given = read_from(f"t: {text}\nwithin: {{o: {{t: {text}}}}}\nlisted: [{text}, x]\nany: {text}\n")
    assert check_params(Action("act", schema), given) == {
        "t": text,
        "within": {"o": {"t": text}},
        "listed": [text, "x"],
        "any": read_yaml(text),
    }
    assert checked(within, f"o: {{t: {text}}}") == {"o": {"t": text}}, "also in the text of an object"
    assert checked(listed, f"[{text}]") == [text]
    assert coerce({"t": Option("t")}, read_from(f"t: {text}")) == {"t": text}


def test_what_yaml_reads_stays_where_the_schema_asks_for_it() -> None:
    kinds = {"n": "integer", "f": "number", "b": "boolean"}
    schema = {"type": "object", "properties": {name: {"type": kind} for name, kind in kinds.items()}}
    given = read_from("n: 0x1F\nf: 1.10\nb: yes\n")
    assert check_params(Action("act", schema), given) == {"n": 31, "f": 1.1, "b": True}
    options = {"n": Option("n", "int"), "f": Option("f", "float"), "b": Option("b", "boolean")}
    assert coerce(options, given) == {"n": 31, "f": 1.1, "b": True}


def test_a_value_changed_since_it_was_read_counts_as_it_is() -> None:
    given = read_from("t: 1.10\n")
    given["t"] = 1.2
    assert coerce({"t": Option("t")}, given) == {"t": "1.2"}


def test_what_is_merged_in_does_not_spell_another_value() -> None:
    given = read_from("base: &base {t: 1.10, u: 2.50}\nown: {<<: *base, t: 1.1}\n")
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in "tu"}}
    both = {"type": "object", "properties": {"own": schema, "base": schema}}
    assert check_params(Action("act", both), given)["own"] == {"t": "1.1", "u": "2.50"}
