"""When pods are looked at again, and when a wait for them ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from vca_core.errors import BackendError
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.pods import AGAIN, FIRST, Seen, watch
from vca_juju_k8s.cluster.watching import PodWatches

WAITING = {"name": "main", "image": "example.com/missing:1", "state": {"waiting": {"reason": "ErrImagePull"}}}
POD = {"metadata": {"name": "dns-0", "uid": "1"}, "status": {"phase": "Pending", "containerStatuses": [WAITING]}}


class Cluster:
    """A client whose first requests fail.

    Args:
        failing: so many; a look makes several.
        error: how they fail.
    """

    def __init__(self, failing: int, error: ClusterError) -> None:
        self._failing = failing
        self._error = error

    async def read(self, path: str) -> Mapping[str, Any]:
        if self._failing > 0:
            self._failing -= 1
            raise self._error
        return {"items": [POD] if path.endswith("/pods") else [], "metadata": {"resourceVersion": "1"}}

    async def find(self, path: str) -> Mapping[str, Any]:
        del path
        return {"status": {"phase": "Active"}}

    def scrub(self, text: str) -> str:
        return text


async def seconds_until_told(cluster: Any) -> float:
    """Return how long it takes until the reason is reported, as the loop counts seconds."""
    watches = PodWatches(cluster)
    reported = asyncio.Event()

    def report(texts: Mapping[str, str]) -> None:
        if "example.com/missing:1" in texts.get("dns-0", ""):
            reported.set()

    clock = asyncio.get_running_loop().time
    begun = clock()
    async with watch(cluster, watches, "ns-k8s", "dns", 60.0, report, Seen()):
        await reported.wait()
        return clock() - begun


@pytest.mark.parametrize(("status", "is_soon"), [(None, True), (403, False)])
async def test_a_server_that_does_not_answer_is_soon_asked_again(status: int | None, is_soon: bool) -> None:
    seconds = await seconds_until_told(Cluster(4, ClusterError("the API server did not answer", status)))
    assert (seconds - FIRST < AGAIN) is is_soon


class Changing(Cluster):
    """A client that is told another reason at each look."""

    def __init__(self) -> None:
        super().__init__(0, ClusterError("never"))
        self._looks = 0

    async def read(self, path: str) -> Mapping[str, Any]:
        if not path.endswith("/pods"):
            return {"items": []}
        self._looks += 1
        waiting = {"reason": "CreateContainerError", "message": f"it is try-{self._looks}"}
        main = {"name": "main", "state": {"waiting": waiting}}
        return {"items": [POD | {"status": {"phase": "Pending", "containerStatuses": [main]}}]}


async def test_a_reason_whose_words_change_ends_the_wait() -> None:
    cluster: Any = Changing()
    with pytest.raises(
        BackendError, match="pod dns-0 of namespace ns-k8s has not run for 1 s: CreateContainerError main"
    ):
        async with (
            asyncio.timeout(60),
            watch(cluster, PodWatches(cluster), "ns-k8s", "dns", 1.0, lambda _: None, Seen()),
        ):
            await asyncio.Event().wait()
