"""Why the pods of an application's units do not run: while an operation waits for them, and in `get_status`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from vca_core.errors import BackendError
from vca_juju_common.client.retries import pauses
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.diagnosis import (
    ENDING,
    PREPARING,
    Finding,
    diagnose,
    is_running,
    state_of,
    what_holds,
    why_ending,
    why_not_created,
)
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.troubles import Troubles
from vca_juju_k8s.cluster.watching import PodWatches, beside

FIRST = 2.0
"""Seconds that one waits before the first look: most pods run by then, and nothing is asked of the cluster."""

AGAIN = 5.0
"""Seconds between two looks, unless pods change before; for what is to go, in any case."""

UNANSWERED = 0.5
"""Seconds until the next look when the API server has not answered; each further one waits longer, up to `AGAIN`."""

SOON = 0.1
"""Seconds between two looks at least."""

LINES = 10
"""How many lines of a crashed container's log are shown."""


@dataclass
class Seen:
    """What a look at the pods of an application has found.

    Args:
        found: why they do not run, by their names, and under the application's own name, why they are not created.
        states: how far each pod is; empty: it is ready.
        running: the pods that run, and the application's own name if all that it is to have are created.
        version: of the list of pods, to wait for changes from there on.
    """

    found: dict[str, Finding] = field(default_factory=dict)
    states: dict[str, str] | None = None
    running: set[str] = field(default_factory=set)
    version: str | None = None

    def take(self, other: Seen) -> None:
        """Take over what another look has found."""
        self.found, self.states = other.found, other.states
        self.running, self.version = other.running, other.version

    def why_unready(self, pod: str) -> Finding | None:
        """Why a pod is not ready, as far as it was seen; None: it is, or nobody has looked.

        Args:
            pod: its name, which ends in its number.
        """
        if self.states is None:
            return None
        known, state = self.found.get(pod), self.states.get(pod, "it is not there")
        if known is not None or not state:
            return known
        return self.found.get(pod.rpartition("-")[0]) or Finding(state, PREPARING)


async def find_reasons(
    cluster: ClusterClient, namespace: str, application: str, named: Mapping[str, str] | None = None
) -> Seen:
    """Find out why the pods of an application do not run.

    Args:
        cluster: where.
        namespace: of the application.
        application: its name, which is that of its stateful set.
        named: by pods' names, the containers that failed before; see `diagnose`.

    Raises:
        ClusterError: the cluster cannot be looked at.
    """
    where = f"/api/v1/namespaces/{namespace}"
    listed, sets, events, claims = await asyncio.gather(  # under load each of them takes long
        cluster.read(f"{where}/pods"),
        _items(cluster, f"/apis/apps/v1/namespaces/{namespace}/statefulsets"),
        _items(cluster, f"{where}/events"),
        _items(cluster, f"{where}/persistentvolumeclaims"),
    )
    pods = [one for one in listed.get("items") or [] if _is_of(one, application)]
    sets = [one for one in sets if one["metadata"]["name"] == application]
    found = diagnose(pods, events, claims, named) | why_not_created(sets, events)
    is_complete = len([one for one in pods if not one["metadata"].get("deletionTimestamp")]) >= _wanted(sets)
    if found or not is_complete:
        with suppress(ClusterError):  # who may read pods need not be one who may read this
            ending = why_ending(await cluster.find(where) or {})
            found = found if ending is None else {application: ending}
    return Seen(
        {name: replace(one, text=cluster.scrub(one.text)) for name, one in found.items()},
        {one["metadata"]["name"]: cluster.scrub(state_of(one)) for one in pods},
        {one["metadata"]["name"] for one in pods if is_running(one)} | ({application} if is_complete else set()),
        (listed.get("metadata") or {}).get("resourceVersion"),
    )


@asynccontextmanager
async def watch(
    cluster: ClusterClient | None,
    watches: PodWatches | None,
    namespace: str,
    application: str,
    grace: float,
    report: Callable[[Mapping[str, str]], None],
) -> AsyncIterator[Seen]:
    """Look at an application's pods for the length of a ``with`` block, which waits for them.

    Args:
        cluster: where; None: nobody looks.
        watches: there; None: likewise.
        namespace: of the application.
        application: its name.
        grace: seconds for which a pod may be kept from running at one stage, by whichever reasons in turns.
        report: called with the reasons, by the pods' names, whenever they change.

    Yields:
        What was found at the last look; nothing before the first one.

    Raises:
        BackendError: a pod was kept from running for so long, and the block has ended for that.
    """
    seen = Seen()
    if cluster is None or watches is None:
        yield seen
        return
    async with beside(_look(cluster, watches, namespace, application, grace, report, seen)):
        yield seen


@asynccontextmanager
async def watch_run(
    cluster: ClusterClient | None, namespace: str, application: str, is_due: Callable[[], bool]
) -> AsyncIterator[Seen]:
    """Look at an application's pods for the length of a ``with`` block, which waits for a run of an action.

    Nothing that is seen ends the block: the run may be another pod's, or go on.

    Args:
        cluster: where; None: nobody looks.
        namespace: of the application.
        application: its name.
        is_due: asked before each look; False: nothing suggests that a pod is not ready, and the cluster is left alone.

    Yields:
        What was found at the last look; nothing before the first one.
    """
    seen = Seen()
    if cluster is None:
        yield seen
        return

    async def look() -> None:
        await asyncio.sleep(FIRST)
        while True:  # no watch: a run is short, and most of them never look
            if is_due():
                with suppress(ClusterError):  # what was seen last stays
                    seen.take(await find_reasons(cluster, namespace, application))
            await asyncio.sleep(AGAIN)

    async with beside(look()):
        yield seen


@asynccontextmanager
async def watch_going(
    cluster: ClusterClient | None, namespace: str, application: str, staying: int | None = None
) -> AsyncIterator[list[str]]:
    """Look at what is left of an application for the length of a ``with`` block, which waits for its end.

    Args:
        cluster: where; None: nobody looks.
        namespace: of the application.
        application: its name.
        staying: how many of its pods are to stay, with all else that it has; None: none, and nothing else.

    Yields:
        What was left at the last look, in words; empty before the first one.
    """
    left: list[str] = []
    if cluster is None:
        yield left
        return

    async def look() -> None:
        await asyncio.sleep(FIRST)
        while True:
            with suppress(ClusterError):  # what was seen last stays
                left[:] = await _find_left(cluster, namespace, application, staying)
            await asyncio.sleep(AGAIN)

    async with beside(look()):
        yield left


async def _find_left(cluster: ClusterClient, namespace: str, application: str, staying: int | None) -> list[str]:
    where = f"/api/v1/namespaces/{namespace}"
    pods = [one for one in await _items(cluster, f"{where}/pods") if _is_of(one, application)]
    if staying is not None:
        return [what_holds("pod", one) for one in pods if _number(one) >= staying]
    sets = await _items(cluster, f"/apis/apps/v1/namespaces/{namespace}/statefulsets")
    claims = await _items(cluster, f"{where}/persistentvolumeclaims")
    return [
        *(f"stateful set {application}" for one in sets if one["metadata"]["name"] == application),
        *(what_holds("pod", one) for one in pods),
        *(what_holds("claim", one) for one in claims if _is_claim_of(one, application)),
    ]


async def _look(
    cluster: ClusterClient,
    watches: PodWatches,
    namespace: str,
    application: str,
    grace: float,
    report: Callable[[Mapping[str, str]], None],
    seen: Seen,
) -> None:
    clock = asyncio.get_running_loop().time
    troubles = Troubles()
    told: dict[str, str] = {}
    unanswered: Iterator[float] | None = None
    await asyncio.sleep(FIRST)
    while True:
        now, version, left = clock(), None, AGAIN
        try:
            seen.take(await find_reasons(cluster, namespace, application, troubles.named))
        except ClusterError as error:
            # A loaded server answers the next time, perhaps; one that refuses does so for a while.
            unanswered = (unanswered or pauses(UNANSWERED, AGAIN)) if error.status is None else None
            texts = told or {application: f"no diagnostics: {error.message}"}  # what was seen last stays
        else:
            unanswered, version = None, seen.version
            troubles.see(seen.found, now, seen.running)
            texts = troubles.texts
            for name, finding in seen.found.items():
                if not finding.is_hopeless:
                    continue
                left = min(left, troubles.begun(name) + grace - now)
                if left <= 0:
                    raise await _give_up(cluster, namespace, application, name, finding, grace)
        if texts != told:
            told = texts
            report(texts)
        if unanswered is not None:
            await asyncio.sleep(next(unanswered))
            continue
        await watches.wait(namespace, version, max(left, SOON))


async def _give_up(
    cluster: ClusterClient, namespace: str, application: str, name: str, finding: Finding, grace: float
) -> BackendError:
    log = await _read_log(cluster, namespace, name, finding)
    if finding.stage == ENDING:
        return BackendError(f"pods of {application} have not run for {grace:g} s: {finding.text}")
    what = (
        f"pod {name} of namespace {namespace} has not run"
        if name != application
        else f"pods of {application} in namespace {namespace} were not created"
    )
    way_out = f"; {finding.way_out}" if finding.way_out else ""
    return BackendError(
        f"{what} for {grace:g} s: {finding.text}{way_out}",
        output={"pod": name, "container": finding.container, "log": log} if log else None,
    )


async def describe(cluster: ClusterClient, namespace: str, application: str | None) -> dict[str, Any]:
    """What there is in a namespace: stateful sets, pods, services, claims and quotas, as plain data.

    Args:
        cluster: where.
        namespace: its name.
        application: whose objects are wanted; None: of all. Quotas are the namespace's.

    Returns:
        ``sets``, ``pods``, ``services``, ``claims``, ``quotas``; or ``error``, where the cluster cannot be looked at.
    """
    where = f"/api/v1/namespaces/{namespace}"
    try:
        pods, services, claims, quotas, events = [
            await _items(cluster, f"{where}/{kind}")
            for kind in ("pods", "services", "persistentvolumeclaims", "resourcequotas", "events")
        ]
        sets = await _items(cluster, f"/apis/apps/v1/namespaces/{namespace}/statefulsets")
        missing = why_not_created(sets, events)
        reasons = diagnose(pods, events, claims)
        own = [one for one in pods if application is None or _is_of(one, application)]
        return {
            "sets": {
                one["metadata"]["name"]: _describe_set(cluster, one, missing.get(one["metadata"]["name"]))
                for one in sets
                if application is None or one["metadata"]["name"] == application
            },
            "pods": {one["metadata"]["name"]: await _describe_pod(cluster, namespace, one, reasons) for one in own},
            "services": {
                one["metadata"]["name"]: _describe_service(one)
                for one in services
                if application is None or _is_service_of(one, application)
            },
            "claims": {
                one["metadata"]["name"]: _describe_claim(one)
                for one in claims
                if application is None or _is_claim_of(one, application)
            },
            "quotas": {one["metadata"]["name"]: dict(one.get("status") or {}) for one in quotas},
        }
    except ClusterError as error:
        return {"error": error.message}


def _describe_set(cluster: ClusterClient, one: Mapping[str, Any], reason: Finding | None) -> dict[str, Any]:
    spec, status = one.get("spec") or {}, one.get("status") or {}
    counts = {"wanted": int(spec.get("replicas") or 0), "created": int(status.get("replicas") or 0)}
    return counts if reason is None else {**counts, "reason": cluster.scrub(reason.text)}


async def _describe_pod(
    cluster: ClusterClient, namespace: str, pod: Mapping[str, Any], reasons: Mapping[str, Finding]
) -> dict[str, Any]:
    status, name = pod.get("status") or {}, pod["metadata"]["name"]
    found: dict[str, Any] = {
        "phase": status.get("phase"),
        "node": (pod.get("spec") or {}).get("nodeName"),
        "addresses": [one["ip"] for one in status.get("podIPs") or []] or list(filter(None, [status.get("podIP")])),
        "conditions": {one["type"]: one["status"] for one in status.get("conditions") or []},
        "restarts": {one["name"]: one.get("restartCount", 0) for one in status.get("containerStatuses") or []},
    }
    metadata = pod["metadata"]
    found |= {"deleted": metadata["deletionTimestamp"]} if metadata.get("deletionTimestamp") else {}
    found |= {"finalizers": list(metadata["finalizers"])} if metadata.get("finalizers") else {}
    reason = reasons.get(name)
    if reason is not None:
        found["reason"] = cluster.scrub(reason.text)
        if log := await _read_log(cluster, namespace, name, reason):
            found["log"] = log
    return found


async def _read_log(cluster: ClusterClient, namespace: str, pod: str, finding: Finding) -> list[str]:
    """Read the last lines that a crashed container printed, in its previous run or else in this one."""
    for previous in (True, False) if finding.has_crashed else ():
        with suppress(ClusterError):  # it has not run before, or its node is gone
            log = await cluster.read_log(namespace, pod, finding.container, LINES, previous=previous)
            if log:
                return log.removesuffix("\n").split("\n")[-LINES:]  # what a kubelet calls a line
    return []


def _describe_service(service: Mapping[str, Any]) -> dict[str, Any]:
    spec, status = service.get("spec") or {}, service.get("status") or {}
    balancers = (status.get("loadBalancer") or {}).get("ingress") or []
    return {
        "type": spec.get("type"),
        "addresses": [one for one in spec.get("clusterIPs") or [] if one != "None"],
        "load-balancers": [one.get("ip") or one.get("hostname") for one in balancers],
        "ports": [f"{one.get('port')}/{one.get('protocol', 'TCP')}" for one in spec.get("ports") or []],
    }


def _describe_claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    spec, status = claim.get("spec") or {}, claim.get("status") or {}
    wanted = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    return {"phase": status.get("phase"), "class": spec.get("storageClassName"), "size": wanted}


def _wanted(sets: Sequence[Mapping[str, Any]]) -> int:
    """How many pods there are to be; one, where their set is gone, or not there yet."""
    return sum(int((one.get("spec") or {}).get("replicas") or 0) for one in sets) if sets else 1


async def _items(cluster: ClusterClient, path: str) -> Sequence[dict[str, Any]]:
    return list((await cluster.read(path)).get("items") or [])


def _is_of(pod: Mapping[str, Any], application: str) -> bool:
    head, _, ordinal = str(pod["metadata"]["name"]).rpartition("-")
    return head == application and ordinal.isdigit()


def _number(pod: Mapping[str, Any]) -> int:
    return int(str(pod["metadata"]["name"]).rpartition("-")[2])


def _is_service_of(service: Mapping[str, Any], application: str) -> bool:
    """Juju makes two: one of the application's name, and one for the names of its pods."""
    return service["metadata"]["name"] in (application, f"{application}-endpoints")


def _is_claim_of(claim: Mapping[str, Any], application: str) -> bool:
    """A stateful set names the claims of a pod after their template and the pod."""
    head, _, ordinal = str(claim["metadata"]["name"]).rpartition("-")
    return head.endswith(f"-{application}") and ordinal.isdigit()
