"""Checks of what callers give: what is taken, what is refused under which name, and that no value is ever shown."""

from __future__ import annotations

import math
from collections import UserDict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core import Vca, arguments
from vca_core.errors import BadArguments
from vca_core.plain import kind_of

CANARY = "canary-4711"

HUGE = 10**5000

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3),
    max_leaves=5,
)

CHECKS: list[Callable[[object], object]] = [
    lambda value: arguments.timeout(value, "it", 1.0),
    lambda value: arguments.name(value, "it"),
    lambda value: arguments.mapping(value, "it"),
    lambda value: arguments.count(value, "it", 1000),
    arguments.credentials,
]


def refusal(check: Callable[[], object]) -> BadArguments:
    with pytest.raises(BadArguments) as caught:
        check()
    return caught.value


class Broken(Mapping[str, str]):
    """A mapping whose values nobody may look at."""

    def __getitem__(self, key: str) -> str:
        raise AssertionError("a value was read")

    def __iter__(self) -> Iterator[str]:
        return iter([b"key"])  # type: ignore[list-item]

    def __len__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return CANARY


# Time-outs.


@pytest.mark.parametrize("value", [1, 0.5, 3600, 0, -1, -0.25, 10**9])
def test_a_timeout_is_any_finite_number_even_a_negative_one(value: float) -> None:
    seconds = arguments.timeout(value, "total_timeout", 7.0)
    assert seconds == value
    assert type(seconds) is float


@pytest.mark.defect("D9")
def test_no_timeout_is_the_finite_default_not_an_endless_wait() -> None:
    assert arguments.timeout(None, "total_timeout", 3600.0) == 3600.0


@pytest.mark.parametrize(
    "value", [True, False, "10", "", math.nan, math.inf, -math.inf, HUGE, -HUGE, Decimal(1), [1], {"a": 1}], ids=type
)
@pytest.mark.defect("D85")
def test_a_timeout_that_is_no_finite_number_is_refused(value: object) -> None:
    error = refusal(lambda: arguments.timeout(value, "progress_timeout", 7.0))
    assert error.bad_args == ["progress_timeout"]
    assert error.message.startswith("progress_timeout: expected a finite number of seconds, got ")


# Names.


@pytest.mark.parametrize("value", ["config", "a b", "0", "\u00e9"])
def test_a_name_is_any_text_that_is_not_blank(value: str) -> None:
    assert arguments.name(value, "primitive_name") == value


@pytest.mark.parametrize("value", [None, "", " ", "\t\n", 7, b"config", ["config"]], ids=ascii)
@pytest.mark.defect("D87")
def test_an_invalid_name_is_refused_naming_its_argument(value: object) -> None:
    error = refusal(lambda: arguments.name(value, "primitive_name"))
    assert error.bad_args == ["primitive_name"]
    assert error.message.startswith("primitive_name: expected a name, got ")


# Mappings.


@pytest.mark.parametrize("given", [{"a": 1}, MappingProxyType({"a": 1}), UserDict({"a": 1})], ids=type)
def test_a_mapping_is_taken_as_a_dict_of_its_own(given: Mapping[str, int]) -> None:
    taken = arguments.mapping(given, "config")
    assert taken == {"a": 1}
    assert type(taken) is dict
    assert taken is not given


def test_no_mapping_is_an_empty_one() -> None:
    assert arguments.mapping(None, "params_dict") == {}


@pytest.mark.parametrize("value", [CANARY, [CANARY], [("a", CANARY)], 7, {CANARY}, b"x", ""], ids=ascii)
def test_what_is_no_mapping_is_refused_and_not_shown(value: object) -> None:
    error = refusal(lambda: arguments.mapping(value, "config"))
    assert error.bad_args == ["config"]
    assert error.message == f"config: expected a mapping, got {kind_of(value)}"


@pytest.mark.parametrize("key", [None, 7, b"canary-4711", ("a", CANARY), HUGE], ids=type)
def test_mappings_have_text_keys_and_bad_content_is_never_shown(key: object) -> None:
    error = refusal(lambda: arguments.mapping({"fine": CANARY, key: CANARY}, "params_dict"))
    assert error.bad_args == ["params_dict"]
    assert error.message.startswith("params_dict: expected names as keys, got ")
    assert CANARY not in str(error)


@pytest.mark.defect("D80")
def test_values_are_not_even_read_before_the_keys_are_checked() -> None:
    assert CANARY not in str(refusal(lambda: arguments.mapping(Broken(), "params_dict")))


# Counts.


@pytest.mark.parametrize("value", [1, 2, 1000])
def test_a_count_is_a_whole_number_from_one_up(value: int) -> None:
    assert arguments.count(value, "num_units", 1000) == value


def test_a_count_has_a_bound() -> None:
    assert "at most 1000 units" in refusal(lambda: arguments.count(10**12, "num_units", 1000)).message


@pytest.mark.parametrize("value", [0, -1, -HUGE, True, False, 1.0, "1", None, [1]], ids=type)
def test_what_is_no_count_is_refused(value: object) -> None:
    error = refusal(lambda: arguments.count(value, "num_units", 1000))
    assert error.bad_args == ["num_units"]
    assert error.message.startswith("num_units: expected a whole number from 1 up, got ")


# Credentials.


def test_credentials_need_a_host_and_a_user_and_may_hold_more() -> None:
    given = {"hostname": "10.0.0.1", "username": "ubuntu", "private_key_path": "/k"}
    taken = arguments.credentials(given)
    assert taken == given
    assert taken is not given


@pytest.mark.defect("D85")
def test_missing_credentials_are_refused_as_such() -> None:
    assert refusal(lambda: arguments.credentials(None)).bad_args == ["credentials"]
    assert refusal(lambda: arguments.credentials(CANARY)).bad_args == ["credentials"]
    assert CANARY not in str(refusal(lambda: arguments.credentials(CANARY)))


@pytest.mark.parametrize("key", ["hostname", "username"])
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([], "nothing"),
        ([None], "nothing"),
        ([""], "''"),
        (["  "], "'  '"),
        ([7], "7"),
        ([[CANARY]], "a list"),
        ([b"canary-4711"], "an object of class bytes"),
    ],
    ids=ascii,
)
@pytest.mark.defect("D85")
def test_a_host_or_user_that_is_none_is_refused_by_name(key: str, values: list[object], said: str) -> None:
    given: dict[str, object] = {"hostname": "10.0.0.1", "username": "ubuntu", "password": CANARY}
    del given[key]
    given.update((key, value) for value in values)
    error = refusal(lambda: arguments.credentials(given))
    assert error.bad_args == [f"credentials.{key}"]
    assert error.message == f"credentials.{key}: expected the {key} of the machine, got {said}"
    assert CANARY not in str(error)


# All of them.


@pytest.mark.parametrize("check", CHECKS, ids=["timeout", "name", "mapping", "count", "credentials"])
@given(value=JUNK)
@pytest.mark.defect("D85")
def test_anything_is_either_taken_or_a_bad_argument(check: Callable[[object], object], value: object) -> None:
    try:
        check(value)
    except BadArguments as error:
        if not error.bad_args or len(str(error)) > 200:
            raise AssertionError(str(error)) from error


@pytest.mark.parametrize("check", CHECKS, ids=["timeout", "name", "mapping", "count", "credentials"])
@pytest.mark.parametrize(
    "value", [[CANARY], {7: CANARY}, {CANARY: CANARY, 7: 7}, CANARY.encode(), (CANARY,)], ids=ascii
)
@pytest.mark.defect("D80")
def test_no_check_shows_what_may_be_a_secret(check: Callable[[object], object], value: Any) -> None:
    error = refusal(lambda: check(value))
    assert CANARY not in f"{error!r} {error.bad_args}"


@pytest.mark.defect("D80")
def test_text_in_the_place_of_a_number_is_not_shown() -> None:
    assert "got text" in str(refusal(lambda: arguments.timeout(CANARY, "total_timeout", 1.0)))
    assert CANARY not in str(refusal(lambda: arguments.timeout(CANARY, "total_timeout", 1.0)))
    assert CANARY not in str(refusal(lambda: arguments.count(CANARY, "num_units", 1000)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"store": 5}, "store: expected a StatusStore, got a whole number"),
        ({"on_update_db": 5}, "on_update_db: expected a function, got a whole number"),
        ({"environ": 5}, "environ: expected a mapping, got a whole number"),
        ({"secrets": "hunter2"}, "secrets: expected a list of texts, got text"),
        ({"secrets": ["hunter2", 5]}, r"secrets\[1\]: expected text, got a whole number"),
        ({"providers": [5]}, r"providers\[0\]: expected a ConnectorProvider, got a whole number"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_vca_names_the_argument_that_is_wrong(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadArguments, match=words) as caught:
        Vca.from_config({"connectors": {"edge": {"backend": "fake"}}}, **{"environ": {}, **given})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", [5, (), b"edge", ["edge"], ""])
async def test_a_connector_is_asked_for_by_a_name(name: Any) -> None:
    async with Vca.from_config({"connectors": {"edge": {"backend": "fake"}}}, environ={}) as vca:
        with pytest.raises(BadArguments, match="name: expected"):
            vca.connector(name)
        with pytest.raises(BadArguments, match="name: expected"):
            await vca.find_connector(name)


async def test_an_end_of_a_relation_names_its_connector() -> None:
    async with Vca.from_config({"connectors": {"edge": {"backend": "fake"}}}, environ={}) as vca:
        end: Any = (vca.connector(), "a.b.0", "out")
        two: Any = end[:2]
        named: Any = ("edge", "a.b.0", "out")
        number: Any = 5
        for wrong, got in ((two, "one of 2 entries"), (named, "text for the connector"), (number, "a whole number")):
            expected = rf"end_1: expected a tuple \(connector, ee_id, endpoint\), got {got}"
            with pytest.raises(BadArguments, match=expected):
                await vca.add_relation(wrong, end)
