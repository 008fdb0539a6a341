"""Values for options: what is converted, what is refused, and that none of it is ever shown."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.charm import Option, OptionType, coerce
from vca_core.charm.coerce import keep_fitting
from vca_core.errors import BadArguments

CANARY = "canary-7f3a"
TYPES: tuple[OptionType, ...] = ("string", "int", "float", "boolean", "secret")
OPTIONS: dict[str, Option] = {kind: Option(kind, kind) for kind in TYPES}


def same(value: object, other: object) -> bool:
    return value == other and type(value) is type(other)


@pytest.mark.defect("D30")
@pytest.mark.parametrize(
    ("kind", "value", "converted"),
    [
        ("string", "", ""),
        ("string", " as it is ", " as it is "),
        ("string", 80, "80"),
        ("string", -0.5, "-0.5"),
        ("int", 80, 80),
        ("int", "80", 80),
        ("int", " +80 ", 80),
        ("int", "-080", -80),
        ("int", 4096.0, 4096),
        ("int", 2**63 - 1, 2**63 - 1),
        ("int", str(-(2**63)), -(2**63)),
        ("float", 1, 1.0),
        ("float", 0.5, 0.5),
        ("float", "0.5", 0.5),
        ("float", ".5", 0.5),
        ("float", "1e3", 1000.0),
        ("float", "-2", -2.0),
        ("boolean", True, True),
        ("boolean", False, False),
        *[("boolean", text, True) for text in ("true", "True", "TRUE", "t", "T", "1", " true\n")],
        *[("boolean", text, False) for text in ("false", "False", "FALSE", "f", "F", "0")],
        ("secret", "secret:d3cr3t0u5", "secret:d3cr3t0u5"),
        ("secret", "secret://uuid/d3cr3t0u5", "secret://uuid/d3cr3t0u5"),
        ("secret", "Secret:d3cr3t0u5", "Secret:d3cr3t0u5"),
        ("secret", "", ""),
    ],
)
def test_what_fits_is_converted_to_the_type_of_its_option(kind: OptionType, value: Any, converted: Any) -> None:
    assert same(coerce(OPTIONS, {kind: value})[kind], converted)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", True),
        ("string", math.inf),
        pytest.param("string", 10**5000, id="more digits than can be written"),
        ("string", b"text"),
        ("string", ["text"]),
        ("int", True),
        ("int", "80.0"),
        ("int", "8o"),
        ("int", "1_000"),
        ("int", "0x10"),
        ("int", "\u0661"),
        ("int", ""),
        ("int", 80.5),
        ("int", math.nan),
        ("int", math.inf),
        ("int", 2**63),
        ("int", str(2**63)),
        ("int", -(2**63) - 1),
        pytest.param("int", "9" * 5000, id="many digits"),
        ("float", False),
        ("float", "half"),
        ("float", "nan"),
        ("float", "inf"),
        ("float", "1e400"),
        ("float", math.nan),
        ("float", -math.inf),
        pytest.param("float", 10**400, id="beyond all floats"),
        ("float", ""),
        ("float", {"a": 1}),
        ("boolean", 1),
        ("boolean", 0.0),
        ("boolean", "yes"),
        ("boolean", "tRUE"),
        ("boolean", ""),
        ("secret", "d3cr3t0u5"),
        ("secret", "secret:a b"),
        ("secret", 7),
    ],
)
def test_what_does_not_fit_is_refused(kind: OptionType, value: Any) -> None:
    with pytest.raises(BadArguments) as caught:
        coerce(OPTIONS, {kind: value})
    assert caught.value.bad_args == [f"config.{kind}"]
    assert str(caught.value).startswith(f"config.{kind}: expected ")
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("kind", TYPES)
def test_none_resets_an_option_of_any_type(kind: OptionType) -> None:
    assert coerce(OPTIONS, {kind: None}) == {kind: None}


@pytest.mark.defect("D32")
def test_an_unknown_option_is_named_with_those_there_are() -> None:
    with pytest.raises(BadArguments) as caught:
        coerce({"hostname": Option("hostname"), "mtu": Option("mtu", "int")}, {"hostnam": CANARY})
    assert caught.value.bad_args == ["config.hostnam"]
    assert str(caught.value) == (
        "config.hostnam: there is no such option: did you mean 'hostname'? There are: hostname, mtu"
    )


def test_a_charm_without_options_says_so() -> None:
    with pytest.raises(BadArguments, match="there are none"):
        coerce({}, {"a": 1})


def test_all_that_is_wrong_is_reported_at_once() -> None:
    with pytest.raises(BadArguments) as caught:
        coerce(OPTIONS, {"int": "x", "string": "fine", "boolean": "y", "other": 1})
    assert caught.value.bad_args == ["config.int", "config.boolean", "config.other"]


@pytest.mark.parametrize("values", ["a=b", 7, ["a"], {7: "a"}])
def test_values_are_a_mapping_of_names(values: Any) -> None:
    with pytest.raises(BadArguments) as caught:
        coerce(OPTIONS, values)
    assert caught.value.bad_args == ["config"]


def test_options_that_are_not_given_are_left_out() -> None:
    assert coerce({"a": Option("a", "int", 7), "b": Option("b")}, {"b": "x"}) == {"b": "x"}


def test_what_was_given_is_left_as_it_was() -> None:
    values = {"int": "80"}
    coerce(OPTIONS, values)
    assert values == {"int": "80"}


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["true", "F", "0", "1", "secret:x", "", " 7 ", "1e3"]),
)


@given(st.sampled_from(TYPES), SCALARS | st.lists(SCALARS, max_size=2))
def test_converting_twice_changes_nothing(kind: OptionType, value: Any) -> None:
    try:
        once = coerce(OPTIONS, {kind: value})
    except BadArguments:
        return
    twice = coerce(OPTIONS, once)
    assert same(twice[kind], once[kind])
    assert value is None or isinstance(once[kind], {"int": int, "float": float, "boolean": bool}.get(kind, str))


@given(st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_survive_being_written_as_text(number: int) -> None:
    assert coerce(OPTIONS, {"int": str(number), "string": number}) == {"int": number, "string": str(number)}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_being_written_as_text(number: float) -> None:
    assert same(coerce(OPTIONS, {"float": str(number)})["float"], number)


@given(st.text(max_size=20))
def test_text_is_left_alone(text: str) -> None:
    assert coerce(OPTIONS, {"string": text}) == {"string": text}


def test_of_many_problems_the_first_are_reported() -> None:
    with pytest.raises(BadArguments) as caught:
        coerce({"hostname": Option("hostname")}, {f"hostnam-{number}": 1 for number in range(5_000)})
    assert caught.value.message.count("did you mean") == 10
    assert caught.value.message.count("config.") == 20
    assert "and 4980 more problems" in caught.value.message
    assert len(caught.value.bad_args) == 5_000


class Odd:
    def __repr__(self) -> str:
        return CANARY


@pytest.mark.defect("D80")
@given(
    st.sampled_from([kind for kind in TYPES if kind != "string"]),
    st.text(max_size=5).map(lambda text: text + CANARY) | st.sampled_from([[CANARY], {CANARY: CANARY}, Odd()]),
)
def test_values_are_never_shown(kind: OptionType, value: Any) -> None:
    with pytest.raises(BadArguments) as caught:
        coerce(OPTIONS, {kind: value, "other": CANARY})
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value)


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("string", "7", "7"),
        ("string", 7, None),
        ("string", True, None),
        ("int", "7", 7),
        ("int", "0x10", 16),
        ("int", "017", 15),
        ("int", "1_000", 1000),
        ("int", "1__0", None),
        ("int", " 7", None),
        ("int", "9223372036854775808", None),
        ("int", 7.0, None),
        ("int", True, None),
        ("float", 7, 7.0),
        ("float", "7.5", None),
        ("boolean", "T", True),
        ("boolean", "yes", None),
        ("boolean", 1, None),
        ("secret", "secret:x", "secret:x"),
        ("secret", "x", None),
    ],
)
def test_a_value_stays_where_it_fits_the_new_type(kind: OptionType, value: object, kept: object) -> None:
    expected = {} if kept is None else {"a": kept}
    found = keep_fitting({"a": Option("a", kind)}, {"a": value, "gone": 1})
    assert found == expected
    assert [type(one) for one in found.values()] == [type(one) for one in expected.values()]
