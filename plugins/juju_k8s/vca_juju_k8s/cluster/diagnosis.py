"""What objects of a cluster say about pods that do not run, in words that stay the same while nothing else happens.

A status whose text changes moves progress deadlines. So no count, age, pause or id is in these words, and two states
that take turns, such as ``ErrImagePull`` and ``ImagePullBackOff``, have one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vca_juju_k8s.cluster.steady import GONE, steady

Plain = Mapping[str, Any]

_PULLS = {
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
}
_REFUSED = {
    "CreateContainerConfigError",
    "CreateContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
}
_NOT_STARTED = {"RunContainerError", "StartError", "ContainerCannotRun"}
"""It was made, and its command does not run: a kubelet says that of one that waits, and of one that ended."""

_UNPREPARED = {"FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox", "NetworkNotReady"}
"""What events say of a pod whose containers cannot be created yet. A kubelet tries again."""

CREATION, SCHEDULING, PREPARING, STARTING, RUNNING = "creation", "scheduling", "preparing", "starting", "running"
LEAVING, ENDING = "leaving", "ending"
"""Stages at which a pod may be stuck. Within one, reasons may take turns, and it is stuck all the time."""

_HEALING = frozenset({PREPARING, LEAVING})
"""Stages that end no wait: a volume, a network or a node comes back, and then the pod goes on by itself."""

LONGEST = 300

ANOTHER_IMAGE = "an upgrade with another image replaces the pod"
"""What helps where an image cannot be pulled, or what is in it does not run; to install again does not."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a pod does not run.

    Args:
        text: for people: ``ImagePullBackOff main: example.com/dns:1``.
        stage: at which it is stuck.
        container: the one of it that fails; empty: none.
        has_crashed: whether that container ran, and may have printed why it ended.
        way_out: what helps; empty: that depends on the cluster.
    """

    text: str
    stage: str
    container: str = ""
    has_crashed: bool = False
    way_out: str = ""

    @property
    def is_hopeless(self) -> bool:
        """Whether it ends a wait, if it lasts."""
        return self.stage not in _HEALING


def diagnose(
    pods: Iterable[Plain],
    events: Iterable[Plain] = (),
    claims: Iterable[Plain] = (),
    named: Mapping[str, str] | None = None,
) -> dict[str, Finding]:
    """Say of each pod why it does not run.

    Args:
        pods: objects of a namespace.
        events: of it.
        claims: its persistent volume claims.
        named: by pods' names, the container that failed before; it stays the one that is named while it fails.

    Returns:
        By the pods' names; those that run, or may run without more ado, are left out.
    """
    events = list(events)
    failed = _newest(one for one in events if one.get("reason") == "ProvisioningFailed")  # it is tried in between
    newest = _newest(events)
    pending = {
        _name(one): _of_claim(one, failed) for one in claims if (one.get("status") or {}).get("phase") == "Pending"
    }
    found = {
        _name(pod): _of_pod(pod, pending, (named or {}).get(_name(pod), "")) or _unprepared(pod, newest) for pod in pods
    }
    return {name: finding for name, finding in found.items() if finding is not None}


def why_not_created(sets: Iterable[Plain], events: Iterable[Plain]) -> dict[str, Finding]:
    """Say of each stateful set why the pods that it lacks are not created.

    Args:
        sets: objects of a namespace.
        events: of it.

    Returns:
        By the sets' names; those that lack none, or of which nothing is said, are left out.
    """
    newest, found = _newest(events), {}
    for one in sets:
        spec, status = one.get("spec") or {}, one.get("status") or {}
        event = newest.get(_uid(one))
        is_short = int(status.get("replicas") or 0) < int(spec.get("replicas") or 0)
        if is_short and event is not None and event.get("reason") == "FailedCreate":
            why = _without_counts(str(event.get("message") or ""), _name(one))
            found[_name(one)] = Finding(_short(f"FailedCreate: {why}"), CREATION)
    return found


def state_of(pod: Plain) -> str:
    """Say how far a pod is that is not ready, whether something keeps it or not; empty: it is ready."""
    status = pod.get("status") or {}
    ready = {one.get("type"): one for one in status.get("conditions") or []}.get("Ready") or {}
    if ready.get("status") == "True":
        return ""
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        waiting = (container.get("state") or {}).get("waiting")
        if waiting is not None:
            return f"{waiting.get('reason') or 'waiting'} {container.get('name')}"
    said = [str(one) for one in (ready.get("reason"), ready.get("message")) if one]
    return _short(steady(": ".join(said))) or f"phase {status.get('phase') or 'Pending'}"


def is_running(pod: Plain) -> bool:
    """Whether all containers of a pod run now, so that whatever kept them from being started is over."""
    status = pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    is_going = bool((pod.get("metadata") or {}).get("deletionTimestamp"))
    return not is_going and bool(containers) and all(_runs(one) for one in containers)


def is_leaving(namespace: Plain) -> bool:
    """Whether a namespace is on its way out."""
    return bool((namespace.get("status") or {}).get("phase") == "Terminating")


def why_ending(namespace: Plain) -> Finding | None:
    """Say of a namespace that nothing is created in it any more, as it is on its way out; None: it is not."""
    if not is_leaving(namespace):
        return None
    return Finding(f"namespace {_name(namespace)} is Terminating: somebody deletes it in the cluster", ENDING)


def what_holds(kind: str, one: Plain) -> str:
    """Say of an object that is to go what keeps it, in words.

    Args:
        kind: what it is: ``pod``.
        one: the object.
    """
    metadata = one.get("metadata") or {}
    deleted = f", deleted at {metadata['deletionTimestamp']}" if metadata.get("deletionTimestamp") else ""
    held = f", held by {', '.join(metadata['finalizers'])}" if metadata.get("finalizers") else ""
    return f"{kind} {_name(one)}{deleted}{held}"


def _of_pod(pod: Plain, pending: Mapping[str, str], named: str) -> Finding | None:
    status = pod.get("status") or {}
    if pod.get("metadata", {}).get("deletionTimestamp"):
        return Finding(_short(f"Terminating: {what_holds('pod', pod)}"), LEAVING, way_out=_way_out_of(pod))
    if status.get("phase") == "Failed":
        reason, message = status.get("reason") or "Failed", steady(str(status.get("message") or ""))
        return Finding(
            _short(f"{reason}: {message.partition('. ')[0].rstrip('.')}" if message else str(reason)), RUNNING
        )
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            claims, message = (
                [pending[name] for name in _claims_of(pod) if name in pending],
                str(condition.get("message")),
            )
            if claims and not _is_of_nodes(message):
                return Finding(_short(claims[0]), SCHEDULING)
            return Finding(_short(f"{condition.get('reason')}: {_nodes(message)}"), SCHEDULING)
    for key, what in (("initContainerStatuses", "init container "), ("containerStatuses", "")):
        containers = sorted(status.get(key) or [], key=lambda one: (one.get("name") != named, str(one.get("name"))))
        for container in containers:
            finding = _of_container(container, what)
            if finding is not None:
                return finding
    return None


def _way_out_of(leaving: Plain) -> str:
    """What helps where a pod does not go, for which no other one of its name is made."""
    if leaving["metadata"].get("finalizers"):
        return "another pod is made when it is gone: whoever holds it by finalizers has to let go of it"
    return "another pod is made when it is gone: its node has to come back, or somebody deletes it by force"


def _unprepared(pod: Plain, newest: Mapping[str, Plain]) -> Finding | None:
    """What keeps the containers of a pod from being created, if that is the last that was heard of it."""
    event = newest.get(_uid(pod)) or {}
    reason, containers = str(event.get("reason")), (pod.get("status") or {}).get("containerStatuses") or []
    if reason not in _UNPREPARED or any(_runs(one) for one in containers):
        return None
    why = re.sub(
        r",? ?unattached volumes=\[[^]]*\]", "", str(event.get("message") or "no reason given")
    )  # in any order
    return Finding(_short(f"{reason}: {steady(why)}"), PREPARING)


def _runs(container: Plain) -> bool:
    return (container.get("state") or {}).get("running") is not None


def _of_container(status: Plain, what: str) -> Finding | None:
    if status.get("ready"):  # what it ended by before may have been the last time
        return None
    name = str(status.get("name"))
    state = status.get("state") or {}
    waiting = state.get("waiting") or {}
    reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    is_looping = reason == "CrashLoopBackOff"
    before = (status.get("lastState") or {}).get("terminated") if is_looping or reason in _NOT_STARTED else None
    ended = state.get("terminated") or before or {}
    if reason in _PULLS:
        text = f"ImagePullBackOff {what}{name}: {status.get('image')}"
        return Finding(_short(text), STARTING, name, way_out=ANOTHER_IMAGE)
    if reason in _REFUSED:
        return Finding(_short(f"{reason} {what}{name}: {steady(message) or 'no reason given'}"), STARTING, name)
    if reason in _NOT_STARTED or ended.get("reason") in _NOT_STARTED:
        why = steady(str(ended.get("message") or "") or message) or "no reason given"
        return Finding(_short(f"RunContainerError {what}{name}: {why}"), STARTING, name, way_out=ANOTHER_IMAGE)
    if not (ended.get("exitCode") or ended.get("signal") or is_looping):
        return None
    how = [str(ended["reason"])] if ended.get("reason") not in {None, "", "Error", "Completed"} else []
    how += [f"exit code {ended['exitCode']}"] if "exitCode" in ended else []
    how += [f"signal {ended['signal']}"] if ended.get("signal") else []
    text = f"CrashLoopBackOff {what}{name}: {', '.join(how) or 'it ended'}"
    return Finding(_short(text), RUNNING, name, has_crashed=True, way_out=ANOTHER_IMAGE)


def _of_claim(claim: Plain, failed: Mapping[str, Plain]) -> str:
    event = failed.get(_uid(claim))
    wanted = (claim.get("spec") or {}).get("storageClassName")
    if event is not None:
        why = f"ProvisioningFailed: {steady(str(event.get('message')))}"
    else:
        why = f"no volume of class {wanted} yet" if wanted else "no storage class is named, and there is no default one"
    return f"PersistentVolumeClaim {_name(claim)} is Pending: {why}"


def _claims_of(pod: Plain) -> list[str]:
    volumes = (pod.get("spec") or {}).get("volumes") or []
    return [str(one["persistentVolumeClaim"].get("claimName")) for one in volumes if one.get("persistentVolumeClaim")]


def _is_of_nodes(message: str) -> bool:
    """Whether no node takes a pod for another reason than its claims, which may wait for just that."""
    return "nodes are available: " in message and "persistentvolumeclaim" not in message.lower()


def _nodes(message: str) -> str:
    """What a scheduler says, without how many nodes it says it of."""
    told = message.partition(" preemption:")[0].rstrip(". ")
    _, colon, reasons = told.partition("nodes are available: ")
    if not colon:
        return steady(told)
    reasons = reasons.partition(". ")[0]  # then it says why it takes no other pod's place
    return ", ".join(sorted({re.sub(r"^\d+ ", "", one) for one in steady(reasons).split(", ")}))


def _without_counts(message: str, name: str) -> str:
    """Why a pod of a stateful set was not created, without which one it was, and what is used of a quota."""
    told = re.sub(r", requested: .*", "", message)
    told = told.partition(" error: ")[2] or told
    told = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}-\d+(?![\w-])", f"{name}-{GONE}", told)
    return steady(told)


def _newest(events: Iterable[Plain]) -> dict[str, Plain]:
    """The newest event about each object, by its uid: names come again."""
    found: dict[str, Plain] = {}
    for event in sorted(events, key=_time):
        found[str((event.get("involvedObject") or {}).get("uid"))] = event
    return found


def _time(event: Plain) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next((one for one in times if one), ""))


def _name(one: Plain) -> str:
    return str((one.get("metadata") or {}).get("name"))


def _uid(one: Plain) -> str:
    return str((one.get("metadata") or {}).get("uid"))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
