"""Namespaces: their text, their parts, and which contains which."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.naming.parts import ANY, LIKELY, namespaces, value_or_none

from vca_core.errors import BadArguments
from vca_core.naming import NameRules, Namespace


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nsi.ns.vnf.vdu-0", ("nsi", "ns", "vnf", "vdu", "0")),
        (".ns.vnf.mgmt-vm-12", (None, "ns", "vnf", "mgmt-vm", "12")),
        (".ns.vnf.a--0", (None, "ns", "vnf", "a-", "0")),
        (".ns.vnf.a-0-1", (None, "ns", "vnf", "a-0", "1")),
        (".ns.vnf.vdu0", (None, "ns", "vnf", "vdu0", None)),
        (".ns.vnf.0", (None, "ns", "vnf", "0", None)),
        (".ns.vnf.vdu-007", (None, "ns", "vnf", "vdu", "007")),
        (".ns.vnf.vdu-\u0663", (None, "ns", "vnf", "vdu-\u0663", None)),
        (".ns.vnf.vdu-\u00b2", (None, "ns", "vnf", "vdu-\u00b2", None)),
        (".ns.vnf.vdu-1x", (None, "ns", "vnf", "vdu-1x", None)),
    ],
    ids=ascii,
)
@pytest.mark.defect("D54")
@pytest.mark.defect("U6")
def test_the_count_is_a_last_dash_group_of_ascii_digits(text: str, parts: tuple[Any, ...]) -> None:
    assert Namespace.parse(text) == Namespace(*parts)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "no ns_id"),
        ("ns", r"has no ns_id; an NS is written '\.ns'"),
        ("nsi.", "no ns_id"),
        ("..vnf", "no ns_id"),
        (".a.b.c.d", "5 parts"),
        (" nsi.ns", "nsi_id: expected text without blanks"),
        (".ns ", "ns_id: expected text without blanks"),
        (".ns. vnf", "vnf_id: expected text without blanks"),
        (".ns.vnf.vdu \t", "vdu_id: expected text without blanks"),
        (".ns.vnf.vdu -0", "vdu_id: expected text without blanks"),
        (".n\ns", "ns_id: expected text without control characters"),
        (".ns.v\u200bnf", "vnf_id: expected text without control characters"),
        (".ns.vnf.v\u2028u", "vdu_id: expected text without control characters"),
        (".ns.vnf.v\ud800u", "vdu_id: expected text without control characters"),
        (".ns.vnf.-0", "vdu_count: expected a vdu_id"),
        (".ns.vnf.kdu:", "kdu_name: expected text that is not empty"),
        (".ns.vnf.kdu: x", "kdu_name: expected text without blanks"),
        (".ns.vnf@", "ee is empty .* leave the @ out"),
        ("@ee", "no ns_id"),
        (".ns.vnf@e.e", "ee: expected text without a dot"),
        (".ns@ ee", "ee: expected text without blanks"),
        (".ns@e\u200be", "ee: expected text without control characters"),
        (".ns @ee", "ns_id: expected text without blanks"),
        (None, "got nothing"),
        (7, "got a whole number"),
        (b".ns", "got an object of class bytes"),
        ([".ns"], "got a list"),
    ],
    ids=ascii,
)
@pytest.mark.defect("D56")
def test_what_is_no_namespace_is_refused_saying_which_part(given: Any, said: str) -> None:
    with pytest.raises(BadArguments, match=said) as caught:
        Namespace.parse(given)
    assert caught.value.bad_args == ["namespace"]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((None, None), "no ns_id"),
        ((None, ""), "ns_id: expected text that is not empty"),
        ((None, 5), "ns_id: expected text, got a whole number"),
        (("", "ns"), "nsi_id: expected text that is not empty"),
        ((None, "a.b"), "ns_id: expected text without a dot.*'a.b'"),
        ((None, "ns", "vnf", "vdu", ""), "vdu_count: expected text that is not empty"),
        ((None, "ns", "vnf", "vdu", "x"), "vdu_count: expected ASCII digits"),
        ((None, "ns", "vnf", "vdu", "\u00b2"), "vdu_count: expected ASCII digits"),
        ((None, "ns", "vnf", "vdu", 0), "vdu_count: expected text, got a whole number"),
        ((None, "ns", "vnf", None, "0"), "expected a vdu_id"),
        ((None, "ns", "vnf", "vdu-0"), "give the count as vdu_count"),
        ((None, "ns", "vnf", "kdu:a", "0"), "which a KDU does not have"),
        ((None, "ns", None, None, None, ""), "ee: expected text that is not empty"),
        ((None, "ns", None, None, None, 1), "ee: expected text, got a whole number"),
        ((None, "ns", None, None, None, "a@b"), "ee: expected text without @"),
    ],
    ids=ascii,
)
@pytest.mark.defect("D56")
def test_parts_that_do_not_survive_the_text_form_are_refused(parts: tuple[Any, ...], said: str) -> None:
    with pytest.raises(BadArguments, match=said) as caught:
        Namespace(*parts)
    assert caught.value.bad_args == ["namespace"]


def test_what_an_error_shows_of_a_namespace_is_bounded() -> None:
    for text in ("a" * 10_000, "." * 10_000, "." + " a" * 10_000, ".ns.vnf.vdu -" + "1" * 10_000):
        with pytest.raises(BadArguments) as caught:
            Namespace.parse(text)
        assert len(str(caught.value)) < 500


@given(st.one_of(ANY, st.lists(st.one_of(LIKELY, ANY, st.just("")), max_size=5).map(".".join)))
def test_any_text_round_trips_as_a_namespace_or_is_refused(text: str) -> None:
    ns = value_or_none(lambda: Namespace.parse(text), "namespace")
    if ns is not None:
        assert Namespace.parse(str(ns)) == ns
        place, at, ee = text.rpartition("@")
        assert str(ns) == (f"{place.rstrip('.')}@{ee}" if at else text.rstrip("."))


@given(namespaces())
def test_a_namespace_comes_back_from_its_text(ns: Namespace) -> None:
    assert Namespace.parse(str(ns)) == ns
    assert Namespace.parse(ns) is ns


def test_namespaces_are_frozen_values() -> None:
    ns = Namespace.parse("nsi.ns.vnf.vdu-0")
    assert len({ns, Namespace("nsi", "ns", "vnf", "vdu", "0")}) == 1
    with pytest.raises(AttributeError):
        ns.ns_id = "other"  # type: ignore[misc]


@given(namespaces())
def test_the_canonical_namespace_has_no_slice_and_keeps_the_rest(ns: Namespace) -> None:
    canonical = ns.canonical
    assert canonical.nsi_id is None
    assert (canonical.ns_id, canonical.scope) == (ns.ns_id, ns.scope)
    rules = NameRules(reserved_suffixes=())
    assert (rules.model(canonical), rules.application(canonical)) == (rules.model(ns), rules.application(ns))


@pytest.mark.parametrize(
    ("outer", "inner", "holds"),
    [
        (".ns", ".ns", True),
        (".ns", "nsi.ns.vnf.vdu-0", True),
        ("nsi.ns.vnf", "other.ns.vnf.vdu", True),
        (".ns.vnf.vdu", ".ns.vnf.vdu-0", True),
        (".ns.vnf.vdu-0", ".ns.vnf.vdu", False),
        (".ns.vnf.vdu-0", ".ns.vnf.vdu-1", False),
        (".ns.vnf", ".ns", False),
        (".ns.vnf", ".ns.vnf2.vdu", False),
        (".ns", ".ns2.vnf", False),
        (".ns.vnf", ".ns.vnf@ee", True),
        (".ns", "nsi.ns.vnf.kdu:a@ee", True),
        (".ns.vnf@ee", ".ns.vnf@ee", True),
        (".ns.vnf@ee", ".ns.vnf", False),
        (".ns.vnf@ee", ".ns.vnf.vdu@ee", False),
        (".ns@ee", ".ns.vnf@ee", False),
        (".ns@ee", ".ns2@ee", False),
    ],
)
def test_a_namespace_contains_what_is_at_or_below_it_per_slice(outer: str, inner: str, holds: bool) -> None:
    assert Namespace.parse(outer).contains(Namespace.parse(inner)) is holds


@pytest.mark.parametrize(
    ("text", "whole"), [(".ns", True), ("nsi.ns", True), (".ns.vnf", False), (".ns..vdu", False), (".ns@ee", False)]
)
def test_a_namespace_that_ends_with_its_ns_id_names_a_whole_ns(text: str, whole: bool) -> None:
    assert Namespace.parse(text).is_ns is whole
