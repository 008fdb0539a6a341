"""Namespaces, ee_ids and the names made of them; and all golden vectors of the documented behaviour."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core._tracking.claims import Claims
from vca_core._tracking.outbox import Outbox
from vca_core._tracking.place import default_home
from vca_core.errors import BadArguments
from vca_core.naming import CHARM_NAMES, EeId, EeKey, NameRules, Namespace, format_application, format_model
from vca_core.status import native_to_status
from vca_core.stores import MemoryStore

NSI = "aa11bb22-cc33-dd44-ee55-ff6677889900"
NS = "5f3e2b1a-7c4d-4e5f-8a9b-0c1d2e3f4a5b"
VNF = "1b6a4eb3-4fbf-415e-985c-4aeb3161eec0"

MODEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
"""What Juju takes as a model and Kubernetes as a namespace; the length is checked beside it."""

APPLICATION = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]*[a-z][a-z0-9]*)*")
"""What Juju takes as an application."""

# The golden vectors: inputs and outputs of the documented functions.

T = TypeVar("T")

GOLDEN: list[dict[str, Any]] = json.loads(Path(__file__).with_name("golden_vectors.json").read_text("utf-8"))

REFUSED = "REFUSED: BadArguments"


def namespace_components(text: Any) -> object:
    ns = Namespace.parse(text)
    return [ns.nsi_id, ns.ns_id, ns.vnf_id, ns.vdu_id, ns.vdu_count]


def application_name(text: Any) -> object:
    return CHARM_NAMES.application(Namespace.parse(text))


def formatted_application(text: Any) -> object:
    """Give the documented format where it is a valid name, else what is made of it as the name of a VNF."""
    name = (
        CHARM_NAMES.application(Namespace(None, "ns", text)) if not isinstance(text, str) else format_application(text)
    )
    return name if APPLICATION.fullmatch(name) else CHARM_NAMES.application(Namespace(None, "ns", text))


def model_name(text: Any) -> object:
    return CHARM_NAMES.model(Namespace(None, text))


def built_ee_id(parts: Any) -> object:
    model = CHARM_NAMES.model(Namespace(None, parts["model_name"]))
    return str(EeId(model, parts["application_name"], parts["machine_id"]))


def ee_id_components(text: Any) -> object:
    ee_id = EeId.parse(text)
    return [ee_id.model, ee_id.application, ee_id.locator]


def status(entity: Any) -> object:
    return native_to_status(entity["type"], entity["status"]).value


OWNERS: Mapping[str, Callable[[Any], object]] = {
    "_get_namespace_components": namespace_components,
    "_get_application_name": application_name,
    "_format_app_name": formatted_application,
    "_format_model_name": model_name,
    "_build_ee_id": built_ee_id,
    "_get_ee_id_components": ee_id_components,
    "juju_status_2_osm_status": status,
}
"""What does here what each function of the vectors did there."""

NO_NS_ID = "without an ns_id there is no model to work in"
BLANKS = "a blank at an end is a mistake of the caller, and no two systems treat it alike"

REVIEWED: list[tuple[str, str, object, str]] = [
    ("_get_namespace_components", "ns", REFUSED, NO_NS_ID),
    ("_get_namespace_components", ".", REFUSED, NO_NS_ID),
    ("_get_namespace_components", "..", REFUSED, NO_NS_ID),
    ("_get_namespace_components", "...", REFUSED, NO_NS_ID),
    ("_get_namespace_components", " .ns", REFUSED, BLANKS),
    ("_get_namespace_components", ".ns\n", REFUSED, BLANKS),
    ("_get_application_name", "...vdu-0", REFUSED, NO_NS_ID),
    ("_get_application_name", ".", REFUSED, NO_NS_ID),
    ("_format_model_name", "a-", "a-x9baf4407202e", "a Kubernetes namespace does not end with a hyphen"),
    ("_format_model_name", "a" * 64, "a" * 36 + "-xffe054fe7ae0", "names have at most 50 characters"),
    ("_get_ee_id_components", " ns.app.0 ", REFUSED, BLANKS),
]
"""Where no defect is recorded and we differ all the same: what is right here, and why."""

REPAIRED: list[tuple[str, str, object, object]] = [
    ("D56", "_get_namespace_components", "....", REFUSED),
    ("D56", "_get_namespace_components", ".ns.vnf.vdu-", [None, "ns", "vnf", "vdu-", None]),
    ("D54", "_get_namespace_components", ".ns.vnf.mgmt-vm-0", [None, "ns", "vnf", "mgmt-vm", "0"]),
    ("D54", "_get_namespace_components", ".ns.vnf.mgmt-vm-1", [None, "ns", "vnf", "mgmt-vm", "1"]),
    ("D54", "_get_namespace_components", ".ns.vnf.mgmt-vm", [None, "ns", "vnf", "mgmt-vm", None]),
    ("D54", "_get_namespace_components", ".ns.vnf.data-a-0", [None, "ns", "vnf", "data-a", "0"]),
    (
        "D54",
        "_get_namespace_components",
        ".ns.vnf.12345678-1234-1234-1234-123456789012-0",
        [None, "ns", "vnf", "12345678-1234-1234-1234-123456789012", "0"],
    ),
    ("D54", "_get_namespace_components", ".ns.vnf.vdu-x", [None, "ns", "vnf", "vdu-x", None]),
    ("D56", "_get_namespace_components", "nsi.ns.vnf.vdu-0.extra", REFUSED),
    ("D56", "_get_namespace_components", [".ns"], REFUSED),
    ("D57", "_get_application_name", f".{NS}.{VNF}.mgmtvm-0", "app-vnf-1b6a4eb3-4fbf-415e-985c-4aeb-x0e065a505a5d"),
    (
        "D57",
        "_get_application_name",
        f"{NSI}.{NS}.{VNF}.mgmtvm-1",
        "app-vnf-1b6a4eb3-4fbf-415e-985c-4aeb-x66413681b3f0",
    ),
    ("D58", "_get_application_name", ".ns.vnf-a.vdu", "app-vnf-vnf-a-vdu-vdu"),
    ("D58", "_get_application_name", ".ns.vnf a.vdu", "app-vnf-vnf-a-vdu-vdu"),
    ("D58", "_get_application_name", ".ns.VNF-A.vdu", "app-vnf-vnf-a-vdu-vdu"),
    ("D58", "_get_application_name", ".ns.vnf-z1.vdu", "app-vnf-vnf-z1-vdu-vdu"),
    ("D54", "_get_application_name", ".ns.vnf.data-a-0", "app-vnf-vnf-vdu-data-a-cnt-z0"),
    ("D54", "_get_application_name", ".ns.vnf.mgmt-vm-0", "app-vnf-vnf-vdu-mgmt-vm-cnt-z0"),
    ("D54", "_get_application_name", ".ns.vnf.mgmt-vm-1", "app-vnf-vnf-vdu-mgmt-vm-cnt-z1"),
    (
        "D54",
        "_get_application_name",
        ".ns.vnf.38912ff7-5bdd-4228-911f-c2bee259c44a-0",
        "app-vnf-vnf-vdu-38912ff7-5bdd-z4228-xbc2ca083c3a0",
    ),
    (
        "D54",
        "_get_application_name",
        f".{NS}.{VNF}.38912ff7-5bdd-4228-911f-c2bee259c44a-0",
        "app-vnf-1b6a4eb3-4fbf-415e-985c-4aeb-xe31314199a70",
    ),
    ("D59", "_get_application_name", ".ns.vnf/1.vdu", "app-vnf-vnf-z1-vdu-vdu-xdb93d72b6f59"),
    ("D59", "_get_application_name", ".ns.vnf.\xb2-0", "app-vnf-vnf-vdu-z2-cnt-z0-xafd9e52a47af"),
    (
        "D57",
        "_get_application_name",
        ".ns.vnf.dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd-0",
        "app-vnf-vnf-vdu-dddddddddddddddddddd-x771d9390f2bb",
    ),
    ("D56", "_get_application_name", 7, REFUSED),
    ("D59", "_format_app_name", "a/b", "app-vnf-a-b-xb38f2ce3d5cd"),
    ("D59", "_format_app_name", "a\tb", REFUSED),
    ("D59", "_format_app_name", "a\nb", REFUSED),
    ("D59", "_format_app_name", "a\n", REFUSED),
    ("D59", "_format_app_name", "a\xf1o", "app-vnf-ano-xc0860ac7a9ad"),
    ("D59", "_format_app_name", "\xb2", "app-vnf-z2-x36df39b2fe58"),
    ("D59", "_format_app_name", "app-\xb2", "app-vnf-app-z2-x4f4e05f6f99f"),
    ("D59", "_format_app_name", "app-\u0663", "app-vnf-app-z-x5e43501031e7"),
    ("D59", "_format_app_name", "\u2460-a", "app-vnf-z1-a-x2c1779ab86db"),
    ("D59", "_format_app_name", "\u0130stanbul", "app-vnf-istanbul-x592027e685cb"),
    ("D59", "_format_app_name", "\u2167", "app-vnf-viii-xb8079015307f"),
    ("D59", "_format_app_name", "e\u0301", "app-vnf-e-x65508eafd9c0"),
    ("D59", "_format_app_name", "app\u2010one", "app-vnf-appone-x3299d8b417e2"),
    ("D59", "_format_app_name", 3, REFUSED),
    ("D61", "_format_model_name", "_a", "a-x34fb716034ed"),
    ("D61", "_format_model_name", " a", REFUSED),
    ("D61", "_format_model_name", "-", "x3973e022e932"),
    ("D61", "_format_model_name", "_", "xd2e2adf7177b"),
    ("D61", "_format_model_name", "a/b", "a-b-xc14cddc033f6"),
    ("D61", "_format_model_name", "a@b", "a-b-x7508d8b5018e"),
    ("D61", "_format_model_name", "A\xf1o", "ano-x9100502b8574"),
    ("D61", "_format_model_name", "\u0663", "x1a4fd527b171"),
    ("D61", "_format_model_name", "a\n", REFUSED),
    ("D61", "_format_model_name", "\u0130", "i-xa65018cffe8e"),
    ("D61", "_format_model_name", "NS-1", "ns-1"),
    ("D84", "_format_model_name", None, REFUSED),
    ("D62", "_build_ee_id", {"model_name": "My_NS", "application_name": "app-z", "machine_id": "0"}, "my-ns.app-z.0"),
    ("D63", "_build_ee_id", {"model_name": "a.b", "application_name": "app", "machine_id": "0"}, REFUSED),
    ("D63", "_build_ee_id", {"model_name": "ns", "application_name": "app.1", "machine_id": "0"}, REFUSED),
    ("D63", "_build_ee_id", {"model_name": "", "application_name": "", "machine_id": ""}, REFUSED),
    ("D63", "_build_ee_id", {"model_name": "ns", "application_name": "app", "machine_id": None}, REFUSED),
    ("D63", "_build_ee_id", {"model_name": "ns", "application_name": "app", "machine_id": ""}, REFUSED),
    ("D63", "_get_ee_id_components", "a.b.c.d", REFUSED),
    ("D63", "_get_ee_id_components", "a.b.c.d.e", REFUSED),
    ("D63", "_get_ee_id_components", "", REFUSED),
    ("D63", "_get_ee_id_components", "..", REFUSED),
    ("D63", "_get_ee_id_components", ".app.0", REFUSED),
    ("D63", "_get_ee_id_components", "ns.app.", REFUSED),
    ("D63", "_get_ee_id_components", None, REFUSED),
    ("D63", "_get_ee_id_components", 7, REFUSED),
    ("D63", "_get_ee_id_components", "osm.myhelm-0012", REFUSED),
    ("D63", "_get_ee_id_components", "helm-v3:osm.eechart-0012345678", REFUSED),
    ("D37", "juju_status_2_osm_status", {"type": "application", "status": "error"}, "failed"),
    ("D38", "juju_status_2_osm_status", {"type": "action", "status": "pending"}, "pending"),
    ("D38", "juju_status_2_osm_status", {"type": "action", "status": "failed"}, "failed"),
    ("D38", "juju_status_2_osm_status", {"type": "action", "status": "aborted"}, "failed"),
    ("D38", "juju_status_2_osm_status", {"type": "action", "status": "error"}, "failed"),
    ("D39", "juju_status_2_osm_status", {"type": "machine", "status": "provisioning error"}, "failed"),
    ("D40", "juju_status_2_osm_status", {"type": "model", "status": "available"}, "unknown"),
    ("D40", "juju_status_2_osm_status", {"type": "", "status": ""}, "unknown"),
]
"""Where the documented result is a defect: its number, and what is right."""


def key(function: str, given: object) -> str:
    return f"{function}({json.dumps(given, ensure_ascii=True, sort_keys=True)})"


DECIDED = {key(function, given): right for function, given, right, _ in REVIEWED}
DECIDED.update({key(function, given): right for _, function, given, right in REPAIRED})


def expected(entry: Mapping[str, Any]) -> object:
    documented = REFUSED if entry.get("raises") == "N2VCBadArgumentsException" else entry.get("output")
    return DECIDED.get(key(entry["function"], entry["input"]), documented)


def golden() -> list[Any]:
    numbers = {key(function, given): number for number, function, given, _ in REPAIRED}
    cases = []
    for entry in GOLDEN:
        name = key(entry["function"], entry["input"])
        marks = [pytest.mark.defect(numbers[name])] if name in numbers else []
        cases.append(pytest.param(entry, id=name, marks=marks))
    return cases


@pytest.mark.parametrize("entry", golden())
def test_golden_vectors_give_what_is_documented_or_right(entry: dict[str, Any]) -> None:
    try:
        result = OWNERS[entry["function"]](entry["input"])
    except BadArguments:
        result = REFUSED
    assert result == expected(entry)


def test_each_golden_vector_is_there_once_and_has_an_owner() -> None:
    names = [key(entry["function"], entry["input"]) for entry in GOLDEN]
    assert len(set(names)) == len(names)
    assert {entry["function"] for entry in GOLDEN} == set(OWNERS)
    assert all(
        set(entry) <= {"function", "input", "output", "raises", "note", "defect", "juju_valid", "over_50"}
        for entry in GOLDEN
    )
    assert all(("output" in entry) != ("raises" in entry) for entry in GOLDEN)


def test_the_repaired_vectors_are_exactly_the_recorded_defects() -> None:
    defects = sorted(key(entry["function"], entry["input"]) for entry in GOLDEN if entry.get("defect"))
    assert sorted(key(function, given) for _, function, given, _ in REPAIRED) == defects


def test_the_reviewed_vectors_are_other_ones_and_differ_in_fact() -> None:
    documented = {key(e["function"], e["input"]): e.get("output") for e in GOLDEN if not e.get("defect")}
    for function, given_, right, reason in REVIEWED:
        assert documented[key(function, given_)] != right, reason


@pytest.mark.parametrize(
    "entry",
    [pytest.param(e, id=ascii(e["input"])) for e in GOLDEN if e["function"] == "_format_app_name" and "output" in e],
)
def test_the_documented_application_format_is_kept_to_the_byte(entry: dict[str, Any]) -> None:
    assert format_application(entry["input"]) == entry["output"]


@pytest.mark.parametrize(
    "entry",
    [pytest.param(e, id=ascii(e["input"])) for e in GOLDEN if e["function"] == "_format_model_name" and "output" in e],
)
def test_the_documented_model_format_is_kept_to_the_byte(entry: dict[str, Any]) -> None:
    assert format_model(entry["input"]) == entry["output"]


# Namespaces.

_LETTERS = st.text("abcdefghijklmnopqrstuvwxy", min_size=1, max_size=40)
_ANY = st.text(max_size=30)
_LIKELY = st.text("aAbzZ019-_ /:@kduvnxcte\u00b2\u0663\u00e9\u2174", max_size=40)
_COUNTS = st.from_regex(r"[0-9]{1,4}", fullmatch=True)
_ALLOWED = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"), exclude_characters=".")
_PARTS = st.one_of(_LIKELY, st.text(_ALLOWED, max_size=30)).map(lambda text: text.strip() or "a")
_VDUS = _PARTS.map(lambda text: re.sub(r"^kdu:|-[0-9]+$", "-z", text))
_MAYBE = st.none() | _PARTS
_EES = st.none() | _PARTS.map(lambda text: text.replace("@", "-"))


def kdus() -> st.SearchStrategy[Namespace]:
    return st.builds(Namespace.for_kdu, _PARTS, _MAYBE, _PARTS, _MAYBE, _EES)


def vdus() -> st.SearchStrategy[Namespace]:
    return st.builds(Namespace, _MAYBE, _PARTS, _MAYBE, _VDUS, st.none() | _COUNTS, _EES)


def namespaces() -> st.SearchStrategy[Namespace]:
    """Draw namespaces of all levels, made of anything that a part may be."""
    return st.one_of(kdus(), vdus(), st.builds(Namespace, _MAYBE, _PARTS, _MAYBE, ee=_EES))


def parsed(make: Callable[[], T], argument: str) -> T | None:
    """Give what is made; None where it is refused, which has to be as a bad argument."""
    try:
        return make()
    except BadArguments as error:
        if error.bad_args != [argument]:
            raise
        return None


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
        ("", "ns_id is missing"),
        ("ns", r"ns_id is missing .* so an NS is '\.ns'"),
        ("nsi.", "ns_id is missing"),
        ("..vnf", "ns_id is missing"),
        (".a.b.c.d", "5 parts"),
        (" nsi.ns", "nsi_id .* blank"),
        (".ns ", "ns_id .* blank"),
        (".ns. vnf", "vnf_id .* blank"),
        (".ns.vnf.vdu \t", "vdu_id .* blank"),
        (".ns.vnf.vdu -0", "vdu_id .* blank"),
        (".n\ns", "ns_id .* control character"),
        (".ns.v\u200bnf", "vnf_id .* control character"),
        (".ns.vnf.v\u2028u", "vdu_id .* control character"),
        (".ns.vnf.v\ud800u", "vdu_id .* control character"),
        (".ns.vnf.-0", "vdu_count needs a vdu_id"),
        (".ns.vnf.kdu:", "kdu_name is empty"),
        (".ns.vnf.kdu: x", "kdu_name .* blank"),
        (".ns.vnf@", "ee is empty .* leave the @ out"),
        ("@ee", "ns_id is missing"),
        (".ns.vnf@e.e", "ee 'e.e' has a dot"),
        (".ns@ ee", "ee .* blank"),
        (".ns@e\u200be", "ee .* control character"),
        (".ns @ee", "ns_id .* blank"),
        (None, "got NoneType"),
        (7, "got int"),
        (b".ns", "got bytes"),
        ([".ns"], "got list"),
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
        ((None, None), "ns_id is missing"),
        ((None, ""), "ns_id is empty"),
        ((None, 5), "ns_id: expected text, got int"),
        (("", "ns"), "nsi_id is empty"),
        ((None, "a.b"), "ns_id 'a.b' has a dot"),
        ((None, "ns", "vnf", "vdu", ""), "vdu_count is empty"),
        ((None, "ns", "vnf", "vdu", "x"), "vdu_count: expected ASCII digits"),
        ((None, "ns", "vnf", "vdu", "\u00b2"), "vdu_count: expected ASCII digits"),
        ((None, "ns", "vnf", "vdu", 0), "vdu_count: expected text, got int"),
        ((None, "ns", "vnf", None, "0"), "needs a vdu_id"),
        ((None, "ns", "vnf", "vdu-0"), "give the count as vdu_count"),
        ((None, "ns", "vnf", "kdu:a", "0"), "a KDU has none"),
        ((None, "ns", None, None, None, ""), "ee is empty"),
        ((None, "ns", None, None, None, 1), "ee: expected text, got int"),
        ((None, "ns", None, None, None, "a@b"), "ee 'a@b' contains @"),
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


@given(st.one_of(_ANY, st.lists(st.one_of(_LIKELY, _ANY, st.just("")), max_size=5).map(".".join)))
def test_any_text_round_trips_as_a_namespace_or_is_refused(text: str) -> None:
    ns = parsed(lambda: Namespace.parse(text), "namespace")
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


# Several execution environments at one place.


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


@given(namespaces(), _LETTERS, _LETTERS)
def test_two_ees_at_one_place_never_share_an_application(place: Namespace, one: str, two: str) -> None:
    names = [CHARM_NAMES.application(replace(place, ee=ee)) for ee in (one, two)]
    assert (names[0] == names[1]) == (one == two)


@given(namespaces(), _LETTERS)
def test_an_ee_never_shares_the_application_of_its_place(place: Namespace, ee: str) -> None:
    own = CHARM_NAMES.application(replace(place, ee=ee))
    assert own != CHARM_NAMES.application(replace(place, ee=None))


# KDUs.


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


@given(_LETTERS, st.text("abcd", min_size=30, max_size=40))
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


# Names.


@given(namespaces())
@pytest.mark.defect("D57")
@pytest.mark.defect("D59")
@pytest.mark.defect("D61")
def test_names_are_always_valid_and_never_too_long(ns: Namespace) -> None:
    application = CHARM_NAMES.application(ns)
    assert APPLICATION.fullmatch(application)
    assert len(application) <= 50
    model = parsed(lambda: CHARM_NAMES.model(ns), "namespace")
    if model is not None:
        assert MODEL.fullmatch(model)
        assert len(model) <= 50
        EeId(model, application, "0")


@given(namespaces())
def test_names_are_the_same_each_time_for_the_same_namespace(ns: Namespace) -> None:
    rules = NameRules(reserved_suffixes=())
    again = Namespace.parse(str(ns))
    assert (rules.model(again), rules.application(again)) == (rules.model(ns), rules.application(ns))


@given(vdus(), _COUNTS, _COUNTS)
@pytest.mark.defect("D54")
@pytest.mark.defect("D57")
def test_two_counts_of_a_vdu_never_share_an_application(ns: Namespace, one: str, two: str) -> None:
    vdu = Namespace(None, ns.ns_id, ns.vnf_id, ns.vdu_id, one)
    twin = Namespace(None, ns.ns_id, ns.vnf_id, ns.vdu_id, two)
    assert (CHARM_NAMES.application(vdu) == CHARM_NAMES.application(twin)) == (one == two)


@given(vdus(), _COUNTS)
@pytest.mark.defect("D54")
def test_a_replica_never_shares_with_the_vdu_without_a_count(ns: Namespace, count: str) -> None:
    vdu = Namespace(None, ns.ns_id, ns.vnf_id, ns.vdu_id)
    replica = Namespace(None, ns.ns_id, ns.vnf_id, vdu.vdu_id, count)
    assert CHARM_NAMES.application(vdu) != CHARM_NAMES.application(replica)


@st.composite
def plain_namespaces(draw: st.DrawFn) -> Namespace:
    """Draw namespaces whose ids are lower-case letters, which the documented format does not change."""
    vnf, vdu, ee = (draw(st.none() | _LETTERS) for _ in range(3))
    if vdu is not None and draw(st.booleans()):
        return Namespace.for_kdu("ns", vnf, vdu, ee=ee)
    return Namespace(None, "ns", vnf, vdu, draw(st.none() | _COUNTS) if vdu is not None else None, ee)


@given(plain_namespaces(), plain_namespaces())
@pytest.mark.defect("D57")
def test_namespaces_of_plain_ids_never_share_an_application(one: Namespace, two: Namespace) -> None:
    assert (CHARM_NAMES.application(one) == CHARM_NAMES.application(two)) == (one == two)


@given(_LETTERS.map(lambda text: text * 3), _LETTERS.map(lambda text: text * 3))
@pytest.mark.defect("D61")
def test_ns_ids_of_plain_letters_never_share_a_model(one: str, two: str) -> None:
    same = CHARM_NAMES.model(Namespace(None, one)) == CHARM_NAMES.model(Namespace(None, two))
    assert same == (one == two)


@pytest.mark.parametrize(
    ("length", "digested"), [(49, False), (50, False), (51, True), (63, True), (100_000, True)], ids=str
)
@pytest.mark.defect("D57")
def test_names_of_fifty_characters_are_kept_longer_ones_digested(length: int, digested: bool) -> None:
    model = CHARM_NAMES.model(Namespace(None, "m" * length))
    application = CHARM_NAMES.application(Namespace(None, "ns", "v" * (length - len("app-vnf-"))))
    assert (model == "m" * length, application == "app-vnf-" + "v" * (length - 8)) == (not digested, not digested)
    assert {len(model), len(application)} == {min(length, 50)}


def test_a_head_cut_at_a_digit_group_still_is_a_valid_name() -> None:
    for cut in range(20, 45):
        ns = Namespace(None, "ns", "v" * cut + "/1-12a" + "b" * 40)
        assert APPLICATION.fullmatch(CHARM_NAMES.application(ns))


@pytest.mark.parametrize("text", [".ns", "nsi.ns", ".ns.."])
@pytest.mark.defect("D60")
def test_the_application_of_a_whole_ns_has_a_name_of_its_own(text: str) -> None:
    assert CHARM_NAMES.application(Namespace.parse(text)) == "app-z"


@given(namespaces())
@pytest.mark.defect("D60")
def test_nothing_below_the_ns_has_the_name_of_the_whole_ns(ns: Namespace) -> None:
    assert ns.is_ns == (CHARM_NAMES.application(ns) == "app-z")


@pytest.mark.parametrize("ns_id", ["ns-k8s", "NS_K8S", "my ns k8s"])
def test_a_model_name_kept_for_another_backend_is_refused(ns_id: str) -> None:
    with pytest.raises(BadArguments, match=r"-k8s.*choose another ns_id") as caught:
        CHARM_NAMES.model(Namespace(None, ns_id))
    assert caught.value.bad_args == ["namespace"]


@pytest.mark.parametrize("ns_id", ["k8s", "nsk8s", "ns-k8s-1", "ns/k8s"])
def test_only_the_reserved_ending_is_refused(ns_id: str) -> None:
    assert not CHARM_NAMES.model(Namespace(None, ns_id)).endswith("-k8s")


@pytest.mark.parametrize("length", [1, 46, 47, 200])
def test_a_model_suffix_counts_for_the_limit(length: int) -> None:
    rules = NameRules(model_suffix="-k8s", reserved_suffixes=())
    name = rules.model(Namespace(None, "n" * length))
    assert name.endswith("-k8s")
    assert len(name) == min(length + 4, 50)
    assert CHARM_NAMES.model(Namespace(None, "n" * length)) != name


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        pytest.param(".ns.vnf_a.vdu", ".ns.vnf-a.vdu", "application", marks=pytest.mark.defect("D58")),
        pytest.param(".ns.vnf-1.vdu", ".ns.vnf-z1.vdu", "application", marks=pytest.mark.defect("D58")),
        pytest.param(".ns.VNF-A.vdu", ".ns.vnf a.vdu", "application", marks=pytest.mark.defect("D58")),
        pytest.param(".ns_1.vnf", ".NS-1.vnf", "model", marks=pytest.mark.defect("D61")),
        (".ns.a@b", ".ns.a-ee-b", "application"),
        (".ns.a@one_1", ".ns.a@one-1", "application"),
    ],
)
async def test_a_second_namespace_of_a_name_is_refused_naming_both(first: str, second: str, shared: str) -> None:
    store = MemoryStore()
    outbox = Outbox(store, interval=0, queue_limit=9, attempt_limit=60, on_stored=lambda *_: None)
    claims = Claims("edge", "me", outbox, 60)

    async def claim(text: str) -> None:
        ns = Namespace.parse(text)
        key = EeKey("edge", CHARM_NAMES.model(ns), CHARM_NAMES.application(ns))
        await claims.claim(key, ns, default_home(key), {})

    await claim(first)
    with pytest.raises(BadArguments, match=f"share the {shared}") as caught:
        await claim(second)
    one, two = (text if shared == "application" else Namespace.parse(text).ns_id for text in (first, second))
    assert one in caught.value.message
    assert two in caught.value.message
    await claim(first)
    assert await outbox.drain(60) == []
    assert await outbox.close(60) == []


# ee_ids.


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "got NoneType"),
        (7, "got int"),
        ("", "1 parts"),
        ("ns.app", "2 parts"),
        ("a.b.c.d", "4 parts"),
        ("..", "model is empty"),
        ("ns..0", "application is empty"),
        ("ns.app.", "locator is empty"),
        (" ns.app.0", "model .* blank"),
        ("ns.app.0\n", "locator .* blank"),
        ("ns.a\x00pp.0", "application .* control character"),
    ],
    ids=ascii,
)
@pytest.mark.defect("D63")
def test_an_invalid_ee_id_is_refused_naming_its_argument(given: Any, said: str) -> None:
    with pytest.raises(BadArguments, match=f"^reuse_ee_id: .*{said}") as caught:
        EeId.parse(given, "reuse_ee_id")
    assert caught.value.bad_args == ["reuse_ee_id"]


@given(st.one_of(_ANY, st.lists(st.one_of(_LIKELY, _ANY), min_size=2, max_size=4).map(".".join)))
@pytest.mark.defect("D63")
def test_any_text_round_trips_as_an_ee_id_or_is_refused(text: str) -> None:
    ee_id = parsed(lambda: EeId.parse(text), "ee_id")
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
