"""Refusals: one wording for the core and all backends, which says who is in whose way."""

from __future__ import annotations

import pytest

from vca_core import refusals
from vca_core.errors import AlreadyExists, BadArguments, ConflictError, NotFound, VcaError
from vca_core.naming import EeId, Namespace

EE_ID = EeId.parse("ns1.app-vnf-vnf1.0")
NAMESPACE, OTHER = Namespace.parse(".ns_1.vnf1"), Namespace.parse(".ns-1.vnf1")


@pytest.mark.parametrize(
    ("error", "cls", "names"),
    [
        (refusals.already_exists(EE_ID, NAMESPACE), AlreadyExists, [str(NAMESPACE), str(EE_ID)]),
        (refusals.removal_under_way(EE_ID, NAMESPACE), ConflictError, [str(NAMESPACE), str(EE_ID)]),
        (refusals.shared_application(NAMESPACE, OTHER, "m", "a"), BadArguments, [str(NAMESPACE), str(OTHER), "m", "a"]),
        (refusals.shared_model("ns_1", "ns-1", "m"), BadArguments, ["ns_1", "ns-1", "m"]),
        (refusals.no_environment(EE_ID), NotFound, [str(EE_ID)]),
        (refusals.no_charm("m", "a"), NotFound, ["m", "a"]),
        (refusals.no_unit("a/2", EE_ID, ["a/0"]), NotFound, ["did you mean 'a/0'?"]),
        (refusals.no_primitive("charm c", "tuch", ["touch"]), BadArguments, ["charm c", "did you mean 'touch'?"]),
        (refusals.another_charm("one", "two", EE_ID), AlreadyExists, ["one", "two"]),
        (refusals.not_a_version("one", "two"), BadArguments, ["one", "two"]),
        (refusals.subordinate_charm("one"), BadArguments, ["one"]),
        (refusals.wrong_substrate("one", is_kubernetes=True), BadArguments, ["one runs on Kubernetes", "has machines"]),
        (refusals.wrong_substrate("one", is_kubernetes=False), BadArguments, ["one runs on machines"]),
        (refusals.unsupported_base("one", ["b@2", "b@1"], "0", "b@3"), BadArguments, ["b@1, b@2", "machine 0 has b@3"]),
    ],
)
def test_a_refusal_names_what_it_is_about(error: VcaError, cls: type[VcaError], names: list[str]) -> None:
    assert type(error) is cls
    assert [name for name in names if name not in error.message] == []
    if isinstance(error, AlreadyExists):
        assert error.ee_id == str(EE_ID)
    if isinstance(error, BadArguments):
        assert error.bad_args


def test_a_host_that_is_taken_is_no_ee_to_go_on_with() -> None:
    error = refusals.host_taken("h1", str(NAMESPACE), str(EE_ID))
    assert error.message == f"host h1 is registered already, for namespace {NAMESPACE}: deregister {EE_ID} first"
    assert error.ee_id is None


MADE = ("ubuntu@24.04", "ubuntu@22.04")
ELSEWHERE = (
    "create the EE with options.base, such as ubuntu@24.04, ubuntu@22.04; a charm that does not support that is "
    "installed with the option force"
)


@pytest.mark.parametrize(
    ("error", "argument", "text"),
    [
        (
            refusals.unsupported_base("one", ["b@2", "b@1", "b@2"], "0", "b@3"),
            "artifact_path",
            (
                "charm one supports b@1, b@2, and machine 0 has b@3; create it with the artifact_path, so that it"
                " gets a base that fits, or install with the option force"
            ),
        ),
        (
            refusals.old_bases("one", ["b@2", "b@1", "b@2"], MADE),
            "artifact_path",
            (
                "charm one supports b@1, b@2, and Juju makes machines of ubuntu@24.04, ubuntu@22.04; to try it "
                "there, create the EE with the option base, and install with the option force"
            ),
        ),
        (
            refusals.unmade_base("b@1", MADE, charm="one"),
            "options.base",
            f"the controller makes no machines of b@1; {ELSEWHERE}",
        ),
        (
            refusals.unmade_base("b@1", MADE, asked=False, charm="one"),
            "artifact_path",
            f"charm one supports b@1, and the controller makes no machines of b@1; {ELSEWHERE}",
        ),
        (
            refusals.unmade_base("b@1", MADE, asked=False),
            "options.base",
            (
                "the controller makes no machines of b@1, which the connector's options name; change them in the "
                "config, or create the EE with options.base, such as ubuntu@24.04, ubuntu@22.04"
            ),
        ),
        (
            refusals.unmade_host_base("h1", "b@1", MADE),
            "credentials",
            (
                "host h1 has b@1, which the controller does not take; it may take ubuntu@24.04, ubuntu@22.04: "
                "install one of them on the host, or register another one"
            ),
        ),
        (
            refusals.unfit_architecture("one", ["s390x", "arm64"], "0", "amd64"),
            "artifact_path",
            "charm one supports arm64, s390x; machine 0 is amd64; install it on another machine",
        ),
    ],
)
def test_a_base_that_does_not_fit_is_told_with_the_way_out(error: BadArguments, argument: str, text: str) -> None:
    assert (error.message, error.bad_args) == (f"{argument}: {text}", [argument])
