"""ee_ids: what they are made of, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.naming.parts import ANY, LIKELY, value_or_none

from vca_core.errors import BadArguments
from vca_core.naming import CHARM_NAMES, EeId, Namespace


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "got nothing"),
        (7, "got a whole number"),
        ("", "got ''"),
        ("ns.app", "got 'ns.app'"),
        ("a.b.c.d", "got 'a.b.c.d'"),
        ("..", "model: expected text that is not empty"),
        ("ns..0", "application: expected text that is not empty"),
        ("ns.app.", "locator: expected text that is not empty"),
        (" ns.app.0", "model: expected text without blanks"),
        ("ns.app.0\n", "locator: expected text without blanks"),
        ("ns.a\x00pp.0", "application: expected text without control characters"),
    ],
    ids=ascii,
)
@pytest.mark.defect("D63")
def test_an_invalid_ee_id_is_refused_naming_its_argument(given: Any, said: str) -> None:
    with pytest.raises(BadArguments, match=f"^reuse_ee_id: .*{said}") as caught:
        EeId.parse(given, "reuse_ee_id")
    assert caught.value.bad_args == ["reuse_ee_id"]


@given(st.one_of(ANY, st.lists(st.one_of(LIKELY, ANY), min_size=2, max_size=4).map(".".join)))
@pytest.mark.defect("D63")
def test_any_text_round_trips_as_an_ee_id_or_is_refused(text: str) -> None:
    ee_id = value_or_none(lambda: EeId.parse(text), "ee_id")
    if ee_id is not None:
        assert str(ee_id) == text
        assert EeId.parse(str(ee_id)) == ee_id
        assert EeId.parse(ee_id) is ee_id


@pytest.mark.parametrize("locator", ["0", "0/lxd/1", "k8s"])
def test_the_locator_of_an_ee_id_is_anything_without_a_dot(locator: str) -> None:
    assert EeId.parse(f"ns.app.{locator}") == EeId("ns", "app", locator)
    assert len({EeId("ns", "app", locator), EeId("ns", "app", locator)}) == 1


@pytest.mark.defect("D62")
def test_the_model_in_an_ee_id_is_the_one_that_its_system_has() -> None:
    ns = Namespace(None, "My_NS")
    assert str(EeId(CHARM_NAMES.model(ns), CHARM_NAMES.application(ns), "0")) == "my-ns.app-z.0"


@pytest.mark.parametrize(
    "parts", [("", "app", "0"), ("a.b", "app", "0"), ("ns", "app", None), ("ns", "app", 0)], ids=ascii
)
@pytest.mark.defect("D63")
def test_an_ee_id_is_not_made_of_what_could_not_be_read_back(parts: tuple[Any, ...]) -> None:
    with pytest.raises(BadArguments) as caught:
        EeId(*parts)
    assert caught.value.bad_args == ["ee_id"]
