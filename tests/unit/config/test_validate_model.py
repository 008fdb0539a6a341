"""Options of backends and operations against their models: every problem told, no value shown."""

from __future__ import annotations

import traceback
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
        ({}, ["options.name"], "options.name: is required"),
        ({"name": 3}, ["options.name"], "should be a valid string"),
        ({"name": "x", "nmae": CANARY}, ["options.nmae"], "unknown key: did you mean 'name'? There are: below"),
        ({"name": "x", "kind": CANARY}, ["options.kind"], "'a' or 'b'"),
        ({"name": "x", "below": {"port": CANARY}}, ["options.below.port"], "valid integer"),
        ({"name": "x", "below": {"prt": 1}}, ["options.below.prt"], "did you mean 'port'"),
        ({"name": "x", "many": [{}, {"port": CANARY}]}, ["options.many.1.port"], "valid integer"),
        ({"name": "x", "either": CANARY}, ["options.either"], " or "),
        ({"name": "x", "password": CANARY}, ["options.password"], "*** is not good"),
        ({"name": "x", "ticket": CANARY}, ["options.ticket"], "*** is not good"),
        ({"name": "x", "checked": f"a {CANARY[:6]}"}, ["options.checked"], f"a {CANARY[:6]} is not good"),
        ({"name": CANARY, 3: 4}, ["options.3"], "keys should be strings"),
        ([CANARY], ["options"], "a mapping of names to values, got list"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_by_its_key(values: Any, bad_args: list[str], said: str) -> None:
    error = refusal(values)
    assert error.bad_args == bad_args
    assert said in str(error)


def test_all_problems_are_told_at_once() -> None:
    assert len(str(refusal({"kind": "c", "below": {"port": "x"}})).splitlines()) == 3


def test_a_broken_model_is_a_plugins_fault() -> None:
    with pytest.raises(PluginError, match="Model, the model of options, is broken") as caught:
        validate_model(Model, {"name": "x", "checked": "bug"}, "options")
    assert "RuntimeError" in str(caught.value.__cause__)
