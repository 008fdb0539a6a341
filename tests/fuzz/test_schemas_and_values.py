"""Schemas of hostile charms and values of hostile callers: refused or checked within a bound, never a hang.

Bounds are counts of steps, values and characters; a test that needed minutes before ends in its time-out.
"""

from __future__ import annotations

from typing import Any

import pytest

from vca_core import arguments
from vca_core.charm import Action, check_params
from vca_core.charm.keywords import MOST_STEPS
from vca_core.errors import BadArguments
from vca_core.plain import LARGEST_NUMBER, MOST_TEXT, MOST_VALUES
from vca_core.secrets import secrets_in
from vca_core.secrets.finding import url_without_credentials

pytestmark = pytest.mark.timeout(60)


def action(**schema: Any) -> Action:
    return Action("run", {"type": "object", **schema})


def refusal(schema: dict[str, Any], params: dict[str, Any]) -> str:
    with pytest.raises(BadArguments) as caught:
        check_params(action(**schema), params)
    return caught.value.message


def doubled(times: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(times):
        value = [value, value]
    return value


@pytest.mark.parametrize("pattern", ["^([a-z]+)*$", "(x+x+)+y", "^(a|a)*$", "(.*a){20}$"])
def test_patterns_take_time_linear_in_the_text(pattern: str) -> None:
    long = "a" * 50_000 + "!"
    assert "pattern is" in refusal({"properties": {"a": {"pattern": pattern}}}, {"a": long})
    assert "no such parameter" in refusal(
        {"patternProperties": {pattern: {}}, "additionalProperties": False}, {"b" * 40 + "!": 1}
    )


@pytest.mark.parametrize("pattern", ["(?=x)", r"(a)\1", "x{1000}{1000}", "(?<!a)b"])
def test_patterns_that_go_does_not_know_are_refused(pattern: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert "RE2" in refusal({"properties": {"a": {"pattern": pattern}}}, {"a": "x"})
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "schema",
    [
        {"dependencies": {"properties": {"$ref": "http://evil.example/x"}}},
        {"dependencies": {"a": {"properties": {"$ref": {"$ref": "http://evil.example/x"}}}}},
        {"properties": {"properties": {"$ref": "http://evil.example/x"}}},
        {"definitions": {"properties": {"definitions": {"$ref": {"$ref": "#"}}}}},
        {"allOf": [{"$ref": "file:///etc/passwd"}]},
    ],
)
def test_no_reference_slips_through_the_check(schema: dict[str, Any]) -> None:
    assert "cannot refer to another one" in refusal(schema, {"properties": 1, "a": 1})


def test_parameters_may_be_called_like_keys_of_a_schema() -> None:
    names = {name: {"type": "string"} for name in ("format", "pattern", "properties", "dependencies", "multipleOf")}
    params = dict.fromkeys(names, "(?=x)")
    assert check_params(action(properties=names, dependencies={"format": ["pattern"]}), params) == params


def test_a_schema_has_a_depth() -> None:
    deep: dict[str, Any] = {}
    for _ in range(3_000):
        deep = {"not": deep}
    assert "at most 100 levels, got a deeper one" in refusal(deep, {})


def test_unique_items_are_compared_in_linear_time() -> None:
    schema = {"properties": {"a": {"uniqueItems": True}}}
    items = [{"id": number} for number in range(3_000)]
    assert check_params(action(**schema), {"a": items}) == {"a": items}
    assert "uniqueItems" in refusal(schema, {"a": [*items, {"id": 0.0}]})
    assert check_params(action(**schema), {"a": [1, True, "1", None]})


def test_names_are_suggested_for_the_first_ten_only() -> None:
    schema = {"properties": {f"name-{number}": {} for number in range(100)}, "additionalProperties": False}
    message = refusal(schema, {f"nam-{number}": 1 for number in range(2_000)})
    assert message.count("did you mean") == 10
    assert message.count("no such parameter") == 20


@pytest.mark.parametrize(
    "schema",
    [
        {"patternProperties": {f"^{number}": {} for number in range(300)}},
        {"allOf": [{"additionalProperties": {"enum": [*range(500)]}} for _ in range(10)]},
    ],
)
def test_a_check_has_a_budget_of_steps(schema: dict[str, Any]) -> None:
    params = {f"x{number}": number for number in range(200)}
    assert refusal(schema, params) == f"params_dict: to check it takes more than {MOST_STEPS} steps; make it smaller"


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"type": "integer"}] * 2_000},
        {"allOf": [{"anyOf": [{"maxLength": 1}] * 3_000}]},
        {"allOf": [{"pattern": "(x+x+)+(x{0,30}){0,30}"}] * 2_000},
    ],
    ids=["types", "lengths", "patterns"],
)
def test_a_long_text_takes_more_steps(schema: dict[str, Any]) -> None:
    assert f"more than {MOST_STEPS} steps" in refusal({"properties": {"a": schema}}, {"a": "x" * 1_000_000})


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"enum": ["\x1b[2J", "b\n"]}}},
        {"properties": {"a": {"pattern": "^\x1b[2]$"}}},
        {"properties": {"\x1b[2J": {}}, "additionalProperties": False},
        {"required": ["\x1b[2J"]},
    ],
    ids=["enum", "pattern", "names", "required"],
)
def test_no_refusal_has_a_sequence_that_changes_a_terminal(schema: dict[str, Any]) -> None:
    assert refusal(schema, {"a": "x"}).isprintable()


@pytest.mark.parametrize("keyword", ["enum", "const", "default", "minimum", "multipleOf"])
@pytest.mark.parametrize("number", [float("inf"), float("nan")], ids=str)
def test_a_schema_has_finite_numbers_only(keyword: str, number: float) -> None:
    value = [number] if keyword == "enum" else number
    assert f"{keyword}" in (message := refusal({"properties": {"a": {keyword: value}}}, {"a": 1}))
    assert "expected a finite number" in message


def test_a_schema_has_a_budget_of_steps() -> None:
    schema: dict[str, Any] = {"properties": {f"p{number}": {"type": "string"} for number in range(60_000)}}
    assert f"more than {MOST_STEPS} steps" in refusal(schema, {})


@pytest.mark.parametrize(
    ("factor", "given"),
    [(float("nan"), 1), (0.7, 10**200 + 1), (float("inf"), 2), (0.1, 0.35), (0.1, 0.3), (0.01, 4.35), (0.5, 10**200)],
    ids=["nan", "huge", "infinite", "between", "tenths", "cents", "larger"],
)
def test_multiples_of_anything_are_checked_or_refused(factor: float, given: float) -> None:
    assert "multipleOf" in refusal({"properties": {"a": {"multipleOf": factor}}}, {"a": given})


@pytest.mark.parametrize(("factor", "given"), [(0.1, 0.2), (0.1, 1.1), (3, 9), (0.5, 1.5), (1e-7, 3e-7)], ids=str)
def test_what_juju_takes_for_multiples_is_taken(factor: float, given: float) -> None:
    assert check_params(action(properties={"a": {"multipleOf": factor}}), {"a": given})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (doubled(21), "values"),
        ([0] * MOST_VALUES, f"more than {MOST_VALUES} values"),
        ({"n" * 1001: 0}, "a name of more than 1000 characters"),
        ("x" * (MOST_TEXT + 1), f"more than {MOST_TEXT} characters"),
        (10**5000, "a whole number of more than 300 digits"),
        (-LARGEST_NUMBER, "a whole number of more than 300 digits"),
    ],
    ids=["doubled", "values", "name", "text", "digits", "negative"],
)
def test_what_callers_give_is_bounded(value: Any, message: str) -> None:
    with pytest.raises(BadArguments, match=f"^params_dict: has .*{message}"):
        arguments.values({"a": value}, "params_dict")


def test_what_stands_in_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(BadArguments, match="within themselves"):
        arguments.values({"a": endless}, "params_dict")


@pytest.mark.parametrize("text", ["://a:" * 100_000, "@" + "://a:" * 100_000, "://a:" * 100_000 + "@"])
def test_credentials_in_urls_are_found_in_linear_time(text: str) -> None:
    url_without_credentials(text)
    assert len(secrets_in({"a": text})) <= 2


def test_an_empty_enum_is_nothing_as_it_is_to_juju() -> None:
    action = Action("run", {"type": "object", "properties": {"a": {"enum": []}}})
    assert check_params(action, {"a": "anything"}) == {"a": "anything"}
