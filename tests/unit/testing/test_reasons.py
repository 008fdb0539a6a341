"""The reason of a failed check is what the check says, and not what led to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vca_core.testing.run import outcome_of


def reason_of(check: Callable[[], None]) -> str:
    with pytest.raises(AssertionError) as caught:
        check()
    text = str(caught.getrepr(style="long"))
    report = pytest.TestReport("check", ("", 0, ""), {}, "failed", text, "call")
    outcome, reason = outcome_of(report, by_kit=True)
    assert outcome == "failed"
    return reason


def test_the_reason_is_the_first_line_of_the_error() -> None:
    def check() -> None:
        raise AssertionError("it is gone\nand more")

    assert reason_of(check) == "AssertionError: it is gone"


def test_the_reason_of_an_error_with_a_cause_is_its_own() -> None:
    def check() -> None:
        try:
            raise KeyError("what led to it")
        except KeyError as error:
            raise AssertionError("it cannot be gone on with") from error

    assert reason_of(check) == "AssertionError: it cannot be gone on with"


def test_the_reason_of_an_error_in_a_handler_is_its_own() -> None:
    def check() -> None:
        try:
            raise KeyError("what was handled")
        except KeyError:
            raise AssertionError("it names no unit")  # noqa: B904 - as an assert does it

    assert reason_of(check) == "AssertionError: it names no unit"
