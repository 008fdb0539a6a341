"""What objects of a cluster say about pods that do not run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vca_juju_k8s.cluster.diagnosis import LEAVING, LONGEST, diagnose, is_running, state_of, why_not_created

_ENDED = {"exitCode": 139, "signal": 11, "reason": "Error", "finishedAt": "2026-11-28T22:00:00Z"}


def pod(*containers: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "dns-0", "uid": "1"}, "status": {"containerStatuses": list(containers), **status}}


def container(state: dict[str, Any], name: str = "main", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "example.com/dns:1", "ready": False, "state": state, **more}


def reason_of(one: dict[str, Any], **more: Any) -> str | None:
    found = diagnose([one], **more).get("dns-0")
    return None if found is None else found.text


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        (
            [
                container({"waiting": {"reason": "ErrImagePull", "message": "rpc error: 7 s"}}),
                container({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off 40s"}}),
            ],
            "ImagePullBackOff main: example.com/dns:1",
        ),
        (
            [
                container({"terminated": _ENDED}),
                container(
                    {"waiting": {"reason": "CrashLoopBackOff"}}, lastState={"terminated": _ENDED}, restartCount=2
                ),
                container({"terminated": _ENDED}, lastState={"terminated": _ENDED}, restartCount=3),
            ],
            "CrashLoopBackOff main: exit code 139, signal 11",
        ),
    ],
)
def test_states_that_take_turns_have_one_text(states: list[dict[str, Any]], reason: str) -> None:
    assert {reason_of(pod(one)) for one in states} == {reason}


def test_a_command_that_is_not_there_has_one_text() -> None:
    message = 'failed to create containerd task: exec: "/bin/dns": no such file'
    ended = {"terminated": {"exitCode": 128, "reason": "StartError", "message": message}}
    states = [
        container({"waiting": {"reason": "RunContainerError", "message": message}}),
        container({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}, lastState=ended),
        container(ended),
    ]
    assert {reason_of(pod(one)) for one in states} == {f"RunContainerError main: {message}"}


def test_of_two_that_crash_one_is_named_until_it_is_ready() -> None:
    failing = {"waiting": {"reason": "CrashLoopBackOff"}}
    main = container(failing)
    first, ready = container(failing, "charm"), container({"running": {}}, "charm") | {"ready": True}
    named: dict[str, str] = {}
    told = []
    for charm in (ready, first, ready, first):
        finding = diagnose([pod(charm, main)], named=named)["dns-0"]
        named = {"dns-0": finding.container}
        told.append(finding.container)
    assert set(told) == {"main"}
    assert (
        diagnose([pod(first, container({"running": {}}) | {"ready": True})], named=named)["dns-0"].container == "charm"
    )


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("1 Insufficient memory", "Unschedulable: Insufficient memory"),
        (
            "pod has unbound immediate PersistentVolumeClaims",
            "PersistentVolumeClaim data-dns-0 is Pending: no volume of class local yet",
        ),
    ],
)
def test_a_claim_that_waits_for_its_pod_is_not_why_it_is_pending(told: str, reason: str) -> None:
    message = f"0/1 nodes are available: {told}. preemption: 0/1 nodes are available: 1 No preemption victims found."
    one = pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}])
    one["spec"] = {"volumes": [{"persistentVolumeClaim": {"claimName": "data-dns-0"}}]}
    spec = {"storageClassName": "local"}
    claim = {"metadata": {"name": "data-dns-0", "uid": "2"}, "spec": spec, "status": {"phase": "Pending"}}
    assert reason_of(one, claims=[claim]) == reason


def test_a_claim_whose_provisioner_tries_again_has_one_text() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "unbound"}
    one = pod(conditions=[condition])
    one["spec"] = {"volumes": [{"persistentVolumeClaim": {"claimName": "data-dns-0"}}]}
    claim = {"metadata": {"name": "data-dns-0", "uid": "2"}, "spec": {}, "status": {"phase": "Pending"}}
    events: list[dict[str, Any]] = []
    told = set()
    for second, request in enumerate(("5f0e-11", "77ab-90")):
        about = {"involvedObject": {"uid": "2"}}
        time, again = f"2026-11-28T22:00:0{2 * second}Z", f"2026-11-28T22:00:0{2 * second + 1}Z"
        message = f"rpc error: RequestID: {request}, code: 400"
        for event in (
            {**about, "reason": "ProvisioningFailed", "message": message, "lastTimestamp": time},
            {**about, "reason": "Provisioning", "message": "is provisioning", "lastTimestamp": again},
        ):
            events.append(event)
            told.add(reason_of(one, claims=[claim], events=events))
    reason = "ProvisioningFailed: rpc error: RequestID: …, code: 400"
    assert told == {f"PersistentVolumeClaim data-dns-0 is Pending: {reason}"}


@pytest.mark.parametrize(
    ("refusal", "shown"),
    [
        ('pods "{}" is forbidden: no', 'pods "dns-…" is forbidden: no'),
        (
            'admission webhook "x" denied: Pod ns/{} has no owner',
            'admission webhook "x" denied: Pod ns/dns-… has no owner',
        ),
        ("{}: no; {}.ns and data-{} neither", "dns-…: no; dns-….ns and data-dns-… neither"),
        ("mydns-1, dns-1x and dns-1-2 are others", "mydns-1, dns-1x and dns-1-2 are others"),
    ],
)
def test_which_pod_of_a_set_is_not_created_is_left_out(refusal: str, shown: str) -> None:
    one = {"metadata": {"name": "dns", "uid": "1"}, "spec": {"replicas": 3}}
    told = set()
    for pod_name in ("dns-1", "dns-2"):
        message = f"create Pod {pod_name} in StatefulSet dns failed error: {refusal.replace('{}', pod_name)}"
        event = {"involvedObject": {"uid": "1"}, "reason": "FailedCreate", "message": message}
        told.add(why_not_created([one], [event])["dns"].text)
    assert told == {f"FailedCreate: {shown}"}


def test_a_container_that_runs_again_and_is_ready_has_no_reason() -> None:
    assert reason_of(pod(container({"running": {}}, lastState={"terminated": _ENDED}) | {"ready": True})) is None


@pytest.mark.parametrize("waiting", [None, "ContainerCreating", "PodInitializing"])
@pytest.mark.parametrize(
    "ended",
    [_ENDED, {"exitCode": 143}, {"exitCode": 255, "reason": "Unknown"}, {"exitCode": 128, "reason": "StartError"}],
)
def test_a_container_that_does_not_back_off_is_in_no_crash_loop(ended: dict[str, Any], waiting: str | None) -> None:
    state: dict[str, Any] = {"running": {}} if waiting is None else {"waiting": {"reason": waiting}}
    assert reason_of(pod(container(state, lastState={"terminated": ended}, restartCount=3))) is None


def test_a_pod_that_is_to_go_says_since_when_and_what_holds_it() -> None:
    one = pod(container({"running": {}}) | {"ready": True}, phase="Running")
    one["metadata"] |= {"deletionTimestamp": "2026-11-30T19:00:00Z"}
    assert reason_of(one) == "Terminating: pod dns-0, deleted at 2026-11-30T19:00:00Z"
    assert "its node has to come back" in diagnose([one])["dns-0"].way_out
    one["metadata"] |= {"finalizers": ["example.com/pod", "x"]}
    found = diagnose([one])["dns-0"]
    assert found.text == "Terminating: pod dns-0, deleted at 2026-11-30T19:00:00Z, held by example.com/pod, x"
    assert "whoever holds it" in found.way_out
    assert (found.stage, found.is_hopeless, is_running(one)) == (LEAVING, False, False)


def test_the_newest_event_says_what_a_pod_lacks_to_be_made() -> None:
    creating = pod(container({"waiting": {"reason": "ContainerCreating"}}), phase="Pending")
    events: list[dict[str, Any]] = []

    def told(reason: str, message: str) -> str | None:
        about = {"involvedObject": {"uid": "1"}, "reason": reason, "message": message}
        events.append({**about, "lastTimestamp": f"2026-11-30T19:00:0{len(events)}Z"})
        return reason_of(creating, events=events)

    assert told("Scheduled", "assigned") is None
    volumes = "Unable to mount volumes: unmounted volumes=[data], unattached volumes=[{}]: timed out"
    shown = "FailedMount: Unable to mount volumes: unmounted volumes=[data]: timed out"
    assert [told("FailedMount", volumes.format(names)) for names in ("data token", "token data")] == [shown, shown]
    assert not diagnose([creating], events)["dns-0"].is_hopeless
    assert reason_of(pod(container({"running": {}})), events=events) is None
    assert told("Pulling", "Pulling image") is None


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (pod(), "phase Pending"),
        (pod(container({"waiting": {"reason": "ContainerCreating"}})), "ContainerCreating main"),
        (pod(container({"waiting": {}})), "waiting main"),
        (
            pod(
                container({"running": {}}),
                conditions=[{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "[main]"}],
            ),
            "ContainersNotReady: [main]",
        ),
        (pod(phase="Running", conditions=[{"type": "Ready", "status": "True"}]), ""),
        (pod(phase="Unknown"), "phase Unknown"),
    ],
)
def test_how_far_a_pod_is_that_is_not_ready(one: dict[str, Any], state: str) -> None:
    assert state_of(one) == state


def test_an_init_container_is_named_as_one() -> None:
    one = pod(container({"waiting": {"reason": "PodInitializing"}}))
    one["status"]["initContainerStatuses"] = [container({"terminated": {"exitCode": 1}}, "charm-init")]
    assert reason_of(one) == "CrashLoopBackOff init container charm-init: exit code 1"


@pytest.mark.parametrize("nodes", [1, 7])
def test_how_many_nodes_there_are_is_left_out(nodes: int) -> None:
    message = (
        f"0/{nodes} nodes are available: {nodes} Insufficient cpu, 1 node(s) had a taint. preemption: 0/{nodes} nodes"
    )
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    assert reason_of(pod(conditions=[condition])) == "Unschedulable: Insufficient cpu, node(s) had a taint"


def test_a_claim_that_is_pending_is_why_its_pod_is() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "unbound"}
    one = pod(conditions=[condition])
    one["spec"] = {"volumes": [{"persistentVolumeClaim": {"claimName": "data-dns-0"}}]}
    claim = {"metadata": {"name": "data-dns-0", "uid": "2"}, "spec": {}, "status": {"phase": "Pending"}}
    text = "PersistentVolumeClaim data-dns-0 is Pending: "
    assert reason_of(one, claims=[claim]) == text + "no storage class is named, and there is no default one"
    event = {"involvedObject": {"uid": "2"}, "reason": "ProvisioningFailed", "message": 'class "x" not found'}
    assert reason_of(one, claims=[claim], events=[event]) == text + 'ProvisioningFailed: class "x" not found'


def test_events_of_an_earlier_object_of_a_name_are_not_its_own() -> None:
    one = {"metadata": {"name": "dns", "uid": "1"}, "spec": {"replicas": 1}}
    event = {"involvedObject": {"name": "dns", "uid": "2"}, "reason": "FailedCreate", "message": "exceeded quota: q"}
    assert why_not_created([one], [event]) == {}


def test_how_much_of_a_quota_is_used_is_left_out() -> None:
    one = {"metadata": {"name": "dns", "uid": "1"}, "spec": {"replicas": 1}}
    message = "create Pod dns-0 failed error: forbidden: exceeded quota: q, requested: pods=1, used: pods=3"
    event = {"involvedObject": {"uid": "1"}, "reason": "FailedCreate", "message": message}
    assert why_not_created([one], [event])["dns"].text == "FailedCreate: forbidden: exceeded quota: q"


def test_what_others_use_of_a_node_is_left_out() -> None:
    told = set()
    for used in (7992262656, 7992262700):
        message = f"Pod was rejected: Node didn't have enough resource: memory, requested: 1073741824, used: {used}."
        told.add(reason_of(pod(phase="Failed", reason="OutOfmemory", message=message)))
    rejected = "Pod was rejected: Node didn't have enough resource: memory, requested: 1073741824, used: …"
    assert told == {f"OutOfmemory: {rejected}"}


def test_when_a_node_was_tainted_is_left_out() -> None:
    told = set()
    for time in (1701360000, 1701360060):
        message = (
            f"0/3 nodes are available: 1 node(s) had untolerated taint {{ToBeDeleted: {time}}}, 2 Insufficient cpu."
        )
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        told.add(reason_of(pod(conditions=[condition])))
    assert told == {"Unschedulable: Insufficient cpu, node(s) had untolerated taint {ToBeDeleted: …}"}


def test_an_evicted_pod_says_so() -> None:
    message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi."
    one = pod(phase="Failed", reason="Evicted", message=message)
    assert reason_of(one) == "Evicted: The node was low on resource: memory"


_WORDS = st.sampled_from(["ErrImagePull", "CrashLoopBackOff", "PodInitializing", "CreateContainerError", ""])
_TEXTS = st.sampled_from(["", "OOMKilled", "back-off\n\u2028 40s", "x" * 400])
_STATES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({}),
    st.fixed_dictionaries({"waiting": st.fixed_dictionaries({"reason": _WORDS, "message": _TEXTS})}),
    st.fixed_dictionaries({"terminated": st.fixed_dictionaries({"exitCode": st.integers(0, 255), "reason": _TEXTS})}),
    st.fixed_dictionaries({"running": st.fixed_dictionaries({})}),
)


@given(state=_STATES, last=_STATES, counts=st.integers(0, 1000), ready=st.booleans())
def test_texts_are_one_short_line_and_hold_no_count(
    state: dict[str, Any], last: dict[str, Any], counts: int, ready: bool
) -> None:
    def text(count: int) -> str | None:
        return reason_of(pod(container(state, lastState=last, restartCount=count, ready=ready)))

    found = text(counts)
    assert found == text(counts + 1)
    assert found is None or (len(found) <= LONGEST and len(found.splitlines()) == 1)
