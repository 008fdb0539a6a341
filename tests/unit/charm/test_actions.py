"""Primitives: the schemas that charms may write, and what parameters fit them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.charm import Action, Charm, check_params
from vca_core.errors import BadArguments

Read = Callable[[dict[str, str]], Charm]
Refused = Callable[[dict[str, str]], str]

CANARY = "canary-7f3a"


def action(**schema: Any) -> Action:
    return Action("run", {"type": "object", **schema})


def problems(action: Action, params: Any) -> BadArguments:
    with pytest.raises(BadArguments) as caught:
        check_params(action, params)
    return caught.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Touch: {}", "Touch: expected a name of lower-case letters"),
        ("touch_it: {}", "touch_it: expected a name of lower-case letters"),
        ("-a: {}", "-a: expected a name of lower-case letters"),
        ("juju-run: {}", "juju-run: names that begin with juju are reserved"),
        ("juju: {}", "juju: names that begin with juju are reserved"),
        ("a: text", "a: expected a mapping, got text"),
        ("a: {description: 7}", "a.description: expected text"),
        ("a: {parallel: 'yes'}", "a.parallel: expected true or false"),
        ("a: {execution-group: [b]}", "a.execution-group: expected text"),
        ("a: {type: array}", "a.type: expected the type object"),
        ("a: {params: {b: text}}", "a.params.b: expected a mapping"),
        ("a: {params: {b: {type: str}}}", "a.params.b.type: expected one of the types array, boolean, integer, "),
        ("a: {params: {b: {items: 7}}}", "a.params.b.items: expected a valid JSON schema"),
        ("a: {params: {b: {required: true}}}", "a.params.b.required: expected a valid JSON schema"),
        ("a: {params: {b: {pattern: '['}}}", "a.params.b.pattern: expected a regular expression"),
        ("a: {patternProperties: {'[': {}}}", "a.patternProperties: expected a regular expression"),
        ("a: {params: {b: {$ref: '#/x'}}}", "a.params.b.$ref: a schema cannot refer to another one"),
        ("a: {$schema: 'http://json-schema.org/draft-07/schema'}", "a.$schema: a schema cannot refer to another"),
        ("a: {required: b}", "a.required: expected a list"),
        ("a: {required: [7]}", "a.required.0: expected text"),
        ("a: {required: [b, b]}", "a.required: expected a valid JSON schema"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_reported_with_file_and_key(refused: Refused, text: str, message: str) -> None:
    assert refused({"metadata.yaml": "name: x", "actions.yaml": text}).startswith(f"actions.yaml: {message}")


@pytest.mark.parametrize(
    ("given", "meant"), [("str", "string"), ("int", "integer"), ("bool", "boolean"), ("dict", "object")]
)
def test_a_type_in_programmers_terms_gets_a_suggestion(refused: Refused, given: str, meant: str) -> None:
    message = refused({"metadata.yaml": "name: x", "actions.yaml": f"a: {{params: {{b: {{type: {given}}}}}}}"})
    assert message.endswith(f": did you mean {meant!r}?")


def test_charms_of_juju_itself_may_name_their_actions_so(read: Read) -> None:
    assert list(read({"metadata.yaml": "name: juju-controller", "actions.yaml": "juju-x: {}"}).actions) == ["juju-x"]


def test_parameters_may_be_named_like_the_keys_of_schemas(read: Read) -> None:
    text = "a: {params: {format: {type: string}, pattern: {type: string}, properties: {type: object}, type: {}}}"
    found = read({"metadata.yaml": "name: x", "actions.yaml": text}).action("a")
    assert list(found.params) == ["format", "pattern", "properties", "type"]
    assert check_params(found, {"format": "x", "pattern": "["}) == {"format": "x", "pattern": "["}


def test_an_empty_list_of_required_parameters_requires_none(read: Read) -> None:
    found = read({"metadata.yaml": "name: x", "actions.yaml": "a: {required: [], params: {b: }}"}).action("a")
    assert found.required == ()
    assert found.params == {"b": {}}
    assert check_params(found, {}) == {}


def test_an_empty_required_list_makes_no_later_schema_draft(read: Read) -> None:
    text = "a: {required: [], params: {b: {type: integer, minimum: 5, exclusiveMinimum: true}}}"
    found = read({"metadata.yaml": "name: x", "actions.yaml": text}).action("a")
    assert check_params(found, {"b": 6}) == {"b": 6}
    assert problems(found, {"b": 5}).bad_args == ["params_dict.b"]


def test_keywords_of_a_later_draft_are_taken(read: Read) -> None:
    text = "a: {params: {b: {type: integer, exclusiveMinimum: 5}}}"
    found = read({"metadata.yaml": "name: x", "actions.yaml": text}).action("a")
    assert check_params(found, {"b": 6}) == {"b": 6}
    assert problems(found, {"b": 5}).bad_args == ["params_dict.b"]


def test_an_unknown_primitive_is_reported_with_those_there_are() -> None:
    charm = Charm("x", actions={name: Action(name) for name in ("touch", "reboot")})
    with pytest.raises(BadArguments) as caught:
        charm.action("tuch")
    assert caught.value.bad_args == ["primitive_name"]
    assert str(caught.value) == (
        "primitive_name: charm x has no primitive 'tuch': did you mean 'touch'? There are: reboot, touch"
    )


def test_what_fits_is_given_back_with_the_defaults_filled_in() -> None:
    inner = {"type": "object", "properties": {"y": {"default": [1]}, "z": {"type": "string"}}}
    found = action(properties={"a": {"default": False}, "b": {"type": "string"}, "c": inner, "d": {"default": None}})
    given = {"c": {"z": "x"}, "more": 1}
    assert check_params(found, given) == {"a": False, "c": {"z": "x", "y": [1]}, "d": None, "more": 1}
    assert given == {"c": {"z": "x"}, "more": 1}


def test_defaults_are_not_shared_between_calls() -> None:
    found = action(properties={"a": {"default": [1]}})
    check_params(found, {})["a"].append(2)
    assert check_params(found, {}) == {"a": [1]}


def test_none_is_no_parameters() -> None:
    assert check_params(action(), None) == {}  # type: ignore[arg-type]


@pytest.mark.defect("D82")
@pytest.mark.parametrize(
    "name", ["db_dict", "action_name", "model_name", "total_timeout", "self", "type", "properties"]
)
def test_a_parameter_may_have_any_name(name: str) -> None:
    assert check_params(action(properties={name: {"type": "string"}}), {name: "x"}) == {name: "x"}
    assert problems(action(additionalProperties=False), {name: "x"}).bad_args == [f"params_dict.{name}"]


NESTED = {"type": "object", "properties": {"d": {"type": "integer"}}, "additionalProperties": False, "required": ["d"]}
STRICT = action(
    properties={
        "a": {"type": "string", "maxLength": 3, "pattern": "^x"},
        "b": {"type": ["integer", "null"], "minimum": 5},
        "c": {"enum": ["on", "off"]},
        "n": NESTED,
        "l": {"type": "array", "items": {"type": "number"}, "uniqueItems": True},
        "o": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]},
    },
    required=["a"],
    additionalProperties=False,
)


@pytest.mark.parametrize(
    ("params", "message", "names"),
    [
        ({}, "params_dict.a: expected a value, which the primitive requires, got nothing", ["a"]),
        ({"a": True}, "params_dict.a: expected text, got true or false", ["a"]),
        ({"a": "x", "b": "many"}, "params_dict.b: expected a whole number or nothing, got text", ["b"]),
        ({"a": "x", "b": True}, "params_dict.b: expected a whole number or nothing, got true or false", ["b"]),
        ({"a": "x", "b": 4}, "params_dict.b: a whole number that does not fit the charm's schema: minimum is 5", ["b"]),
        ({"a": "xxxx"}, "params_dict.a: text that does not fit the charm's schema: maxLength is 3", ["a"]),
        ({"a": "y"}, "params_dict.a: text that does not fit the charm's schema: pattern is ^x", ["a"]),
        ({"a": "x", "c": "of"}, "params_dict.c: expected one of on, off", ["c"]),
        ({"a": "x", "e": 1}, "params_dict.e: there is no such parameter; there are: a, b, c, l, n, o", ["e"]),
        ({"a": "x", "n": {}}, "params_dict.n.d: expected a value, which the primitive requires, got nothing", ["n"]),
        ({"a": "x", "n": {"d": 1, "f": 2}}, "params_dict.n.f: there is no such parameter; there are: d", ["n"]),
        ({"a": "x", "l": [1, "two"]}, "params_dict.l.1: expected a number, got text", ["l"]),
        ({"a": "x", "l": [1, 1]}, "params_dict.l: a list that does not fit the charm's schema: uniqueItems", ["l"]),
        ({"a": "x", "o": "z"}, "params_dict.o: does not fit what the charm's schema asks for with anyOf", ["o"]),
        ({"b": 1, "c": 2}, " (primitive run)", ["a", "b", "c"]),
    ],
)
def test_what_does_not_fit_is_reported_by_name(params: dict[str, Any], message: str, names: list[str]) -> None:
    error = problems(STRICT, params)
    assert message in str(error)
    assert sorted(error.bad_args) == [f"params_dict.{name}" for name in names]


def test_a_required_parameter_must_be_given_despite_a_default() -> None:
    found = action(properties={"a": {"default": 1}}, required=["a"])
    assert problems(found, {}).bad_args == ["params_dict.a"]


@pytest.mark.parametrize("params", ["a=b", 7, [("a", 1)], {7: "a"}])
def test_parameters_are_a_mapping_of_names(params: Any) -> None:
    assert problems(action(), params).bad_args == ["params_dict"]


@pytest.mark.parametrize("schema", [{"additionalProperties": False}, {"patternProperties": {"^x": {}}}])
def test_names_that_are_no_text_are_refused_further_down_too(schema: dict[str, Any]) -> None:
    found = action(properties={"a": {"type": "object", **schema}})
    assert problems(found, {"a": {7: CANARY}}).bad_args == ["params_dict.a"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_refused(value: float) -> None:
    found = action(properties={"a": {"type": "number", "multipleOf": 0.5}})
    assert problems(found, {"a": value}).bad_args == ["params_dict.a"]
    assert problems(action(), {"a": [value]}).bad_args == ["params_dict.a"]


def test_data_within_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "within itself" in str(problems(action(), {"a": endless}))


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object(), {"b": [1j]}])
def test_what_json_does_not_have_is_refused(value: Any) -> None:
    error = problems(action(), {"a": value})
    assert error.bad_args == ["params_dict.a"]
    assert "expected plain data, got an object of class " in str(error)


def test_objects_are_made_where_there_are_defaults_in_them() -> None:
    level = {"type": "object", "properties": {"level": {"type": "integer", "default": 5}, "other": {}}}
    kind = {"type": "string", "default": "gzip"}
    found = action(properties={"spec": {"type": "object", "properties": {"kind": kind, "sub": level}}, "bare": {}})
    assert check_params(found, {}) == {"spec": {"kind": "gzip", "sub": {"level": 5}}}
    assert check_params(found, {"spec": {"kind": "xz"}}) == {"spec": {"kind": "xz", "sub": {"level": 5}}}
    assert check_params(found, {"spec": {"sub": {"level": 1}}}) == {"spec": {"kind": "gzip", "sub": {"level": 1}}}


VALUES = st.recursive(
    st.just(CANARY) | st.text(max_size=3).map(lambda text: CANARY + text),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.sampled_from("adf"), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.defect("D80")
@given(st.dictionaries(st.sampled_from(["a", "b", "c", "n", "l", "o", "zz"]), VALUES, max_size=5))
def test_values_are_never_shown(params: dict[str, Any]) -> None:
    error = problems(STRICT, params)
    assert CANARY not in str(error)
    assert CANARY not in repr(error.bad_args)
    assert error.__cause__ is None
