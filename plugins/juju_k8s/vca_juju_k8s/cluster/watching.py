"""Looks beside a wait, and watches on the pods of namespaces: one for all who wait in one, and so many at most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from vca_core.errors import VcaTimeoutError
from vca_core.tasks import OwnedTasks
from vca_juju_k8s.cluster.client import WATCHES, ClusterClient
from vca_juju_k8s.cluster.errors import ClusterError

GATHER = 0.2
"""Seconds after a change in which others may follow; they are looked at together."""

AGAIN = 5.0
"""Seconds until the next look, if no watch tells of changes."""

LAST_LOOK = 0.5
"""Seconds for a last look, where a limit ends a wait and nobody has looked of late: the caller waits for it."""

_FAREWELL = 5.0


class PodWatches:
    """Says when pods have changed. What has changed is for the caller to read.

    Args:
        cluster: where.
    """

    def __init__(self, cluster: ClusterClient) -> None:
        self._cluster = cluster
        self._tasks = OwnedTasks("watches on pods")
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def wait(self, namespace: str, version: str | None, limit: float) -> None:
        """Wait until pods of a namespace have changed, or perhaps have.

        Args:
            namespace: its name.
            version: of the list of pods that is known; None: of none, and one only waits.
            limit: seconds after which one waits no more.
        """
        watch = self._under_way.get(namespace)
        if watch is None:
            if version is None or len(self._under_way) >= WATCHES:  # no event to wait for
                await asyncio.sleep(min(limit, AGAIN))
                return
            watch = self._tasks.spawn(self._watch(namespace, version), f"watch {namespace}")
            self._under_way[namespace] = watch
        await asyncio.wait((watch,), timeout=limit)

    async def close(self) -> None:
        """End all watches."""
        await self._tasks.cancel(_FAREWELL)

    async def _watch(self, namespace: str, version: str) -> None:
        try:
            await self._cluster.wait_change(f"/api/v1/namespaces/{namespace}/pods", None, version)
            await asyncio.sleep(GATHER)
        except ClusterError:  # the next look shows why; a server that refuses must not be asked without a pause
            await asyncio.sleep(AGAIN)
        finally:
            del self._under_way[namespace]


@asynccontextmanager
async def looking_at_last(look: Callable[[], Awaitable[None]], is_due: Callable[[], bool]) -> AsyncIterator[None]:
    """Look once more where a limit ends a ``with`` block, for a moment.

    Args:
        look: does it.
        is_due: whether nobody has looked, or not of late.
    """
    try:
        yield
    except (asyncio.CancelledError, VcaTimeoutError):  # the latter of who gives up a moment before
        if is_due():
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_LOOK):
                    await look()
        raise


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do something beside a ``with`` block. It ends with the block, and an error of it ends the block."""
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work)
            try:
                yield
            finally:
                task.cancel()
    except BaseExceptionGroup as several:
        first = several.exceptions[0]  # there is one: what the block raised, or the work that ended it
        raise first from first.__cause__
