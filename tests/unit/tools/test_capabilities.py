"""The table of capabilities: it has every check of the kit, and is held to what a run finds."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Literal

import pytest
from support.capabilities_table import PROPERTY, CapabilitiesTable, count_checks, problems_of

from generators import capabilities
from vca_core.testing.verdict import NO_HOST, CheckResult, Verdict

KNOWN = json.loads(capabilities.KEPT.read_text("utf-8"))


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, CheckResult]]:
    """Results of a whole run of the fake's suite, and a table that was made of them."""
    names = [f"test_{number}" for number in range(count_checks())]
    results = {name: CheckResult(name, "passed", hooks=frozenset({"scale"})) for name in names}
    verdict = Verdict("fake", "TestFake", {"distribution": "vca-fake", "capabilities": ["scale"]}, [*results.values()])
    monkeypatch.setattr(capabilities, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr("support.capabilities_table.about_backend", lambda _: verdict.about)
    capabilities.KEPT.write_text(json.dumps({"fake": capabilities.as_data(verdict)}))
    return {"TestFake": results}


@pytest.mark.parametrize("backend", KNOWN)
def test_the_table_counts_every_check_of_the_kit(backend: str) -> None:
    assert sum(KNOWN[backend]["checks"].values()) == count_checks(), "run `make docs`: the kit has other checks now"


def test_a_whole_run_that_found_what_the_table_says_is_right(table: dict[str, dict[str, CheckResult]]) -> None:
    assert problems_of(table) == []


def test_a_whole_run_that_found_something_else_is_told(table: dict[str, dict[str, CheckResult]]) -> None:
    table["TestFake"]["test_0"] = CheckResult("test_0", "skipped", "not on this backend", hooks=frozenset({"scale"}))
    [problem] = problems_of(table)
    assert "of fake is out of date" in problem


@pytest.mark.parametrize("reason", [None, NO_HOST])
def test_of_a_run_that_left_something_out_nothing_is_told(
    table: dict[str, dict[str, CheckResult]], reason: str | None
) -> None:
    del table["TestFake"]["test_0"]
    if reason is not None:  # this machine has no sshd
        table["TestFake"]["test_0"] = CheckResult("test_0", "skipped", reason)
    assert problems_of(table) == []


@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_results_come_from_whichever_process_ran_a_check(
    table: dict[str, dict[str, CheckResult]], outcome: Literal["passed", "failed"]
) -> None:
    plugin = CapabilitiesTable()
    phases: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")
    for name, when in itertools.product(table["TestFake"], phases):
        is_bad = outcome == "failed" and (name, when) == ("test_7", "call")
        place = (__file__, 1, name)
        report = pytest.TestReport(name, place, {}, "failed" if is_bad else "passed", "why" if is_bad else None, when)
        properties = [[PROPERTY, ["TestFake", name, ["scale"]]]]
        report.user_properties = json.loads(json.dumps(properties))  # as another process hands it over
        plugin.pytest_runtest_logreport(report)
    assert len(plugin.compare()) == (outcome == "failed")
