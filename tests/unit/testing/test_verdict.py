"""Which level results amount to."""

from __future__ import annotations

import pytest

from vca_core.testing.verdict import NO_FAULTS, NO_LOOK, NO_STREAM, WANTING, CheckResult, Level, Outcome, Verdict


def verdict(*results: tuple[Outcome, bool, str]) -> Verdict:
    made = [
        CheckResult(f"test_{number}", outcome, reason, faults)
        for number, (outcome, faults, reason) in enumerate(results)
    ]
    return Verdict("x", results=made)


@pytest.mark.parametrize(
    ("results", "level"),
    [
        ([], Level.NONE),
        ([("skipped", False, "not implemented")], Level.NONE),
        ([("passed", False, ""), ("failed", False, "broken")], Level.NONE),
        ([("passed", False, ""), ("xfailed", False, "known")], Level.NONE),
        ([("passed", False, ""), ("skipped", True, NO_FAULTS)], Level.BASE),
        ([("passed", False, ""), ("failed", True, "broken")], Level.BASE),
        ([("passed", False, ""), ("xfailed", True, "known")], Level.BASE),
        ([("passed", False, ""), ("passed", True, ""), ("skipped", True, "not implemented")], Level.FULL),
        ([("passed", False, ""), ("skipped", False, "not implemented"), ("passed", True, "")], Level.FULL),
        ([("passed", False, "")], Level.FULL),
        *(([("passed", False, ""), ("skipped", False, reason)], Level.BASE) for reason in WANTING),
        ([("passed", False, ""), ("skipped", True, NO_STREAM)], Level.FULL),
    ],
)
def test_results_amount_to_a_level(results: list[tuple[Outcome, bool, str]], level: Level) -> None:
    assert verdict(*results).level is level


def test_levels_have_an_order() -> None:
    assert Level.NONE.rank < Level.BASE.rank < Level.FULL.rank


@pytest.mark.parametrize(
    ("capabilities", "skipped", "title"),
    [
        (["describe_execution_environment", "exec_primitive", "install_configuration_sw"], "", "FULL"),
        (["exec_primitive", "install_configuration_sw"], "", "FULL, effects seen through `look` only"),
        (["exec_primitive"], "", "FULL, effects not seen: it installs no charms"),
        (["install_configuration_sw"], "", "FULL, effects not seen: it runs no primitives"),
        (["health"], "", "FULL, effects not seen: it installs no charms and runs no primitives"),
        (["exec_primitive", "install_configuration_sw"], NO_LOOK, "BASE"),
        (
            ["describe_execution_environment", "exec_primitive", "install_configuration_sw"],
            NO_STREAM,
            "FULL, streams of events not examined: the system only answers",
        ),
    ],
)
def test_a_level_says_how_effects_were_seen(capabilities: list[str], skipped: str, title: str) -> None:
    results: list[tuple[Outcome, bool, str]] = [("passed", False, "")]
    if skipped:
        results.append(("skipped", True, skipped))
    made = verdict(*results)
    made.about = {"capabilities": capabilities}
    assert made.title == title


def test_a_verdict_says_how_much_was_examined() -> None:
    hooks = frozenset({"scale"})
    results = [CheckResult("test_a", "passed", hooks=hooks), CheckResult("test_b", "skipped", NO_LOOK, hooks=hooks)]
    made = Verdict("x", about={"capabilities": ["health", "scale"]}, results=results)
    assert made.examined == {"scale": (1, 2)}
    assert made.wanting == {NO_LOOK: 1}


def test_checks_that_fail_for_one_reason_are_reported_together() -> None:
    one, other = "no EE kit0123abcd.app", "no EE kit4567cdef.app"
    made = verdict(("failed", False, one), ("passed", False, ""), ("failed", False, other), ("failed", False, "why"))
    assert {reason: len(results) for reason, results in made.causes.items()} == {"no EE kit....app": 2, "why": 1}


def test_a_check_has_a_title_for_people() -> None:
    assert CheckResult("test_an_ee_is_made[create]", "passed").title == "an ee is made (create)"


def test_a_verdict_is_plain_data() -> None:
    data = verdict(("passed", False, ""), ("failed", False, "broken")).as_data()
    assert data["level"] == "NONE"
    assert data["counts"] == {"passed": 1, "failed": 1, "skipped": 0, "xfailed": 0}
    assert data["checks"][1] == {
        "check": "test_1", "title": "1", "outcome": "failed", "reason": "broken", "with_faults": False, "hooks": []
    }  # fmt: skip
