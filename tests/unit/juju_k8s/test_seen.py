"""What a look at pods has found of each of them."""

from __future__ import annotations

from vca_juju_k8s.cluster.diagnosis import CREATION, RUNNING, Finding
from vca_juju_k8s.cluster.pods import Seen


def why(seen: Seen, pod: str) -> str | None:
    finding = seen.why_unready(pod)
    return None if finding is None else finding.text


def test_nothing_is_known_of_pods_before_a_look() -> None:
    assert why(Seen(), "dns-0") is None


def test_a_ready_pod_is_not_blamed_for_those_that_are_missing() -> None:
    found = {"dns": Finding("FailedCreate: quota", CREATION), "dns-1": Finding("Evicted", RUNNING)}
    seen = Seen(found, {"dns-0": "", "dns-1": "phase Failed", "dns-2": ""})
    assert [why(seen, f"dns-{number}") for number in range(4)] == [None, "Evicted", None, "FailedCreate: quota"]


def test_a_pod_that_nothing_is_said_of_is_as_far_as_it_is() -> None:
    seen = Seen({}, {"dns-0": "ContainerCreating main"})
    assert (why(seen, "dns-0"), why(seen, "dns-1")) == ("ContainerCreating main", "it is not there")
