"""The kit finds what is wrong: each mutant fails just the checks that it declares, and no two fail the same.

The good one and a few are examined here; `make mutants`, which CI runs, examines them all.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping

import pytest
from conformance.mutants import suite
from conformance.mutants.site import examine, install
from conformance.mutants.suite import all_backends
from conformance.mutants.world import Good

_PROCESSES = 2
_REASONS = {
    "LeavesAThread": "left behind: thread watcher",
    "SwallowsCancellation": "swallowed the CancelledError",
    "LeaksWhenCancelled": "is stored: it is leaked",
    "SpeaksInTongues": "these words mean nothing: rack 'humming'",
}
"""What is said of those that are examined here."""
_EXAMINED = [cls for cls in all_backends() if cls is Good or cls.__name__ in _REASONS]

pytestmark = pytest.mark.xdist_group("mutants")  # `observed` is for all of them


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, str]]:
    """What failed, by mutant; they are run at once, in two processes."""
    folder = tmp_path_factory.mktemp("mutants")
    install(folder, all_backends())
    places = [f"{suite.__file__}::Test{cls.__name__}" for cls in _EXAMINED]

    async def run() -> dict[str, dict[str, str]]:
        parts = [places[start::_PROCESSES] for start in range(_PROCESSES)]
        found = await asyncio.gather(*(examine(folder, part) for part in parts))
        return {name: failed for part in found for name, failed in part.items()}

    return asyncio.run(run())


@pytest.mark.timeout(1800)  # the first one waits for all
@pytest.mark.parametrize("cls", _EXAMINED, ids=lambda cls: cls.__name__)
def test_a_mutant_fails_the_checks_that_it_declares(observed: Mapping[str, Mapping[str, str]], cls: type) -> None:
    failed = observed[cls.__name__]
    declared: frozenset[str] = getattr(cls, "FAILS", frozenset())
    assert set(failed) == declared, "\n".join(f"{check}: {reason}" for check, reason in failed.items())


def test_one_worker_runs_all_mutants(request: pytest.FixtureRequest) -> None:
    if getattr(request.config.option, "loadgroup", False):  # in a worker of pytest-xdist
        assert request.node.nodeid.endswith("@mutants")


def test_any_two_mutants_differ() -> None:
    declared: dict[str, frozenset[str]] = {cls.__name__: getattr(cls, "FAILS", frozenset()) for cls in all_backends()}
    assert len(declared) > 15
    for one, other in itertools.combinations(declared, 2):
        assert declared[one] != declared[other], f"{one} and {other} fail the same checks"


def test_the_reason_of_a_failure_says_what_is_wrong(observed: Mapping[str, Mapping[str, str]]) -> None:
    reasons = {name: " ".join(failed.values()) for name, failed in observed.items()}
    for name, reason in _REASONS.items():
        assert reason in reasons[name]
    assert all("canary" not in reason for reason in reasons.values())
