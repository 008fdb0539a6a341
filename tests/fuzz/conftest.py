"""Tells at the end of `make fuzz` how long the event loop stood still, at the inputs where it did so the longest."""

from __future__ import annotations

import pytest
from support.random_input import SEED

_SHOWN = 15


def pytest_report_header() -> str:
    """See pytest."""
    return f"seed of the random input: {SEED} (to try the same again: `make fuzz SEED={SEED}`)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """See pytest."""
    stalls = sorted(
        (
            (float(stall), report.nodeid.partition("[")[2].removesuffix("]"))
            for report in terminalreporter.getreports("passed")
            for name, stall in report.user_properties
            if name == "stall" and isinstance(stall, float)
        ),
        reverse=True,
    )
    if stalls:
        terminalreporter.section("the longest stalls of the event loop")
    for stall, name in stalls[:_SHOWN]:
        terminalreporter.write_line(f"{1000 * stall:7.1f} ms  {name}")
