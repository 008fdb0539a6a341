"""Options of backends and operations against their models: every problem told, no value shown."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from vca_core.config import validate_model
from vca_core.errors import BadArguments, PluginError

CANARY = "canary-value"


class Below(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    port: int = 0


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    name: str
    kind: Literal["a", "b"] = "a"
    below: Below = Below()
    many: list[Below] = Field(default_factory=list)
    either: int | Below = 0
    checked: str = ""
    password: str = ""
    token: Annotated[SecretStr | None, Field(alias="ticket")] = None

    @field_validator("checked", "password", "token")
    @classmethod
    def _check(cls, given: str | SecretStr) -> str | SecretStr:
        value = given.get_secret_value() if isinstance(given, SecretStr) else given
        if value == "bug":
            raise RuntimeError(f"broken by {CANARY}")
        if value:
            raise ValueError(f"{value} is not good")
        return given


def refusal(values: Any) -> BadArguments:
    with pytest.raises(BadArguments) as caught:
        validate_model(Model, values, "options")
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_what_fits_is_given_back_as_the_model() -> None:
    made = validate_model(Model, {"name": "x", "below": {"port": "7"}}, "options")
    assert (made.name, made.below.port) == ("x", 7)


@pytest.mark.parametrize(
    ("values", "bad_args", "said"),
    [
        ({}, ["options.name"], "options.name: expected text, got nothing"),
        ({"name": 3}, ["options.name"], "expected text, got a whole number"),
        ({"name": "x", "nmae": CANARY}, ["options.nmae"], "unknown key: did you mean 'name'? There are: below"),
        ({"name": "x", "kind": CANARY}, ["options.kind"], "'a' or 'b'"),
        ({"name": "x", "below": {"port": CANARY}}, ["options.below.port"], "expected a whole number, got text"),
        ({"name": "x", "below": {"prt": 1}}, ["options.below.prt"], "did you mean 'port'"),
        ({"name": "x", "many": [{}, {"port": CANARY}]}, ["options.many.1.port"], "expected a whole number, got text"),
        ({"name": "x", "either": CANARY}, ["options.either"], " or "),
        ({"name": "x", "password": CANARY}, ["options.password"], "*** is not good"),
        ({"name": "x", "ticket": CANARY}, ["options.ticket"], "*** is not good"),
        ({"name": "x", "checked": f"a {CANARY[:6]}"}, ["options.checked"], f"a {CANARY[:6]} is not good"),
        ({"name": CANARY, 3: 4}, ["options.3"], "unknown key; there are: below, checked"),
        ([CANARY], ["options"], "expected a mapping of names to values, got a list"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_reported_by_its_key(values: Any, bad_args: list[str], said: str) -> None:
    error = refusal(values)
    assert error.bad_args == bad_args
    assert said in str(error)


class Kinds(BaseModel):
    """A field of each kind that options have."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(min_length=1, max_length=3)] = "x"
    pattern: Annotated[str, Field(pattern="^a")] = "a"
    whole: Annotated[int, Field(ge=1, le=9, multiple_of=2)] = 2
    real: Annotated[float, Field(gt=0, lt=9.5, allow_inf_nan=False)] = 1
    truth: bool = True
    names: Annotated[list[str], Field(min_length=1, max_length=2)] = ["a"]
    secret: Annotated[SecretStr, Field(min_length=2, max_length=4)] = SecretStr("abc")
    pair: tuple[int, int] = (1, 2)
    below: dict[str, int] = Field(default_factory=dict)
    part: Below = Below()
    word: Literal["a", "b"] = "a"
    nothing: None = None
    file: Path = Path()
    either: int | list[int] | None = None


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("text", [], "expected text, got a list"),
        ("text", "", "expected text that is not empty"),
        ("text", CANARY, "expected at most 3 characters"),
        ("pattern", CANARY, "expected text that matches ^a"),
        ("whole", CANARY, "expected a whole number, got text"),
        ("whole", {}, "expected a whole number, got a mapping"),
        ("whole", 1.5, "expected a whole number, got a number"),
        ("whole", 0, "expected a number of at least 1"),
        ("whole", 10, "expected a number of at most 9"),
        ("whole", 3, "expected a multiple of 2"),
        ("real", 0, "expected a number greater than 0"),
        ("real", 9.5, "expected a number less than 9.5"),
        ("real", float("nan"), "expected a finite number, got a number"),
        ("real", None, "expected a number, got nothing"),
        ("truth", CANARY, "expected true or false, got text"),
        ("truth", [], "expected true or false, got a list"),
        ("names", 1, "expected a list, got a whole number"),
        ("names", [], "expected at least one entry"),
        ("names", ["a", "b", "c"], "expected at most 2 entries"),
        ("secret", CANARY, "expected at most 4 characters"),
        ("secret", "", "expected at least 2 characters"),
        ("pair", {}, "expected a list, got a mapping"),
        ("below", [CANARY], "expected a mapping, got a list"),
        ("part", [CANARY], "expected a mapping, got a list"),
        ("word", CANARY, "expected 'a' or 'b'"),
        ("nothing", 1, "expected nothing, got a whole number"),
        ("file", 1, "expected a path, got a whole number"),
        ("either", CANARY, "expected a whole number or a list, got text"),
    ],
)
def test_expectations_are_said_in_the_words_of_all_errors(key: str, value: Any, said: str) -> None:
    with pytest.raises(BadArguments) as caught:
        validate_model(Kinds, {key: value}, "options")
    assert str(caught.value) == f"options.{key}: {said}"


class Latency(BaseModel):
    model_config = ConfigDict(extra="forbid")
    least: Annotated[float, Field(ge=0)] = 0
    most: Annotated[float, Field(ge=0)]

    @field_validator("least")
    @classmethod
    def _check(cls, least: float) -> float:
        if least == 7:
            raise ValueError("expected another number")
        return least


class Slow(BaseModel):
    model_config = ConfigDict(extra="forbid")
    latency: Annotated[float, Field(ge=0)] | Latency
    steps: dict[str, Latency] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"latency": {"most": -1}}, "options.latency.most: expected a number of at least 0"),
        ({"latency": {"most": 1, "least": 7}}, "options.latency.least: expected another number"),
        ({"latency": {"mots": 1}}, "options.latency.mots: unknown key: did you mean 'most'? There are: least, most"),
        ({"latency": -1}, "options.latency: expected a number of at least 0"),
        ({"latency": "x"}, "options.latency: expected a number or a mapping, got text"),
        ({"latncy": 1}, "options.latncy: unknown key: did you mean 'latency'? There are: latency, steps"),
        ({5: 1}, "options.5: unknown key: did you mean 'latency'? There are: latency, steps"),
        ({}, "options.latency: expected a number or a mapping, got nothing"),
        ({"latency": 1, "steps": {5: {"most": 1}}}, "options.steps.5: expected text as a key, got a whole"),
        ({"latency": 1, "steps": {"a": {}}}, "options.steps.a.most: expected a number, got nothing"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_sentence(values: Any, said: str) -> None:
    with pytest.raises(BadArguments) as caught:
        validate_model(Slow, values, "options")
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_named_beside_an_unlike_unknown_one() -> None:
    assert refusal({"colour": 1}).bad_args == ["options.name", "options.colour"]


def test_all_problems_are_reported_at_once() -> None:
    assert len(str(refusal({"kind": "c", "below": {"port": "x"}})).splitlines()) == 3


def test_a_broken_model_is_a_plugins_fault() -> None:
    with pytest.raises(PluginError, match="Model, the model of options, is broken") as caught:
        validate_model(Model, {"name": "x", "checked": "bug"}, "options")
    assert "RuntimeError" in str(caught.value.__cause__)


def test_of_a_large_value_only_our_own_words_are_told() -> None:
    class Model(BaseModel):
        base: str

        @field_validator("base")
        @classmethod
        def refuse(cls, given: str) -> str:
            raise ValueError(f"expected a base, got {given[:60]}")

    for large in ("mongodb://a:Hunter2x@" * 50_000, "x://h/?pass=Hunter2x&" * 50_000):
        with pytest.raises(BadArguments) as caught:
            validate_model(Model, {"base": large}, "options")
        assert caught.value.message.startswith("options.base: expected a base, got ")
        assert "Hunter2x" not in caught.value.message
