"""What native words mean, and the one status that speaks for a whole execution environment."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_core.status import NATIVE_STATUS, DeploymentStatus, Entity, EntityState, aggregate, native_to_status

PENDING, RUNNING, COMPLETED, FAILED, UNKNOWN = (
    DeploymentStatus.PENDING,
    DeploymentStatus.RUNNING,
    DeploymentStatus.COMPLETED,
    DeploymentStatus.FAILED,
    DeploymentStatus.UNKNOWN,
)

WORST_FIRST = [FAILED, UNKNOWN, PENDING, RUNNING, COMPLETED]

WORKLOAD = [
    ("waiting", RUNNING, None),
    ("maintenance", RUNNING, None),
    ("active", COMPLETED, None),
    ("blocked", RUNNING, None),
    ("error", FAILED, "D37"),
]

TABLE: list[tuple[str, str, DeploymentStatus, str | None]] = [
    *(("application", *row) for row in WORKLOAD),
    *(("unit", *row) for row in WORKLOAD),
    ("unit", "failed", FAILED, None),
    ("unit", "lost", FAILED, None),
    ("action", "pending", PENDING, "D38"),
    ("action", "running", RUNNING, None),
    ("action", "completed", COMPLETED, None),
    ("action", "failed", FAILED, "D38"),
    ("action", "cancelled", FAILED, "D38"),
    ("action", "aborted", FAILED, "D38"),
    ("action", "error", FAILED, "D38"),
    ("machine", "pending", PENDING, None),
    ("machine", "started", COMPLETED, None),
    ("machine", "down", FAILED, "D39"),
    ("machine", "error", FAILED, "D39"),
    ("machine", "provisioning error", FAILED, "D39"),
]


def rows() -> list[Any]:
    extra = {"action": [pytest.mark.defect("U4")]}
    return [
        pytest.param(
            kind,
            native,
            status,
            id=f"{kind} {native}",
            marks=[pytest.mark.defect(number), *extra.get(kind, [])] if number else [],
        )
        for kind, native, status, number in TABLE
    ]


def state(kind: str, number: int, native: str = "", status: DeploymentStatus | None = None) -> EntityState:
    return EntityState(Entity(kind, f"{kind}/{number}"), native, status=status)


def units(statuses: Sequence[DeploymentStatus], kind: str = "unit") -> list[EntityState]:
    return [state(kind, number, "word", status) for number, status in enumerate(statuses)]


def test_the_words_for_the_database_are_the_documented_ones() -> None:
    assert {status.name: status.value for status in DeploymentStatus} == {
        "PENDING": "pending",
        "RUNNING": "running",
        "COMPLETED": "completed",
        "FAILED": "failed",
        "UNKNOWN": "unknown",
    }


@pytest.mark.parametrize(("kind", "native", "status"), rows())
def test_each_native_word_of_the_table_has_its_meaning(kind: str, native: str, status: DeploymentStatus) -> None:
    assert native_to_status(kind, native) is status
    assert EntityState(Entity(kind, "x"), native).meaning is status


def test_the_table_has_no_words_but_the_documented_ones() -> None:
    assert {(kind, native) for kind, words in NATIVE_STATUS.items() for native in words} == {row[:2] for row in TABLE}


def test_nobody_can_change_the_table() -> None:
    with pytest.raises(TypeError):
        NATIVE_STATUS["unit"]["active"] = FAILED  # type: ignore[index]
    with pytest.raises(TypeError):
        NATIVE_STATUS["model"] = {}  # type: ignore[index]


@pytest.mark.parametrize("kind", ["application", "unit", "action", "machine"])
@pytest.mark.parametrize("native", ["", None, "unknown", "terminated", "Active", "ACTIVE", " active", "idle"])
def test_a_word_that_the_table_does_not_have_is_unknown(kind: str, native: str | None) -> None:
    assert native_to_status(kind, native) is UNKNOWN


@pytest.mark.parametrize("kind", ["", "model", "pod", "Unit", "units"])
@pytest.mark.parametrize("native", ["", "active", "available", "error", "failed"])
@pytest.mark.defect("D40")
def test_a_kind_missing_from_the_table_is_unknown_not_a_failure(kind: str, native: str) -> None:
    assert native_to_status(kind, native) is UNKNOWN


def test_a_unit_without_a_state_is_pending() -> None:
    assert state("unit", 0).meaning is PENDING


@pytest.mark.parametrize("kind", ["machine", "application", "pod"])
def test_only_units_are_pending_for_want_of_a_state(kind: str) -> None:
    assert state(kind, 0).meaning is UNKNOWN


@pytest.mark.parametrize(("kind", "native"), [("unit", "active"), ("unit", ""), ("pod", "CrashLoopBackOff")])
@pytest.mark.parametrize("status", list(DeploymentStatus))
def test_the_backends_meaning_of_a_word_precedes_the_table(kind: str, native: str, status: DeploymentStatus) -> None:
    assert state(kind, 0, native, status).meaning is status


@pytest.mark.parametrize(("worse", "better"), list(itertools.combinations(WORST_FIRST, 2)))
@pytest.mark.defect("D41")
def test_the_worst_unit_speaks_for_all_whatever_came_last(worse: DeploymentStatus, better: DeploymentStatus) -> None:
    for statuses in ([worse, better], [better, worse], [better, worse, better]):
        worst = aggregate(units(statuses))
        assert worst is not None
        assert worst.meaning is worse
        assert worst.entity.id == f"unit/{statuses.index(worse)}"


@given(st.lists(st.sampled_from(list(DeploymentStatus)), min_size=1, max_size=8))
@pytest.mark.defect("D41")
def test_the_aggregate_is_the_first_of_the_worst_units(statuses: list[DeploymentStatus]) -> None:
    worst = min(statuses, key=WORST_FIRST.index)
    assert aggregate(units(statuses)) == units(statuses)[statuses.index(worst)]


@given(
    st.lists(st.sampled_from(list(DeploymentStatus)), max_size=3),
    st.lists(st.sampled_from(list(DeploymentStatus)), max_size=3),
    st.lists(st.sampled_from(list(DeploymentStatus)), max_size=3),
    st.lists(st.sampled_from(list(DeploymentStatus)), max_size=3),
    st.randoms(use_true_random=False),
)
@pytest.mark.defect("D41")
def test_units_count_before_machines_before_others_never_actions(
    of_units: list[DeploymentStatus],
    of_machines: list[DeploymentStatus],
    of_applications: list[DeploymentStatus],
    of_actions: list[DeploymentStatus],
    random: Any,
) -> None:
    states = [
        *units(of_units),
        *units(of_machines, "machine"),
        *units(of_applications, "application"),
        *units(of_actions, "action"),
    ]
    random.shuffle(states)
    worst = aggregate(states)
    speakers = of_units or of_machines or of_applications
    if not speakers:
        assert worst is None
        return
    assert worst is not None
    assert worst.entity.kind == ("unit" if of_units else "machine" if of_machines else "application")
    assert worst.meaning is min(speakers, key=WORST_FIRST.index)


def test_a_failed_machine_does_not_outvote_its_running_units() -> None:
    worst = aggregate([state("machine", 0, "down"), state("unit", 0, "active")])
    assert worst is not None
    assert worst.meaning is COMPLETED


def test_a_unit_without_a_state_holds_the_others_back() -> None:
    worst = aggregate([state("unit", 0, "active"), state("unit", 1), state("unit", 2, "maintenance")])
    assert worst == state("unit", 1)


def test_where_nothing_is_present_nothing_is_said() -> None:
    assert aggregate([]) is None
    assert aggregate([state("action", 1, "failed")]) is None


def test_an_entity_says_its_kind_and_name() -> None:
    assert str(Entity("unit", "simple/0")) == "unit simple/0"
