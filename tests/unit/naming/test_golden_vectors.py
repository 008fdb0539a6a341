"""Golden vectors: inputs and outputs of the documented functions, or what is right where those were wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from unit.naming.parts import APPLICATION, NS, NSI, VNF

from vca_core.errors import BadArguments
from vca_core.naming import CHARM_NAMES, EeId, Namespace, format_application, format_model
from vca_core.status import native_to_status

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
