"""KDUs: named whole, and never mixed up with VDUs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.naming.parts import LETTERS, kdus, vdus

from vca_core.errors import BadArguments
from vca_core.naming import CHARM_NAMES, Namespace


@pytest.mark.defect("D55")
def test_a_kdu_is_named_whole_and_has_applications_of_its_own() -> None:
    ns = Namespace.for_kdu("ns", "vnf", "my-kdu-0", nsi_id="nsi")
    assert (ns.vdu_id, ns.vdu_count, ns.kdu_name) == ("kdu:my-kdu-0", None, "my-kdu-0")
    assert str(ns) == "nsi.ns.vnf.kdu:my-kdu-0"
    assert Namespace.parse(str(ns)) == ns
    assert CHARM_NAMES.application(ns) == "app-vnf-vnf-kdu-my-kdu-z0"
    assert CHARM_NAMES.application(Namespace.for_kdu("ns", None, "openldap")) == "app-kdu-openldap"
    assert Namespace.parse(".ns.vnf.openldap").kdu_name is None


@pytest.mark.parametrize("name", [None, "", 3, "a.b", " a", "a\n"], ids=ascii)
@pytest.mark.defect("D55")
def test_a_kdu_needs_a_name_that_can_be_written(name: Any) -> None:
    with pytest.raises(BadArguments, match="kdu_name"):
        Namespace.for_kdu("ns", "vnf", name)


@given(kdus(), vdus())
@pytest.mark.defect("D55")
def test_a_kdu_never_shares_an_application_with_a_vdu(kdu: Namespace, vdu: Namespace) -> None:
    assert CHARM_NAMES.application(kdu) != CHARM_NAMES.application(vdu)


@given(kdus())
@pytest.mark.defect("D55")
def test_no_group_of_a_kdus_application_is_the_mark_of_vdus(kdu: Namespace) -> None:
    assert "vdu" not in CHARM_NAMES.application(kdu).split("-")


@given(LETTERS, st.text("abcd", min_size=30, max_size=40))
@pytest.mark.defect("D55")
def test_a_kdu_named_like_a_vdus_digest_form_shares_no_name(vdu: str, tail: str) -> None:
    theirs = CHARM_NAMES.application(Namespace(None, "ns", f"a-kdu-{tail}", vdu))
    ours = Namespace.for_kdu("ns", "a", theirs.removeprefix("app-vnf-a-kdu-"))
    assert theirs.startswith("app-vnf-a-kdu-")
    assert CHARM_NAMES.application(ours) != theirs


@given(st.text("abcd", min_size=30, max_size=40))
@pytest.mark.defect("D55")
def test_a_vdu_named_like_a_kdus_digest_form_shares_no_name(tail: str) -> None:
    theirs = CHARM_NAMES.application(Namespace.for_kdu("ns", f"a-vdu-{tail}", "k"))
    ours = Namespace(None, "ns", "a", theirs.removeprefix("app-vnf-a-").removeprefix("vdu-"))
    assert CHARM_NAMES.application(ours) != theirs


@pytest.mark.defect("D55")
def test_a_kdus_digest_form_has_no_vdu_even_if_made_by_ascii() -> None:
    name = CHARM_NAMES.application(Namespace.for_kdu("ns", "vnf", "\u2174du-a"))
    assert re.fullmatch("app-vnf-vnf-kdu-kdu-a-x[0-9a-f]{12}", name)
