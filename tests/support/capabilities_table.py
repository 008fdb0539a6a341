"""Whether the table of capabilities says what the kit finds, whichever processes run its checks."""

from __future__ import annotations

import json

import pytest

from generators import capabilities
from vca_core.testing import BackendConformance
from vca_core.testing.run import about_backend, cases_of, hooks_of, is_check, outcome_of
from vca_core.testing.verdict import NO_HOST, CheckResult, Verdict

PROPERTY = "vca_check"
"""The name of what a report says of its check: the class that adopted the suite, the check, and its hooks."""


class CapabilitiesTable:
    """A plugin of pytest: after a whole run of a suite, it compares the table with what came of the checks."""

    def __init__(self) -> None:
        self._results: dict[str, dict[str, CheckResult]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Have the reports of checks say what they are about, as another process may take them."""
        for item in items:
            if isinstance(item, pytest.Function) and is_check(item) and item.cls is not None:
                item.user_properties.append((PROPERTY, [item.cls.__name__, item.name, sorted(hooks_of(item))]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what came of a check."""
        about = dict(report.user_properties).get(PROPERTY)
        if not isinstance(about, list):
            return
        adopted, name, hooks = about
        outcome, reason = outcome_of(report, by_kit=True)
        if outcome is not None:
            result = CheckResult(name, outcome, reason, with_faults=False, hooks=frozenset(hooks))
            self._results.setdefault(adopted, {}).setdefault(name, result)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compare, in the process that has all reports."""
        if hasattr(session.config, "workerinput"):
            return
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        for problem in self.compare():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            if reporter is not None:
                reporter.ensure_newline()
                reporter.write_line(problem)

    def compare(self) -> list[str]:
        """Say what is wrong with the table after what was seen."""
        return problems_of(self._results)


def problems_of(results: dict[str, dict[str, CheckResult]]) -> list[str]:
    """Say what is wrong with the table.

    Args:
        results: what came of checks, by class and check. Of a class that did not run as a whole, or had no host to
            register, nothing is said.
    """
    known = json.loads(capabilities.KEPT.read_text("utf-8"))
    problems = []
    for name, (_, adopted) in capabilities.SUITES.items():
        found = list(results.get(adopted, {}).values())
        if len(found) < count_checks() or any(result.reason == NO_HOST for result in found):
            continue
        verdict = Verdict(name, adopted, results=found, about=about_backend(name))
        if capabilities.as_data(verdict) != known.get(name):
            problems.append(f"{capabilities.PAGE}: what it says of {name} is out of date: run `make docs`")
    return problems


def count_checks() -> int:
    """How many checks the kit has for a backend, each counted for all that it is made of."""
    return sum(cases_of(BackendConformance.original(check)) for check in BackendConformance.checks)
