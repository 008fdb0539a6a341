"""Since when pods are stuck, and what is told of it, while reasons take turns."""

from __future__ import annotations

from vca_juju_k8s.cluster.diagnosis import RUNNING, SCHEDULING, Finding
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
