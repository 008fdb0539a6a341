"""Why the pods of an application's units do not run, while an operation waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
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
from vca_juju_k8s.cluster.logs import read_crash
from vca_juju_k8s.cluster.objects import is_claim_of, is_pod_of, list_items, number_of
from vca_juju_k8s.cluster.troubles import Troubles
from vca_juju_k8s.cluster.watching import PodWatches, beside, looking_at_last

FIRST = 2.0
"""Seconds that one waits before the first look: most pods run by then, and nothing is asked of the cluster."""

AGAIN = 5.0
"""Seconds between two looks, unless pods change before; for what is to go, in any case."""

UNANSWERED = 0.5
"""Seconds until the next look when the API server has not answered; each further one waits longer, up to `AGAIN`."""

SOON = 0.1
"""Seconds between two looks at least."""

LATE = 1.0
"""Seconds for which what was seen is as good as what would be seen then."""


@dataclass
class Seen:
    """What a look at the pods of an application has found.

    Args:
        found: why they do not run, by their names, and under the application's own name, why they are not created.
        states: how far each pod is; empty: it is ready.
        running: the pods that run, and the application's own name if all that it is to have are created.
        version: of the list of pods, to wait for changes from there on.
        at: when, as a time of the loop; None: nobody has looked.
    """

    found: dict[str, Finding] = field(default_factory=dict)
    states: dict[str, str] | None = None
    running: set[str] = field(default_factory=set)
    version: str | None = None
    at: float | None = None

    @property
    def is_old(self) -> bool:
        """Whether nobody has looked, or not of late."""
        return self.at is None or asyncio.get_running_loop().time() - self.at > LATE

    def take(self, other: Seen) -> None:
        """Take over what another look has found."""
        self.at = asyncio.get_running_loop().time()
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
        list_items(cluster, f"/apis/apps/v1/namespaces/{namespace}/statefulsets"),
        list_items(cluster, f"{where}/events"),
        list_items(cluster, f"{where}/persistentvolumeclaims"),
    )
    pods = [one for one in listed.get("items") or [] if is_pod_of(one, application)]
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
    seen: Seen,
) -> AsyncIterator[None]:
    """Look at an application's pods for the length of a ``with`` block, which waits for them.

    Args:
        cluster: where; None: nobody looks.
        watches: there; None: likewise.
        namespace: of the application.
        application: its name.
        grace: seconds for which a pod may be kept from running at one stage, by whichever reasons in turns.
        report: called with the reasons, by the pods' names, whenever they change.
        seen: takes what is found at each look; at the last one when a limit ends the block.

    Raises:
        BackendError: a pod was kept from running for so long, and the block has ended for that.
    """
    if cluster is None or watches is None:
        yield
        return
    looking = _look(cluster, watches, namespace, application, grace, report, seen)
    look_once = partial(_look_once, cluster, namespace, application, seen)
    async with beside(looking), looking_at_last(look_once, lambda: seen.is_old):
        yield


@asynccontextmanager
async def watch_run(
    cluster: ClusterClient | None, namespace: str, application: str, is_due: Callable[[], bool], seen: Seen
) -> AsyncIterator[None]:
    """Look at an application's pods for the length of a ``with`` block, which waits for a run of an action.

    Nothing that is seen ends the block: the run may be another pod's, or go on.

    Args:
        cluster: where; None: nobody looks.
        namespace: of the application.
        application: its name.
        is_due: asked before each look; False: nothing suggests that a pod is not ready, and the cluster is left alone.
        seen: takes what is found at each look; at the last one when a limit ends the block.
    """
    if cluster is None:
        yield
        return
    look_once = partial(_look_once, cluster, namespace, application, seen)

    async def look() -> None:
        await asyncio.sleep(FIRST)
        while True:  # no watch: a run is short, and most of them never look
            if is_due():
                await look_once()
            await asyncio.sleep(AGAIN)

    async with beside(look()), looking_at_last(look_once, lambda: seen.is_old):
        yield


async def _look_once(cluster: ClusterClient, namespace: str, application: str, seen: Seen) -> None:
    with suppress(ClusterError):  # what was seen last stays
        seen.take(await find_reasons(cluster, namespace, application))


async def wait_replaced(
    cluster: ClusterClient,
    watches: PodWatches,
    namespace: str,
    application: str,
    pods: Collection[str],
    seen: Seen,
) -> bool:
    """Wait until none of some pods is on its way out, or missing, and those that were are there anew, and ready.

    Juju shows a unit as it was while its pod goes, or is not made anew: then only the cluster knows that it is not
    ready.

    Args:
        cluster: where.
        watches: there.
        namespace: of the application.
        application: its name.
        pods: their names.
        seen: takes what is found.

    Returns:
        Whether there was such a pod; False also where the cluster cannot be looked at.
    """
    try:
        listed = await list_items(cluster, f"/api/v1/namespaces/{namespace}/pods")
        staying = {one["metadata"]["name"] for one in listed if not one["metadata"].get("deletionTimestamp")}
        awaited = {*pods} - staying
        if awaited and not await _has_set(cluster, namespace, application):  # it is not in this cluster
            return False
    except ClusterError:
        return False
    while awaited:
        try:
            seen.take(await find_reasons(cluster, namespace, application))
        except ClusterError as error:
            if error.status is not None:  # it does not let us look any more, and Juju goes on
                break
            version = None
        else:
            version = seen.version
            if not any(map(seen.why_unready, awaited)):
                break
        await watches.wait(namespace, version, AGAIN)
    return bool(awaited)


async def _has_set(cluster: ClusterClient, namespace: str, application: str) -> bool:
    sets = await list_items(cluster, f"/apis/apps/v1/namespaces/{namespace}/statefulsets")
    return any(one["metadata"]["name"] == application for one in sets)


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

    async def look_once() -> None:
        with suppress(ClusterError):  # what was seen last stays
            left[:] = await _find_left(cluster, namespace, application, staying)

    async def look() -> None:
        await asyncio.sleep(FIRST)
        while True:
            await look_once()
            await asyncio.sleep(AGAIN)

    async with beside(look()), looking_at_last(look_once, lambda: not left):
        yield left


async def _find_left(cluster: ClusterClient, namespace: str, application: str, staying: int | None) -> list[str]:
    where = f"/api/v1/namespaces/{namespace}"
    pods = [one for one in await list_items(cluster, f"{where}/pods") if is_pod_of(one, application)]
    if staying is not None:
        return [what_holds("pod", one) for one in pods if number_of(one) >= staying]
    sets = await list_items(cluster, f"/apis/apps/v1/namespaces/{namespace}/statefulsets")
    claims = await list_items(cluster, f"{where}/persistentvolumeclaims")
    return [
        *(f"stateful set {application}" for one in sets if one["metadata"]["name"] == application),
        *(what_holds("pod", one) for one in pods),
        *(what_holds("claim", one) for one in claims if is_claim_of(one, application)),
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
    log = await read_crash(cluster, namespace, name, finding)
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


def _wanted(sets: Sequence[Mapping[str, Any]]) -> int:
    """How many pods there are to be; one, where their set is gone, or not there yet."""
    return sum(int((one.get("spec") or {}).get("replicas") or 0) for one in sets) if sets else 1
