"""Judges at the end of `make fuzz` how long the event loop stood still, and shows where it did so the longest.

An input that held it up for longer than `support.ticker.BOUND` makes the run fail. A busy machine makes everything
slower: how much slower is measured beside each input with a known piece of work, and the bound is as much longer. If
that is more than `support.ticker.BUSIEST` times, the input is not judged, which is said.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.random_input import IS_LONG, SEED
from support.ticker import BOUND, BUSIEST, Stall

_SHOWN = 15

_stalls: dict[str, Stall] = {}
"""The shortest stall of each input, by its name."""


def pytest_report_header() -> str:
    """See pytest."""
    return f"seed of the random input: {SEED} (to try the same again: `make fuzz SEED={SEED}`)"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """See pytest."""
    if report.when == "call" and (stalls := list(_stalls_of(report))):
        name = report.nodeid.partition("[")[2].removesuffix("]")
        _stalls[name] = min(stalls, key=lambda stall: (stall.is_too_long, stall.seconds / stall.slowness))


def _stalls_of(report: pytest.TestReport) -> Iterator[Stall]:
    for name, value in report.user_properties:
        if name == "stall" and isinstance(value, tuple | list):
            yield Stall(*value)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail if the loop stood still for too long; only `make fuzz` judges that."""
    if IS_LONG and session.exitstatus == pytest.ExitCode.OK and any(stall.is_too_long for stall in _stalls.values()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """See pytest."""
    if not _stalls:
        return
    terminalreporter.section("the longest stalls of the event loop")
    for name, stall in sorted(_stalls.items(), key=lambda pair: pair[1].seconds, reverse=True)[:_SHOWN]:
        terminalreporter.write_line(f"{1000 * stall.seconds:7.1f} ms  {name}{_verdict(stall) if IS_LONG else ''}")
    if unknown := [name for name, stall in _stalls.items() if not stall.is_known]:
        terminalreporter.write_line(
            f"{len(unknown)} not judged: the machine was more than {BUSIEST:g} times slower than by itself"
        )
    if too_long := [name for name, stall in _stalls.items() if IS_LONG and stall.is_too_long]:
        terminalreporter.write_line(f"too long, each time it was tried: {'; '.join(too_long)}", red=True)


def _verdict(stall: Stall) -> str:
    allowed = f"{1000 * BOUND * stall.slowness:.0f} ms, as the machine is {stall.slowness:.1f} times slower"
    return "" if stall.seconds <= BOUND else f"  (of {allowed})" if stall.is_known else "  (not judged)"
