"""Several execution environments at one place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from unit.naming.parts import LETTERS, namespaces

from vca_core.naming import CHARM_NAMES, Namespace


@pytest.mark.parametrize(
    ("text", "parts", "application"),
    [
        (".ns@ee", (None, "ns", None, None, None, "ee"), "app-ee-ee"),
        (".ns.vnf@two", (None, "ns", "vnf", None, None, "two"), "app-vnf-vnf-ee-two"),
        ("nsi.ns.vnf.vdu-0@1", ("nsi", "ns", "vnf", "vdu", "0", "1"), "app-vnf-vnf-vdu-vdu-cnt-z0-ee-z1"),
        (".ns..vdu@ee-0", (None, "ns", None, "vdu", None, "ee-0"), "app-vdu-vdu-ee-ee-z0"),
        (".ns.vnf.kdu:db@ee", (None, "ns", "vnf", "kdu:db", None, "ee"), "app-vnf-vnf-kdu-db-ee-ee"),
        (".ns.vnf.kdu:db@vdu", (None, "ns", "vnf", "kdu:db", None, "vdu"), "app-vnf-vnf-kdu-db-ee-kdu-x378c11b7c606"),
    ],
)
def test_an_ee_is_a_part_of_the_text_and_of_the_application(
    text: str, parts: tuple[Any, ...], application: str
) -> None:
    ns = Namespace.parse(text)
    assert ns == Namespace(*parts)
    assert str(ns) == text
    assert CHARM_NAMES.application(ns) == application


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (".a@b", (None, "a", None, None, None, "b")),
        (".a@b@", (None, "a@b")),
        (".a@b@c", (None, "a@b", None, None, None, "c")),
        (".ns.v@f.vdu@", (None, "ns", "v@f", "vdu")),
    ],
)
def test_an_at_in_another_part_is_not_taken_for_an_ee(text: str, parts: tuple[Any, ...]) -> None:
    assert Namespace.parse(text) == Namespace(*parts)
    assert str(Namespace(*parts)) == text


@given(namespaces(), LETTERS, LETTERS)
def test_two_ees_at_one_place_never_share_an_application(place: Namespace, one: str, two: str) -> None:
    names = [CHARM_NAMES.application(replace(place, ee=ee)) for ee in (one, two)]
    assert (names[0] == names[1]) == (one == two)


@given(namespaces(), LETTERS)
def test_an_ee_never_shares_the_application_of_its_place(place: Namespace, ee: str) -> None:
    own = CHARM_NAMES.application(replace(place, ee=ee))
    assert own != CHARM_NAMES.application(replace(place, ee=None))
