"""How many watches on pods there are, and when one begins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from vca_juju_k8s.cluster import watching
from vca_juju_k8s.cluster.client import WATCHES
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.watching import PodWatches

LONG = 60.0


class Cluster:
    """A client whose watches end when the test says so."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.refused = False
        self.changed = asyncio.Event()

    async def wait_change(self, path: str, _name: str | None, _version: str) -> None:
        self.begun.append(path)
        if self.refused:
            raise ClusterError("the API server refused: 403 Forbidden", 403)
        await self.changed.wait()


@pytest.fixture
async def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
async def watches(cluster: Any) -> AsyncIterator[PodWatches]:
    watches = PodWatches(cluster)
    yield watches
    await watches.close()


async def test_beyond_the_most_watches_one_only_waits(
    cluster: Cluster, watches: PodWatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "AGAIN", 0.0)
    monkeypatch.setattr(watching, "GATHER", 0.0)
    waiting = [asyncio.ensure_future(watches.wait(f"ns{number}", "1", LONG)) for number in range(WATCHES)]
    while len(cluster.begun) < WATCHES:
        await asyncio.sleep(0)
    await watches.wait("other", "1", LONG)
    await watches.wait("other", None, LONG)
    assert len(cluster.begun) == WATCHES == 16
    assert not [one for one in waiting if one.done()]
    cluster.changed.set()
    await asyncio.gather(*waiting)
    await watches.wait("other", "1", LONG)
    assert len(cluster.begun) == WATCHES + 1, "there is room again"


async def test_one_who_waits_no_more_leaves_the_watch_to_others(cluster: Cluster, watches: PodWatches) -> None:
    await watches.wait("ns1", "1", 0.0)
    waiting = asyncio.ensure_future(watches.wait("ns1", "1", LONG))
    while not cluster.begun:
        await asyncio.sleep(0)
    cluster.changed.set()
    await waiting
    assert cluster.begun == ["/api/v1/namespaces/ns1/pods"]


async def test_a_cluster_that_refuses_is_not_asked_all_the_time(
    cluster: Cluster, watches: PodWatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "AGAIN", LONG)
    cluster.refused = True
    for _ in range(5):
        await watches.wait("ns1", "1", 0.0)
        await asyncio.sleep(0)
    assert len(cluster.begun) == 1


async def test_nothing_is_left_of_watches_that_are_closed(cluster: Cluster, watches: PodWatches) -> None:
    waiting = asyncio.ensure_future(watches.wait("ns1", "1", LONG))
    while not cluster.begun:
        await asyncio.sleep(0)
    await watches.close()
    await waiting
    assert not watches._under_way
