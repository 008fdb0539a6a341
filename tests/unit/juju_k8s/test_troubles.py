"""Since when pods are stuck, and what is told of it, while reasons take turns."""

from __future__ import annotations

from typing import Any

import pytest

from vca_juju_k8s.cluster.diagnosis import (
    CREATION,
    LEAVING,
    PREPARING,
    RUNNING,
    SCHEDULING,
    STARTING,
    Finding,
    diagnose,
    is_running,
)
from vca_juju_k8s.cluster.troubles import QUIET, Troubles


def see(troubles: Troubles, now: float, text: str, stage: str = RUNNING) -> tuple[float, str]:
    troubles.see({"dns-0": Finding(text, stage)}, now)
    return troubles.begun("dns-0"), troubles.texts["dns-0"]


def test_reasons_that_take_turns_are_one_trouble_each_told_once() -> None:
    troubles = Troubles()
    seen = [see(troubles, now, text) for now, text in enumerate(("one", "other", "one", "other", "one"))]
    assert {begun for begun, _ in seen} == {0}
    assert [text for _, text in seen] == ["one", *["other"] * 4]


def test_each_stage_has_a_time_of_its_own() -> None:
    troubles = Troubles()
    assert see(troubles, 0, "no node", SCHEDULING) == (0, "no node")
    assert see(troubles, 10, "no image") == (10, "no image")
    assert see(troubles, 20, "no node", SCHEDULING) == (0, "no node")


def test_a_trouble_that_was_not_seen_for_long_is_a_new_one() -> None:
    troubles = Troubles()
    see(troubles, 0, "no image")
    troubles.see({}, QUIET - 1)
    assert troubles.texts == {"dns-0": "no image"}
    troubles.see({}, QUIET)
    assert not troubles.texts
    assert see(troubles, QUIET + 1, "no image") == (QUIET + 1, "no image")


_ENDED = {"terminated": {"exitCode": 1, "reason": "Error"}}
_CRASHED: dict[str, Any] = {"state": _ENDED}
_BACKS_OFF: dict[str, Any] = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": _ENDED}
_RUNS: dict[str, Any] = {"state": {"running": {}}, "lastState": _ENDED}


def look(troubles: Troubles, now: float, state: dict[str, Any]) -> None:
    status = {"containerStatuses": [{"name": "main", "image": "dns:1", "ready": False, **state}]}
    pods = [{"metadata": {"name": "dns-0", "uid": "1"}, "status": status}]
    running = {"dns-0"} if is_running(pods[0]) else set()
    troubles.see(diagnose(pods), now, running)


def test_short_runs_between_crashes_are_one_trouble() -> None:
    troubles = Troubles()
    now = 0.0
    for lasting, state in [(1, _CRASHED), (20, _BACKS_OFF), (QUIET - 5, _RUNS)] * 4 + [(1, _CRASHED)]:
        look(troubles, now, state)
        assert troubles.texts == {"dns-0": "CrashLoopBackOff main: exit code 1"}
        for second in range(1, int(lasting)):
            look(troubles, now + second, state)
        now += lasting
    assert (troubles.begun("dns-0"), now) == (0, 4 * (16 + QUIET) + 1)


def test_a_crash_begins_anew_after_a_run_that_was_not_short() -> None:
    troubles = Troubles()
    look(troubles, 0, _CRASHED)
    look(troubles, QUIET, _RUNS)
    assert not troubles.texts
    look(troubles, QUIET + 1, _CRASHED)
    assert troubles.begun("dns-0") == QUIET + 1


def test_a_crash_after_a_slow_pull_has_a_time_of_its_own() -> None:
    troubles = Troubles()
    look(troubles, 0, {"state": {"waiting": {"reason": "ErrImagePull"}}})
    look(troubles, 10, {"state": {"waiting": {"reason": "ImagePullBackOff"}}})
    assert troubles.begun("dns-0") == 0
    look(troubles, 12, _CRASHED)
    assert troubles.begun("dns-0") == 12


@pytest.mark.parametrize("stage", [SCHEDULING, PREPARING, STARTING, CREATION, LEAVING])
def test_what_kept_a_pod_from_running_is_over_when_it_runs(stage: str) -> None:
    troubles = Troubles()
    troubles.see({"dns-0": Finding("stuck", stage)}, 0)
    troubles.see({}, 1, {"dns-0"})
    assert not troubles.texts
    troubles.see({"dns-0": Finding("stuck", stage)}, 2)
    assert troubles.begun("dns-0") == 2


def test_that_a_pod_leaves_is_told_no_longer_than_it_does() -> None:
    troubles = Troubles()
    troubles.see({"dns-0": Finding("Terminating", LEAVING)}, 0)
    assert troubles.texts == {"dns-0": "Terminating"}
    troubles.see({}, 1)
    assert not troubles.texts
