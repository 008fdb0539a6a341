"""What is only told to be done is found out: each mutant fails the checks that are meant for it.

One of each family is examined here; `make mutants`, which CI runs, examines them all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from conformance.effect_mutants import suite
from conformance.effect_mutants.potemkin import Potemkin
from conformance.mutants.site import examine, install

from vca_core.testing import BackendConformance

pytestmark = pytest.mark.xdist_group("effect mutants")  # `observed` is for all of them

DECLARED = [cls for cls in suite.all_mutants() if cls is not Potemkin]
_EXAMINED = [cls for cls in suite.sample() if cls is not Potemkin]
SAMPLE = {
    "test_options_arrive_at_every_unit[some-configure]",
    "test_a_primitive_is_run_once",
    "test_a_relation_is_seen_once_at_both_ends",
    "test_an_upgrade_keeps_the_options",
}
"""Checks that the backend fails which does nothing of what it says: of options, primitives, relations and upgrades."""


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, str]]:
    """What failed, by mutant; each one is examined by the checks that are meant for it."""
    folder = tmp_path_factory.mktemp("effect_mutants")
    install(folder, suite.all_mutants())
    wanted = {**{cls: cls.CAUGHT_BY for cls in _EXAMINED}, Potemkin: SAMPLE}
    places = [f"{suite.__file__}::Test{cls.__name__}::{check}" for cls, checks in wanted.items() for check in checks]
    return asyncio.run(examine(folder, places))


@pytest.mark.timeout(900)  # the first one waits for all
@pytest.mark.parametrize("cls", _EXAMINED, ids=lambda cls: cls.__name__)
def test_an_effect_mutant_is_caught(observed: Mapping[str, Mapping[str, str]], cls: type) -> None:
    meant: frozenset[str] = getattr(cls, "CAUGHT_BY", frozenset())
    assert set(observed[cls.__name__]) == meant, observed[cls.__name__]


def test_a_backend_that_does_nothing_is_caught(observed: Mapping[str, Mapping[str, str]]) -> None:
    assert set(observed["Potemkin"]) == SAMPLE


def test_checks_meant_for_mutants_are_checks() -> None:
    for cls in DECLARED:
        assert cls.CAUGHT_BY, f"no check is meant for {cls.__name__}"
        assert {check.partition("[")[0] for check in cls.CAUGHT_BY} <= BackendConformance.checks, cls
